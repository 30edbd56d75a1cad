"""All SQL of queues, numbers and trunks, and the floor's whole configuration in one read."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, func, insert, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from hujiao.agents import service as agents
from hujiao.agents.model import Usage
from hujiao.agents.tables import agent_skill
from hujiao.floor.config import (
    AgentSettings,
    Configuration,
    NumberSettings,
    QueueSettings,
    TrunkSettings,
)
from hujiao.floor.lines import Language, Number, Queue, Trunk, TrunkKind
from hujiao.floor.tables import number, number_choice, queue, queue_skill, trunk
from hujiao.identity.service import CONFIGURATION_CHANNEL
from hujiao.routing.model import Strategy

LIVING = queue.c.deleted_at.is_(None)
EVERYTHING = 100_000

CHANNEL = CONFIGURATION_CHANNEL
"""Notified when the configuration is to be read anew."""

_PLAIN_QUEUE_FIELDS = (
    "name",
    "priority",
    "ageing_s",
    "ring_timeout_s",
    "wrap_up_s",
    "max_waiting",
    "max_wait_s",
    "overflow_to",
    "sl_threshold_s",
    "announce_every_s",
    "music",
    "level_relax_after_s",
    "recorded",
    "active",
)

# --- queues -------------------------------------------------------------------------------------


async def queues(
    connection: AsyncConnection,
    *,
    after: tuple[Any, ...] | None = None,
    limit: int = EVERYTHING,
    removed_too: bool = False,
) -> Sequence[Queue]:
    """By name, then id."""
    query = select(queue).order_by(queue.c.name, queue.c.id).limit(limit)
    if not removed_too:
        query = query.where(LIVING)
    if after:
        query = query.where(tuple_(queue.c.name, queue.c.id) > tuple_(*after))
    return await _queues(connection, query)


async def queue_by(connection: AsyncConnection, *, id: str = "", name: str = "") -> Queue | None:
    where = queue.c.id == id if id else queue.c.name == name
    found = await _queues(connection, select(queue).where(where, LIVING))
    return found[0] if found else None


async def queues_served_by(connection: AsyncConnection, person_id: str) -> list[str]:
    """The living queues whose skills this person has at the levels asked."""
    lacking = (
        select(queue_skill.c.queue_id)
        .outerjoin(
            agent_skill,
            (agent_skill.c.skill_id == queue_skill.c.skill_id)
            & (agent_skill.c.person_id == person_id),
        )
        .where(func.coalesce(agent_skill.c.level, 0) < queue_skill.c.min_level)
    )
    served = select(queue.c.id).where(queue.c.deleted_at.is_(None), queue.c.id.not_in(lacking))
    return list((await connection.execute(served)).scalars())


async def unknown_queues(connection: AsyncConnection, queue_ids: Sequence[str]) -> set[str]:
    """Those of the given ids that are no queues."""
    rows = await connection.execute(select(queue.c.id).where(queue.c.id.in_(queue_ids), LIVING))
    return set(queue_ids) - {row.id for row in rows}


async def _queues(connection: AsyncConnection, query: Any) -> list[Queue]:
    rows = (await connection.execute(query)).all()
    skills: dict[str, dict[str, int]] = defaultdict(dict)
    wanted = select(queue_skill).where(queue_skill.c.queue_id.in_([row.id for row in rows]))
    for row in await connection.execute(wanted):
        skills[row.queue_id][row.skill_id] = row.min_level
    return [
        Queue(
            id=row.id,
            strategy=Strategy(row.strategy),
            skills=skills[row.id],
            **{name: getattr(row, name) for name in _PLAIN_QUEUE_FIELDS},
        )
        for row in rows
    ]


async def put_queue(connection: AsyncConnection, value: Queue) -> None:
    values = {name: getattr(value, name) for name in _PLAIN_QUEUE_FIELDS}
    values["strategy"] = value.strategy.value
    await connection.execute(
        upsert(queue)
        .values(id=value.id, **values)
        .on_conflict_do_update(index_elements=["id"], set_=values)
    )
    await connection.execute(delete(queue_skill).where(queue_skill.c.queue_id == value.id))
    if value.skills:
        rows = [
            {"queue_id": value.id, "skill_id": skill_id, "min_level": level}
            for skill_id, level in value.skills.items()
        ]
        await connection.execute(insert(queue_skill), rows)


async def delete_queue(connection: AsyncConnection, queue_id: str) -> None:
    """Its row stays for old calls, without skills and overflow, so that it holds nothing back."""
    await connection.execute(delete(queue_skill).where(queue_skill.c.queue_id == queue_id))
    await connection.execute(
        update(queue)
        .where(queue.c.id == queue_id)
        .values(deleted_at=func.now(), active=False, overflow_to=None)
    )


async def users_of_queue(connection: AsyncConnection, queue_id: str, limit: int) -> Sequence[Usage]:
    """Numbers that lead to the queue and queues that overflow to it."""
    choices = select(number_choice.c.number_id).where(number_choice.c.queue_id == queue_id)
    numbers = await connection.execute(
        select(number.c.id, number.c.name)
        .where((number.c.queue_id == queue_id) | number.c.id.in_(choices))
        .order_by(number.c.name)
        .limit(limit)
    )
    others = await connection.execute(
        select(queue.c.id, queue.c.name)
        .where(queue.c.overflow_to == queue_id, queue.c.id != queue_id, LIVING)
        .order_by(queue.c.name)
        .limit(limit)
    )
    usages = [Usage("number", row.id, row.name) for row in numbers]
    return usages + [Usage("queue", row.id, row.name) for row in others]


async def queues_with_skill(
    connection: AsyncConnection, skill_id: str, limit: int
) -> Sequence[Usage]:
    rows = await connection.execute(
        select(queue.c.id, queue.c.name)
        .join(queue_skill, queue_skill.c.queue_id == queue.c.id)
        .where(queue_skill.c.skill_id == skill_id, LIVING)
        .order_by(queue.c.name)
        .limit(limit)
    )
    return [Usage("queue", row.id, row.name) for row in rows]


# --- numbers ------------------------------------------------------------------------------------


async def numbers(
    connection: AsyncConnection, *, after: tuple[Any, ...] | None = None, limit: int = EVERYTHING
) -> Sequence[Number]:
    """By number."""
    query = select(number).order_by(number.c.number).limit(limit)
    if after:
        query = query.where(number.c.number > after[0])
    return await _numbers(connection, query)


async def number_by(
    connection: AsyncConnection, *, id: str = "", called: str = ""
) -> Number | None:
    where = number.c.id == id if id else number.c.number == called
    found = await _numbers(connection, select(number).where(where))
    return found[0] if found else None


async def _numbers(connection: AsyncConnection, query: Any) -> list[Number]:
    rows = (await connection.execute(query)).all()
    menus: dict[str, dict[str, str]] = defaultdict(dict)
    wanted = (
        select(number_choice)
        .where(number_choice.c.number_id.in_([row.id for row in rows]))
        .order_by(number_choice.c.digit)
    )
    for row in await connection.execute(wanted):
        menus[row.number_id][row.digit] = row.queue_id
    return [
        Number(
            id=row.id,
            number=row.number,
            name=row.name,
            queue_id=row.queue_id,
            language=Language(row.language),
            greeting_prompt=row.greeting_prompt,
            menu=menus[row.id],
            menu_timeout_s=row.menu_timeout_s,
            active=row.active,
        )
        for row in rows
    ]


async def put_number(connection: AsyncConnection, value: Number) -> None:
    values = {
        "number": value.number,
        "name": value.name,
        "queue_id": value.queue_id,
        "language": value.language.value,
        "greeting_prompt": value.greeting_prompt,
        "menu_timeout_s": value.menu_timeout_s,
        "active": value.active,
    }
    await connection.execute(
        upsert(number)
        .values(id=value.id, **values)
        .on_conflict_do_update(index_elements=["id"], set_=values)
    )
    await connection.execute(delete(number_choice).where(number_choice.c.number_id == value.id))
    if value.menu:
        rows = [
            {"number_id": value.id, "digit": digit, "queue_id": queue_id}
            for digit, queue_id in value.menu.items()
        ]
        await connection.execute(insert(number_choice), rows)


async def delete_number(connection: AsyncConnection, number_id: str) -> None:
    await connection.execute(delete(number).where(number.c.id == number_id))


# --- trunks -------------------------------------------------------------------------------------


def _trunk_of(row: Any) -> Trunk:
    return Trunk(
        id=row.id,
        name=row.name,
        kind=TrunkKind(row.kind),
        host=row.host,
        port=row.port,
        username=row.username,
        secret=row.secret,
        register=row.register,
        codecs=tuple(row.codecs),
        caller_number=row.caller_number,
        prefixes=tuple(row.prefixes),
        active=row.active,
    )


async def trunks(
    connection: AsyncConnection, *, after: tuple[Any, ...] | None = None, limit: int = EVERYTHING
) -> Sequence[Trunk]:
    """By name."""
    query = select(trunk).order_by(trunk.c.name).limit(limit)
    if after:
        query = query.where(trunk.c.name > after[0])
    return [_trunk_of(row) for row in await connection.execute(query)]


async def trunk_by(connection: AsyncConnection, *, id: str = "", name: str = "") -> Trunk | None:
    where = trunk.c.id == id if id else trunk.c.name == name
    row = (await connection.execute(select(trunk).where(where))).one_or_none()
    return _trunk_of(row) if row else None


async def account_of(connection: AsyncConnection, username: str) -> str | None:
    """The id of the account that signs in with this name."""
    found: str | None = await connection.scalar(
        select(trunk.c.id).where(
            trunk.c.kind == TrunkKind.ACCOUNT.value, trunk.c.username == username
        )
    )
    return found


async def put_trunk(connection: AsyncConnection, value: Trunk) -> None:
    values = {
        "name": value.name,
        "kind": value.kind.value,
        "host": value.host,
        "port": value.port,
        "username": value.username,
        "secret": value.secret,
        "register": value.register,
        "codecs": list(value.codecs),
        "caller_number": value.caller_number,
        "prefixes": list(value.prefixes),
        "active": value.active,
    }
    await connection.execute(
        upsert(trunk)
        .values(id=value.id, **values)
        .on_conflict_do_update(index_elements=["id"], set_=values)
    )


async def delete_trunk(connection: AsyncConnection, trunk_id: str) -> None:
    await connection.execute(delete(trunk).where(trunk.c.id == trunk_id))


# --- the floor's configuration ------------------------------------------------------------------


async def load_configuration(connection: AsyncConnection) -> Configuration:
    """All that is active, consistent in itself: nothing active leads to something inactive.

    A choice of a number's menu that leads to an inactive queue is left out; a number whose own
    queue is inactive is left out, and the caller hears that the number is not in use.
    """
    living = {one.id: one for one in await queues(connection) if one.active}
    return Configuration(
        agents={
            agent.person_id: AgentSettings(
                id=agent.person_id,
                name=agent.name,
                team_id=agent.team_id,
                extension=agent.profile.extension,
                phone_kind=agent.profile.phone_kind,
                phone_secret=agent.phone_secret,
                contact=agent.profile.contact,
                skills=agent.profile.skills,
                wrap_up_s=agent.profile.wrap_up_s,
                rest_s=agent.profile.rest_s,
                max_missed=agent.profile.max_missed,
            )
            for agent in await agents.working_agents(connection)
        },
        queues={one.id: _queue_settings(one, living) for one in living.values()},
        numbers={
            one.number: _number_settings(one, living)
            for one in await numbers(connection)
            if one.active and one.queue_id in living
        },
        trunks={one.name: _trunk_settings(one) for one in await trunks(connection) if one.active},
        reasons={
            reason.id: reason.name
            for reason in await agents.reasons(connection, limit=EVERYTHING)
            if reason.active
        },
    )


def _queue_settings(value: Queue, living: dict[str, Queue]) -> QueueSettings:
    return QueueSettings(
        id=value.id,
        name=value.name,
        strategy=value.strategy.value,
        skills=value.skills,
        priority=value.priority,
        ageing_s=value.ageing_s,
        ring_timeout_s=value.ring_timeout_s,
        wrap_up_s=value.wrap_up_s,
        max_waiting=value.max_waiting,
        max_wait_s=value.max_wait_s,
        overflow_to=value.overflow_to if value.overflow_to in living else None,
        level_relax_after_s=value.level_relax_after_s,
        announce_every_s=value.announce_every_s,
        music=value.music,
        recorded=value.recorded,
    )


def _number_settings(value: Number, living: dict[str, Queue]) -> NumberSettings:
    return NumberSettings(
        number=value.number,
        name=value.name,
        queue_id=value.queue_id,
        language=value.language.value,
        greeting_prompt=value.greeting_prompt,
        menu={digit: to for digit, to in value.menu.items() if to in living},
        menu_timeout_s=value.menu_timeout_s,
    )


def _trunk_settings(value: Trunk) -> TrunkSettings:
    return TrunkSettings(
        name=value.name,
        host=value.host,
        port=value.port,
        username=value.username,
        secret=value.secret,
        register=value.register,
        codecs=value.codecs,
        caller_number=value.caller_number,
        prefixes=value.prefixes,
    )
