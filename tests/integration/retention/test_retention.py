"""What is too old goes, all of it and nothing else, whatever dies in between."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest
from procrastinate import App, PsycopgConnector

from hujiao.calls.projector import projector
from hujiao.events import partitions
from hujiao.kit.clock import now_ms
from hujiao.kit.db import Database
from hujiao.recordings.shelf import Shelf
from hujiao.retention import jobs, service, store
from hujiao.retention.jobs import Retention, RetentionJobs
from hujiao.retention.model import GRACE_MS, Policy

pytestmark = pytest.mark.integration

DAY_MS = 24 * 3_600_000
ADD = """
INSERT INTO recording (id, call_id, node, raw_path, state, started_at, stopped_at, file, size)
VALUES (%(id)s::text, %(id)s::text, 'n1', %(id)s::text, %(state)s, now() - %(age)s::interval,
        now() - %(age)s::interval, %(file)s, 5)
"""
FACT = """
INSERT INTO fact (source, seq, at, type, version, call_id, data) VALUES
    ('floor-x', %s, %s, 'call.arrived', 1, %s, '{"direction": "in", "caller": "13800138000"}')
"""


@dataclass(slots=True)
class House:
    url: str
    database: Database
    folder: Path
    clock: list[int] = field(default_factory=lambda: [now_ms()])

    def query(self, sql: str, values: object = ()) -> list[tuple[object, ...]]:
        with psycopg.connect(self.url, autocommit=True) as connection:
            cursor = connection.execute(sql, values)  # type: ignore[arg-type]
            return list(cursor.fetchall()) if cursor.description else []

    def retention(self, **changes: float) -> Retention:
        return Retention(
            database=self.database,
            folder=self.folder,
            raw=self.folder,
            clock=lambda: self.clock[0],
            **changes,  # type: ignore[arg-type]
        )

    def record(self, name: str, age: str, state: str = "ready") -> Path:
        """A recording so old, with its file."""
        file = f"2024/01/{name}/{name}.ogg" if state == "ready" else None
        path = self.folder / (file or f"{name}-rx.alaw")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"sound")
        self.query(ADD, {"id": name, "age": age, "file": file, "state": state})
        return path

    def states(self) -> dict[object, object]:
        return dict(self.query("SELECT id, state FROM recording"))  # type: ignore[arg-type]

    async def set(self, ledger: int, recordings: int) -> None:
        async with self.database.transaction() as connection:
            policy = Policy(ledger, recordings)
            await service.change(connection, None, policy, self.clock[0])


@pytest.fixture
def house(database: Database, postgres_url: str, tmp_path: Path) -> House:
    return House(postgres_url, database, tmp_path / "recordings")


async def test_recordings_older_than_the_policy_go_with_their_files_and_are_told(
    house: House,
) -> None:
    old, young = house.record("old", "370 days"), house.record("young", "300 days")
    failed = house.record("failed", "400 days", "failed")
    pending = house.record("pending", "400 days", "pending")
    assert await house.retention().apply()
    assert house.states() == {
        "old": "deleted",
        "failed": "deleted",
        "young": "ready",
        "pending": "pending",
    }
    assert [path.exists() for path in (old, failed, young, pending)] == [False, False, True, True]
    assert not old.parent.exists()
    facts = house.query("SELECT call_id, data ->> 'why' FROM fact WHERE type = 'recording.deleted'")
    assert sorted(facts) == [("failed", "retention"), ("old", "retention")]
    audit = house.query("SELECT person_id, details ->> 'recordings' FROM audit")
    assert audit == [(None, "2")]


async def test_a_run_that_died_after_marking_is_finished_by_the_next(house: House) -> None:
    path = house.record("old", "370 days")
    assert await house.retention()._mark_recordings() == 1
    assert path.exists()
    assert await house.retention().apply()
    assert not path.exists()
    assert house.query("SELECT count(*) FROM fact") == [(1,)]


async def test_a_file_that_is_gone_already_is_no_hindrance(house: House) -> None:
    house.record("old", "370 days").unlink()
    assert await house.retention().apply()
    assert house.query("SELECT file, raw_path FROM recording") == [(None, "")]


async def test_a_long_list_is_worked_off_in_batches_over_several_runs(house: House) -> None:
    paths = [house.record(f"old{number}", "370 days") for number in range(5)]
    runs = 1
    while not await house.retention(batch=2, at_once_s=0).apply():
        runs += 1
    assert runs > 2
    assert not any(path.exists() for path in paths)
    assert house.query("SELECT count(DISTINCT call_id) FROM fact") == [(5,)]
    assert house.query("SELECT count(*) FROM fact") == [(5,)]


async def test_two_workers_delete_each_recording_once(house: House) -> None:
    for number in range(20):
        house.record(f"old{number}", "370 days")
    await asyncio.gather(house.retention(batch=3).apply(), house.retention(batch=3).apply())
    assert set(house.states().values()) == {"deleted"}
    assert house.query("SELECT count(*), count(DISTINCT call_id) FROM fact") == [(20, 20)]


async def test_a_shorter_policy_waits_for_a_day_and_may_be_taken_back(house: House) -> None:
    path = house.record("young", "100 days")
    await house.set(0, 3)
    assert await house.retention().apply()
    assert path.exists()
    house.clock[0] += GRACE_MS - 1
    await house.retention().apply()
    assert path.exists()
    await house.set(0, 12)
    house.clock[0] += DAY_MS
    await house.retention().apply()
    assert path.exists()
    await house.set(0, 3)
    house.clock[0] += GRACE_MS
    await house.retention().apply()
    assert not path.exists()


async def test_a_deleted_recording_is_never_merged_again(house: House) -> None:
    house.record("old", "370 days", "failed")
    await house.retention().apply()
    shelf = Shelf(database=house.database, folder=house.folder, raw=house.folder, settled_ms=0)
    house.query("UPDATE recording SET job_at = now() - interval '1 hour'")
    await shelf.tidy(at_start=True)
    assert not await shelf.merge("old")
    shelf.close()
    assert house.states() == {"old": "deleted"}


# --- the ledger --------------------------------------------------------------------------------


@pytest.fixture
async def old_ledger(house: House) -> House:
    """Facts of July and August 2024 in partitions, one of today, a policy of a year."""
    for month in (7, 8):
        first, following = f"2024-0{month}-01Z", f"2024-0{month + 1}-01Z"
        house.query(
            f"CREATE TABLE fact_2024_0{month} PARTITION OF fact"
            f" FOR VALUES FROM ('{first}') TO ('{following}')"
        )
    for seq, (at, call) in enumerate(
        [("2024-07-02Z", "c1"), ("2024-08-03Z", "c2"), ("now", "c3")], 1
    ):
        house.query(FACT, (seq, at, call))
    await house.set(12, 12)
    house.clock[0] += GRACE_MS
    return house


def facts(house: House) -> list[object]:
    rows = house.query("SELECT call_id FROM fact WHERE type = 'call.arrived' ORDER BY position")
    return [row[0] for row in rows]


async def test_facts_that_somebody_has_still_to_read_are_not_dropped(old_ledger: House) -> None:
    assert await old_ledger.retention().apply()
    assert facts(old_ledger) == ["c1", "c2", "c3"]
    reader = projector(old_ledger.database)
    await reader.catch_up()
    old_ledger.query("INSERT INTO ledger_cursor VALUES ('slow', 1)")
    assert await old_ledger.retention().apply()
    assert facts(old_ledger) == ["c2", "c3"]


async def test_whole_months_are_dropped_and_what_was_made_of_them_stays(
    old_ledger: House,
) -> None:
    await projector(old_ledger.database).catch_up()
    assert await old_ledger.retention().apply()
    assert facts(old_ledger) == ["c3"]
    told = old_ledger.query(
        "SELECT data ->> 'month', data ->> 'facts' FROM fact WHERE type = 'ledger.dropped'"
        " ORDER BY position"
    )
    assert told == [("2024_07", "1"), ("2024_08", "1")]
    assert old_ledger.query("SELECT count(*) FROM contact") == [(3,)]
    async with old_ledger.database.transaction() as connection:
        rule = await store.rule(connection)
        known = await partitions.months(connection)
    assert rule.ledger_from is not None
    assert known[0].name > "2024_08"


async def test_who_reads_the_ledger_for_long_lets_the_months_stay_until_the_next_run(
    old_ledger: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    await projector(old_ledger.database).catch_up()
    monkeypatch.setattr(partitions, "_LOCK_WAIT", partitions.text("SET LOCAL lock_timeout = 50"))
    with psycopg.connect(old_ledger.url) as reader:
        reader.execute("SELECT count(*) FROM fact")
        assert await old_ledger.retention().apply()
        assert facts(old_ledger) == ["c1", "c2", "c3"]
    assert await old_ledger.retention().apply()
    assert facts(old_ledger) == ["c3"]


# --- the job -----------------------------------------------------------------------------------


@asynccontextmanager
async def job_app(url: str) -> AsyncIterator[App]:
    app = App(connector=PsycopgConnector(conninfo=url))
    async with app.open_async():
        yield app


async def test_the_job_of_the_hour_goes_on_until_nothing_is_left(house: House) -> None:
    paths = [house.record(f"old{number}", "370 days") for number in range(3)]
    async with job_app(house.url) as app:
        RetentionJobs(app=app, retention=house.retention(batch=1, at_once_s=0))
        await app.configure_task(jobs.TASK).defer_async(timestamp=0)
        await app.run_worker_async(queues=[jobs.QUEUE], wait=False, install_signal_handlers=False)
    assert not any(path.exists() for path in paths)
    [task] = [one for one in app.periodic_registry.periodic_tasks.values()]
    assert task.cron == jobs.EVERY_HOUR
