"""Use cases of administration: queues, public numbers, trunks."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from hujiao.agents import service as agents
from hujiao.agents.model import Usage
from hujiao.floor import store
from hujiao.floor.lines import (
    Number,
    Queue,
    Trunk,
    TrunkKind,
    overflows_in_a_circle,
    plain_number,
    trunk_faults,
)
from hujiao.identity.model import Actor
from hujiao.identity.service import CONFIGURATION, audit, changes, configuration_changed
from hujiao.kit.db import serialise
from hujiao.kit.refusal import InUse, InvalidInput, NotFound, Taken

MAX_USAGES = 20
NEVER_SHOWN = frozenset({"secret"})


async def _record(
    connection: AsyncConnection,
    actor: Actor | None,
    kind: str,
    object_id: str,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
) -> None:
    """Audit a change, secrets left out, and let the floor know."""
    shown = {
        field: ["***", "***"] if field in NEVER_SHOWN else pair
        for field, pair in changes(before, after).items()
    }
    action = f"{kind}.{'added' if not before else 'changed' if after else 'removed'}"
    await audit(connection, actor, action, kind, object_id, shown)
    await configuration_changed(connection)


# --- queues -------------------------------------------------------------------------------------


async def living_queue(connection: AsyncConnection, queue_id: str) -> Queue:
    """Raises NotFound."""
    found = await store.queue_by(connection, id=queue_id)
    if found is None:
        raise NotFound("No such queue")
    return found


async def queues_served_by(connection: AsyncConnection, person_id: str) -> Sequence[str]:
    """Ids of the queues whose skills this person has at the levels asked."""
    return await store.queues_served_by(connection, person_id)


async def queue_of_number(connection: AsyncConnection, called: str) -> str | None:
    """The queue that callers of this public number come to when they choose nothing."""
    number = await store.number_by(connection, called=plain_number(called))
    return number.queue_id if number else None


async def put_queue(
    connection: AsyncConnection, actor: Actor | None, queue: Queue, *, new: bool
) -> Queue:
    """Add or replace a queue. Raises NotFound, Taken, InvalidInput."""
    await serialise(connection, CONFIGURATION)
    before = None if new else await living_queue(connection, queue.id)
    namesake = await store.queue_by(connection, name=queue.name)
    if namesake and namesake.id != queue.id:
        raise Taken("There is a queue of this name", field="name")
    await agents.check_skills(connection, list(queue.skills), field="skills")
    if queue.overflow_to:
        others = {one.id: one.overflow_to for one in await store.queues(connection)}
        if queue.overflow_to not in others:
            raise InvalidInput("No such queue", fields={"overflow_to": "unknown"})
        if overflows_in_a_circle(queue.id, queue.overflow_to, others):
            raise InvalidInput("Callers would go round", fields={"overflow_to": "circle"})
    if queue == before:
        return queue
    await store.put_queue(connection, queue)
    await _record(
        connection, actor, "queue", queue.id, asdict(before) if before else {}, asdict(queue)
    )
    return queue


async def remove_queue(connection: AsyncConnection, actor: Actor, queue_id: str) -> None:
    """Raises NotFound, InUse while a number or another queue leads to it."""
    await serialise(connection, CONFIGURATION)
    queue = await living_queue(connection, queue_id)
    usages = await store.users_of_queue(connection, queue_id, MAX_USAGES)
    if usages:
        raise InUse("The queue is in use", used_by=[asdict(one) for one in usages[:MAX_USAGES]])
    await store.delete_queue(connection, queue_id)
    await _record(connection, actor, "queue", queue_id, {"name": queue.name}, {})


# --- numbers ------------------------------------------------------------------------------------


async def living_number(connection: AsyncConnection, number_id: str) -> Number:
    """Raises NotFound."""
    found = await store.number_by(connection, id=number_id)
    if found is None:
        raise NotFound("No such number")
    return found


async def put_number(
    connection: AsyncConnection, actor: Actor | None, number: Number, *, new: bool
) -> Number:
    """Add or replace a number, brought to plain form. Raises NotFound, Taken, InvalidInput."""
    await serialise(connection, CONFIGURATION)
    before = None if new else await living_number(connection, number.id)
    number = replace(number, number=plain_number(number.number))
    if not number.number:
        raise InvalidInput("Not a number", fields={"number": "bad_number"})
    namesake = await store.number_by(connection, called=number.number)
    if namesake and namesake.id != number.id:
        raise Taken("This number exists", field="number")
    if await agents.extension_owner(connection, number.number):
        raise Taken("This number is an agent's extension", field="number")
    await _check_queues(connection, number)
    if number == before:
        return number
    await store.put_number(connection, number)
    await _record(
        connection, actor, "number", number.id, asdict(before) if before else {}, asdict(number)
    )
    return number


async def _check_queues(connection: AsyncConnection, number: Number) -> None:
    wanted = [number.queue_id, *number.menu.values()]
    unknown = await store.unknown_queues(connection, wanted)
    faults = {
        f"menu.{digit}": "unknown" for digit, queue_id in number.menu.items() if queue_id in unknown
    }
    if number.queue_id in unknown:
        faults["queue_id"] = "unknown"
    if faults:
        raise InvalidInput("No such queue", fields=faults)


async def remove_number(connection: AsyncConnection, actor: Actor, number_id: str) -> None:
    """Raises NotFound."""
    await serialise(connection, CONFIGURATION)
    number = await living_number(connection, number_id)
    await store.delete_number(connection, number_id)
    await _record(connection, actor, "number", number_id, {"number": number.number}, {})


# --- trunks -------------------------------------------------------------------------------------


async def living_trunk(connection: AsyncConnection, trunk_id: str) -> Trunk:
    """Raises NotFound."""
    found = await store.trunk_by(connection, id=trunk_id)
    if found is None:
        raise NotFound("No such trunk")
    return found


async def put_trunk(
    connection: AsyncConnection, actor: Actor | None, trunk: Trunk, *, new: bool
) -> Trunk:
    """Add or replace a trunk. Raises NotFound, Taken, InvalidInput."""
    await serialise(connection, CONFIGURATION)
    before = None if new else await living_trunk(connection, trunk.id)
    faults = trunk_faults(trunk)
    if faults:
        raise InvalidInput("The trunk's settings are not valid", fields=faults)
    namesake = await store.trunk_by(connection, name=trunk.name)
    if namesake and namesake.id != trunk.id:
        raise Taken("There is a trunk of this name", field="name")
    await _check_username(connection, trunk)
    if trunk == before:
        return trunk
    await store.put_trunk(connection, trunk)
    await _record(
        connection, actor, "trunk", trunk.id, asdict(before) if before else {}, asdict(trunk)
    )
    return trunk


async def _check_username(connection: AsyncConnection, trunk: Trunk) -> None:
    """A name that somebody signs in to us with belongs to one account."""
    if trunk.kind != TrunkKind.ACCOUNT:
        return
    owner = await store.account_of(connection, trunk.username)
    if owner is not None and owner != trunk.id:
        raise Taken("Somebody else signs in with this name", field="username")


async def remove_trunk(connection: AsyncConnection, actor: Actor, trunk_id: str) -> None:
    """Raises NotFound."""
    await serialise(connection, CONFIGURATION)
    trunk = await living_trunk(connection, trunk_id)
    await store.delete_trunk(connection, trunk_id)
    await _record(connection, actor, "trunk", trunk_id, {"name": trunk.name}, {})


async def queues_with_skill(
    connection: AsyncConnection, skill_id: str, limit: int
) -> Sequence[Usage]:
    """For `agents`, which stands below us and must not remove a skill that a queue asks for."""
    return await store.queues_with_skill(connection, skill_id, limit)


class QueueLabels:
    """Names and targets of all queues, removed ones too, for the slices below us."""

    async def labels(self, connection: AsyncConnection) -> Mapping[str, Queue]:
        return {queue.id: queue for queue in await store.queues(connection, removed_too=True)}
