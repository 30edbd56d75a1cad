"""Facts of the floor: queues, offers, agents, switch. Published by `floor`."""

from dataclasses import dataclass, field
from typing import Any

from hujiao.events.fact import Fact


@dataclass(frozen=True, slots=True)
class QueueEntered(Fact):
    """The caller waits in the queue from now on."""

    type = "queue.entered"
    priority: int


@dataclass(frozen=True, slots=True)
class QueueAnnounced(Fact):
    """What the waiting caller was told; `expected_wait_s` is None when nothing was known."""

    type = "queue.announced"
    position: int
    expected_wait_s: int | None


@dataclass(frozen=True, slots=True)
class QueueLeft(Fact):
    """`why`: answered, abandoned, overflowed or refused."""

    type = "queue.left"
    why: str


@dataclass(frozen=True, slots=True)
class QueueRefused(Fact):
    """The queue did not take the caller: `why` is queue_full, max_wait or no_such_queue."""

    type = "queue.refused"
    why: str


@dataclass(frozen=True, slots=True)
class OfferMade(Fact):
    """`explain` holds the candidates, their ranks and the reasons: why this agent."""

    type = "offer.made"
    agents: tuple[str, ...]
    explain: Any = None


@dataclass(frozen=True, slots=True)
class OfferRinging(Fact):
    """The offered agent's phone rings."""

    type = "offer.ringing"


@dataclass(frozen=True, slots=True)
class OfferWasAccepted(Fact):
    """The offered agent picked up."""

    type = "offer.accepted"


@dataclass(frozen=True, slots=True)
class OfferHasFailed(Fact):
    """`why`: refused, timeout, busy, unreachable or error."""

    type = "offer.failed"
    why: str


@dataclass(frozen=True, slots=True)
class OfferCancelled(Fact):
    """The offer was taken back: `why` says for what reason."""

    type = "offer.cancelled"
    why: str


@dataclass(frozen=True, slots=True)
class WrapUpStarted(Fact):
    """`until_ms`: when it ends by itself."""

    type = "wrap_up.started"
    until_ms: int | None


@dataclass(frozen=True, slots=True)
class WrapUpWasEnded(Fact):
    """By time, by the agent, or because he was called or signed out."""

    type = "wrap_up.ended"


@dataclass(frozen=True, slots=True)
class AgentWentIn(Fact):
    """The agent signed in; he is not ready yet."""

    type = "agent.signed_in"


@dataclass(frozen=True, slots=True)
class AgentWentOut(Fact):
    """`why`: asked, by_leader, phone_gone or removed."""

    type = "agent.signed_out"
    why: str


@dataclass(frozen=True, slots=True)
class AgentStateChanged(Fact):
    """From `was` to `state`; `reason` is why he is not ready, or what the router says."""

    type = "agent.state_changed"
    state: str
    was: str
    reason: str | None


@dataclass(frozen=True, slots=True)
class PhoneWasChanged(Fact):
    """The agent's phone can be called at some node from now on, or can be called no more."""

    type = "phone.changed"
    online: bool


@dataclass(frozen=True, slots=True)
class SwitchRefused(Fact):
    """The switch refused a command for another reason than that its target is gone."""

    type = "command.failed"
    command: str
    status: int
    reason: str


@dataclass(frozen=True, slots=True)
class FloorStarted(Fact):
    """A floor began to work, with so many agents and queues."""

    type = "floor.started"
    agents: int
    queues: int


@dataclass(frozen=True, slots=True)
class NodeCameUp(Fact):
    """The floor is connected to a switch node, which told of so many live legs."""

    type = "node.connected"
    node: str
    legs: int


@dataclass(frozen=True, slots=True)
class NodeWasLost(Fact):
    """The connection to the node is gone; whether its calls live on is not known yet."""

    type = "node.lost"
    node: str


@dataclass(frozen=True, slots=True)
class NodeWasGivenUp(Fact):
    """The node has ended or stays away: so many of its calls were closed."""

    type = "node.gone"
    node: str
    calls: int


@dataclass(frozen=True, slots=True)
class NodeDraining(Fact):
    """Nothing new is put on the node (`draining`), or it is used again. `by`: who wanted it."""

    type = "node.draining"
    node: str
    draining: bool
    calls: int
    by: str


@dataclass(frozen=True, slots=True)
class ConfigurationLoaded(Fact):
    """The floor took over a new configuration: how many there are of each kind."""

    type = "configuration.loaded"
    counts: dict[str, int] = field(default_factory=dict)
