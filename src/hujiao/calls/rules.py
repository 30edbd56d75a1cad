"""What each switch event means for the call that its leg belongs to."""

from hujiao.calls import inbound, outbound, talk
from hujiao.calls.model import CONNECTED, Call, Direction, Effects, EndedBy, Leg, Phase
from hujiao.events import calls as facts
from hujiao.events import floor as floor_facts
from hujiao.telephony.port import Cause, HangUpLeg, LegId


def leg_rang(call: Call, leg_id: LegId, out: Effects) -> None:
    leg = call.legs.get(leg_id)
    if leg is None or call.is_over:
        return
    out.tell(call, facts.LegRang(leg_id), leg.agent)
    if leg.agent is not None and call.offered.get(leg.agent) == leg_id:
        out.tell(call, floor_facts.OfferRinging(), leg.agent)


def leg_answered(call: Call, leg_id: LegId, at_ms: int, out: Effects) -> None:
    """A leg we called is up. One that nobody wants any more is ended."""
    leg = call.legs.get(leg_id)
    if leg is None or call.is_over:
        out.do(HangUpLeg(leg_id, Cause.ANSWERED_ELSEWHERE))
        return
    leg.answered = True
    out.tell(call, facts.LegWasAnswered(leg_id), leg.agent)
    if leg_id == call.customer:
        talk.customer_answered(call, at_ms, out)
    elif leg_id != call.agent_leg:
        inbound.agent_answered(call, leg, at_ms, out)
    elif call.phase is Phase.DIALING:
        outbound.agent_is_there(call, out)
    elif call.phase is Phase.RECONNECTING:
        talk.phone_is_back(call, leg, at_ms, out)


def leg_ended(call: Call, leg_id: LegId, cause: int, at_ms: int, out: Effects) -> None:
    """A leg is gone; the call ends, goes on without it, or was over already."""
    leg = call.legs.pop(leg_id, None)
    if leg is None:
        return
    role = "customer" if leg_id == call.customer else "agent"
    out.tell(call, facts.LegWasEnded(leg_id, role, cause), leg.agent)
    if not call.is_over:
        if leg_id == call.customer:
            _customer_left(call, cause, at_ms, out)
        elif leg_id == call.agent_leg:
            _agent_left(call, leg, cause, at_ms, out)
        else:
            inbound.offer_failed(call, leg, cause, at_ms, out)


def _customer_left(call: Call, cause: int, at_ms: int, out: Effects) -> None:
    not_reached = call.phase is Phase.DIALING and cause not in (Cause.BUSY, Cause.REJECTED)
    if call.phase is Phase.LEAVING or not_reached:
        call.ended_by = EndedBy.SYSTEM
    if call.direction is Direction.IN and call.agent is None:
        inbound.caller_gave_up(call, cause, at_ms, out)
    else:
        talk.finish(call, cause, at_ms, out)


def _agent_left(call: Call, leg: Leg, cause: int, at_ms: int, out: Effects) -> None:
    if call.phase is Phase.RECONNECTING:
        call.agent_leg = None
    elif call.phase in CONNECTED and leg.survives_loss:
        talk.interrupt(call, f"cause {cause}", at_ms, out)
    else:
        call.ended_by = EndedBy.AGENT if leg.answered else EndedBy.SYSTEM
        talk.finish(call, cause, at_ms, out)
