"""A leg comes in: a caller at a public number, or an agent who dialled on his phone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hujiao.calls import inbound, outbound
from hujiao.calls.model import Effects, EndedBy
from hujiao.events import calls as facts
from hujiao.events.fact import Subject
from hujiao.floor.dialplan import called_number, diallable, greeting_of
from hujiao.telephony.port import Cause, HangUpLeg, LegArrived, Origin

if TYPE_CHECKING:
    from hujiao.floor.core import Floor


def leg_arrived(floor: Floor, event: LegArrived) -> None:
    """Greet a caller, dial for an agent, or turn the leg down and say why."""
    if event.leg in floor.call_of_leg:
        return
    if event.origin is Origin.AGENT:
        _agent_dialled(floor, event)
        return
    number = called_number(event.called_number, floor.configuration.numbers)
    if number is None:
        _turn_down(floor, event, "unknown_number", Cause.UNALLOCATED)
        return
    out = Effects()
    call = inbound.arrive(event, greeting_of(number), number.name, out)
    floor.take_on(call)
    floor.settle(call, out, call.arrived_ms)
    out = Effects()
    queue = inbound.greet(call, event.at_ms, out, floor.prompts)
    floor.settle_and_queue(call, queue, out, event.at_ms)


def _agent_dialled(floor: Floor, event: LegArrived) -> None:
    desk = floor.desk_of_extension.get(event.endpoint)
    number = diallable(event.called_number)
    to = floor.destination(number) if number else None
    if desk is None or not desk.signed_in or desk.contact is not None or to is None:
        _turn_down(floor, event, "not_allowed", Cause.REJECTED)
        return
    if event.node in floor.draining:
        _turn_down(floor, event, "draining", Cause.CONGESTION)
        return
    out = Effects()
    call = outbound.dialled_on_phone(event, desk.invited, to, out)
    floor.take_on(call)
    outbound.agent_is_there(call, out)
    floor.settle(call, out, event.at_ms)


def _turn_down(floor: Floor, event: LegArrived, why: str, cause: Cause) -> None:
    subject = Subject(call=event.leg)
    arrived = facts.CallArrived(
        direction="in" if event.origin is not Origin.AGENT else "out",
        caller=event.caller_number,
        caller_name=event.caller_name,
        called=event.called_number,
        trunk=event.endpoint,
        node=event.node,
        leg=event.leg,
    )
    floor.tell(arrived, subject, event.at_ms)
    floor.tell(facts.CallRefused(why), subject, event.at_ms)
    floor.tell(facts.CallEnded("arriving", EndedBy.SYSTEM, cause), subject, event.at_ms)
    floor.send(HangUpLeg(event.leg, cause))
