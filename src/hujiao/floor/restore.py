"""Rebuilding the floor from what the last one kept, before the switch is connected.

The router is brought to its state by telling it a short history with the old times: so agents keep
their time in state and their place among the idle. Waiting callers are queued only when their node
is connected and has said who is still there (`Floor` reconciles every call then).
"""

from hujiao.calls.model import Call, CallId
from hujiao.events.fact import Subject
from hujiao.events.floor import AgentStateChanged
from hujiao.floor.core import Floor
from hujiao.floor.desks import Desk
from hujiao.floor.nodes import await_nodes
from hujiao.floor.phones import PHONE_GONE, PHONE_GONE_MS
from hujiao.floor.reach import tell_reach
from hujiao.floor.saved import SavedDesk
from hujiao.routing import model as routing
from hujiao.routing.model import AgentId, AgentState, ContactId, QueueId


def restore(floor: Floor, calls: list[Call], desks: list[SavedDesk], now_ms: int) -> None:
    """Put saved calls and desks onto a floor that has its configuration and nothing else."""
    floor.now_ms = now_ms
    by_id = {call.id: call for call in calls}
    history: list[routing.Event] = []
    for saved in desks:
        desk = floor.desks.get(saved.id)
        if desk is None or saved.state is AgentState.OFFLINE:
            continue
        saved.put_into(desk)
        _bring_back(desk, now_ms)
        floor.mark_agent(desk.id)
        tell_reach(floor, desk)
        history += _history(desk, by_id.get(CallId(desk.contact or "")))
        if desk.state is not saved.state:
            freed = AgentStateChanged(desk.state, saved.state, "floor_restarted")
            floor.tell(freed, Subject(agent=desk.id), now_ms)
        if not desk.phone_online:
            floor.timers.set((PHONE_GONE, desk.id), now_ms + PHONE_GONE_MS)
    for event in sorted(history, key=lambda event: event.at_ms):
        floor.route_quietly(event)
    floor.index_service()
    for call in calls:
        call.since_ms = min(call.since_ms, now_ms)
        call.arrived_ms = min(call.arrived_ms, now_ms)
        floor.adopt(call)
    await_nodes(floor, now_ms)


def _bring_back(desk: Desk, now_ms: int) -> None:
    """The clock was set back since: nobody's state began in the future, or lasts until then."""
    ahead_ms = desk.since_ms - now_ms
    if ahead_ms > 0:
        desk.since_ms = now_ms
        if desk.until_ms is not None:
            desk.until_ms -= ahead_ms


def _history(desk: Desk, call: Call | None) -> list[routing.Event]:
    """The shortest past that leads to the agent's present."""
    agent, since = AgentId(desk.id), desk.since_ms
    past: list[routing.Event] = [
        routing.AgentSignedIn(agent, since, desk.handled),
        routing.AgentReadySet(agent, desk.wants_ready, desk.wants_reason, since),
    ]
    contact = ContactId(desk.contact or "")
    queue = QueueId(call.queue) if call is not None and call.queue else None
    engaged = routing.AgentEngaged(agent, contact, since, queue)
    if desk.state is AgentState.BUSY and call is not None:
        past.append(engaged)
    elif desk.state in (AgentState.WRAP_UP, AgentState.REST):
        past += [engaged, routing.ContactEnded(contact, agent, since, wrap_up=True)]
        if desk.state is AgentState.REST:
            past.append(routing.WrapUpEnded(agent, since))
    elif desk.state in (AgentState.BUSY, AgentState.OFFERED):
        desk.state = AgentState.READY if desk.wants_ready else AgentState.NOT_READY
        desk.contact = None
    return past
