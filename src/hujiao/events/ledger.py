"""The ledger: facts go to a local write-ahead first, then to PostgreSQL in order and once.

`append` is called on the event loop and only keeps the fact. `commit` encodes all since the last
time and hands it to a thread that writes it to SQLite. A task ships what is there to PostgreSQL
and removes it afterwards; when PostgreSQL is away the write-ahead keeps the facts until it is back.
"""

import asyncio
import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import orjson
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from hujiao.events.fact import NOBODY, Fact, Subject
from hujiao.events.writeahead import LiveRows, NotLeadingError, Unit, WriteAhead
from hujiao.kit.clock import now_ms
from hujiao.kit.db import Database, notify
from hujiao.kit.log import logger

log = logger(__name__)

CHANNEL = "hujiao_ledger"
GROUP_UNITS = 2_000
SHIP_BATCH = 200
"""Groups of facts; each holds what 20 ms brought."""
SHIP_PAUSE_S = 0.25
"""Between two shipments: each costs some ms however little it carries."""
RETRY_S = 1.0
POISON_BACKLOG = 1_000_000
"""Facts that may wait for the disk before `append` refuses: about 300 MB."""

_SHIP = text(
    """
    WITH given AS (
        SELECT * FROM jsonb_to_recordset(CAST(:facts AS jsonb)) AS f(
            q bigint, at bigint, t text, v int, c text, a text, u text, d jsonb)
    ), mark AS (
        INSERT INTO ledger_source (source, last_seq)
        VALUES (:source, (SELECT max(q) FROM given))
        ON CONFLICT (source) DO UPDATE SET last_seq = excluded.last_seq
    ), shipped AS (
        INSERT INTO fact (source, seq, at, type, version, call_id, agent_id, queue_id, data)
        SELECT :source, q, to_timestamp(at / 1000.0), t, v, c, a, u, d FROM given
        WHERE q > coalesce((SELECT last_seq FROM ledger_source WHERE source = :source), 0)
        ORDER BY q
    )
    SELECT pg_notify(:channel, '')
    """
)
LOCK = "SELECT pg_advisory_xact_lock(hashtext('hujiao_ledger'))"
"""Whoever holds it, until his transaction ends, keeps all others from writing facts."""
_LOCK = text(LOCK)
_LAST = text("SELECT coalesce(max(last_seq), 0) FROM ledger_source WHERE source = :source")


class FactSink(Protocol):
    """Where facts are written, and what lives is kept."""

    def append(self, fact: Fact, subject: Subject = NOBODY, *, at_ms: int) -> None: ...

    def keep(self, kind: str, key: str, body: bytes | None) -> None: ...

    def commit(self) -> None: ...

    def living(self, kind: str) -> list[bytes]: ...


@dataclass(slots=True)
class _Pending:
    """What came since the last unit."""

    facts: list[tuple[int, int, Fact, Subject]] = field(default_factory=list)
    """Number, time (ms since epoch), the fact and whom it is about."""
    live: LiveRows = field(default_factory=dict)


def encode(facts: Sequence[tuple[int, int, Fact, Subject]]) -> bytes:
    """Facts as the JSON objects that `_SHIP` reads, parted by commas.

    All in one go, which costs a third of one at a time.
    """
    told = [
        {
            "q": seq,
            "at": at_ms,
            "t": fact.type,
            "v": fact.version,
            "c": subject.call,
            "a": subject.agent,
            "u": subject.queue,
            "d": fact,
        }
        for seq, at_ms, fact, subject in facts
    ]
    try:
        body = orjson.dumps(told)[1:-1]
    except TypeError:
        body = b",".join(map(_encode_one, told))
    # PostgreSQL's jsonb takes no NUL; one in a caller's name must not stop the ledger for ever.
    return body.replace(b"\\u0000", b"") if b"\\u0000" in body else body


def _encode_one(told: dict[str, Any]) -> bytes:
    """A fact with what JSON does not know must cost neither its neighbours nor its number."""
    try:
        return orjson.dumps(told)
    except TypeError:
        log.exception("a fact cannot be encoded", fact=told["t"], call=told["c"])
        return orjson.dumps(told | {"d": {"unreadable": ascii(told["d"])}})


class Ledger:
    """The floor's pen: one per `source`, which names the write-ahead file it owns."""

    def __init__(
        self,
        *,
        database: Database,
        path: Path,
        source: str,
        epoch: int | None = None,
        on_superseded: Callable[[], None] = lambda: None,
    ) -> None:
        """`on_superseded` is called, from any thread, when a higher epoch writes the file: what was
        appended last is then not in the ledger. Raises NotLeadingError."""
        self._database = database
        self._on_superseded = on_superseded
        self._file = WriteAhead(path, epoch)
        self._source = f"{source}-{self._file.identity()}"
        self.alone = self._file.alone
        """Who wrote here before is known to be gone."""
        self._seq = self._file.last_seq()
        self._pending = _Pending()
        self._queue: queue.SimpleQueue[Unit | None] = queue.SimpleQueue()
        self._committed = asyncio.Event()
        self._committed_seq = 0
        self._delivery = asyncio.Condition()
        self._thread = threading.Thread(target=self._write, name="ledger", daemon=True)
        self._shipper: asyncio.Task[None] | None = None
        self.shipped = 0
        """Highest number known to be in PostgreSQL."""

    async def start(self) -> None:
        """Begin writing and shipping. PostgreSQL need not be there yet."""
        self._thread.start()
        self._shipper = asyncio.create_task(self._ship_forever(), name="ledger shipper")

    def append(self, fact: Fact, subject: Subject = NOBODY, *, at_ms: int) -> None:
        """Write a fact with the next unit. Raises OSError when the disk has not taken facts for
        very long."""
        if self._queue.qsize() > POISON_BACKLOG:
            raise OSError("the ledger's write-ahead takes no more facts")
        self._seq += 1
        self._pending.facts.append((self._seq, at_ms, fact, subject))

    def keep(self, kind: str, key: str, body: bytes | None) -> None:
        """What a restarted floor needs to go on with this entity; None when it is over."""
        self._pending.live[kind, key] = body

    def commit(self) -> None:
        """Hand all since the last time to the writer, as one unit."""
        pending = self._pending
        if not pending.facts and not pending.live:
            return
        self._pending = _Pending()
        facts = [(self._seq, encode(pending.facts))] if pending.facts else []
        self._queue.put(Unit(facts, pending.live))
        if facts:
            self._committed_seq = self._seq
            self._committed.set()

    def living(self, kind: str) -> list[bytes]:
        """What was kept of this kind when the last floor ended; before `start` only."""
        return self._file.living(kind)

    async def stop(self, *, deliver_within_s: float = 5.0) -> None:
        """Write all to disk and try to deliver it."""
        self.commit()
        self._queue.put(None)
        await asyncio.to_thread(self._thread.join, deliver_within_s)
        try:
            await asyncio.wait_for(self._delivered(), deliver_within_s)
        except TimeoutError:
            log.warning("facts stay in the write-ahead", count=self._seq - self.shipped)
        if self._shipper is not None:
            self._shipper.cancel()
            await asyncio.gather(self._shipper, return_exceptions=True)
        self._file.close()

    async def flush(self, timeout_s: float = 10.0) -> None:
        """Wait until all appended so far is in PostgreSQL. Raises TimeoutError."""
        self.commit()
        await asyncio.wait_for(self._delivered(), timeout_s)

    async def _delivered(self) -> None:
        target = self._seq
        async with self._delivery:
            await self._delivery.wait_for(lambda: self.shipped >= target)

    # --- the writing thread ---

    def _write(self) -> None:
        running = True
        while running:
            units = [self._queue.get()]
            while not self._queue.empty() and len(units) < GROUP_UNITS:
                units.append(self._queue.get())
            running = None not in units
            group = Unit([], {})
            for unit in units:
                if unit is not None:
                    group.facts += unit.facts
                    group.live |= unit.live
            self._write_until_done(group)

    def _write_until_done(self, group: Unit) -> None:
        """A full or failing disk delays facts; it does not lose them."""
        while True:
            try:
                self._file.write(group.facts, group.live)
                return
            except NotLeadingError:
                self._on_superseded()
                return
            except sqlite3.Error as error:
                log.error("the ledger's write-ahead cannot be written", reason=str(error))
                time.sleep(RETRY_S)

    # --- the shipping task ---

    async def _ship_forever(self) -> None:
        known = False
        while True:
            try:
                if not known:
                    await self._catch_up()
                    known = True
                shipped = await self._ship_once()
            except NotLeadingError:
                self._on_superseded()
                return
            except (SQLAlchemyError, OSError, sqlite3.Error) as error:
                log.warning("facts cannot be delivered now", reason=type(error).__name__)
                known = False
                await asyncio.sleep(RETRY_S)
                continue
            if shipped < SHIP_BATCH:
                if self.shipped >= self._committed_seq:
                    self._committed.clear()
                    await self._committed.wait()
                await asyncio.sleep(SHIP_PAUSE_S)

    async def _catch_up(self) -> None:
        """Ask PostgreSQL what it has: the answer to a commit may have been lost."""
        async with self._database.transaction() as connection:
            last = int((await connection.execute(_LAST, {"source": self._source})).scalar_one())
        if last > self.shipped:
            await self._have_shipped(last)

    async def _ship_once(self) -> int:
        rows = await asyncio.to_thread(self._file.next, self.shipped, SHIP_BATCH)
        if not rows:
            return 0
        body = b"[" + b",".join(row[1] for row in rows) + b"]"
        async with self._database.transaction() as connection:
            await connection.execute(_LOCK)
            await connection.execute(
                _SHIP, {"facts": body.decode(), "source": self._source, "channel": CHANNEL}
            )
        await self._have_shipped(rows[-1][0])
        return len(rows)

    async def _have_shipped(self, up_to: int) -> None:
        async with self._delivery:
            self.shipped = up_to
            self._delivery.notify_all()


_PUBLISH = text(
    """
    INSERT INTO fact (source, seq, at, type, version, call_id, agent_id, queue_id, data)
    VALUES ('web', nextval('ledger_web_seq'), to_timestamp(:at / 1000.0), :type, :version,
            :call, :agent, :queue, CAST(:data AS jsonb))
    """
)


async def publish(
    connection: AsyncConnection, fact: Fact, subject: Subject = NOBODY, *, at_ms: int | None = None
) -> None:
    """Write a fact inside a transaction of `web` or `worker`: it stands or falls with it.

    `at_ms` is when it happened, now unless given.
    """
    await connection.execute(_LOCK)
    await connection.execute(
        _PUBLISH,
        {
            "at": now_ms() if at_ms is None else at_ms,
            "type": fact.type,
            "version": fact.version,
            "call": subject.call,
            "agent": subject.agent,
            "queue": subject.queue,
            "data": orjson.dumps(fact).decode(),
        },
    )
    await notify(connection, CHANNEL)


class MemorySink:
    """Keeps facts in a list, for tests and simulations."""

    def __init__(self, on_fact: Callable[[Fact, Subject], None] | None = None) -> None:
        self.facts: list[tuple[int, Fact, Subject]] = []
        self.live: dict[tuple[str, str], bytes] = {}
        self._on_fact = on_fact

    def append(self, fact: Fact, subject: Subject = NOBODY, *, at_ms: int) -> None:
        self.facts.append((at_ms, fact, subject))
        if self._on_fact is not None:
            self._on_fact(fact, subject)

    def keep(self, kind: str, key: str, body: bytes | None) -> None:
        if body is None:
            self.live.pop((kind, key), None)
        else:
            self.live[kind, key] = body

    def commit(self) -> None:
        """Nothing waits here."""

    def living(self, kind: str) -> list[bytes]:
        return [body for (of_kind, _), body in sorted(self.live.items()) if of_kind == kind]
