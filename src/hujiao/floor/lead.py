"""Who of several floors leads: whoever holds PostgreSQL's advisory lock takes a higher epoch.

The lock finds a leader quickly when one dies; the time that a leader renews tells of one that
hangs. Neither keeps a former one from acting, for a connection may break while its process lives.
That is done where a floor acts: at every node of the switch and in the write-ahead, which take the
highest epoch's word only.
"""

import asyncio
import time
from collections.abc import Callable

import psycopg
from psycopg.conninfo import make_conninfo

from hujiao.kit.db import CONNECT_TIMEOUT_S
from hujiao.kit.listen import libpq_url
from hujiao.kit.log import logger

log = logger(__name__)

LOCK = "hujiao floor"
TRY_S = 0.1
RENEW_S = 1.0
STALE_S = 4.0
"""A leader that has not renewed its time while a standby watched for so long is taken for hung."""
PATIENCE_S = 3.0
"""After a database comes back, the floor that led before is given this time to be first."""
STANDING = "hujiao floor standing"
"""What the connection of each floor that leads or stands by is called in pg_stat_activity."""
_KEEPALIVE: dict[str, str | int] = {
    "connect_timeout": CONNECT_TIMEOUT_S,
    "options": "-c statement_timeout=5000",
    "keepalives": 1,
    "keepalives_idle": 2,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 6000,
}

_TRY = "SELECT pg_try_advisory_lock(hashtext(%s))"
# Never lower than the time: a database restored from a backup knows older epochs than the nodes.
_RAISE = """
    INSERT INTO floor_lead (id, epoch) VALUES (1, extract(epoch FROM now()) * 1000)
    ON CONFLICT (id) DO UPDATE
    SET epoch = greatest(floor_lead.epoch + 1, excluded.epoch), since = now(), renewed = now()
    RETURNING epoch
"""
_RENEW = "UPDATE floor_lead SET renewed = now() WHERE epoch = %s"
_LOOK = "SELECT epoch, renewed FROM floor_lead"
_DISMISS = """
    SELECT pg_terminate_backend(pid) FROM pg_locks
    WHERE locktype = 'advisory' AND granted AND objsubid = 1
      AND (classid::bigint << 32 | objid::bigint) = hashtext(%s)::bigint
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


class Lead:
    """One floor's stand for election. `take` first, then `hold` for as long as the floor lives."""

    def __init__(self, url: str) -> None:
        self._url = make_conninfo(libpq_url(url), application_name=STANDING, **_KEEPALIVE)
        self._connection: psycopg.AsyncConnection | None = None
        self.epoch = 0

    async def take(self, standing_by: Callable[[], None] = lambda: None) -> int:
        """Wait to become the leader; returns the epoch. Cancel to give up.

        `standing_by` is called whenever another floor is found to lead.
        """
        patience_s = 0.0
        while True:
            try:
                connection = await self._connect()
                await asyncio.sleep(patience_s)
                if not await _locked(connection):
                    log.info("standing by: another floor leads")
                    standing_by()
                    patience_s = PATIENCE_S
                    await _until_locked(connection)
                row = await (await connection.execute(_RAISE)).fetchone()
            except (psycopg.Error, OSError) as error:
                log.warning("the database is away", reason=type(error).__name__)
                await self._drop()
                await asyncio.sleep(RENEW_S)
                continue
            assert row is not None
            self.epoch = int(row[0])
            log.info("leading", epoch=self.epoch)
            return self.epoch

    async def hold(self, superseded: Callable[[], None]) -> None:
        """Keep the lock, taking it anew when the database was away. `superseded` is called when
        another floor took a higher epoch. Ends by being cancelled, or after that."""
        has_lock = True
        while True:
            try:
                connection = await self._connect()
                has_lock = has_lock or await _locked(connection)
                if (await connection.execute(_RENEW, (self.epoch,))).rowcount == 0:
                    log.error("another floor leads", ours=self.epoch)
                    superseded()
                    return
            except (psycopg.Error, OSError) as error:
                if has_lock:  # said once: it is tried anew ten times a second
                    log.warning("the lock is not held: no database", reason=type(error).__name__)
                has_lock = False
                await self._drop()
            await asyncio.sleep(RENEW_S if has_lock else TRY_S)

    async def release(self) -> None:
        """Let another floor lead."""
        await self._drop()

    async def _connect(self) -> psycopg.AsyncConnection:
        if self._connection is None:
            self._connection = await psycopg.AsyncConnection.connect(self._url, autocommit=True)
        return self._connection

    async def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()


async def _until_locked(connection: psycopg.AsyncConnection) -> None:
    """Wait for the leader's end; a leader that hangs is parted from the lock."""
    seen: object = None
    seen_s = time.monotonic()
    while not await _locked(connection):
        row = await (await connection.execute(_LOOK)).fetchone()
        if row != seen:
            seen, seen_s = row, time.monotonic()
        elif time.monotonic() - seen_s > STALE_S:
            log.error("the leader hangs and is dismissed")
            await connection.execute(_DISMISS, (LOCK,))
            seen_s = time.monotonic()
        await asyncio.sleep(TRY_S)


async def _locked(connection: psycopg.AsyncConnection) -> bool:
    row = await (await connection.execute(_TRY, (LOCK,))).fetchone()
    return bool(row and row[0])
