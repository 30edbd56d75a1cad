"""The two questions of routing, answered without changing anything: which agents for this contact,
and which contact for this agent.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from hujiao.routing.fit import rank_of, ready_ranks
from hujiao.routing.model import (
    EXPLAIN_LIMIT,
    RING_ALL_LIMIT,
    AgentId,
    Candidate,
    Explain,
    Note,
    Reason,
)
from hujiao.routing.order import Key, SortedKeys
from hujiao.routing.state import READY, Agent, Contact, Ranking, State

_BEST_RANK = Reason.BEST_RANK
_PREFERRED_AGENT = Reason.PREFERRED_AGENT
_CHOSEN = Note.CHOSEN
_BEHIND = Note.BEHIND
_EXCLUDED = Note.EXCLUDED
_JUST_FAILED = Note.JUST_FAILED
_TURN = Ranking.TURN


@dataclass(frozen=True, slots=True)
class Choice:
    """Free agents to offer a contact to, and why."""

    agents: tuple[AgentId, ...]
    explain: Explain


def explain(
    state: State,
    contact: Contact,
    reason: Reason,
    candidates: tuple[Candidate, ...] = (),
    winners: tuple[AgentId, ...] = (),
) -> Explain:
    config = contact.queue.config
    return Explain(
        contact.asked.contact,
        config.id,
        config.strategy,
        reason,
        candidates,
        winners,
        contact.key,
        contact.relaxed,
        state.now_ms,
    )


def allowed(agent: Agent, contact: Contact) -> bool:
    """The agent has the skills the contact needs now, and is not excluded from it."""
    return contact.demand.needs in agent.profile.fits and agent.id not in contact.asked.exclude


def own_rank(agent: Agent, contact: Contact) -> Key:
    """The rank of one agent who fits, as if he stood among the free."""
    queue = contact.queue
    rank = rank_of(agent, queue.ranking, agent.profile.fits[contact.demand.needs][1])
    return _turn(rank, queue.last_offered) if queue.hunts else rank


def keeper(state: State, contact: Contact) -> Agent | None:
    """The preferred agent, as long as the contact waits for him alone."""
    if contact.preferred is None or state.now_ms >= contact.prefer_until_ms:
        return None
    agent = state.agents.get(contact.preferred)
    return agent if agent and agent.signed_in and allowed(agent, contact) else None


def choose_agents(state: State, contact: Contact) -> Choice | None:
    """The best-ranked free agents for a contact; None when nobody fit is free.

    The preferred agent comes first, and alone while it is kept for him; those who failed it in the
    last round come only when nobody else is free.
    """
    if contact.preferred is not None:
        agent = state.agents.get(contact.preferred)
        if agent and agent.state is READY and allowed(agent, contact):
            return single(state, contact, agent, _PREFERRED_AGENT)
        if keeper(state, contact):
            return None
    queue = contact.queue
    line = contact.demand.free[queue.ranking]
    if not line.chunks:
        return None
    unwanted = contact.asked.exclude or contact.failed
    want = EXPLAIN_LIMIT + (len(contact.asked.exclude) + len(contact.failed) if unwanted else 0)
    keys = _in_turn(line, queue.last_offered, queue.ranking) if queue.hunts else line
    ranks = ready_ranks(state, line, keys, want)
    if queue.hunts:
        ranks = [_turn(rank, queue.last_offered) for rank in ranks]
    limit = RING_ALL_LIMIT if queue.rings_all else 1
    notes = _sift(contact, ranks, limit) if unwanted else None
    winners, candidates = _picked(ranks, limit, notes)
    if not winners:
        return None
    return Choice(winners, explain(state, contact, _BEST_RANK, candidates, winners))


def single(state: State, contact: Contact, agent: Agent, reason: Reason) -> Choice:
    """The choice of one agent for a reason other than his rank."""
    name = agent.id
    chosen = Candidate(name, own_rank(agent, contact), _CHOSEN)
    return Choice((name,), explain(state, contact, reason, (chosen,), (name,)))


def find_contact(state: State, agent: Agent) -> Contact | None:
    """The first contact in the waiting order that this agent may have, else the first ring-all one
    whose ringing he may join.
    """
    best: Contact | None = None
    if agent.kept is not None and agent.kept.chunks:
        best = state.contacts[agent.kept.chunks[0][0][-1]]
    joinable: list[SortedKeys] = []
    for demand, _ in agent.profile.fits.values():
        if demand.ringing.chunks:
            joinable.append(demand.ringing)
        chunks = demand.open.chunks
        if chunks and (best is None or chunks[0][0] < best.key):
            best = _first_allowed(state, agent, demand.open, best)
    if best is None:
        for line in joinable:
            best = _first_allowed(state, agent, line, best)
    return best


def _first_allowed(
    state: State, agent: Agent, line: SortedKeys, best: Contact | None
) -> Contact | None:
    """Passes over those who exclude him, and those ringing whom he has just failed."""
    for key in line:
        if best is not None and key > best.key:
            return best
        contact = state.contacts[key[-1]]
        if agent.id in contact.asked.exclude or (contact.offered and agent.id in contact.failed):
            continue
        return contact
    return best


def _picked(
    ranks: list[Key], limit: int, notes: list[Note] | None
) -> tuple[tuple[AgentId, ...], tuple[Candidate, ...]]:
    """The winners, and the first candidates with what became of them (without notes: by rank)."""
    if notes is None:
        winners = [rank[-1] for rank in ranks[:limit]]
        seen = [Candidate(rank[-1], rank, _CHOSEN) for rank in ranks[:limit]]
        seen += [Candidate(rank[-1], rank, _BEHIND) for rank in ranks[limit:EXPLAIN_LIMIT]]
    else:
        pairs = list(zip(ranks, notes, strict=True))
        winners = [rank[-1] for rank, note in pairs if note is _CHOSEN]
        seen = [Candidate(rank[-1], rank, note) for rank, note in pairs[:EXPLAIN_LIMIT]]
    return tuple(winners), tuple(seen)


def _sift(contact: Contact, ranks: list[Key], limit: int) -> list[Note]:
    """Who is chosen when some are excluded, or have just failed this contact."""
    notes = [
        _EXCLUDED
        if rank[-1] in contact.asked.exclude
        else _JUST_FAILED
        if rank[-1] in contact.failed
        else _BEHIND
        for rank in ranks
    ]
    eligible = _BEHIND if _BEHIND in notes else _JUST_FAILED
    chosen = [at for at, note in enumerate(notes) if note is eligible][:limit]
    for at in chosen:
        notes[at] = _CHOSEN
    return notes


def _turn(rank: Key, last: AgentId | str) -> Key:
    return (*rank[:-1], 0 if rank[-1] > last else 1, rank[-1])


def _in_turn(line: SortedKeys, last: AgentId | str, ranking: Ranking) -> Iterator[Key]:
    """The keys from after the agent last offered round to himself, the best level first."""
    if ranking is _TURN:
        yield from line.after((last,))
        for key in line:
            if key[-1] > last:
                return
            yield key
        return
    group = line.first()
    while group is not None:
        level = group[0]
        following: Key | None = None
        for key in line.after((level, last)):
            if key[0] != level:
                following = key
                break
            yield key
        for key in line.after((level,)):
            if key[0] != level or key[-1] > last:
                break
            yield key
        group = following
