"""Use cases of teams."""

from sqlalchemy.ext.asyncio import AsyncConnection

from hujiao.identity import store
from hujiao.identity.model import Actor, PersonId, TeamId
from hujiao.identity.service import CONFIGURATION, audit, changes
from hujiao.identity.store import Team
from hujiao.kit.db import serialise
from hujiao.kit.ids import new_id
from hujiao.kit.refusal import InUse, InvalidInput, NotFound, Taken


async def put_team(
    connection: AsyncConnection,
    actor: Actor | None,
    *,
    name: str,
    leader_id: str | None,
    team_id: str | None = None,
) -> Team:
    """Add a team, or change the one with `team_id`. Raises NotFound, Taken, InvalidInput."""
    await serialise(connection, CONFIGURATION)
    before = await living_team(connection, team_id) if team_id else None
    namesake = await store.team_by(connection, name=name)
    if namesake and namesake.id != team_id:
        raise Taken("There is a team of this name", field="name")
    if leader_id and not await store.person_by_id(connection, leader_id):
        raise InvalidInput("No such person", fields={"leader_id": "unknown"})
    team = Team(TeamId(team_id or new_id()), name, PersonId(leader_id) if leader_id else None)
    await store.put_team(connection, team, new=before is None)
    said = {"name": name, "leader_id": leader_id}
    if before is None:
        await audit(connection, actor, "team.added", "team", team.id, said)
    elif before != team:
        was = {"name": before.name, "leader_id": before.leader_id}
        await audit(connection, actor, "team.changed", "team", team.id, changes(was, said))
    return team


async def living_team(connection: AsyncConnection, team_id: str) -> Team:
    """Raises NotFound."""
    team = await store.team_by(connection, id=team_id)
    if team is None:
        raise NotFound("No such team")
    return team


async def remove_team(connection: AsyncConnection, actor: Actor, team_id: str) -> None:
    """Raises NotFound, InUse while somebody belongs to it."""
    await serialise(connection, CONFIGURATION)
    team = await living_team(connection, team_id)
    members = await store.people(connection, after=None, limit=20, team_id=team_id)
    if members:
        raise InUse(
            "People belong to this team",
            used_by=[{"kind": "person", "id": one.id, "name": one.name} for one in members],
        )
    await store.delete_team(connection, team_id)
    await audit(connection, actor, "team.removed", "team", team_id, {"name": team.name})
