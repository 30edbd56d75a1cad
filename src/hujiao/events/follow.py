"""Readers of the ledger: each follows it by position and remembers, in the same transaction as what
it made of the facts, how far it has come. So a reader that dies goes on where its work ended, and
two readers of one name never do the same fact twice: the row of the cursor is the lock.

Positions are given in the order of commits (the ledger's lock), hence no fact appears behind a
cursor.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, Column, Table, Text, column, select, table, text
from sqlalchemy.ext.asyncio import AsyncConnection

from hujiao.events.versions import newest
from hujiao.kit.clock import to_ms
from hujiao.kit.db import DATABASE_AWAY, Database, metadata
from hujiao.kit.log import logger

log = logger(__name__)

POLL_S = 1.0
BATCH = 1_000
FIRST_RETRY_S = 0.5
LAST_RETRY_S = 15.0

ledger_cursor = Table(
    "ledger_cursor",
    metadata,
    Column("reader", Text, primary_key=True),
    Column("position", BigInteger, nullable=False, server_default=text("0")),
)


@dataclass(frozen=True, slots=True)
class Entry:
    """A fact of the ledger, its fields as the newest version has them.

    `at_ms` is milliseconds since epoch.
    """

    position: int
    at_ms: int
    type: str
    version: int
    call_id: str | None
    agent_id: str | None
    queue_id: str | None
    data: Mapping[str, Any]


Fold = Callable[[AsyncConnection, Sequence[Entry]], Awaitable[None]]
"""Does what follows from the facts, inside the reader's transaction."""

_fact = table(
    "fact",
    column("position"),
    column("at"),
    column("type"),
    column("version"),
    column("call_id"),
    column("agent_id"),
    column("queue_id"),
    column("data"),
)

_BEGIN = text("INSERT INTO ledger_cursor (reader) VALUES (:reader) ON CONFLICT DO NOTHING")
_HOLD = text("SELECT position FROM ledger_cursor WHERE reader = :reader FOR UPDATE SKIP LOCKED")
_MOVE = text("UPDATE ledger_cursor SET position = :position WHERE reader = :reader")


def entry_of(row: Any) -> Entry:
    """A row of the ledger as its readers get it. Raises NewerFactError."""
    version, data = newest(row.type, row.version, row.data)
    return Entry(
        position=row.position,
        at_ms=to_ms(row.at),
        type=row.type,
        version=version,
        call_id=row.call_id,
        agent_id=row.agent_id,
        queue_id=row.queue_id,
        data=data,
    )


async def read(connection: AsyncConnection, after: int, limit: int) -> list[Entry]:
    """The next facts behind position `after`, in order."""
    behind = select(_fact).where(_fact.c.position > after)
    rows = await connection.execute(behind.order_by(_fact.c.position).limit(limit))
    return [entry_of(row) for row in rows]


async def facts_of_call(connection: AsyncConnection, call_id: str, limit: int) -> list[Entry]:
    """The first `limit` facts of one call, in order."""
    own = select(_fact).where(_fact.c.call_id == call_id)
    rows = await connection.execute(own.order_by(_fact.c.position).limit(limit))
    return [entry_of(row) for row in rows]


async def facts_named(
    connection: AsyncConnection, kind: str, call_ids: Sequence[str]
) -> dict[str, Entry]:
    """Of each of these calls its first fact of type `kind`, where it has one."""
    named = select(_fact).where(_fact.c.type == kind, _fact.c.call_id.in_(list(call_ids)))
    rows = await connection.execute(named.order_by(_fact.c.position.desc()))
    return {row.call_id: entry_of(row) for row in rows}


async def restart(connection: AsyncConnection, reader: str) -> None:
    """Let `reader` begin at the first fact again; waits for a batch of it that is under way."""
    await connection.execute(_BEGIN, {"reader": reader})
    await connection.execute(_MOVE, {"reader": reader, "position": 0})


class Follower:
    """One named reader. Several processes may run it: one at a time gets on."""

    def __init__(
        self,
        *,
        database: Database,
        reader: str,
        fold: Fold,
        batch: int = BATCH,
        poll_s: float = POLL_S,
    ) -> None:
        self.reader = reader
        self._database = database
        self._fold = fold
        self._batch = batch
        self._poll_s = poll_s
        self._news = asyncio.Event()
        self._known = False

    def wake(self) -> None:
        """There may be new facts. (Without a call the reader looks every `poll_s`.)"""
        self._news.set()

    async def step(self) -> int:
        """Fold one batch in one transaction. Returns how many facts; 0 when another holds it."""
        async with self._database.transaction() as connection:
            if not self._known:
                await connection.execute(_BEGIN, {"reader": self.reader})
            row = (await connection.execute(_HOLD, {"reader": self.reader})).one_or_none()
            if row is None:
                return 0
            facts = await read(connection, row.position, self._batch)
            if facts:
                await self._fold(connection, facts)
                place = {"reader": self.reader, "position": facts[-1].position}
                await connection.execute(_MOVE, place)
        self._known = True
        return len(facts)

    async def catch_up(self) -> int:
        """Fold until nothing is left. Returns how many facts."""
        total = 0
        while count := await self.step():
            total += count
        return total

    async def run(self) -> None:
        """Follow until cancelled; what fails is tried again in growing steps."""
        retry_s = FIRST_RETRY_S
        while True:
            self._news.clear()
            try:
                count = await self.step()
            except DATABASE_AWAY as error:
                log.warning("reader waits", reader=self.reader, reason=type(error).__name__)
            except Exception:
                # A fact it cannot bear: nothing is skipped, the others go on, and this is heard of.
                log.exception("reader is stuck", reader=self.reader)
            else:
                retry_s = FIRST_RETRY_S
                if count < self._batch:
                    with suppress(TimeoutError):
                        await asyncio.wait_for(self._news.wait(), self._poll_s)
                continue
            await asyncio.sleep(retry_s)
            retry_s = min(retry_s * 2, LAST_RETRY_S)
