"""Agents' phones come and go: who is ready stays true, and a lost call is picked up again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hujiao.events import floor as facts
from hujiao.events.fact import Subject
from hujiao.floor.desks import Desk
from hujiao.floor.reach import tell_reach
from hujiao.routing.model import AgentState
from hujiao.telephony.port import Cause, NodeName, PhoneChanged

if TYPE_CHECKING:
    from hujiao.floor.core import Floor

PHONE_GONE = "phone_gone"
PHONE_AWAY_REASON = "phone_offline"
PHONE_GONE_MS = 90_000
"""An agent whose phone stays away so long, without a call, is signed out."""


def phone_changed(floor: Floor, event: PhoneChanged) -> None:
    """A phone registered at a node, or went away from it."""
    desk = floor.desk_of_extension.get(event.endpoint)
    if desk is not None and (event.node in desk.online_on) != event.online:
        put_phone(floor, desk, event.node, online=event.online, now_ms=event.at_ms)


def put_phone(floor: Floor, desk: Desk, node: NodeName, *, online: bool, now_ms: int) -> None:
    """The phone is at this node from now on, or not any more; it may be at others, too."""
    was = desk.phone_online
    desk.online_on = desk.online_on | {node} if online else desk.online_on - {node}
    if was != desk.phone_online:
        floor.mark_agent(desk.id)
        floor.tell(facts.PhoneWasChanged(online), Subject(agent=desk.id), now_ms)
    if desk.signed_in and not desk.phone_online:
        _went(floor, desk, now_ms)
    if len(floor.nodes) > 1:
        tell_reach(floor, desk)
    call = floor.calls.get(desk.contact or "")
    if online:
        _came(floor, desk, now_ms)
    elif call is None or desk.id not in call.offered or desk.reached_from(call.node):
        return
    elif floor.nodes.get(call.node):
        # Else the node has gone and the call goes with it: the agent has missed nothing.
        floor.end_offer(call, desk.id, Cause.UNALLOCATED, now_ms)


def _came(floor: Floor, desk: Desk, now_ms: int) -> None:
    floor.timers.set((PHONE_GONE, desk.id), None)
    if desk.unready_by_phone:
        desk.unready_by_phone = False
        floor.set_ready(desk, True, None, now_ms)
    call = floor.calls.get(desk.contact or "")
    if call is not None:
        floor.reach_lost_phone(call, now_ms)


def _went(floor: Floor, desk: Desk, now_ms: int) -> None:
    floor.timers.set((PHONE_GONE, desk.id), now_ms + PHONE_GONE_MS)
    keep_unready(floor, desk, now_ms)


def keep_unready(floor: Floor, desk: Desk, now_ms: int) -> None:
    """Nobody is offered a call who cannot hear it ring. A call in hand is let be."""
    if desk.wants_ready and not desk.phone_online and desk.state is not AgentState.BUSY:
        desk.unready_by_phone = True
        floor.set_ready(desk, False, PHONE_AWAY_REASON, now_ms)


def phone_stayed_away(floor: Floor, agent: str, now_ms: int) -> None:
    """Sign the agent out, or look again later while he has a call."""
    desk = floor.desks.get(agent)
    if desk is None or not desk.signed_in or desk.phone_online:
        return
    if desk.contact is not None:
        floor.timers.set((PHONE_GONE, agent), now_ms + PHONE_GONE_MS)
        return
    floor.sign_out(desk, "phone_gone", now_ms)
