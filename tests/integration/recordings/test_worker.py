"""The worker as a process: it is killed, its database goes away, and nothing is lost or doubled."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from hujiao.app.worker import WorkerProcess
from hujiao.events import calls as facts
from hujiao.events.fact import Subject
from hujiao.events.ledger import publish
from hujiao.kit.db import Database
from hujiao.migrations.run import migrate
from hujiao.recordings import store
from hujiao.recordings.model import Recording, State
from hujiao.recordings.sound import WORKSHOP
from tests.harness.database import new_cluster
from tests.harness.waiting import until
from tests.integration.recordings.sounds import raw_files, write_pair

pytestmark = pytest.mark.integration

Told = Callable[..., Awaitable[None]]
Row = Callable[[str], Awaitable[Recording | None]]

OTHER_PROCESS = """
import asyncio, sys
from pathlib import Path
from hujiao.app.worker import WorkerProcess

url, folder, raw = sys.argv[1:]
worker = WorkerProcess(url=url, recordings=Path(folder), raw=Path(raw),
                       messages=Path(folder), spool=Path(raw) / "spool",
                       heartbeat=Path(raw) / "alive", settled_ms=0)
asyncio.run(worker.run(asyncio.Event()))
"""


class Running:
    """A worker in this process, until the block ends."""

    def __init__(self, url: str, folder: Path, raw: Path) -> None:
        self._heartbeat = raw / "alive"
        self._worker = WorkerProcess(
            url=url,
            recordings=folder,
            raw=raw,
            messages=folder,
            spool=raw / "spool",
            heartbeat=self._heartbeat,
            settled_ms=0,
        )
        self._stopping = asyncio.Event()

    async def __aenter__(self) -> "Running":
        self._task = asyncio.create_task(self._worker.run(self._stopping))
        await until(self._heartbeat.exists, what="the worker's heartbeat")
        return self

    async def __aexit__(self, *_: object) -> None:
        self._stopping.set()
        await asyncio.wait_for(self._task, 20)
        assert not self._heartbeat.exists()


def other_process(url: str, folder: Path, raw: Path) -> subprocess.Popen[bytes]:
    argv = [sys.executable, "-c", OTHER_PROCESS, url, str(folder), str(raw)]
    return subprocess.Popen(argv, env={**os.environ, "PYTHONPATH": "src"})


def finished(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*.ogg") if WORKSHOP not in path.parts]


def is_ready(row: Row, recording: str) -> Callable[[], Awaitable[bool]]:
    async def ready() -> bool:
        found = await row(recording)
        return found is not None and found.state is State.READY

    return ready


async def test_a_recorded_call_is_merged_by_a_running_worker(
    postgres_url: str, told: Told, row: Row, folder: Path, raw: Path
) -> None:
    write_pair(raw, "c1")
    async with Running(postgres_url, folder, raw):
        await told("c1")
        await until(is_ready(row, "c1"), timeout_s=20, what="the recording ready")
        await until(lambda: raw_files(raw) == [], what="raw files gone")


async def test_a_worker_killed_in_the_middle_of_a_merge_leaves_one_file_in_the_end(
    postgres_url: str,
    told: Told,
    row: Row,
    folder: Path,
    raw: Path,
) -> None:
    write_pair(raw, "c1", seconds=120)
    await told("c1")
    doomed = other_process(postgres_url, folder, raw)
    try:
        await until(
            lambda: any((folder / WORKSHOP).glob("*")), timeout_s=40, what="the merge begun"
        )
    finally:
        doomed.send_signal(signal.SIGKILL)
        doomed.wait(timeout=10)
    assert len(raw_files(raw)) == 2
    found = await row("c1")
    assert found is not None
    assert found.state is State.MERGING
    async with Running(postgres_url, folder, raw):
        await until(is_ready(row, "c1"), timeout_s=90, what="the recording ready")
        await until(lambda: raw_files(raw) == [], what="raw files gone")
    found = await row("c1")
    assert found is not None
    assert found.file is not None
    assert finished(folder) == [folder / found.file]
    assert found.tries == 2


async def test_the_worker_goes_on_after_its_database_was_restarted(folder: Path, raw: Path) -> None:
    cluster = new_cluster()
    try:
        cluster.start()
        cluster.cluster.ensure_database("hujiao")
        url = cluster.cluster.url("hujiao")
        migrate(url)
        async with Running(url, folder, raw):
            await _record(url, raw, "c1")
            cluster.stop()
            cluster.start()
            await _record(url, raw, "c2")
    finally:
        cluster.remove()


async def _record(url: str, raw: Path, call: str) -> None:
    """A recorded call is told and its file becomes ready."""
    database = Database(url, pool_size=1)
    write_pair(raw, call)
    subject = Subject(call, "a1", "q1")
    async with database.transaction() as connection:
        await publish(connection, facts.CallArrived("in", "1", "", "2", "t", "n1", call), subject)
        await publish(connection, facts.RecordingStarted(call, "n1", call), subject)
        await publish(connection, facts.RecordingStopped(call), subject)

    async def ready() -> bool:
        async with database.transaction() as connection:
            found = (await store.known(connection, [call])).get(call)
        return found is not None and found.state is State.READY

    await until(ready, timeout_s=60, what=f"{call} ready")
    await database.close()
