"""The mutable picture of the floor that `step` works on, owned by its caller.

It is mutable because copying 10,000 agents per event would cost more than deciding. It stays
deterministic: the same events from an empty State give the same commands.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum

from hujiao.routing.model import (
    AgentConfig,
    AgentId,
    AgentState,
    ContactId,
    ContactQueued,
    QueueConfig,
    QueueId,
    Strategy,
)
from hujiao.routing.order import Key, SortedKeys

Needs = frozenset[tuple[str, int]]
"""Skill ids with levels: what a queue demands, or what an agent has."""


OFFLINE, NOT_READY, READY, OFFERED, BUSY, WRAP_UP, REST = AgentState
"""By themselves, because finding a member in its class takes 0.25 µs (Python 3.11), and a step asks
for dozens."""


class Timer(IntEnum):
    """What falls due; at one and the same millisecond in this order."""

    AGENT = 0
    RELAX = 1
    PREFERRED = 2
    MAX_WAIT = 3
    RING = 4


AGENT_DUE, RELAX_DUE, PREFERRED_DUE, MAX_WAIT_DUE, RING_DUE = Timer


class Ranking(IntEnum):
    """How free agents are sorted. The last three put the higher level first."""

    IDLE = 0
    CALLS = 1
    TURN = 2
    LEVEL_IDLE = 3
    LEVEL_CALLS = 4
    LEVEL_TURN = 5


_BASE = {
    Strategy.LONGEST_IDLE: Ranking.IDLE,
    Strategy.RING_ALL: Ranking.IDLE,
    Strategy.FEWEST_CALLS: Ranking.CALLS,
    Strategy.HUNT: Ranking.TURN,
}


def ranking_of(config: QueueConfig) -> Ranking:
    return Ranking(_BASE[config.strategy] + 3 * config.prefer_level)


def needs_of(skills: Mapping[str, int], *, relaxed: bool = False) -> Needs:
    """Levels below 1 say nothing; relaxed, every demanded level is 1."""
    return frozenset((skill, 1 if relaxed else n) for skill, n in skills.items() if n > 0)


@dataclass(slots=True, eq=False)
class Demand:
    """One distinct set of needs: who is free for it and who waits with it.

    Queues (and relaxed queues) with the same needs share it.
    """

    needs: Needs
    users: dict[Ranking, int] = field(default_factory=dict)
    """How many queues look at it by each ranking; it goes when none does."""
    free: dict[Ranking, SortedKeys] = field(default_factory=dict)
    """Agents shown as free. Some may be offered a contact just now (fit.put_free)."""
    open: SortedKeys = field(default_factory=SortedKeys)
    """Contacts offered to nobody and kept for nobody."""
    ringing: SortedKeys = field(default_factory=SortedKeys)
    """Ring-all contacts that further agents may join."""
    profiles: dict[Needs, "Profile"] = field(default_factory=dict)
    """Those who fit."""


@dataclass(slots=True, eq=False)
class Profile:
    """One distinct set of skills, shared by all agents who have exactly these."""

    skills: Needs
    levels: dict[str, int]
    fits: dict[Needs, tuple[Demand, int]] = field(default_factory=dict)
    """Every demand these skills meet, with the sum of levels in the demanded skills."""
    agents: int = 0
    """How many have it; it goes when none does."""
    signed_in: dict[AgentId, "Agent"] = field(default_factory=dict)
    working: int = 0
    """How many are in any state but offline and not ready."""


@dataclass(slots=True, eq=False)
class Agent:
    id: AgentId
    config: AgentConfig
    profile: Profile
    state: AgentState = OFFLINE
    contact: ContactId | None = None
    until_ms: int | None = None
    shown: bool = False
    """Has an entry under every demand he fits; meanwhile what he is ranked by may not change."""
    passed_over: list[tuple[SortedKeys, Key]] = field(default_factory=list)
    """The entries taken away in spite of `shown`, because he was met there while not free."""
    signed_in: bool = False
    wants_ready: bool = False
    wants_reason: str | None = None
    held: dict[ContactId, int] = field(default_factory=dict)
    """The contacts he is in, each with the wrap-up seconds it earns."""
    wrap_up_s: int = 0
    """Wrap-up earned by contacts already ended while another still goes on."""
    wrap_up_until_ms: int = 0
    """End of the wrap-up granted last; what a call in between left of it is resumed afterwards."""
    rest_until_ms: int = 0
    idle_since_ms: int = 0
    handled: int = 0
    missed: int = 0
    kept: SortedKeys | None = None
    """Waiting contacts that prefer him, if there ever were any."""


@dataclass(slots=True, eq=False)
class Queue:
    config: QueueConfig
    ranking: Ranking
    strict: Demand
    relaxed: Demand
    hunts: bool
    rings_all: bool
    line: SortedKeys = field(default_factory=SortedKeys)
    """All its contacts not yet accepted, offered ones included, in the waiting order."""
    arrivals: SortedKeys = field(default_factory=SortedKeys)
    """The same contacts by (arrived_ms, contact)."""
    placed: dict[tuple[str, bool], Demand] = field(default_factory=dict)
    """The demands of its contacts that have a place, by that and whether they are relaxed."""
    last_offered: AgentId | str = ""
    """Where hunting goes on."""
    pace_ms: int | None = None
    """Smoothed time between two answers while somebody waited."""
    pace_from_ms: int = 0


@dataclass(slots=True, eq=False)
class Contact:
    asked: ContactQueued
    queue: Queue
    demand: Demand
    key: Key = ()
    relaxed: bool = False
    waited: bool = False
    """Found nobody free at some time: its answer tells something about the pace of the queue."""
    been_in: frozenset[QueueId] = frozenset()
    """Queues it overflowed from."""
    offered: dict[AgentId, int] = field(default_factory=dict)
    """Agents whose phones ring for it, with the number of the Offer."""
    failed: dict[AgentId, None] = field(default_factory=dict)
    """Agents whose offers failed in the last round."""
    preferred: AgentId | None = None
    prefer_until_ms: int = 0
    entered_ms: int = 0
    """When it came into this queue."""
    place: SortedKeys | None = None
    """Where its key stands to be found by a free agent: open, kept for one, or ringing."""
    timers: dict[Timer, int] = field(default_factory=dict)
    """Due times; MAX_WAIT stays here after it fired, to be heeded when the ringing ends."""


@dataclass(slots=True, eq=False)
class State:
    """Everything the router knows. Start with `State()` and feed it events through `core.step`."""

    now_ms: int = 0
    """Time of the latest event."""
    offers: int = 0
    """Made so far."""
    wake_ms: int | None = None
    """The WakeAt last given and not yet ticked."""
    agents: dict[AgentId, Agent] = field(default_factory=dict)
    queues: dict[QueueId, Queue] = field(default_factory=dict)
    contacts: dict[ContactId, Contact] = field(default_factory=dict)
    """Contacts in the router's care: waiting or being offered."""
    accepted: dict[ContactId, tuple[AgentId, ContactQueued]] = field(default_factory=dict)
    """Contacts given to agents and not ended, to know repeated events from new ones."""
    signed_in: int = 0
    ready: set[AgentId] = field(default_factory=set)
    """Agents in the state ready; only ever asked for one of them, never walked through."""
    demands: dict[Needs, Demand] = field(default_factory=dict)
    profiles: dict[Needs, Profile] = field(default_factory=dict)
    agenda: SortedKeys = field(default_factory=SortedKeys)
    """(due_ms, Timer, id)."""
