"""Result codes: what an agent may choose after a call."""

from dataclasses import asdict, replace

from sqlalchemy.ext.asyncio import AsyncConnection

from hujiao.calls import store
from hujiao.calls.record import Disposition
from hujiao.identity.model import Actor
from hujiao.identity.service import CONFIGURATION, audit, changes
from hujiao.kit.db import serialise
from hujiao.kit.ids import new_id
from hujiao.kit.refusal import NotFound, Taken


async def living(connection: AsyncConnection, disposition_id: str) -> Disposition:
    """Raises NotFound."""
    found = await store.disposition_by_id(connection, disposition_id)
    if found is None:
        raise NotFound("No such result")
    return found


async def add(connection: AsyncConnection, actor: Actor | None, wanted: Disposition) -> Disposition:
    """`wanted.id` is ignored. Raises Taken."""
    await serialise(connection, CONFIGURATION)
    wanted = replace(wanted, id=new_id())
    await _check_name(connection, wanted)
    await store.put_disposition(connection, wanted)
    await audit(connection, actor, "disposition.added", "disposition", wanted.id, asdict(wanted))
    return wanted


async def change(connection: AsyncConnection, actor: Actor, wanted: Disposition) -> Disposition:
    """Raises NotFound, Taken."""
    await serialise(connection, CONFIGURATION)
    before = await living(connection, wanted.id)
    if before == wanted:
        return before
    await _check_name(connection, wanted)
    await store.put_disposition(connection, wanted)
    details = changes(asdict(before), asdict(wanted))
    await audit(connection, actor, "disposition.changed", "disposition", wanted.id, details)
    return wanted


async def _check_name(connection: AsyncConnection, wanted: Disposition) -> None:
    owner = await store.disposition_named(connection, wanted.name)
    if owner not in (None, wanted.id):
        raise Taken("There is a result of this name", field="name")


async def remove(connection: AsyncConnection, actor: Actor, disposition_id: str) -> None:
    """It can be chosen no more; calls that have it keep it. Raises NotFound."""
    await serialise(connection, CONFIGURATION)
    code = await living(connection, disposition_id)
    await store.mark_disposition_deleted(connection, disposition_id)
    details = {"name": code.name}
    await audit(connection, actor, "disposition.removed", "disposition", disposition_id, details)
