"""A contact's way through the router: in, offered, back to its place, on to another queue, out."""

from dataclasses import replace

from hujiao.routing.fit import demand_at
from hujiao.routing.model import (
    CancelOffer,
    CancelWhy,
    Command,
    ContactLeft,
    ContactQueued,
    OfferAccepted,
    OfferFailed,
    Overflowed,
    OverflowWhy,
    Refused,
    RefusedWhy,
)
from hujiao.routing.offers import (
    cancel_offers,
    change,
    displace,
    drop_timers,
    end_offer,
    let_join,
    put_waiting,
    release,
    seek_agent,
    set_timer,
)
from hujiao.routing.order import waiting_key
from hujiao.routing.state import (
    BUSY,
    MAX_WAIT_DUE,
    RELAX_DUE,
    RING_DUE,
    Agent,
    Contact,
    Queue,
    State,
    Timer,
)

_PACE_WEIGHT = 8
"""One answer changes the smoothed pace by an eighth."""


def on_queued(state: State, event: ContactQueued, out: list[Command]) -> None:
    if _repeated(state, event):
        return
    freed: list[Agent] = []
    known = state.contacts.get(event.contact)
    if known:
        freed = cancel_offers(state, known, CancelWhy.CONTACT_MOVED, out)
        leave_queue(state, known)
        del state.contacts[event.contact]
    queue = state.queues.get(event.queue)
    if queue:
        contact = Contact(event, queue, queue.strict)
        contact.preferred = event.preferred_agent
        contact.prefer_until_ms = state.now_ms + event.preferred_wait_s * 1000
        state.contacts[event.contact] = contact
        enter_queue(state, contact, queue, out)
    else:
        out.append(Refused(event.contact, event.queue, RefusedWhy.NO_SUCH_QUEUE))
    for agent in freed:
        release(state, agent, out)


def on_left(state: State, event: ContactLeft, out: list[Command]) -> None:
    contact = state.contacts.get(event.contact)
    if contact is None:
        return
    freed = cancel_offers(state, contact, CancelWhy.CONTACT_LEFT, out)
    leave_queue(state, contact)
    del state.contacts[event.contact]
    for agent in freed:
        release(state, agent, out)


def on_accepted(state: State, event: OfferAccepted, out: list[Command]) -> None:
    contact = state.contacts.get(event.contact)
    agent = state.agents.get(event.agent)
    if agent and event.contact in agent.held:
        return
    if agent is None or contact is None or event.agent not in contact.offered:
        out.append(CancelOffer(event.contact, event.agent, _too_late(state, event)))
        return
    freed = cancel_offers(state, contact, CancelWhy.ANSWERED_ELSEWHERE, out, keep=event.agent)
    _note_pace(state, contact)
    leave_queue(state, contact)
    del state.contacts[event.contact]
    own = agent.config.wrap_up_s
    agent.held[event.contact] = contact.queue.config.wrap_up_s if own is None else own
    state.accepted[event.contact] = (event.agent, contact.asked)
    change(state, agent, BUSY, out, contact=event.contact)
    agent.handled += 1
    agent.missed = 0
    for other in freed:
        release(state, other, out)


def on_failed(state: State, event: OfferFailed, out: list[Command]) -> None:
    contact = state.contacts.get(event.contact)
    number = contact.offered.get(event.agent) if contact else None
    if contact and number is not None and event.offer in (0, number):
        fail_offer(state, contact, state.agents[event.agent], out)


def fail_offer(state: State, contact: Contact, agent: Agent, out: list[Command]) -> None:
    """The agent missed his offer: the contact looks for another, then he for another contact."""
    name = agent.id
    contact.failed[name] = None
    if contact.preferred == name:
        contact.preferred = None
    agent.missed += 1
    if 0 < agent.config.max_missed <= agent.missed and agent.wants_ready:
        agent.wants_ready = False
        agent.wants_reason = "missed"
    lose_offer(state, contact, agent, out)
    release(state, agent, out)


def lose_offer(state: State, contact: Contact, agent: Agent, out: list[Command]) -> None:
    """The agent, who is not among the free, rings no more; was he the last, the contact goes back
    to its own place in the order."""
    end_offer(contact, agent.id)
    if contact.offered:
        return
    displace(contact)
    if contact.timers.get(MAX_WAIT_DUE, state.now_ms + 1) <= state.now_ms:
        move_on(state, contact, OverflowWhy.MAX_WAIT, out)
    else:
        seek_or_wait(state, contact, out)


def seek_or_wait(state: State, contact: Contact, out: list[Command]) -> None:
    if not seek_agent(state, contact, out):
        put_waiting(state, contact)


def enter_queue(state: State, contact: Contact, queue: Queue, out: list[Command]) -> None:
    """Into this queue, or where it overflows to when nobody is free and no room is left to wait."""
    while True:
        stand_in(state, contact, queue)
        contact.entered_ms = state.now_ms
        config = queue.config
        found = seek_agent(state, contact, out)
        if found or config.max_waiting is None or len(queue.line) < config.max_waiting:
            break
        target = _target(state, contact)
        name = contact.asked.contact
        if target is None:
            del state.contacts[name]
            out.append(Refused(name, config.id, RefusedWhy.QUEUE_FULL))
            return
        out.append(Overflowed(name, config.id, target.config.id, OverflowWhy.QUEUE_FULL))
        contact.been_in |= {config.id}
        queue = target
    if not found:
        put_waiting(state, contact)
    join_line(state, contact)


def stand_in(state: State, contact: Contact, queue: Queue) -> None:
    """What this queue makes of the contact: its key, and the demand it has by now."""
    contact.queue = queue
    contact.key = waiting_key(contact.asked, queue.config)
    relax_s = queue.config.level_relax_after_s
    contact.relaxed = (
        relax_s is not None
        and queue.relaxed is not queue.strict
        and state.now_ms >= contact.asked.arrived_ms + relax_s * 1000
    )
    contact.demand = demand_at(state, queue, contact.asked.place, relaxed=contact.relaxed)


def join_line(state: State, contact: Contact) -> None:
    queue = contact.queue
    asked = contact.asked
    if not queue.line.chunks:
        queue.pace_from_ms = state.now_ms
    queue.line.add(contact.key)
    queue.arrivals.add((asked.arrived_ms, asked.contact))
    config = queue.config
    if config.max_wait_s is not None:
        due_ms = contact.entered_ms + config.max_wait_s * 1000
        set_timer(state, contact, MAX_WAIT_DUE, due_ms)
    relaxes = queue.relaxed is not queue.strict and not contact.relaxed
    if config.level_relax_after_s is not None and relaxes:
        due_ms = asked.arrived_ms + config.level_relax_after_s * 1000
        set_timer(state, contact, RELAX_DUE, due_ms)


def leave_queue(state: State, contact: Contact) -> None:
    displace(contact)
    drop_timers(state, contact)
    contact.queue.line.remove(contact.key)
    contact.queue.arrivals.remove((contact.asked.arrived_ms, contact.asked.contact))


def move_on(state: State, contact: Contact, why: OverflowWhy, out: list[Command]) -> None:
    """Out of a queue that keeps it no longer: to the overflow queue, or out of the router."""
    name = contact.asked.contact
    queue = contact.queue.config.id
    leave_queue(state, contact)
    target = _target(state, contact)
    if target:
        out.append(Overflowed(name, queue, target.config.id, why))
        contact.been_in |= {queue}
        enter_queue(state, contact, target, out)
        return
    del state.contacts[name]
    out.append(
        Refused(
            name,
            queue,
            RefusedWhy.MAX_WAIT if why is OverflowWhy.MAX_WAIT else RefusedWhy.NO_SUCH_QUEUE,
        )
    )


def on_due(state: State, contact: Contact, timer: Timer, out: list[Command]) -> None:
    """A timer of the contact fired. Ringing is not cut by it: what is due comes when that ends."""
    if timer is RING_DUE:
        del contact.timers[timer]
        for name in list(contact.offered):
            out.append(CancelOffer(contact.asked.contact, name, CancelWhy.TIMED_OUT))
            fail_offer(state, contact, state.agents[name], out)
        return
    if timer is MAX_WAIT_DUE:
        if not contact.offered:
            move_on(state, contact, OverflowWhy.MAX_WAIT, out)
        return
    del contact.timers[timer]
    if timer is RELAX_DUE:
        _relax(state, contact)
    if not contact.offered:
        displace(contact)
        seek_or_wait(state, contact, out)


def _relax(state: State, contact: Contact) -> None:
    joinable = contact.place is contact.demand.ringing
    if joinable:
        displace(contact)
    contact.relaxed = True
    contact.demand = demand_at(state, contact.queue, contact.asked.place, relaxed=True)
    if joinable:
        let_join(contact)


def _repeated(state: State, event: ContactQueued) -> bool:
    """It brings nothing new: the contact waits just so, or was accepted since this very event."""
    known = state.contacts.get(event.contact)
    if known:
        return replace(known.asked, at_ms=event.at_ms) == event
    given = state.accepted.get(event.contact)
    return given is not None and given[1] == event


def _too_late(state: State, event: OfferAccepted) -> CancelWhy:
    if event.contact in state.contacts:
        return CancelWhy.NOT_OFFERED
    if event.contact in state.accepted:
        return CancelWhy.ANSWERED_ELSEWHERE
    return CancelWhy.CONTACT_LEFT


def _target(state: State, contact: Contact) -> Queue | None:
    config = contact.queue.config
    if config.overflow_to is None or config.overflow_to in (config.id, *contact.been_in):
        return None
    return state.queues.get(config.overflow_to)


def _note_pace(state: State, contact: Contact) -> None:
    """One answer more. The time since the last tells the pace only while somebody waited."""
    queue = contact.queue
    if contact.waited:
        took_ms = state.now_ms - queue.pace_from_ms
        if queue.pace_ms is None:
            queue.pace_ms = took_ms
        else:
            queue.pace_ms += (took_ms - queue.pace_ms) // _PACE_WEIGHT
    queue.pace_from_ms = state.now_ms
