"""The words of routing: configuration, events in, commands out, and the reasons given for both.

Times are `*_ms`, integer milliseconds since the epoch, and always come from the caller; durations
are `*_s`, whole seconds. Every value is frozen. Nothing here decides anything.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NewType

from hujiao.kit.values import value

AgentId = NewType("AgentId", str)
QueueId = NewType("QueueId", str)
ContactId = NewType("ContactId", str)

Rank = tuple[int | str, ...]
"""Compared left to right, the smallest first. The last element is an id, so no two are equal."""

RING_ALL_LIMIT = 20
"""At most so many phones ring for one contact."""
EXPLAIN_LIMIT = 20
"""At most so many candidates are written into one explanation."""
OFFER_GRACE_S = 5
"""An offer nobody reports the end of is withdrawn this long after its ring time-out."""
DEFAULT_WRAP_UP_S = 15


class Strategy(StrEnum):
    """How a queue chooses among the free agents who fit."""

    HUNT = "hunt"
    """Round robin by agent id, each time going on after the agent last offered."""
    RING_ALL = "ring_all"
    """All at once (the `RING_ALL_LIMIT` longest idle); the first to accept wins."""
    LONGEST_IDLE = "longest_idle"
    FEWEST_CALLS = "fewest_calls"
    """Fewest contacts accepted since sign-in; among equals the longest idle."""


class AgentState(StrEnum):
    OFFLINE = "offline"
    NOT_READY = "not_ready"
    READY = "ready"
    OFFERED = "offered"
    BUSY = "busy"
    WRAP_UP = "wrap_up"
    REST = "rest"


class FailWhy(StrEnum):
    """Why an offer came to nothing. All of them count as missed (`AgentConfig.max_missed`)."""

    REFUSED = "refused"
    TIMEOUT = "timeout"
    BUSY = "busy"
    UNREACHABLE = "unreachable"
    ERROR = "error"


class CancelWhy(StrEnum):
    """Why an agent's phone must stop ringing (or an answered leg be ended)."""

    ANSWERED_ELSEWHERE = "answered_elsewhere"
    CONTACT_LEFT = "contact_left"
    CONTACT_MOVED = "contact_moved"
    """The contact was queued anew, or its queue was removed."""
    NOT_OFFERED = "not_offered"
    """He accepted what is no longer (or never was) offered to him; the contact still waits."""
    AGENT_ENGAGED = "agent_engaged"
    AGENT_SIGNED_OUT = "agent_signed_out"
    TIMED_OUT = "timed_out"
    """Nobody reported the end of the offer within its ring time-out and `OFFER_GRACE_S`."""


class OverflowWhy(StrEnum):
    QUEUE_FULL = "queue_full"
    MAX_WAIT = "max_wait"
    QUEUE_REMOVED = "queue_removed"


class RefusedWhy(StrEnum):
    QUEUE_FULL = "queue_full"
    NO_SUCH_QUEUE = "no_such_queue"
    MAX_WAIT = "max_wait"


class Reason(StrEnum):
    """The head-line of an explanation: why this choice, or why the contact waits."""

    BEST_RANK = "best_rank"
    """The contact came and these free agents rank first."""
    FIRST_IN_ORDER = "first_in_order"
    """The agent became free and this contact is the first in the waiting order that he fits."""
    PREFERRED_AGENT = "preferred_agent"
    JOINED_RING = "joined_ring"
    """The agent became free while it was ringing at others, and nobody else waits for him."""

    BEING_OFFERED = "being_offered"
    AWAITS_PREFERRED = "awaits_preferred"
    NO_AGENT_SIGNED_IN = "no_agent_signed_in"
    NO_SKILL = "no_skill"
    """Agents are signed in, but none has the skills at the levels asked."""
    NONE_READY = "none_ready"
    """Those who fit are signed in and all not ready."""
    ALL_BUSY = "all_busy"
    ALL_EXCLUDED = "all_excluded"
    """Those who fit and are free may not have this contact."""
    NOT_WAITING = "not_waiting"
    """Unknown to the router: never queued, or gone."""


class Note(StrEnum):
    """What became of one candidate."""

    CHOSEN = "chosen"
    BEHIND = "behind"
    """Fits and is free, but ranks behind the chosen."""
    JUST_FAILED = "just_failed"
    """Passed over because his last offer of this contact failed and another fits."""
    EXCLUDED = "excluded"
    OFFERED = "offered"
    NOT_READY = "not_ready"
    BUSY = "busy"
    WRAP_UP = "wrap_up"
    REST = "rest"
    PREFERRED = "preferred"
    """The contact is kept for him until the preferred wait is over."""


@dataclass(frozen=True, slots=True)
class QueueConfig:
    """A queue: whom its contacts need, how one is chosen, how long they may wait.

    `skills`: skill id -> least level an agent must have (levels below 1 demand nothing).
    `priority`: points; one point is worth `ageing_s` seconds of waiting.
    `max_waiting`: callers who may wait (or ring) before newcomers overflow; one who finds a free
    agent is let in regardless.
    `max_wait_s`: counted from entering this queue; never cuts a ringing offer.
    `overflow_to`: where the full or over-long wait goes; without it (or when the contact has
    already been there) it is refused.
    `prefer_level`: rank by the sum of levels in the demanded skills before the strategy.
    `level_relax_after_s`: once the caller has waited this long since `arrived_ms`, level 1
    suffices.
    Raises ValueError for negative durations or limits.
    """

    id: QueueId
    strategy: Strategy = Strategy.LONGEST_IDLE
    skills: Mapping[str, int] = field(default_factory=dict)
    priority: int = 0
    ageing_s: int = 60
    ring_timeout_s: int = 20
    wrap_up_s: int = DEFAULT_WRAP_UP_S
    max_waiting: int | None = None
    max_wait_s: int | None = None
    overflow_to: QueueId | None = None
    prefer_level: bool = False
    level_relax_after_s: int | None = None

    def __post_init__(self) -> None:
        for name in ("ageing_s", "ring_timeout_s", "wrap_up_s"):
            if getattr(self, name) < 0:
                raise ValueError(f"queue {self.id}: {name} must not be negative")
        for name in ("max_waiting", "max_wait_s", "level_relax_after_s"):
            limit = getattr(self, name)
            if limit is not None and limit < 0:
                raise ValueError(f"queue {self.id}: {name} must not be negative")


@dataclass(frozen=True, slots=True)
class AgentConfig:
    """An agent: what he can do (skill id -> level, 0 = cannot) and his pace.

    `wrap_up_s` overrides the queue's. `rest_s`: pause after wrap-up, before the next offer.
    `max_missed`: consecutive failed offers before he is set not ready; 0 = never.
    Raises ValueError for negative values.
    """

    id: AgentId
    skills: Mapping[str, int] = field(default_factory=dict)
    wrap_up_s: int | None = None
    rest_s: int = 0
    max_missed: int = 3

    def __post_init__(self) -> None:
        if self.rest_s < 0 or self.max_missed < 0 or (self.wrap_up_s or 0) < 0:
            raise ValueError(
                f"agent {self.id}: wrap_up_s, rest_s and max_missed must not be negative"
            )


@value
class QueueSet:
    """A queue is new or changed. Its waiting contacts keep waiting, in the new order."""

    config: QueueConfig
    at_ms: int


@value
class QueueRemoved:
    """Its contacts overflow, or are refused. `at_ms` 0 = the time of the latest event."""

    id: QueueId
    at_ms: int = 0


@value
class AgentSet:
    """An agent is new (offline) or changed. `at_ms` 0 = the time of the latest event."""

    config: AgentConfig
    at_ms: int = 0


@value
class AgentRemoved:
    """He is forgotten at once, whatever he does. `at_ms` 0 = the time of the latest event."""

    id: AgentId
    at_ms: int = 0


@value
class AgentSignedIn:
    """He starts not ready; `handled` contacts count already (after a restart)."""

    agent: AgentId
    at_ms: int
    handled: int = 0


@value
class AgentSignedOut:
    """Offline at once; when in contact, as soon as it ends (without wrap-up)."""

    agent: AgentId
    at_ms: int


@value
class AgentReadySet:
    """What the agent wants. During offer, contact and wrap-up it is kept and applied afterwards.

    `ready=True` ends a wrap-up at once; a rest is not shortened by it.
    """

    agent: AgentId
    ready: bool
    reason: str | None
    at_ms: int


@value
class AgentEngaged:
    """The agent is in a call the router did not give him (dials out, is consulted).

    It lasts until its ContactEnded. `queue`: whose wrap-up time it earns, if not the agent's own
    (for a contact given out before a restart); otherwise `DEFAULT_WRAP_UP_S`.
    """

    agent: AgentId
    contact: ContactId
    at_ms: int
    queue: QueueId | None = None


@value
class ContactQueued:
    """A contact wants an agent of this queue.

    `arrived_ms` is what its age is counted from. `preferred_agent` gets it first: while he is
    signed in and fits, nobody else does for `preferred_wait_s` after `at_ms`. `exclude`: agents who
    may not get it. `place`: a skill beyond those of the queue that an agent must have, at any level
    and never relaxed (where the contact can be put through to him). The same again is ignored; a
    different one for the same contact moves it.
    """

    contact: ContactId
    queue: QueueId
    priority: int
    at_ms: int
    arrived_ms: int
    preferred_agent: AgentId | None = None
    preferred_wait_s: int = 0
    exclude: frozenset[AgentId] = frozenset()
    place: str = ""


@value
class ContactLeft:
    """Abandoned or taken elsewhere before an agent accepted."""

    contact: ContactId
    at_ms: int


@value
class OfferAccepted:
    contact: ContactId
    agent: AgentId
    at_ms: int


@value
class OfferFailed:
    """`offer`: the number of the Offer that failed; 0 = whichever stands. With it, a report made
    twice cannot be taken for the failure of a new offer of the same contact to the same agent.
    """

    contact: ContactId
    agent: AgentId
    at_ms: int
    why: FailWhy
    offer: int = 0


@value
class ContactEnded:
    """The agent's part in this contact is over; `wrap_up`: he gets time for after-work."""

    contact: ContactId
    agent: AgentId
    at_ms: int
    wrap_up: bool


@value
class WrapUpEnded:
    agent: AgentId
    at_ms: int


@value
class Tick:
    """Time has passed. Due at the latest `WakeAt`; an early or late one does no harm."""

    at_ms: int


Event = (
    QueueSet
    | QueueRemoved
    | AgentSet
    | AgentRemoved
    | AgentSignedIn
    | AgentSignedOut
    | AgentReadySet
    | AgentEngaged
    | ContactQueued
    | ContactLeft
    | OfferAccepted
    | OfferFailed
    | ContactEnded
    | WrapUpEnded
    | Tick
)


@value
class Candidate:
    """One agent looked at. `rank` is what he was compared by; empty: he was not in the running."""

    agent: AgentId
    rank: Rank
    note: Note


@value
class Explain:
    """Why these agents, or why none: enough to answer "why did he get the call?" a year later.

    `candidates`: the first `EXPLAIN_LIMIT` in rank order. `winners`: whom it is offered to.
    `order`: the contact's key in the waiting order (order.waiting_key). `relaxed`: the level
    demands had been dropped to 1.

    Ranks, smallest first: hunt (0 = still to come in this round | 1, agent); longest idle and ring
    all (idle since ms, agent); fewest calls (contacts, idle since ms, agent); with `prefer_level`
    the negated sum of levels stands in front.
    """

    contact: ContactId
    queue: QueueId
    strategy: Strategy
    reason: Reason
    candidates: tuple[Candidate, ...]
    winners: tuple[AgentId, ...]
    order: Rank
    relaxed: bool
    at_ms: int


@value
class Offer:
    """Ring these agents for this contact, and report each one's OfferAccepted or OfferFailed.

    A contact of a ring-all queue may get further Offers while it rings: each adds its agents.
    `number` counts the Offers of this State from 1.
    """

    contact: ContactId
    queue: QueueId
    agents: tuple[AgentId, ...]
    ring_timeout_s: int
    explain: Explain
    number: int = 0


@value
class CancelOffer:
    """Stop ringing this agent for it (or end the leg he answered). No report is expected."""

    contact: ContactId
    agent: AgentId
    why: CancelWhy


@value
class Overflowed:
    """The contact went on to another queue and keeps its age."""

    contact: ContactId
    from_queue: QueueId
    to_queue: QueueId
    why: OverflowWhy


@value
class Refused:
    """The contact is no longer in the router's care; the caller must be told."""

    contact: ContactId
    queue: QueueId
    why: RefusedWhy


@value
class AgentChanged:
    """The agent's state, its reason, contact and (for wrap-up, rest, offered) planned end."""

    agent: AgentId
    state: AgentState
    reason: str | None
    contact: ContactId | None
    until_ms: int | None
    at_ms: int


@value
class WakeAt:
    """Send a Tick at this time; replaces an earlier WakeAt.

    Given when something falls due before the time last given, and after that time has been ticked.
    A timer that became void is not taken back: its Tick finds nothing to do and names the next.
    """

    at_ms: int


Command = Offer | CancelOffer | Overflowed | Refused | AgentChanged | WakeAt
