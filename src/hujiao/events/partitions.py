"""The ledger's months: which there are, and dropping those that are too old."""

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from hujiao.kit.clock import to_ms

PREFIX = "fact_"
MONTHS_AHEAD = 3
MAKE_AHEAD = text(f"SELECT make_fact_partitions({MONTHS_AHEAD})")
"""Makes those of the coming months that are not there yet."""
LOCK_WAIT_MS = 2_000
"""Dropping waits for all readers of the ledger, and every delivery waits for the dropping."""

_MONTHS = text(
    r"""
    SELECT inhrelid::regclass::text AS name, greatest(reltuples, 0)::bigint AS facts
    FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
    WHERE inhparent = 'fact'::regclass AND relname ~ '^fact_\d{4}_\d{2}$'
    ORDER BY name
    """
)
_READ_TO = text("SELECT min(position) FROM ledger_cursor")
_LOCK_WAIT = text(f"SET LOCAL lock_timeout = {LOCK_WAIT_MS}")


@dataclass(frozen=True, slots=True)
class Month:
    """A partition. `facts` is PostgreSQL's estimate; `until_ms` is exclusive."""

    name: str
    until_ms: int
    facts: int

    @property
    def table(self) -> str:
        return f"{PREFIX}{self.name}"


async def months(connection: AsyncConnection) -> list[Month]:
    """All months that have a partition of their own, oldest first."""
    found = []
    for row in await connection.execute(_MONTHS):
        name = row.name.removeprefix(PREFIX)
        year, month = (int(part) for part in name.split("_"))
        following = datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC)
        found.append(Month(name, to_ms(following), int(row.facts)))
    return found


async def is_read(connection: AsyncConnection, month: Month) -> bool:
    """Whether every reader of the ledger is past the month's last fact."""
    last = await connection.scalar(text(f"SELECT max(position) FROM {month.table}"))  # noqa: S608
    if last is None:
        return True
    read_to = await connection.scalar(_READ_TO)
    return read_to is not None and last <= read_to


async def count(connection: AsyncConnection, month: Month) -> int:
    """How many facts the month has."""
    return int(await connection.scalar(text(f"SELECT count(*) FROM {month.table}")) or 0)  # noqa: S608


async def drop(connection: AsyncConnection, month: Month) -> None:
    """Drop a month.

    Raises sqlalchemy.exc.OperationalError when somebody reads the ledger for longer than 2 s.
    """
    await connection.execute(_LOCK_WAIT)
    await connection.execute(text(f"DROP TABLE {month.table}"))
