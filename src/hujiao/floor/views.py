"""Entities as the screens get them: plain values, times in ms since the epoch."""

from typing import Any

from hujiao.calls.model import Call, Phase
from hujiao.floor.core import Floor
from hujiao.floor.desks import Desk
from hujiao.routing import core as router
from hujiao.routing.model import AgentState, ContactId, QueueId

View = dict[str, Any]

_STATES = {
    AgentState.OFFERED: "ringing",
    AgentState.BUSY: "talking",
}
_BUSY_BY_PHASE = {Phase.DIALING: "dialing", Phase.HOLD: "hold"}


def agent_view(floor: Floor, desk: Desk) -> View:
    """An agent's card."""
    call = floor.calls.get(desk.contact or "")
    state = _STATES.get(desk.state, str(desk.state))
    since = desk.since_ms
    if desk.state is AgentState.BUSY and call is not None:
        state = _BUSY_BY_PHASE.get(call.phase, state)
        since = call.since_ms
    return {
        "id": desk.id,
        "name": desk.settings.name,
        "team_id": desk.settings.team_id,
        "extension": desk.settings.extension,
        "state": state,
        "reason_id": desk.reason,
        "since": since,
        "until": desk.until_ms,
        "call_id": desk.contact,
        "phone_online": desk.phone_online,
        "wants": "ready" if desk.wants_ready else "not_ready",
        "next_reason_id": desk.wants_reason,
        "handled": desk.handled,
        "missed": desk.missed,
        "tab": desk.tab,
        "queues": floor.staffing.queues_of(desk.id),
    }


def call_view(floor: Floor, call: Call) -> View:
    """A call as the desk, the board and the lists of live calls show it.

    `order`: what callers who wait are sorted by, the smallest first; null for who does not wait or
    rings at an agent already. Readers count the places from it: a place would be wrong as soon as
    somebody ahead is gone, and to tell all who wait of every change is more than a floor can.
    """
    waiting = call.phase is Phase.WAITING
    inbound = call.direction == "in"
    return {
        "id": call.id,
        "direction": call.direction,
        "phase": call.phase,
        "caller": call.caller,
        "caller_name": call.caller_name,
        "called": call.called,
        "customer_number": call.caller if inbound else call.called,
        "trunk": call.trunk,
        "queue_id": call.queue,
        "agent_id": call.agent,
        "offered": list(call.offered),
        "arrived_at": call.arrived_ms,
        "queued_at": call.queued_ms,
        "answered_at": call.answered_ms,
        "since": call.since_ms,
        "priority": call.priority,
        "order": router.order_ms(floor.router, ContactId(call.id)) if waiting else None,
        "recording": call.recording,
        "digits": call.digits,
        "ended_by": call.ended_by,
        "cause": call.cause,
    }


def queue_view(floor: Floor, queue_id: str) -> View | None:
    """A queue's tile; None when there is no such queue (any more)."""
    settings = floor.configuration.queues.get(queue_id)
    if settings is None:
        return None
    states = floor.staffing.states(queue_id)
    return {
        "id": queue_id,
        "name": settings.name,
        "waiting": router.waiting(floor.router, QueueId(queue_id)),
        "longest_since": router.longest_wait_since(floor.router, QueueId(queue_id)),
        "ready": states[AgentState.READY],
        "talking": states[AgentState.BUSY],
        "wrap_up": states[AgentState.WRAP_UP],
        "signed_in": states.total() - states[AgentState.OFFLINE],
    }
