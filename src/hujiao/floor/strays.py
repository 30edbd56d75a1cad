"""Legs on a node that no call knows: what the last floor did and could not write down any more.

What happens within some milliseconds is written together, so a floor that is killed forgets its
last moment. The switch does not: ids tell which legs belong together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hujiao.calls import inbound
from hujiao.calls.model import BRIDGE, IN_QUEUE, Call, Effects, Phase
from hujiao.events import floor as facts
from hujiao.floor import arrivals
from hujiao.floor.dialplan import called_number, greeting_of
from hujiao.kit.log import logger
from hujiao.telephony.port import (
    DestroyBridge,
    HangUpLeg,
    LegArrived,
    LegId,
    NodeConnected,
    Origin,
    TakeOut,
)

if TYPE_CHECKING:
    from hujiao.floor.core import Floor

log = logger(__name__)

MAX_LEGS = 10_000
"""More legs than any call had: a number beyond is not one of ours."""


def claim_talks(floor: Floor, event: NodeConnected) -> None:
    """Give phones that were picked up for a caller to his call, made here when nobody knows it.

    To be reconciled afterwards like an offer that was picked up in the gap.
    """
    by_id = {leg.leg: leg for leg in event.legs}
    for leg in event.legs:
        caller = by_id.get(LegId(leg.leg.rpartition(".")[0]))
        if leg.leg in floor.call_of_leg or not leg.answered:
            continue
        if caller is None or caller.bridge != leg.bridge or caller.arrival is None:
            continue
        desk = floor.desk_of_extension.get(leg.endpoint)
        call = floor.call_of_leg.get(caller.leg) or _arrived(floor, caller.arrival)
        if desk is None or not desk.signed_in or desk.contact is not None:
            continue
        if call is None or call.phase not in IN_QUEUE or call.id not in floor.restored:
            continue
        while call.new_leg(desk.invited).id != leg.leg and call.last_leg < MAX_LEGS:
            del call.legs[LegId(f"{call.id}.{call.last_leg}")]
        if leg.leg in call.legs:
            call.offered[desk.id] = leg.leg
            floor.call_of_leg[leg.leg] = call


def _arrived(floor: Floor, came: LegArrived) -> Call | None:
    """The call of a caller who was put through before his arrival was written down."""
    number = called_number(came.called_number, floor.configuration.numbers)
    if number is None or came.origin is Origin.AGENT:
        return None
    out = Effects()
    call = inbound.arrive(came, greeting_of(number), number.name, out)
    out.commands.clear()  # he is answered
    settings = floor.configuration.queues.get(number.queue_id)
    call.queue, call.queued_ms = number.queue_id, came.at_ms
    call.recorded = settings.recorded if settings is not None else False
    call.enter(Phase.WAITING, came.at_ms)
    out.tell(call, facts.QueueEntered(call.priority))
    floor.take_on(call)
    floor.restored.add(call.id)
    floor.settle(call, out, came.at_ms)
    return call


def end_strays(floor: Floor, event: NodeConnected, given_up: frozenset[LegId]) -> None:
    """Callers who came are greeted; agents who were rung for nobody are let go, and so is what is
    left of calls that were `given_up` while the node was away."""
    for leg in event.legs:
        if leg.leg in floor.call_of_leg:
            continue
        if leg.leg in given_up or leg.arrival is None:
            log.warning("a leg of nobody's call is ended", leg=leg.leg)
            floor.send(HangUpLeg(leg.leg))
        elif leg.answered:
            if leg.bridge is not None:  # on the way to an agent who was not there yet
                floor.send(TakeOut(leg.bridge, leg.leg))
            arrivals.leg_arrived(floor, leg.arrival)


def remove_bridges(floor: Floor, event: NodeConnected) -> None:
    """Take away what the calls that ended left behind, or the node would keep it for ever."""
    needed = {call.bridge for call in floor.calls.values() if not call.is_over}
    for bridge in event.bridges:
        if bridge.endswith(BRIDGE) and bridge not in needed:
            floor.send(DestroyBridge(bridge, event.node))
