"""The entry to routing: `step` takes one event and says what must happen.

`State` is one mutable structure owned by its caller: copying 10,000 agents per event would break
the bound on a step. It is deterministic all the same: equal events from an empty State give equal
commands, and nothing reads a clock. Do not step from inside the handling of a step.
"""

from collections.abc import Callable
from typing import Any

from hujiao.routing import agents, contacts, queues
from hujiao.routing.model import (
    AgentEngaged,
    AgentReadySet,
    AgentRemoved,
    AgentSet,
    AgentSignedIn,
    AgentSignedOut,
    Command,
    ContactEnded,
    ContactLeft,
    ContactQueued,
    Event,
    OfferAccepted,
    OfferFailed,
    QueueRemoved,
    QueueSet,
    Tick,
    WakeAt,
    WrapUpEnded,
)
from hujiao.routing.queries import (
    agent_state,
    expected_wait_ms,
    longest_wait_since,
    order_ms,
    position,
    waiting,
    why_waiting,
)
from hujiao.routing.state import AGENT_DUE, State, Timer

__all__ = [
    "State",
    "agent_state",
    "expected_wait_ms",
    "longest_wait_since",
    "order_ms",
    "position",
    "step",
    "waiting",
    "why_waiting",
]


def step(state: State, event: Event) -> list[Command]:
    """Takes the event into the state; the commands are to be carried out in this order.

    Unknown ids and repeated events do nothing. Time never runs backwards: an event older than the
    latest counts as happening now.
    """
    out: list[Command] = []
    if event.at_ms > state.now_ms:
        state.now_ms = event.at_ms
    _HANDLERS[type(event)](state, event, out)
    due = state.agenda.first()
    if due is not None:
        due_ms = due[0]
        if state.wake_ms is None or due_ms < state.wake_ms:
            state.wake_ms = due_ms
            out.append(WakeAt(due_ms))
    return out


def _on_tick(state: State, event: Tick, out: list[Command]) -> None:
    if state.wake_ms is not None and state.wake_ms <= state.now_ms:
        state.wake_ms = None
    while (due := state.agenda.first()) and due[0] <= state.now_ms:
        state.agenda.remove(due)
        timer: Timer = due[1]
        if timer is AGENT_DUE:
            agents.on_due(state, state.agents[due[2]], out)
        else:
            contacts.on_due(state, state.contacts[due[2]], timer, out)


_HANDLERS: dict[type[Event], Callable[[State, Any, list[Command]], None]] = {
    QueueSet: queues.on_set,
    QueueRemoved: queues.on_removed,
    AgentSet: agents.on_set,
    AgentRemoved: agents.on_removed,
    AgentSignedIn: agents.on_signed_in,
    AgentSignedOut: agents.on_signed_out,
    AgentReadySet: agents.on_ready_set,
    AgentEngaged: agents.on_engaged,
    ContactQueued: contacts.on_queued,
    ContactLeft: contacts.on_left,
    OfferAccepted: contacts.on_accepted,
    OfferFailed: contacts.on_failed,
    ContactEnded: agents.on_ended,
    WrapUpEnded: agents.on_wrap_up_ended,
    Tick: _on_tick,
}
