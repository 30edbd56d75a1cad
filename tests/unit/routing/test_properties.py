"""Whatever happens on the floor, in whatever order, the promises of the router hold."""

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from hujiao.routing import fit
from hujiao.routing.core import State, expected_wait_ms, position, step, waiting, why_waiting
from hujiao.routing.model import (
    AgentConfig,
    AgentEngaged,
    AgentId,
    AgentReadySet,
    AgentRemoved,
    AgentSet,
    AgentSignedIn,
    AgentSignedOut,
    AgentState,
    CancelOffer,
    ContactEnded,
    ContactId,
    ContactLeft,
    ContactQueued,
    Event,
    FailWhy,
    OfferAccepted,
    OfferFailed,
    QueueConfig,
    QueueId,
    QueueRemoved,
    QueueSet,
    Reason,
    Strategy,
    Tick,
    WrapUpEnded,
)
from hujiao.routing.order import SortedKeys
from hujiao.routing.state import Contact
from tests.unit.routing.witness import Witness

_AGENTS = [AgentId(name) for name in ("amy", "bo", "cy", "dee", "eva")]
_QUEUES = [QueueId(name) for name in ("sales", "care", "vip")]
_SKILLS = st.dictionaries(st.sampled_from(["zh", "en"]), st.integers(0, 3), max_size=2)
_PLACED = st.dictionaries(st.sampled_from(["zh", "en", "@n1", "@n2"]), st.integers(0, 3))
_agents = st.sampled_from(_AGENTS)
_queues = st.sampled_from(_QUEUES)
_contacts = st.integers(1, 12).map(lambda n: ContactId(f"c{n}"))


def _maybe(values: st.SearchStrategy[int]) -> st.SearchStrategy[int | None]:
    return st.one_of(st.none(), values)


_queue_configs = st.builds(
    QueueConfig,
    id=_queues,
    strategy=st.sampled_from(Strategy),
    skills=_SKILLS,
    priority=st.integers(0, 2),
    ageing_s=st.sampled_from([0, 10, 60]),
    ring_timeout_s=st.sampled_from([5, 20]),
    wrap_up_s=st.sampled_from([0, 15, 15]),
    max_waiting=_maybe(st.integers(0, 3)),
    max_wait_s=_maybe(st.sampled_from([0, 10, 60])),
    overflow_to=st.one_of(st.none(), _queues),
    prefer_level=st.booleans(),
    level_relax_after_s=_maybe(st.sampled_from([0, 10])),
)
_agent_configs = st.builds(
    AgentConfig,
    id=_agents,
    skills=_PLACED,
    wrap_up_s=_maybe(st.sampled_from([0, 5])),
    rest_s=st.sampled_from([0, 0, 7]),
    max_missed=st.integers(0, 2),
)


class Floor(RuleBasedStateMachine):
    """Two routers get the same events; a witness watches the first."""

    def __init__(self) -> None:
        super().__init__()
        self.state = State()
        self.twin = State()
        self.witness = Witness()
        self.now_ms = 1_000_000
        self.last: Event | None = None

    def feed(self, event: Event) -> None:
        commands = step(self.state, event)
        assert commands == step(self.twin, event), "the same events gave different commands"
        self.witness.saw(event, commands)
        self.last = event

    @initialize(
        queues=st.lists(_queue_configs, min_size=3, max_size=3, unique_by=lambda c: c.id),
        agents=st.lists(_agent_configs, min_size=4, max_size=5, unique_by=lambda c: c.id),
    )
    def open(self, queues: list[QueueConfig], agents: list[AgentConfig]) -> None:
        for queue in queues:
            self.feed(QueueSet(queue, self.now_ms))
        for agent in agents:
            self.feed(AgentSet(agent, self.now_ms))
            self.feed(AgentSignedIn(agent.id, self.now_ms))
            self.feed(AgentReadySet(agent.id, True, None, self.now_ms))

    @rule(seconds=st.sampled_from([0, 1, 5, 10, 30]))
    def time_passes(self, seconds: int) -> None:
        self.now_ms += seconds * 1000
        self.feed(Tick(self.now_ms))

    @rule(seconds=st.sampled_from([1, 10]))
    def time_passes_unticked(self, seconds: int) -> None:
        self.now_ms += seconds * 1000

    @precondition(lambda self: self.state.wake_ms is not None)
    @rule()
    def the_wake_up_comes(self) -> None:
        assert self.state.wake_ms is not None
        self.now_ms = max(self.now_ms, self.state.wake_ms)
        self.feed(Tick(self.now_ms))

    @rule(
        contact=_contacts,
        queue=_queues,
        priority=st.integers(0, 2),
        age_s=st.sampled_from([0, 0, 5, 90]),
        preferred=st.one_of(st.none(), _agents),
        preferred_wait_s=st.sampled_from([0, 10]),
        exclude=st.frozensets(_agents, max_size=1),
        place=st.sampled_from(["", "", "@n1", "@n2"]),
    )
    def arrives(
        self,
        contact: ContactId,
        queue: QueueId,
        priority: int,
        age_s: int,
        preferred: AgentId | None,
        preferred_wait_s: int,
        exclude: frozenset[AgentId],
        place: str,
    ) -> None:
        arrived_ms = self.now_ms - age_s * 1000
        self.feed(
            ContactQueued(
                contact,
                queue,
                priority,
                self.now_ms,
                arrived_ms,
                preferred,
                preferred_wait_s,
                exclude,
                place,
            )
        )

    @rule(contact=_contacts)
    def leaves(self, contact: ContactId) -> None:
        self.feed(ContactLeft(contact, self.now_ms))

    def ringing(self) -> list[tuple[ContactId, AgentId]]:
        return [
            (name, agent)
            for name, contact in self.witness.contacts.items()
            for agent in sorted(contact.ringing)
        ]

    @precondition(lambda self: bool(self.ringing()))
    @rule(data=st.data(), why=st.sampled_from([None, None, FailWhy.REFUSED, FailWhy.TIMEOUT]))
    def ringing_ends(self, data: st.DataObject, why: FailWhy | None) -> None:
        contact, agent = data.draw(st.sampled_from(self.ringing()))
        if why is None:
            self.feed(OfferAccepted(contact, agent, self.now_ms))
        else:
            self.feed(OfferFailed(contact, agent, self.now_ms, why))

    @precondition(lambda self: bool(self.ringing()))
    @rule(data=st.data(), after=st.sampled_from([None, None, AgentReadySet, WrapUpEnded]))
    def whole_call(self, data: st.DataObject, after: type[Event] | None) -> None:
        """Common things must be common to reach the rare ones behind them."""
        contact, agent = data.draw(st.sampled_from(self.ringing()))
        self.feed(OfferAccepted(contact, agent, self.now_ms))
        self.now_ms += 1_000
        self.feed(ContactEnded(contact, agent, self.now_ms, True))
        if after is AgentReadySet:
            self.feed(AgentReadySet(agent, data.draw(st.booleans()), "later", self.now_ms))
        elif after is WrapUpEnded:
            self.feed(WrapUpEnded(agent, self.now_ms))

    @precondition(lambda self: any(a.calls for a in self.witness.agents.values()))
    @rule(data=st.data(), wrap_up=st.booleans())
    def talking_ends(self, data: st.DataObject, wrap_up: bool) -> None:
        talks = [
            (contact, name)
            for name, agent in self.witness.agents.items()
            for contact in sorted(agent.calls)
        ]
        contact, name = data.draw(st.sampled_from(talks))
        self.feed(ContactEnded(contact, name, self.now_ms, wrap_up))

    @rule(agent=_agents, ready=st.booleans(), reason=st.sampled_from([None, "lunch"]))
    def ready_set(self, agent: AgentId, ready: bool, reason: str | None) -> None:
        self.feed(AgentReadySet(agent, ready, reason, self.now_ms))

    @rule(agent=_agents)
    def goes_ready(self, agent: AgentId) -> None:
        self.feed(AgentSignedIn(agent, self.now_ms))
        self.feed(AgentReadySet(agent, True, None, self.now_ms))

    @rule(agent=_agents)
    def wrap_up_ends(self, agent: AgentId) -> None:
        self.feed(WrapUpEnded(agent, self.now_ms))

    @rule(agent=_agents, contact=_contacts)
    def strays(self, agent: AgentId, contact: ContactId) -> None:
        """Reports about offers and contacts that may not exist (any more)."""
        self.feed(OfferAccepted(contact, agent, self.now_ms))
        self.feed(ContactEnded(contact, agent, self.now_ms, True))
        self.feed(OfferFailed(contact, agent, self.now_ms, FailWhy.ERROR))

    @rule(agent=_agents, number=st.integers(1, 3))
    def engages(self, agent: AgentId, number: int) -> None:
        self.feed(AgentEngaged(agent, ContactId(f"d{number}"), self.now_ms))

    @rule(agent=_agents, what=st.sampled_from([AgentSignedOut, AgentSignedIn]))
    def signs(self, agent: AgentId, what: Callable[[AgentId, int], Event]) -> None:
        self.feed(what(agent, self.now_ms))

    @rule(config=_agent_configs)
    def agent_changes(self, config: AgentConfig) -> None:
        self.feed(AgentSet(config, self.now_ms))

    @rule(agent=_agents)
    def agent_goes(self, agent: AgentId) -> None:
        self.feed(AgentRemoved(agent, self.now_ms))

    @rule(config=_queue_configs)
    def queue_changes(self, config: QueueConfig) -> None:
        self.feed(QueueSet(config, self.now_ms))

    @rule(queue=_queues)
    def queue_goes(self, queue: QueueId) -> None:
        self.feed(QueueRemoved(queue, self.now_ms))

    @precondition(lambda self: self.last is not None)
    @rule()
    def the_last_comes_twice(self) -> None:
        assert self.last is not None
        if isinstance(self.last, OfferFailed):
            return  # without its number it means the new offer
        again = step(self.state, self.last)
        assert again == step(self.twin, self.last)
        refused_again = isinstance(self.last, ContactQueued) and (
            self.last.contact not in self.state.contacts
        )
        if not refused_again:
            assert all(isinstance(command, CancelOffer) for command in again)

    @invariant()
    def queries_answer(self) -> None:
        state = self.state
        for name, contact in state.contacts.items():
            queue = contact.queue.config.id
            assert 1 <= position(state, name) <= waiting(state, queue)
            assert why_waiting(state, name).reason is not Reason.NOT_WAITING
            assert (expected_wait_ms(state, name) or 0) >= 0
        assert sum(waiting(state, queue) for queue in _QUEUES) == len(state.contacts)
        assert set(state.contacts) == set(self.witness.contacts)

    @invariant()
    def the_indexes_are_whole(self) -> None:
        _check_contacts(self.state)
        _check_agents(self.state)

    def teardown(self) -> None:
        for left in list(self.state.contacts):
            self.feed(ContactLeft(left, self.now_ms))
        for name, agent in list(self.witness.agents.items()):
            for contact in list(agent.calls):
                self.feed(ContactEnded(contact, name, self.now_ms, True))
            self.feed(AgentSignedOut(name, self.now_ms))
        state = self.state
        assert not state.accepted
        assert not state.agenda.chunks
        assert not state.signed_in
        for demand in state.demands.values():
            assert not demand.open.chunks
            assert not demand.ringing.chunks
            assert not any(line.chunks for line in demand.free.values())
        for name in _AGENTS:
            self.feed(AgentRemoved(name, self.now_ms))
        for queue in _QUEUES:
            self.feed(QueueRemoved(queue, self.now_ms))
        assert not state.profiles
        assert not state.demands


def _check_contacts(state: State) -> None:
    agenda = list(state.agenda)
    assert agenda == sorted(agenda)
    places: list[SortedKeys] = [a.kept for a in state.agents.values() if a.kept is not None]
    for demand in state.demands.values():
        places += [demand.open, demand.ringing]
        assert demand.users.keys() == demand.free.keys()
    assert sum(len(place) for place in places) == sum(
        contact.place is not None for contact in state.contacts.values()
    )
    for name, contact in state.contacts.items():
        assert contact.key in list(contact.queue.line)
        assert contact.queue is state.queues[contact.queue.config.id]
        queue = contact.queue
        assert contact.demand in (queue.strict, queue.relaxed, *queue.placed.values())
        assert (contact.asked.place, 1) in contact.demand.needs or not contact.asked.place
        assert contact.place is not None or contact.offered
        if contact.place is not None:
            assert contact.key in list(contact.place)
            assert (contact.place is contact.demand.ringing) == bool(contact.offered)
        _check_timers(name, contact, agenda)
    if agenda:
        assert state.wake_ms is not None
        assert state.wake_ms <= agenda[0][0]


def _check_timers(name: ContactId, contact: Contact, agenda: list[tuple[object, ...]]) -> None:
    noted = {(timer, due) for timer, due in contact.timers.items()}
    standing = {(timer, due) for due, timer, owner in agenda if owner == name}
    assert standing <= noted


def _check_agents(state: State) -> None:
    ready = {name for name, a in state.agents.items() if a.state is AgentState.READY}
    assert state.ready == ready
    for agent in state.agents.values():
        assert agent.id not in ready or agent.shown
        assert not agent.shown or agent.state in (AgentState.READY, AgentState.OFFERED)
        hidden = {id(line) for line, _ in agent.passed_over}
        for demand, _ in agent.profile.fits.values():
            for line in demand.free.values():
                shown = sum(key[-1] == agent.config.id for key in line)
                assert shown == (agent.shown and id(line) not in hidden)
    for profile in state.profiles.values():
        here = [a for a in state.agents.values() if a.profile is profile]
        assert profile.agents == len(here)
        assert set(profile.signed_in) == {a.config.id for a in here if a.signed_in}
        idle = (AgentState.OFFLINE, AgentState.NOT_READY)
        assert profile.working == sum(a.state not in idle for a in here)


@pytest.mark.unit
@pytest.mark.parametrize("meet_limit", [0, 8], ids=["entries_moved", "entries_left"])
def test_promises_hold_whatever_happens(meet_limit: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """With and without taking the entries of ringing agents out of the way of later searches."""
    monkeypatch.setattr(fit, "_MEET_LIMIT", meet_limit)
    run_state_machine_as_test(
        Floor,
        settings=settings(
            max_examples=100,
            stateful_step_count=50,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
