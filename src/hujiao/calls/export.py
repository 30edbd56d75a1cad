"""Calls as an Excel file: bounded, on record, for those who see more than their own calls."""

import asyncio
import tempfile
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends, Response
from sqlalchemy.ext.asyncio import AsyncConnection

from hujiao.calls import store
from hujiao.calls.http import TheCalls, Wanted
from hujiao.calls.record import CallFilter
from hujiao.calls.service import CallRecords
from hujiao.calls.sheet import CallSheet, Names
from hujiao.identity.http import require
from hujiao.identity.model import Actor, Locale, Permission
from hujiao.identity.service import audit, living_person
from hujiao.kit.web import Transaction

MAX_ROWS = 20_000
AT_ONCE = 500
ALL_DISPOSITIONS = 10_000
MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

router = APIRouter(prefix="/api")

Exports = Annotated[Actor, Depends(require(Permission.CALLS_SEE_TEAM, Permission.CALLS_SEE_ALL))]


@router.get(
    "/calls.xlsx",
    tags=["calls"],
    response_class=Response,
    responses={200: {"content": {MEDIA_TYPE: {}}}},
)
async def export_calls(
    wanted: Wanted, actor: Exports, calls: TheCalls, transaction: Transaction
) -> Response:
    """The same calls as the list, at most 20,000, in the language of who asks."""
    person = await living_person(transaction, actor.person_id)
    with tempfile.TemporaryDirectory(prefix="hujiao-") as folder:
        path = Path(folder) / "calls.xlsx"
        count = await _write(path, person.locale, transaction, calls, actor, wanted)
        content = await asyncio.to_thread(path.read_bytes)
    await audit(transaction, actor, "calls.exported", "calls", "", {"count": count})
    headers = {
        "Content-Disposition": 'attachment; filename="calls.xlsx"',
        "Cache-Control": "no-store",
    }
    return Response(content, media_type=MEDIA_TYPE, headers=headers)


async def _write(
    path: Path,
    locale: Locale,
    connection: AsyncConnection,
    calls: CallRecords,
    actor: Actor,
    wanted: CallFilter,
) -> int:
    sheet = CallSheet(path, locale, await _names(connection, calls, locale))
    count, after, more = 0, None, True
    while more and count < MAX_ROWS:
        found = await calls.find(connection, actor, wanted, after=after, limit=AT_ONCE + 1)
        rows, more = found[:AT_ONCE], len(found) > AT_ONCE
        await asyncio.to_thread(sheet.write, rows)
        count += len(rows)
        if rows:
            last = rows[-1].call.contact
            after = (last.arrived_at, last.id)
    await asyncio.to_thread(sheet.close, cut=more)
    return count


async def _names(connection: AsyncConnection, calls: CallRecords, locale: Locale) -> Names:
    codes = await store.dispositions(connection, after=None, limit=ALL_DISPOSITIONS)
    english = locale is Locale.EN
    return Names(
        queues=await calls.queue_names(connection),
        dispositions={one.id: (english and one.name_en) or one.name for one in codes},
    )
