"""The ledger delivers every fact to PostgreSQL, in order and once, whatever dies in between."""

import asyncio
import signal
import sqlite3
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest
from sqlalchemy import text

from hujiao.events.calls import CallArrived, MenuDigit
from hujiao.events.fact import Subject
from hujiao.events.ledger import Ledger, publish
from hujiao.events.writeahead import LiveRows, NotLeadingError, WriteAhead
from hujiao.kit.db import Database
from hujiao.migrations.run import migrate
from tests.harness.database import RunningCluster, new_cluster

pytestmark = pytest.mark.integration

AT = 1_764_000_000_000
OpenLedger = Callable[[], Ledger]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger" / "floor.sqlite"


@asynccontextmanager
async def opened(database: Database, path: Path) -> AsyncIterator[Ledger]:
    ledger = Ledger(database=database, path=path, source="floor")
    await ledger.start()
    try:
        yield ledger
    finally:
        await ledger.stop(deliver_within_s=1)


def press(ledger: Ledger, *digits: str) -> None:
    for digit in digits:
        ledger.append(MenuDigit(digit), Subject(call="c1"), at_ms=AT)


async def delivered(database: Database) -> list[str | None]:
    async with database.transaction() as connection:
        query = text("SELECT data->>'digit' FROM fact WHERE type = 'menu.digit' ORDER BY position")
        return [row[0] for row in await connection.execute(query)]


async def test_facts_arrive_in_order_with_subject_and_data(database: Database, path: Path) -> None:
    async with opened(database, path) as ledger:
        press(ledger, *"123456789")
        await ledger.flush()
        assert await delivered(database) == list("123456789")
        async with database.transaction() as connection:
            row = (await connection.execute(text("SELECT * FROM fact LIMIT 1"))).one()
        assert (row.call_id, row.type, row.version) == ("c1", "menu.digit", 1)
        assert int(row.at.timestamp() * 1000) == AT


async def test_facts_of_a_floor_that_died_undelivered_are_delivered_by_the_next(
    database: Database, path: Path
) -> None:
    file = WriteAhead(path)
    async with opened(database, path) as ledger:
        press(ledger, "1")
        await ledger.flush()
    # Written, then killed before anything was shipped.
    await _write_without_shipping(path, "2", "3")
    async with opened(database, path) as ledger:
        press(ledger, "4")
        await ledger.flush()
    file.close()
    assert await delivered(database) == ["1", "2", "3", "4"]


async def _write_without_shipping(path: Path, *digits: str) -> None:
    nowhere = Database("postgresql://nobody@127.0.0.1:1/none")
    async with opened(nowhere, path) as ledger:
        press(ledger, *digits)
    await nowhere.close()


async def test_a_commit_whose_answer_was_lost_is_not_delivered_twice(
    database: Database, path: Path
) -> None:
    await _write_without_shipping(path, "1", "2")
    file = WriteAhead(path)
    rows = file.read(0, 10)
    async with opened(database, path) as ledger:
        await ledger.flush()
    # As if the write-ahead had not heard of the commit: the same rows stand there again.
    file._db.executemany("INSERT OR IGNORE INTO fact VALUES (?, ?)", rows)
    file.close()
    async with opened(database, path) as ledger:
        press(ledger, "3")
        await ledger.flush()
    assert await delivered(database) == ["1", "2", "3"]


async def test_a_new_write_ahead_beside_an_old_ledger_loses_nothing(
    database: Database, path: Path, tmp_path: Path
) -> None:
    async with opened(database, path) as ledger:
        press(ledger, *"12345")
        await ledger.flush()
    async with opened(database, tmp_path / "other.sqlite") as ledger:
        press(ledger, "6")
        await ledger.flush()
    assert await delivered(database) == list("123456")


async def test_a_fact_that_json_does_not_know_costs_neither_its_neighbours_nor_its_number(
    database: Database, path: Path
) -> None:
    async with opened(database, path) as ledger:
        press(ledger, "1", "\ud800", "3")
        await ledger.flush()
        assert await delivered(database) == ["1", None, "3"]
        async with database.transaction() as connection:
            query = text("SELECT data->>'unreadable' FROM fact WHERE seq = 2")
            told = (await connection.execute(query)).scalar_one()
    assert "ud800" in told


async def test_a_nul_in_a_callers_name_does_not_stop_the_ledger(
    database: Database, path: Path
) -> None:
    async with opened(database, path) as ledger:
        arrived = CallArrived(
            direction="in",
            caller="1",
            caller_name="a\0b",
            called="2",
            trunk="t",
            node="n",
            leg="l",
        )
        ledger.append(arrived, Subject(call="c2"), at_ms=AT)
        press(ledger, "1")
        await ledger.flush()
    assert await delivered(database) == ["1"]


async def test_a_published_fact_stands_or_falls_with_its_transaction(database: Database) -> None:
    async with database.transaction() as connection:
        await publish(connection, MenuDigit("1"), Subject(call="c1"))
    with pytest.raises(RuntimeError):
        await _publish_and_fail(database)
    assert await delivered(database) == ["1"]


async def _publish_and_fail(database: Database) -> None:
    async with database.transaction() as connection:
        await publish(connection, MenuDigit("2"), Subject(call="c1"))
        raise RuntimeError


async def test_what_lives_is_kept_with_its_facts_and_let_go(database: Database, path: Path) -> None:
    async with opened(database, path) as ledger:
        ledger.keep("call", "a", b"1")
        ledger.keep("call", "b", b"2")
        ledger.commit()
        ledger.keep("call", "a", None)
        ledger.keep("call", "b", b"3")
        press(ledger, "1")
        await ledger.flush()  # a connection given up half-way would hold the database for a minute
    async with opened(database, path) as ledger:
        assert ledger.living("call") == [b"3"]
        press(ledger, "2")
        await ledger.flush()


async def test_a_former_leader_adds_nothing_to_what_the_next_one_has_read(
    database: Database, path: Path
) -> None:
    replaced = threading.Event()
    former = Ledger(database=database, path=path, source="floor", on_superseded=replaced.set)
    await former.start()
    press(former, "1")
    await former.flush()
    async with opened(database, path) as leader:
        press(former, "2")
        former.commit()
        assert await asyncio.to_thread(replaced.wait, 5)
        press(leader, "3")
        await leader.flush()
        assert await delivered(database) == ["1", "3"]
    with pytest.raises(NotLeadingError):
        Ledger(database=database, path=path, source="floor", epoch=1)
    await former.stop(deliver_within_s=0.1)


HOLDER = """
import sqlite3, sys, time
from pathlib import Path
from hujiao.events.writeahead import WriteAhead
file = WriteAhead(Path(sys.argv[1]))
file._db.execute("BEGIN IMMEDIATE")
print("holds", flush=True)
time.sleep(60)
"""


async def test_a_leader_paused_in_the_middle_of_writing_is_ended_by_the_next(
    database: Database, path: Path
) -> None:
    holder = await asyncio.create_subprocess_exec(
        sys.executable, "-c", HOLDER, str(path), stdout=asyncio.subprocess.PIPE
    )
    assert holder.stdout is not None
    assert await holder.stdout.readline() == b"holds\n"
    holder.send_signal(signal.SIGSTOP)
    async with opened(database, path) as leader:
        press(leader, "1")
        await leader.flush()
    # Stopped, it would sleep for ever. Who waits for it first, the ledger or we, is told its code.
    await asyncio.wait_for(holder.wait(), 5)
    assert not psutil.pid_exists(holder.pid)


async def test_a_full_disk_delays_facts_and_loses_none(
    database: Database, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(database, path) as ledger:
        write, forget, full = ledger._file.write, ledger._file.forget, threading.Event()

        def refuse_when_full() -> None:
            if full.is_set():
                raise sqlite3.OperationalError("database or disk is full")

        def write_or_not(facts: list[tuple[int, bytes]], live: LiveRows) -> None:
            refuse_when_full()
            write(facts, live)

        def forget_or_not(up_to: int) -> None:
            refuse_when_full()
            forget(up_to)

        monkeypatch.setattr(ledger._file, "write", write_or_not)
        monkeypatch.setattr(ledger._file, "forget", forget_or_not)
        press(ledger, "0")
        await ledger.flush()
        full.set()
        press(ledger, "1", "2")
        with pytest.raises(TimeoutError):
            await ledger.flush(0.5)
        full.clear()
        press(ledger, "3")
        await ledger.flush()
        assert await delivered(database) == ["0", "1", "2", "3"]


async def test_facts_cannot_be_changed_or_removed(database: Database) -> None:
    async with database.transaction() as connection:
        await publish(connection, MenuDigit("1"), Subject(call="c1"))
    for statement in ("UPDATE fact SET type = 'x'", "DELETE FROM fact"):
        with pytest.raises(Exception, match="append"):
            async with database.transaction() as connection:
                await connection.execute(text(statement))


@pytest.fixture
def own_cluster() -> Iterator[RunningCluster]:
    """A PostgreSQL that a test may stop."""
    cluster = new_cluster()
    try:
        cluster.start()
        cluster.cluster.ensure_database("own")
        migrate(cluster.cluster.url("own"))
        yield cluster
    finally:
        cluster.remove()


async def test_while_postgresql_is_away_facts_wait_and_arrive_once_when_it_is_back(
    own_cluster: RunningCluster, path: Path
) -> None:
    database = Database(own_cluster.cluster.url("own"), pool_size=2)
    async with opened(database, path) as ledger:
        press(ledger, *"12")
        await ledger.flush()
        own_cluster.stop()
        press(ledger, *"345")
        with pytest.raises(TimeoutError):
            await ledger.flush(1)
        press(ledger, "6")
        own_cluster.start()
        await ledger.flush(20)
        assert await delivered(database) == list("123456")
    await database.close()
