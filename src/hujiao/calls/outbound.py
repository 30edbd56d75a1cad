"""Rules of a call that an agent makes: first the agent's own leg, then the customer's."""

from hujiao.calls.model import Call, CallId, Destination, Direction, Effects, Invited, Leg, Phase
from hujiao.events import calls as facts
from hujiao.routing import model as routing
from hujiao.telephony.port import (
    AnswerLeg,
    DialInBridge,
    JoinLegs,
    LegArrived,
    LegId,
    NodeName,
    OriginateLeg,
)

AGENT_RING_S = 15
CUSTOMER_RING_S = 60


def dial(
    call_id: CallId,
    node: NodeName,
    invited: Invited,
    to: Destination,
    at_ms: int,
    out: Effects,
) -> Call:
    """The agent asked for a number on the screen: his phone is called first and answers itself."""
    call = _new(call_id, node, invited, to, at_ms, out)
    leg = call.new_leg(invited)
    call.agent_leg = leg.id
    out.tell(call, facts.LegStarted(leg.id, "agent"))
    out.do(
        OriginateLeg(
            leg=leg.id,
            node=node,
            endpoint=invited.endpoint,
            ring_timeout_s=AGENT_RING_S,
            caller_number=to.number,
            auto_answer=True,
            headers=invited.headers(call.id),
        )
    )
    return call


def dialled_on_phone(event: LegArrived, invited: Invited, to: Destination, out: Effects) -> Call:
    """The agent dialled on his own phone: his leg is here already."""
    call = _new(CallId(event.leg), event.node, invited, to, event.at_ms, out)
    leg = Leg(event.leg, invited.agent, answered=True, survives_loss=invited.survives_loss)
    call.legs[leg.id] = leg
    call.agent_leg = leg.id
    out.tell(call, facts.LegStarted(leg.id, "agent"))
    out.do(AnswerLeg(leg.id))
    return call


def _new(
    call_id: CallId,
    node: NodeName,
    invited: Invited,
    to: Destination,
    at_ms: int,
    out: Effects,
) -> Call:
    call = Call(
        id=call_id,
        node=node,
        direction=Direction.OUT,
        phase=Phase.DIALING,
        since_ms=at_ms,
        arrived_ms=at_ms,
        caller=to.caller_number,
        caller_name="",
        called=to.number,
        trunk=to.trunk,
        customer=LegId(""),
        customer_endpoint=to.endpoint,
        agent=invited.agent,
        recorded=to.recorded,
    )
    out.tell(
        call,
        facts.CallArrived(
            direction=call.direction,
            caller=to.caller_number,
            caller_name="",
            called=to.number,
            trunk=to.trunk,
            node=node,
            leg="",
        ),
    )
    out.routing.append(
        routing.AgentEngaged(routing.AgentId(invited.agent), routing.ContactId(call_id), at_ms)
    )
    return call


def agent_is_there(call: Call, out: Effects) -> None:
    """The agent's leg is up: call the customer, whose ringing the agent hears."""
    if call.agent_leg is None:
        return
    leg = call.new_leg(None)
    call.customer = leg.id
    call.bridged = True
    out.tell(call, facts.CallDialled(call.called, call.trunk))
    out.tell(call, facts.LegStarted(leg.id, "customer"))
    out.do(
        JoinLegs(call.bridge, (call.agent_leg,)),
        DialInBridge(
            leg=leg.id,
            node=call.node,
            bridge=call.bridge,
            endpoint=call.customer_endpoint,
            ring_timeout_s=CUSTOMER_RING_S,
            caller_number=call.caller,
            originator=call.agent_leg,
        ),
    )
