"""A floor with a switch that only writes down what it is told, and a clock that stands still."""

from collections.abc import Sequence
from typing import Any

from hujiao.calls.model import Call
from hujiao.events.ledger import MemorySink
from hujiao.floor.commands import Commands
from hujiao.floor.config import (
    AgentSettings,
    Configuration,
    NumberSettings,
    QueueSettings,
    TrunkSettings,
)
from hujiao.floor.configure import configure
from hujiao.floor.core import Floor
from hujiao.floor.restore import restore
from hujiao.floor.saved import saved_calls, saved_desks, saved_draining
from hujiao.telephony import port
from hujiao.telephony.endpoints import PhoneKind
from hujiao.telephony.port import Cause, LegId, NodeName

NODE = NodeName("n1")


def media(prompt: str, language: str, /, **numbers: int) -> list[str]:
    return [f"{language}/{prompt}" + "".join(f"/{n}" for n in numbers.values())]


class Stage:
    """Drives one floor as a switch, people and time would."""

    def __init__(
        self,
        *,
        queue: dict[str, Any] | None = None,
        menu: bool = False,
        nodes: Sequence[NodeName] = (NODE,),
    ) -> None:
        self.nodes = nodes
        self.now = 1_000_000
        self.commands: list[port.Command] = []
        self.ledger = MemorySink()
        self.floor = Floor(send=self.commands.append, ledger=self.ledger, prompts=media)
        self.desk_commands = Commands(self.floor)
        self.arrivals = 0
        settings: dict[str, Any] = {"announce_every_s": 30, "wrap_up_s": 10, **(queue or {})}
        self.configuration = Configuration(
            agents={
                name: AgentSettings(name, name, None, extension, kind, "secret")
                for name, extension, kind in (
                    ("ann", "1001", PhoneKind.BROWSER),
                    ("bob", "1002", PhoneKind.SIP),
                )
            },
            queues={
                "q": QueueSettings(id="q", name="Enquiries", **settings),
                "vip": QueueSettings(id="vip", name="VIP", wrap_up_s=10),
            },
            numbers={
                "4001": NumberSettings(
                    number="4001",
                    name="Main",
                    queue_id="q",
                    greeting_prompt="greeting" if menu else "",
                    menu={"1": "q", "2": "vip"} if menu else {},
                )
            },
            trunks={"gw": TrunkSettings(name="gw", host="127.0.0.1", prefixes=("1", "0"))},
            reasons={"lunch": "用餐"},
        )
        self._begin()
        for node in nodes:
            self.tell(port.NodeConnected(self.now, node, ()))

    def _begin(self) -> None:
        self.floor.nodes.update(dict.fromkeys(self.nodes, False))
        configure(self.floor, self.configuration, self.now)

    def restart(
        self,
        *live: port.LiveLeg,
        up_since_ms: int = 0,
        bridges: tuple[port.BridgeId, ...] = (),
        ended: tuple[port.EndedLeg, ...] = (),
    ) -> None:
        """The floor dies; the next one takes over and finds these legs on the switch, and its
        notes of customers who left."""
        self.floor.save()
        self.commands.clear()
        self.floor = Floor(send=self.commands.append, ledger=self.ledger, prompts=media)
        self.desk_commands = Commands(self.floor)
        self._begin()
        self.floor.draining |= saved_draining(self.ledger)
        restore(self.floor, saved_calls(self.ledger), saved_desks(self.ledger), self.now)
        self.tell(port.NodeConnected(self.now, NODE, live, up_since_ms, bridges, ended))

    # --- people ---

    def do(self, name: str, **arguments: Any) -> dict[str, Any]:
        return self.desk_commands.do(name, arguments, self.now)

    def phone(self, agent: str, node: NodeName, *, online: bool) -> None:
        extension = self.floor.desks[agent].settings.extension
        self.tell(port.PhoneChanged(self.now, node, extension, online))

    def ready(self, *agents: str, nodes: Sequence[NodeName] = (NODE,)) -> None:
        """The agents' phones come to these nodes, and they want calls."""
        for agent in agents:
            for node in nodes:
                self.phone(agent, node, online=True)
            self.do("sign_in", agent=agent)
            self.do("state", agent=agent, state="ready")

    # --- switch ---

    def tell(self, event: port.Event) -> None:
        self.floor.on_switch(event)

    def arrive(
        self, caller: str = "13800138000", called: str = "4001", node: NodeName = NODE
    ) -> Call:
        self.arrivals += 1
        leg = LegId(f"{node}-{self.arrivals}")
        self.tell(port.LegArrived(self.now, node, leg, port.Origin.TRUNK, "gw", caller, "", called))
        call = self.floor.call_of_leg.get(leg)
        assert call is not None
        return call

    def answered(self, leg: LegId) -> None:
        self.tell(port.LegAnswered(self.now, leg))

    def ended(self, leg: LegId, cause: int = Cause.NORMAL) -> None:
        self.tell(port.LegEnded(self.now, leg, cause))

    def later(self, seconds: float) -> None:
        """Let time pass, doing what falls due on the way."""
        end = self.now + int(seconds * 1000)
        while (due := self.floor.timers.next_ms()) is not None and due <= end:
            self.now = max(self.now, due)
            self.floor.tick(self.now)
        self.now = end

    # --- what was seen ---

    def sent(self, kind: type) -> list[Any]:
        return [command for command in self.commands if isinstance(command, kind)]

    def facts(self, call: str | None = None) -> list[str]:
        return [
            fact.type
            for _, fact, subject in self.ledger.facts
            if call is None or subject.call == call
        ]

    def state(self, agent: str) -> str:
        return str(self.floor.desks[agent].state)
