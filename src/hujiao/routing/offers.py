"""Offers made and taken back, and what an agent does when nothing holds him any more.

Everything that changes an agent's state or a contact's place among the waiting goes through here.
It keeps two promises after every step: a ready agent is shown as free to every demand he fits, and
no contact stands open while a ready agent may have it.
"""

from hujiao.routing.fit import put_free, take_free
from hujiao.routing.matching import (
    Choice,
    choose_agents,
    find_contact,
    keeper,
    single,
)
from hujiao.routing.model import (
    OFFER_GRACE_S,
    RING_ALL_LIMIT,
    AgentChanged,
    AgentId,
    AgentState,
    CancelOffer,
    CancelWhy,
    Command,
    ContactId,
    Offer,
    Reason,
)
from hujiao.routing.order import SortedKeys
from hujiao.routing.state import (
    AGENT_DUE,
    NOT_READY,
    OFFERED,
    OFFLINE,
    PREFERRED_DUE,
    READY,
    REST,
    RING_DUE,
    WRAP_UP,
    Agent,
    Contact,
    State,
    Timer,
)

_FIRST_IN_ORDER = Reason.FIRST_IN_ORDER
_JOINED_RING = Reason.JOINED_RING
_PREFERRED_AGENT = Reason.PREFERRED_AGENT
_IDLE_STATES = (OFFLINE, NOT_READY)
_TIMED_STATES = (WRAP_UP, REST)


def change(
    state: State,
    agent: Agent,
    to: AgentState,
    out: list[Command],
    reason: str | None = None,
    contact: ContactId | None = None,
    until_ms: int | None = None,
) -> None:
    """Puts the agent into a state; the end of wrap-up and rest is noted in the agenda."""
    name = agent.id
    was = agent.state
    if was in _TIMED_STATES:
        state.agenda.remove((agent.until_ms, AGENT_DUE, name))
    if was is READY:
        state.ready.discard(name)
    if to is READY:
        state.ready.add(name)
        put_free(agent)
    elif to is not OFFERED:
        if to in _TIMED_STATES:
            state.agenda.add((until_ms, AGENT_DUE, name))
        if agent.shown:
            take_free(agent)
    if (to in _IDLE_STATES) is not (was in _IDLE_STATES):
        agent.profile.working += 1 if was in _IDLE_STATES else -1
    agent.state = to
    agent.contact = contact
    agent.until_ms = until_ms
    out.append(AgentChanged(name, to, reason, contact, until_ms, state.now_ms))


def release(state: State, agent: Agent, out: list[Command]) -> None:
    """Nothing holds the agent: away if he wants, rest if it is due, the next contact, or free."""
    if not agent.signed_in:
        change(state, agent, OFFLINE, out, reason="signed_out")
    elif not agent.wants_ready:
        change(state, agent, NOT_READY, out, reason=agent.wants_reason)
    elif agent.rest_until_ms > state.now_ms:
        change(state, agent, REST, out, until_ms=agent.rest_until_ms)
    elif not seek_contact(state, agent, out):
        change(state, agent, READY, out)


def seek_contact(state: State, agent: Agent, out: list[Command]) -> bool:
    """Offers him the first contact in the waiting order, or lets him join a ring; False: none."""
    contact = find_contact(state, agent)
    if contact is None:
        return False
    reason = _FIRST_IN_ORDER
    if contact.offered:
        reason = _JOINED_RING
    elif agent.kept is not None and contact.place is agent.kept:
        reason = _PREFERRED_AGENT
    make_offer(state, contact, single(state, contact, agent, reason), out)
    return True


def seek_agent(state: State, contact: Contact, out: list[Command]) -> bool:
    """Offers it to the best-ranked free agents; False: nobody fit is free."""
    choice = choose_agents(state, contact)
    if choice is None:
        return False
    make_offer(state, contact, choice, out)
    return True


def make_offer(state: State, contact: Contact, choice: Choice, out: list[Command]) -> None:
    config = contact.queue.config
    reason = choice.explain.reason
    if reason is not _JOINED_RING:
        displace(contact)
        contact.failed.clear()
    name = contact.asked.contact
    state.offers += 1
    number = state.offers
    ring_s = config.ring_timeout_s
    out.append(Offer(name, config.id, choice.agents, ring_s, choice.explain, number))
    until_ms = state.now_ms + ring_s * 1000
    for winner in choice.agents:
        contact.offered[winner] = number
        change(state, state.agents[winner], OFFERED, out, None, name, until_ms)
    set_timer(state, contact, RING_DUE, until_ms + OFFER_GRACE_S * 1000)
    if reason is _PREFERRED_AGENT:
        return
    if contact.queue.hunts:
        contact.queue.last_offered = choice.agents[-1]
    elif contact.queue.rings_all:
        let_join(contact)


def end_offer(contact: Contact, agent: AgentId) -> None:
    """One agent rings no more; others may."""
    del contact.offered[agent]
    if contact.offered:
        let_join(contact)


def cancel_offers(
    state: State, contact: Contact, why: CancelWhy, out: list[Command], keep: AgentId | None = None
) -> list[Agent]:
    """Stops all ringing for a contact but one agent's; the agents returned are to be released."""
    freed = [state.agents[name] for name in contact.offered if name != keep]
    contact.offered.clear()
    out.extend([CancelOffer(contact.asked.contact, a.id, why) for a in freed])
    return freed


def put_waiting(state: State, contact: Contact) -> None:
    """Lets free agents find the contact: the one it is kept for, or all who fit."""
    agent = keeper(state, contact)
    if agent:
        if agent.kept is None:
            agent.kept = SortedKeys()
        _put(contact, agent.kept)
        set_timer(state, contact, PREFERRED_DUE, contact.prefer_until_ms)
    else:
        _put(contact, contact.demand.open)
    contact.waited = True


def displace(contact: Contact) -> None:
    if contact.place is not None:
        contact.place.remove(contact.key)
        contact.place = None


def set_timer(state: State, contact: Contact, timer: Timer, due_ms: int) -> None:
    old_ms = contact.timers.get(timer)
    if old_ms == due_ms:
        return
    name = contact.asked.contact
    if old_ms is not None:
        state.agenda.remove((old_ms, timer, name))
    contact.timers[timer] = due_ms
    state.agenda.add((due_ms, timer, name))


def drop_timers(state: State, contact: Contact) -> None:
    for timer, due_ms in contact.timers.items():
        state.agenda.remove((due_ms, timer, contact.asked.contact))
    contact.timers.clear()


def let_join(contact: Contact) -> None:
    """Keeps a ringing ring-all contact where further agents find it, up to the limit."""
    if not contact.queue.rings_all:
        return
    if len(contact.offered) >= RING_ALL_LIMIT:
        displace(contact)
    elif contact.place is None:
        _put(contact, contact.demand.ringing)


def _put(contact: Contact, place: SortedKeys) -> None:
    place.add(contact.key)
    contact.place = place
