"""Queues set and removed while contacts stand in them. Costs grow with the one queue concerned."""

from hujiao.routing.contacts import join_line, leave_queue, move_on, seek_or_wait, stand_in
from hujiao.routing.fit import drop_queue, new_queue
from hujiao.routing.model import (
    CancelWhy,
    Command,
    OverflowWhy,
    QueueRemoved,
    QueueSet,
)
from hujiao.routing.offers import cancel_offers, let_join, release
from hujiao.routing.state import Agent, Contact, Queue, State


def on_set(state: State, event: QueueSet, out: list[Command]) -> None:
    config = event.config
    old = state.queues.get(config.id)
    if old and old.config == config:
        return
    queue = state.queues[config.id] = new_queue(state, config)
    if old is None:
        return
    queue.last_offered = old.last_offered
    queue.pace_ms = old.pace_ms
    queue.pace_from_ms = old.pace_from_ms
    contacts = _contacts(state, old)
    for contact in contacts:
        joinable = contact.place is contact.demand.ringing
        leave_queue(state, contact)
        stand_in(state, contact, queue)
        join_line(state, contact)
        if joinable:
            let_join(contact)
    queue.pace_from_ms = old.pace_from_ms
    drop_queue(state, old)
    for contact in _contacts(state, queue):
        if not contact.offered:
            seek_or_wait(state, contact, out)


def on_removed(state: State, event: QueueRemoved, out: list[Command]) -> None:
    queue = state.queues.pop(event.id, None)
    if queue is None:
        return
    freed: list[Agent] = []
    for contact in _contacts(state, queue):
        freed += cancel_offers(state, contact, CancelWhy.CONTACT_MOVED, out)
        move_on(state, contact, OverflowWhy.QUEUE_REMOVED, out)
    drop_queue(state, queue)
    for agent in freed:
        release(state, agent, out)


def _contacts(state: State, queue: Queue) -> list[Contact]:
    return [state.contacts[key[-1]] for key in queue.line]
