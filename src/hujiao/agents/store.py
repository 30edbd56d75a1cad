"""All SQL of agents' phones, skills and not-ready reasons."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, func, insert, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from hujiao.agents.model import AgentProfile, CountsAs, Reason, Skill, Usage
from hujiao.agents.tables import agent, agent_skill, not_ready_reason, skill
from hujiao.identity.tables import person
from hujiao.telephony.endpoints import PhoneKind

# --- agents -------------------------------------------------------------------------------------


async def profiles(
    connection: AsyncConnection, person_ids: Sequence[str]
) -> dict[str, AgentProfile]:
    """The profiles of those of the given people who have one, by person."""
    rows = await connection.execute(select(agent).where(agent.c.person_id.in_(person_ids)))
    skills = await _skills(connection, person_ids)
    return {row.person_id: _profile_of(row, skills[row.person_id]) for row in rows}


async def _skills(
    connection: AsyncConnection, person_ids: Sequence[str] | None
) -> dict[str, dict[str, int]]:
    query = select(agent_skill)
    if person_ids is not None:
        query = query.where(agent_skill.c.person_id.in_(person_ids))
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for row in await connection.execute(query):
        found[row.person_id][row.skill_id] = row.level
    return found


def _profile_of(row: Any, skills: dict[str, int]) -> AgentProfile:
    return AgentProfile(
        extension=row.extension,
        phone_kind=PhoneKind(row.phone_kind),
        contact=row.contact,
        wrap_up_s=row.wrap_up_s,
        rest_s=row.rest_s,
        max_missed=row.max_missed,
        skills=skills,
    )


async def seats(
    connection: AsyncConnection, person_ids: Sequence[str]
) -> dict[str, tuple[str, str]]:
    """Extension and kind of phone, by person."""
    rows = await connection.execute(
        select(agent.c.person_id, agent.c.extension, agent.c.phone_kind).where(
            agent.c.person_id.in_(person_ids)
        )
    )
    return {row.person_id: (row.extension, row.phone_kind) for row in rows}


async def extension_owner(connection: AsyncConnection, extension: str) -> str | None:
    found: str | None = await connection.scalar(
        select(agent.c.person_id).where(agent.c.extension == extension)
    )
    return found


async def put_profile(
    connection: AsyncConnection, person_id: str, profile: AgentProfile, *, secret: str
) -> None:
    """Add or replace. `secret` is for a new phone; a phone that exists keeps its own."""
    values = {
        "extension": profile.extension,
        "phone_kind": profile.phone_kind.value,
        "contact": profile.contact,
        "wrap_up_s": profile.wrap_up_s,
        "rest_s": profile.rest_s,
        "max_missed": profile.max_missed,
    }
    await connection.execute(
        upsert(agent)
        .values(person_id=person_id, phone_secret=secret, **values)
        .on_conflict_do_update(index_elements=["person_id"], set_=values)
    )
    await connection.execute(delete(agent_skill).where(agent_skill.c.person_id == person_id))
    if profile.skills:
        rows = [
            {"person_id": person_id, "skill_id": skill_id, "level": level}
            for skill_id, level in profile.skills.items()
        ]
        await connection.execute(insert(agent_skill), rows)


async def set_secret(connection: AsyncConnection, person_id: str, secret: str) -> None:
    await connection.execute(
        update(agent).where(agent.c.person_id == person_id).values(phone_secret=secret)
    )


async def delete_profile(connection: AsyncConnection, person_id: str) -> None:
    await connection.execute(delete(agent).where(agent.c.person_id == person_id))


@dataclass(frozen=True, slots=True)
class WorkingAgent:
    """What the floor needs of an active person with a phone."""

    person_id: str
    name: str
    team_id: str | None
    phone_secret: str
    profile: AgentProfile


async def working_agents(connection: AsyncConnection) -> Sequence[WorkingAgent]:
    skills = await _skills(connection, None)
    rows = await connection.execute(
        select(agent, person.c.name, person.c.team_id)
        .join(person, person.c.id == agent.c.person_id)
        .where(person.c.active, person.c.deleted_at.is_(None))
        .order_by(agent.c.person_id)
    )
    return [
        WorkingAgent(
            person_id=row.person_id,
            name=row.name,
            team_id=row.team_id,
            phone_secret=row.phone_secret,
            profile=_profile_of(row, skills.get(row.person_id, {})),
        )
        for row in rows
    ]


# --- skills -------------------------------------------------------------------------------------


async def skills(
    connection: AsyncConnection, *, after: tuple[Any, ...] | None, limit: int
) -> Sequence[Skill]:
    query = select(skill).order_by(skill.c.name, skill.c.id).limit(limit)
    if after:
        query = query.where(tuple_(skill.c.name, skill.c.id) > tuple_(*after))
    return [Skill(row.id, row.name) for row in await connection.execute(query)]


async def skill_by(connection: AsyncConnection, *, id: str = "", name: str = "") -> Skill | None:
    where = skill.c.id == id if id else skill.c.name == name
    row = (await connection.execute(select(skill).where(where))).one_or_none()
    return Skill(row.id, row.name) if row else None


async def unknown_skills(connection: AsyncConnection, skill_ids: Sequence[str]) -> set[str]:
    """Those of the given ids that are no skills."""
    rows = await connection.execute(select(skill.c.id).where(skill.c.id.in_(skill_ids)))
    return set(skill_ids) - {row.id for row in rows}


async def put_skill(connection: AsyncConnection, value: Skill) -> None:
    await connection.execute(
        upsert(skill)
        .values(id=value.id, name=value.name)
        .on_conflict_do_update(index_elements=["id"], set_={"name": value.name})
    )


async def delete_skill(connection: AsyncConnection, skill_id: str) -> None:
    await connection.execute(delete(skill).where(skill.c.id == skill_id))


async def agents_with_skill(
    connection: AsyncConnection, skill_id: str, limit: int
) -> Sequence[Usage]:
    rows = await connection.execute(
        select(person.c.id, person.c.name)
        .join(agent_skill, agent_skill.c.person_id == person.c.id)
        .where(agent_skill.c.skill_id == skill_id)
        .order_by(person.c.name)
        .limit(limit)
    )
    return [Usage("person", row.id, row.name) for row in rows]


# --- reasons ------------------------------------------------------------------------------------


def _reason_of(row: Any) -> Reason:
    return Reason(
        id=row.id,
        name=row.name,
        name_en=row.name_en,
        active=row.active,
        position=row.position,
        counts_as=CountsAs(row.counts_as),
    )


async def reasons(
    connection: AsyncConnection, *, after: tuple[Any, ...] | None, limit: int
) -> Sequence[Reason]:
    table = not_ready_reason
    query = (
        select(table)
        .where(table.c.deleted_at.is_(None))
        .order_by(table.c.position, table.c.id)
        .limit(limit)
    )
    if after:
        query = query.where(tuple_(table.c.position, table.c.id) > tuple_(*after))
    return [_reason_of(row) for row in await connection.execute(query)]


async def reason_by(connection: AsyncConnection, *, id: str = "", name: str = "") -> Reason | None:
    table = not_ready_reason
    where = table.c.id == id if id else table.c.name == name
    row = (
        await connection.execute(select(table).where(where, table.c.deleted_at.is_(None)))
    ).one_or_none()
    return _reason_of(row) if row else None


async def put_reason(connection: AsyncConnection, value: Reason) -> None:
    values = {
        "name": value.name,
        "name_en": value.name_en,
        "active": value.active,
        "position": value.position,
        "counts_as": value.counts_as.value,
    }
    await connection.execute(
        upsert(not_ready_reason)
        .values(id=value.id, **values)
        .on_conflict_do_update(index_elements=["id"], set_=values)
    )


async def delete_reason(connection: AsyncConnection, reason_id: str) -> None:
    await connection.execute(
        update(not_ready_reason)
        .where(not_ready_reason.c.id == reason_id)
        .values(deleted_at=func.now(), active=False)
    )
