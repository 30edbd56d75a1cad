"""Rules after a gap: the floor, or its connection to the switch, was away while the call lived on.

Legs that ended meanwhile have been told before. What is said and done here brings the switch to
what the call is, and the call to what happened on the switch.
"""

from collections.abc import Mapping

from hujiao.calls import inbound, outbound
from hujiao.calls.model import (
    CONNECTED,
    IN_QUEUE,
    Call,
    Effects,
    EndedBy,
    Phase,
    Prompts,
    Timer,
)
from hujiao.calls.talk import RECONNECT_MS, connect, connected, finish
from hujiao.events import calls as facts
from hujiao.events import floor as floor_facts
from hujiao.routing import model as routing
from hujiao.telephony.port import (
    AnswerLeg,
    Cause,
    HangUpLeg,
    JoinLegs,
    LegId,
    LiveLeg,
    StartMusic,
    TakeOut,
)

Live = Mapping[LegId, LiveLeg]


def answer_again(call: Call, live: Live, out: Effects) -> None:
    """Answer who came in and was answered here, but not at the switch.

    A command that was sent last is lost when the floor is killed before the switch has read it,
    or when it waited for the right to act; what was written down says that it was carried out.
    """
    for leg in call.legs.values():
        if leg.answered and leg.id in live and not live[leg.id].answered:
            out.do(AnswerLeg(leg.id))
            if leg.id == call.customer:
                call.music = False  # asked for afterwards, and so lost as well


def reconcile(call: Call, live: Live, at_ms: int, out: Effects, prompts: Prompts) -> str | None:
    """Go on where the call stands. Returns a queue that it is to enter now."""
    call.playback = None
    if call.phase in (Phase.GREETING, Phase.MENU):
        call.phase = Phase.GREETING
        return inbound.greet(call, at_ms, out, prompts)
    if call.phase is Phase.LEAVING:
        out.do(HangUpLeg(call.customer))
    elif call.phase in CONNECTED:
        _mend_bridge(call, live, out)
    elif call.phase is Phase.DIALING and call.customer not in call.legs:
        leg = live.get(call.agent_leg) if call.agent_leg else None
        if leg is not None and leg.answered:
            outbound.agent_is_there(call, out)
    elif call.phase is Phase.RECONNECTING:
        out.timers.append((Timer.RECONNECT, at_ms + RECONNECT_MS))
    return None


def _mend_bridge(call: Call, live: Live, out: Effects) -> None:
    """Who should hear each other does; who is on hold is out of the bridge."""
    if call.agent_leg is None or call.customer not in live or call.agent_leg not in live:
        return
    customer_in = live[call.customer].bridge == call.bridge
    agent_in = live[call.agent_leg].bridge == call.bridge
    if call.phase is Phase.HOLD and customer_in:
        out.do(TakeOut(call.bridge, call.customer), StartMusic(call.customer))
    elif call.phase is Phase.TALKING and not (customer_in and agent_in):
        out.do(JoinLegs(call.bridge, (call.customer, call.agent_leg)))


def restore_offers(call: Call, live: Live, at_ms: int, out: Effects) -> None:
    """A caller who waited or was being offered when the last floor ended.

    The new router knows of no offer: an agent who picked up in the gap has the call, other
    ringing is ended and offered again, and the caller keeps his place by his arrival.
    """
    if call.phase not in IN_QUEUE or call.queue is None:
        return
    caller_is_here = call.customer in live
    offered, call.offered = call.offered, {}
    call.enter(Phase.WAITING, call.queued_ms or at_ms)
    for agent, leg in offered.items():
        up = caller_is_here and leg in live and live[leg].answered
        if up and call.agent is None:
            _picked_up(call, agent, live[leg], live, at_ms, out)
            continue
        out.tell(call, floor_facts.OfferCancelled("floor_restarted"), agent)
        out.do(HangUpLeg(leg, Cause.ANSWERED_ELSEWHERE))
    if caller_is_here and call.agent is None:
        _queue_again(call, call.queue, at_ms, out)


def end_with_node(call: Call, at_ms: int, out: Effects) -> None:
    """The node is gone and all legs with it: close the books. Nothing is asked of the node."""
    offered, call.offered = call.offered, {}
    legs, call.legs = call.legs, {}
    call.bridged = False
    if not call.is_over:
        waited = call.phase in IN_QUEUE
        out.tell(call, facts.CallLostItsNode(call.node))
        for agent in offered:
            out.tell(call, floor_facts.OfferCancelled("node_lost"), agent)
        if waited:
            out.tell(call, floor_facts.QueueLeft("failed"))
        call.ended_by = EndedBy.SYSTEM
        finish(call, Cause.FAILURE, at_ms, out)
        if waited:
            out.routing.append(routing.ContactLeft(routing.ContactId(call.id), at_ms))
    for leg in legs.values():
        role = "customer" if leg.id == call.customer else "agent"
        out.tell(call, facts.LegWasEnded(leg.id, role, Cause.FAILURE), leg.agent)


def _queue_again(call: Call, queue: str, at_ms: int, out: Effects) -> None:
    if call.announce_every_ms:
        out.timers.append((Timer.ANNOUNCE, at_ms + call.announce_every_ms))
    if not call.music:
        out.timers.append((Timer.MUSIC, at_ms))
    out.routing.append(
        routing.ContactQueued(
            contact=routing.ContactId(call.id),
            queue=routing.QueueId(queue),
            priority=call.priority,
            at_ms=at_ms,
            arrived_ms=call.arrived_ms,
            place=call.place,
        )
    )


def _picked_up(call: Call, agent: str, leg: LiveLeg, live: Live, at_ms: int, out: Effects) -> None:
    call.agent, call.agent_leg = agent, leg.leg
    call.legs[leg.leg].answered = True
    out.tell(call, floor_facts.OfferWasAccepted())
    out.tell(call, floor_facts.QueueLeft("answered"))
    out.routing.append(
        routing.AgentEngaged(
            routing.AgentId(agent),
            routing.ContactId(call.id),
            at_ms,
            routing.QueueId(call.queue) if call.queue else None,
        )
    )
    if leg.bridge == live[call.customer].bridge == call.bridge:
        connected(call, at_ms, out)
    else:
        connect(call, at_ms, out)
