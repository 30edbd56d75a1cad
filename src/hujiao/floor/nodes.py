"""Switch nodes come, go and are drained.

Every call on a node that comes back goes on from what is true there now. A node that has ended, or
stays away, takes its calls along: the books are closed and the agents are free.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from hujiao.calls.model import Call, Effects, Leg
from hujiao.calls.reconcile import (
    Live,
    answer_again,
    end_with_node,
    reconcile,
    restore_offers,
)
from hujiao.events import floor as facts
from hujiao.events.fact import NOBODY
from hujiao.floor import phones
from hujiao.floor.desks import Desk
from hujiao.floor.reach import tell_reach
from hujiao.floor.saved import save_draining
from hujiao.floor.strays import claim_talks, end_strays, remove_bridges
from hujiao.kit.log import logger
from hujiao.telephony.endpoints import PhoneKind
from hujiao.telephony.port import (
    EndedLeg,
    HangUpLeg,
    LegAnswered,
    LegEnded,
    LegId,
    NodeConnected,
    NodeGone,
    NodeLost,
    NodeName,
    cause_unheard,
)

if TYPE_CHECKING:
    from hujiao.floor.core import Floor

log = logger(__name__)

Notes = Mapping[LegId, EndedLeg]

NODE_AWAY = "node_away"
RETURN_MS = 5_000
"""So long a node whose connection broke may come back with its calls, unless it is known to be
dead: a cut cable or a restarted switch in the network mends within it, or does not soon."""
FIRST_MS = 15_000
"""So long a new floor waits for a node on which the last one had calls or phones."""


def node_connected(floor: Floor, event: NodeConnected) -> None:
    """Take in what happened while the node could not be heard; nobody's legs are ended."""
    _know(floor, event.node)
    floor.nodes[event.node] = True
    floor.timers.set((NODE_AWAY, event.node), None)
    floor.tell(facts.NodeCameUp(event.node, len(event.legs)), NOBODY, event.at_ms)
    live: Live = {leg.leg: leg for leg in event.legs}
    notes: Notes = {note.leg: note for note in event.ended}
    claim_talks(floor, event)
    calls = [call for call in floor.calls.values() if call.node == event.node]
    for call in sorted(calls, key=lambda call: (call.arrived_ms, call.id)):
        if call.arrived_ms < event.up_since_ms and live.keys().isdisjoint(call.legs):
            # The node was begun anew while no floor was there to see it end.
            _end_with_node(floor, call, event.at_ms)
        else:
            _reconcile(floor, call, live, notes, event.at_ms)
    end_strays(floor, event, floor.given_up.pop(event.node, frozenset()))
    remove_bridges(floor, event)


def _reconcile(floor: Floor, call: Call, live: Live, notes: Notes, now_ms: int) -> None:
    was_over = call.is_over
    gone = [leg for leg in call.legs.values() if leg.id not in live]
    answered = [leg.id for leg in call.legs.values() if not leg.answered and _is_up(live, leg.id)]
    if not was_over:
        out = Effects()
        answer_again(call, live, out)
        if out.commands:
            floor.settle(call, out, now_ms)
    if call.id in floor.restored:
        floor.restored.discard(call.id)
        out = Effects()
        # Who left was offered to nobody from then on.
        left = notes.get(call.customer)
        at_ms = now_ms if left is None else max(min(left.ended_ms, now_ms), call.since_ms)
        restore_offers(call, live, at_ms, out)
        floor.settle(call, out, at_ms)
    for leg in gone:
        floor.leg_ended(_end_of(call, leg, notes.get(leg.id), now_ms))
    for leg_id in answered:
        if leg_id in call.legs and not call.legs[leg_id].answered:
            floor.leg_answered(LegAnswered(now_ms, leg_id))
    if was_over:
        # Ended by a wish that came while the node could not be asked.
        for leg_id in call.legs:
            floor.send(HangUpLeg(leg_id))
    elif not call.is_over:
        out = Effects()
        queue = reconcile(call, live, now_ms, out, floor.prompts)
        floor.settle_and_queue(call, queue, out, now_ms)


def _end_of(call: Call, leg: Leg, note: EndedLeg | None, now_ms: int) -> LegEnded:
    if note is not None:
        return LegEnded(now_ms, leg.id, note.cause, note.ended_ms)
    agent_was_up = leg.answered and leg.id != call.customer
    return LegEnded(now_ms, leg.id, cause_unheard(agent_was_up=agent_was_up))


def _is_up(live: Live, leg: LegId) -> bool:
    return leg in live and live[leg].answered


def node_lost(floor: Floor, event: NodeLost) -> None:
    """Its calls may live on there: they are reconciled when it is back within `RETURN_MS`."""
    floor.nodes[event.node] = False
    floor.tell(facts.NodeWasLost(event.node), NOBODY, event.at_ms)
    floor.timers.set((NODE_AWAY, event.node), event.at_ms + RETURN_MS)


def await_nodes(floor: Floor, now_ms: int) -> None:
    """After a restart: whoever was on a node that never shows up is not waited for for ever."""
    used = {call.node for call in floor.calls.values()}
    for desk in floor.desks.values():
        used |= desk.online_on
    for node in used:
        if not floor.nodes.get(node):
            floor.timers.set((NODE_AWAY, node), now_ms + FIRST_MS)


def node_is_gone(floor: Floor, event: NodeGone) -> None:
    give_up(floor, event.node, event.at_ms)


def give_up(floor: Floor, node: NodeName, now_ms: int) -> None:
    """The node has ended, or has been away too long: close its calls, forget its phones."""
    floor.timers.set((NODE_AWAY, node), None)
    if floor.nodes.get(node):
        return
    calls = [call for call in floor.calls.values() if call.node == node]
    floor.tell(facts.NodeWasGivenUp(node, len(calls)), NOBODY, now_ms)
    # Phones first: nobody is offered what he could not hear.
    for desk in floor.desks.values():
        if node in desk.online_on:
            phones.put_phone(floor, desk, node, online=False, now_ms=now_ms)
    legs: set[LegId] = set()
    for call in sorted(calls, key=lambda call: (call.arrived_ms, call.id)):
        legs |= call.legs.keys()
        _end_with_node(floor, call, now_ms)
    floor.given_up[node] = frozenset(legs)


def _end_with_node(floor: Floor, call: Call, now_ms: int) -> None:
    for leg in call.legs:
        floor.call_of_leg.pop(leg, None)
    floor.restored.discard(call.id)
    out = Effects()
    end_with_node(call, now_ms, out)
    out.commands.clear()
    floor.settle(call, out, now_ms)


def _know(floor: Floor, node: NodeName) -> None:
    """A node nobody told of before: phones with an address are reached from it, too."""
    if node in floor.nodes:
        return
    floor.nodes[node] = False
    for desk in floor.desks.values():
        tell_reach(floor, desk)


def node_for(floor: Floor, desk: Desk | None = None) -> NodeName | None:
    """Where a new call is put: the node with the fewest calls that is connected and not draining.

    With a desk it must reach its phone; a phone that is registered somewhere is best called from
    there, for other ways to it may be shut (address translation). None when there is no such node.
    """
    usable = [n for n, connected in floor.nodes.items() if connected and n not in floor.draining]
    if desk is not None:
        usable = [node for node in usable if desk.reached_from(node)]
        if desk.settings.phone_kind is PhoneKind.SIP:
            usable = [node for node in usable if node in desk.online_on] or usable
    return min(usable, key=lambda node: (floor.calls_on[node], node), default=None)


def drain(floor: Floor, node: NodeName, *, draining: bool, by: str, now_ms: int) -> None:
    """Put nothing new on the node, or use it again. What runs there goes on."""
    if (node in floor.draining) is draining:
        return
    if draining:
        floor.draining.add(node)
    else:
        floor.draining.discard(node)
    save_draining(floor.ledger, node, draining)
    told = facts.NodeDraining(node, draining, floor.calls_on[node], by)
    floor.tell(told, NOBODY, now_ms)


def nodes_view(floor: Floor) -> dict[str, dict[str, object]]:
    """The nodes by name, for those who watch over them."""
    return {
        node: {
            "connected": connected,
            "draining": node in floor.draining,
            "calls": floor.calls_on[node],
        }
        for node, connected in sorted(floor.nodes.items())
    }
