"""What may be asked of the state. Nothing here changes it; times are as of the latest event."""

from hujiao.routing.matching import explain
from hujiao.routing.model import (
    EXPLAIN_LIMIT,
    AgentId,
    AgentState,
    Candidate,
    ContactId,
    Explain,
    Note,
    QueueId,
    Reason,
    Strategy,
)
from hujiao.routing.state import Agent, Contact, Demand, Queue, State

_NOTES = {
    AgentState.NOT_READY: Note.NOT_READY,
    AgentState.OFFERED: Note.OFFERED,
    AgentState.BUSY: Note.BUSY,
    AgentState.WRAP_UP: Note.WRAP_UP,
    AgentState.REST: Note.REST,
    AgentState.READY: Note.EXCLUDED,
}
"""What keeps a fitting agent from a waiting contact. One who is ready can only be excluded."""


def waiting(state: State, queue: QueueId) -> int:
    """Contacts of this queue not yet accepted, ringing ones included; 0 for an unknown queue."""
    known = state.queues.get(queue)
    return len(known.line) if known else 0


def position(state: State, contact: ContactId) -> int:
    """Its place within its queue, from 1; 0 when it does not wait."""
    known = state.contacts.get(contact)
    return known.queue.line.rank(known.key) + 1 if known else 0


def order_ms(state: State, contact: ContactId) -> int | None:
    """What it is sorted by among those who wait, the smallest first (see order.waiting_key).

    Unlike its place it stays the same while others come and go. None when it does not wait.
    """
    known = state.contacts.get(contact)
    return None if known is None else int(known.key[0])


def expected_wait_ms(state: State, of: ContactId | QueueId) -> int | None:
    """How long the contact still waits, or (given a queue) a newcomer would.

    Its position times the smoothed time between two answers of the queue while somebody waited; a
    pause longer than that slows the pace. None when that is not known, or nobody who fits is
    signed in.
    """
    contact = state.contacts.get(ContactId(of))
    if contact:
        if contact.offered:
            return 0
        place = contact.queue.line.rank(contact.key) + 1
        return _pace_times(state, contact.queue, contact.demand, place)
    queue = state.queues.get(QueueId(of))
    if queue is None:
        return None
    if _has_ready(state, queue, queue.strict):
        return 0
    return _pace_times(state, queue, queue.strict, len(queue.line) + 1)


def longest_wait_since(state: State, queue: QueueId) -> int | None:
    """`arrived_ms` of the one who has waited longest in this queue; None when nobody waits."""
    known = state.queues.get(queue)
    first = known.arrivals.first() if known else None
    return None if first is None else first[0]


def agent_state(state: State, agent: AgentId) -> AgentState:
    """An unknown agent is offline."""
    known = state.agents.get(agent)
    return known.state if known else AgentState.OFFLINE


def why_waiting(state: State, contact: ContactId) -> Explain:
    """Why the contact has no agent yet; never fails, an unknown one is `not_waiting`."""
    known = state.contacts.get(contact)
    if known is None:
        return Explain(
            contact,
            QueueId(""),
            Strategy.LONGEST_IDLE,
            Reason.NOT_WAITING,
            (),
            (),
            (),
            False,
            state.now_ms,
        )
    if known.offered:
        ringing = tuple(known.offered)
        seen = tuple(Candidate(name, (), Note.OFFERED) for name in ringing)
        return explain(state, known, Reason.BEING_OFFERED, seen, ringing)
    if known.place is not known.demand.open and known.preferred is not None:
        kept = (Candidate(known.preferred, (), Note.PREFERRED),)
        return explain(state, known, Reason.AWAITS_PREFERRED, kept)
    return explain(state, known, _why_open(state, known), _fitting(known))


def _why_open(state: State, contact: Contact) -> Reason:
    demand = contact.demand
    if _has_ready(state, contact.queue, demand):
        return Reason.ALL_EXCLUDED
    if not state.signed_in:
        return Reason.NO_AGENT_SIGNED_IN
    fitting = [profile for profile in demand.profiles.values() if profile.signed_in]
    if not fitting:
        return Reason.NO_SKILL
    if any(profile.working for profile in fitting):
        return Reason.ALL_BUSY
    return Reason.NONE_READY


def _has_ready(state: State, queue: Queue, demand: Demand) -> bool:
    return any(key[-1] in state.ready for key in demand.free[queue.ranking])


def _fitting(contact: Contact) -> tuple[Candidate, ...]:
    """Signed-in agents who fit, with what keeps each of them; the first few, in no rank."""
    seen: list[Candidate] = []
    for profile in contact.demand.profiles.values():
        for agent in profile.signed_in.values():
            if len(seen) == EXPLAIN_LIMIT:
                return tuple(seen)
            seen.append(Candidate(agent.id, (), _note(agent, contact)))
    return tuple(seen)


def _note(agent: Agent, contact: Contact) -> Note:
    if agent.id in contact.asked.exclude:
        return Note.EXCLUDED
    return _NOTES[agent.state]


def _pace_times(state: State, queue: Queue, demand: Demand, place: int) -> int | None:
    if queue.pace_ms is None or not any(p.signed_in for p in demand.profiles.values()):
        return None
    pace_ms = queue.pace_ms
    if queue.line.chunks:
        pause_ms = state.now_ms - queue.pace_from_ms
        pace_ms += max(0, pause_ms - pace_ms) // 8
    return place * pace_ms
