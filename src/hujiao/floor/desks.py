"""What the floor keeps of each agent beside the router's own state."""

from dataclasses import dataclass

from hujiao.calls.model import Invited
from hujiao.floor.config import AgentSettings
from hujiao.routing.model import AgentChanged, AgentState
from hujiao.telephony.endpoints import PhoneKind
from hujiao.telephony.port import NodeName


@dataclass(slots=True)
class Desk:
    """An agent as the screens see him. `state`… mirror the router's last word."""

    settings: AgentSettings
    state: AgentState = AgentState.OFFLINE
    reason: str | None = None
    since_ms: int = 0
    until_ms: int | None = None
    contact: str | None = None
    wants_ready: bool = False
    wants_reason: str | None = None
    tab: str = ""
    online_on: frozenset[NodeName] = frozenset()
    """The nodes that the phone is registered at; none while it is away."""
    unready_by_phone: bool = False
    """Set not ready because the phone went away; ready again when it is back."""
    handled: int = 0
    missed: int = 0

    @property
    def id(self) -> str:
        return self.settings.id

    @property
    def signed_in(self) -> bool:
        return self.state is not AgentState.OFFLINE

    @property
    def phone_online(self) -> bool:
        return bool(self.online_on) or self.settings.phone_kind is PhoneKind.STATIC

    def reached_from(self, node: NodeName) -> bool:
        """Whether a call on this node can be put through to the phone.

        A browser hears a node only over its own socket to it; any other phone has an address.
        """
        if self.settings.phone_kind is PhoneKind.BROWSER:
            return node in self.online_on
        return self.phone_online

    @property
    def invited(self) -> Invited:
        return Invited(
            agent=self.settings.id,
            endpoint=f"PJSIP/{self.settings.extension}",
            survives_loss=self.settings.phone_kind is PhoneKind.BROWSER,
        )

    def mirror(self, change: AgentChanged) -> AgentState:
        """Take over the router's word; returns the state before."""
        was = self.state
        self.state = change.state
        self.reason = change.reason
        self.since_ms = change.at_ms
        self.until_ms = change.until_ms
        self.contact = change.contact
        if change.state is AgentState.NOT_READY:
            self.wants_ready, self.wants_reason = False, change.reason
        if change.state is AgentState.BUSY and was is not AgentState.BUSY:
            self.handled += 1
        return was
