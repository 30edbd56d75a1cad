"""Which calls can be put through to whom: with several nodes, where an agent's phone is matters.

The router knows nothing of nodes. A node is a skill to it, which agents have while they are reached
from there and which the calls on that node demand. With one node there is nothing to say.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from hujiao.floor.desks import Desk
from hujiao.routing import model as routing
from hujiao.telephony.port import NodeName

if TYPE_CHECKING:
    from hujiao.floor.core import Floor

PRESENT = 0
"""The router's time of the latest event: a floor being restored lives in the past at first."""


def place_of(floor: Floor, node: NodeName) -> str:
    """What a call on this node demands of its agent."""
    return _skill(node) if len(floor.nodes) > 1 else ""


def tell_reach(floor: Floor, desk: Desk) -> None:
    """Let the router know the agent as he is set up and as he is reached now."""
    settings = desk.settings
    config = routing.AgentConfig(
        id=routing.AgentId(settings.id),
        skills=_skills(floor, desk),
        wrap_up_s=settings.wrap_up_s,
        rest_s=settings.rest_s,
        max_missed=settings.max_missed,
    )
    floor.route(routing.AgentSet(config, PRESENT))


def _skills(floor: Floor, desk: Desk) -> Mapping[str, int]:
    if len(floor.nodes) < 2:
        return desk.settings.skills
    reached = {_skill(node): 1 for node in floor.nodes if desk.reached_from(node)}
    return {**desk.settings.skills, **reached}


def _skill(node: NodeName) -> str:
    """No skill of people begins so: theirs are ids of rows."""
    return f"@{node}"
