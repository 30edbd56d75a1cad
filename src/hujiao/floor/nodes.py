"""Switch nodes come and go: every call on one goes on from what is true there now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hujiao.calls.model import Call, Effects
from hujiao.calls.reconcile import Live, reconcile, restore_offers
from hujiao.events import floor as facts
from hujiao.events.fact import NOBODY
from hujiao.kit.log import logger
from hujiao.telephony.port import (
    Cause,
    HangUpLeg,
    LegAnswered,
    LegEnded,
    LegId,
    NodeConnected,
    NodeLost,
)

if TYPE_CHECKING:
    from hujiao.floor.core import Floor

log = logger(__name__)


def node_connected(floor: Floor, event: NodeConnected) -> None:
    """Take in what happened while the node could not be heard; nobody's legs are ended."""
    floor.nodes[event.node] = True
    floor.tell(facts.NodeCameUp(event.node, len(event.legs)), NOBODY, event.at_ms)
    live: Live = {leg.leg: leg for leg in event.legs}
    calls = [call for call in floor.calls.values() if call.node == event.node]
    for call in sorted(calls, key=lambda call: (call.arrived_ms, call.id)):
        _reconcile(floor, call, live, event.at_ms)
    for leg in event.legs:
        if leg.leg in floor.call_of_leg or not leg.answered:
            continue
        if leg.arrival is not None and leg.bridge is None:
            floor.leg_arrived(leg.arrival)
        else:
            log.warning("a leg of nobody's call is ended", leg=leg.leg)
            floor.send(HangUpLeg(leg.leg))


def _reconcile(floor: Floor, call: Call, live: Live, now_ms: int) -> None:
    gone = [leg for leg in call.legs if leg not in live]
    answered = [leg.id for leg in call.legs.values() if not leg.answered and _is_up(live, leg.id)]
    if call.id in floor.restored:
        floor.restored.discard(call.id)
        out = Effects()
        restore_offers(call, live, now_ms, out)
        floor.settle(call, out, now_ms)
    for leg_id in gone:
        floor.leg_ended(LegEnded(now_ms, leg_id, Cause.UNKNOWN))
    for leg_id in answered:
        if leg_id in call.legs and not call.legs[leg_id].answered:
            floor.leg_answered(LegAnswered(now_ms, leg_id))
    if not call.is_over:
        out = Effects()
        queue = reconcile(call, live, now_ms, out, floor.prompts)
        floor.settle_and_queue(call, queue, out, now_ms)


def _is_up(live: Live, leg: LegId) -> bool:
    return leg in live and live[leg].answered


def node_lost(floor: Floor, event: NodeLost) -> None:
    """Its calls may live on there: they are reconciled when it is back."""
    floor.nodes[event.node] = False
    floor.tell(facts.NodeWasLost(event.node), NOBODY, event.at_ms)
