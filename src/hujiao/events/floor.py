"""Facts of the floor: queues, offers, agents, switch. Published by `floor`."""

from dataclasses import field
from typing import Any

from hujiao.events.fact import Fact
from hujiao.kit.values import value


@value
class QueueEntered(Fact):
    """The caller waits in the queue from now on."""

    type = "queue.entered"
    priority: int


@value
class QueueAnnounced(Fact):
    """What the waiting caller was told; `expected_wait_s` is None when nothing was known."""

    type = "queue.announced"
    position: int
    expected_wait_s: int | None


@value
class QueueLeft(Fact):
    """`why`: answered, abandoned, overflowed or refused."""

    type = "queue.left"
    why: str


@value
class QueueRefused(Fact):
    """The queue did not take the caller: `why` is queue_full, max_wait or no_such_queue."""

    type = "queue.refused"
    why: str


@value
class OfferMade(Fact):
    """`explain` holds the candidates, their ranks and the reasons: why this agent."""

    type = "offer.made"
    agents: tuple[str, ...]
    explain: Any = None


@value
class OfferRinging(Fact):
    """The offered agent's phone rings."""

    type = "offer.ringing"


@value
class OfferWasAccepted(Fact):
    """The offered agent picked up."""

    type = "offer.accepted"


@value
class OfferHasFailed(Fact):
    """`why`: refused, timeout, busy, unreachable or error."""

    type = "offer.failed"
    why: str


@value
class OfferCancelled(Fact):
    """The offer was taken back: `why` says for what reason."""

    type = "offer.cancelled"
    why: str


@value
class WrapUpStarted(Fact):
    """`until_ms`: when it ends by itself."""

    type = "wrap_up.started"
    until_ms: int | None


@value
class WrapUpWasEnded(Fact):
    """By time, by the agent, or because he was called or signed out."""

    type = "wrap_up.ended"


@value
class AgentWentIn(Fact):
    """The agent signed in; he is not ready yet."""

    type = "agent.signed_in"


@value
class AgentWentOut(Fact):
    """`why`: asked, by_leader, phone_gone or removed."""

    type = "agent.signed_out"
    why: str


@value
class AgentStateChanged(Fact):
    """From `was` to `state`; `reason` is why he is not ready, or what the router says."""

    type = "agent.state_changed"
    state: str
    was: str
    reason: str | None


@value
class PhoneWasChanged(Fact):
    """The agent's phone can be called at some node from now on, or can be called no more."""

    type = "phone.changed"
    online: bool


@value
class SwitchRefused(Fact):
    """The switch refused a command for another reason than that its target is gone."""

    type = "command.failed"
    command: str
    status: int
    reason: str


@value
class FloorStarted(Fact):
    """A floor began to work, with so many agents and queues."""

    type = "floor.started"
    agents: int
    queues: int


@value
class NodeCameUp(Fact):
    """The floor is connected to a switch node, which told of so many live legs."""

    type = "node.connected"
    node: str
    legs: int


@value
class NodeWasLost(Fact):
    """The connection to the node is gone; whether its calls live on is not known yet."""

    type = "node.lost"
    node: str


@value
class NodeWasGivenUp(Fact):
    """The node has ended or stays away: so many of its calls were closed."""

    type = "node.gone"
    node: str
    calls: int


@value
class NodeDraining(Fact):
    """Nothing new is put on the node (`draining`), or it is used again. `by`: who wanted it."""

    type = "node.draining"
    node: str
    draining: bool
    calls: int
    by: str


@value
class ConfigurationLoaded(Fact):
    """The floor took over a new configuration: how many there are of each kind."""

    type = "configuration.loaded"
    counts: dict[str, int] = field(default_factory=dict)
