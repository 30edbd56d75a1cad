"""The worker's process: contacts, recordings and callbacks from the ledger, sound that is made.

Any number of workers may run; readers of the ledger and merges let one of them get on.
"""

import asyncio
import signal
from pathlib import Path

import psycopg
from procrastinate import App, PsycopgConnector
from procrastinate.exceptions import ProcrastinateException

from hujiao.app.places import database_url
from hujiao.app.settings import Settings
from hujiao.callbacks import opening
from hujiao.callbacks.letterbox import Letterbox
from hujiao.calls.projector import projector
from hujiao.events.ledger import CHANNEL
from hujiao.kit.db import CONNECT_TIMEOUT_S, Database
from hujiao.kit.listen import libpq_url, listen
from hujiao.kit.log import configure as configure_log
from hujiao.kit.log import logger
from hujiao.kit.numbers import DEFAULT_REGION
from hujiao.recordings import jobs as recording_jobs
from hujiao.recordings.jobs import MergeJobs
from hujiao.recordings.shelf import Shelf
from hujiao.recordings.sound import SETTLED_MS
from hujiao.retention import jobs as retention_jobs
from hujiao.retention.jobs import Retention, RetentionJobs

HEARTBEAT_S = 5.0
FIRST_RETRY_S = 0.5
LAST_RETRY_S = 15.0
GRACE_S = 10.0
"""So long a merge may go on after the word to stop; what is not done is done again later."""

log = logger(__name__)


class WorkerProcess:
    """Everything that lives in a worker's process.

    `recordings` holds merged files, `raw` is where the switch writes them, and so do `messages` and
    `spool` for messages; `heartbeat` is a file whose time is renewed every 5 s while the process
    lives.
    """

    def __init__(
        self,
        *,
        url: str,
        recordings: Path,
        raw: Path,
        messages: Path,
        spool: Path,
        heartbeat: Path,
        region: str = DEFAULT_REGION,
        settled_ms: int = SETTLED_MS,
    ) -> None:
        self._url = url
        self._heartbeat = heartbeat
        self.database = Database(url, pool_size=5)
        self.shelf = Shelf(
            database=self.database, folder=recordings, raw=raw, settled_ms=settled_ms
        )
        self.letterbox = Letterbox(
            database=self.database,
            spool=spool,
            folder=messages,
            region=region,
            settled_ms=settled_ms,
        )
        self._retention = Retention(database=self.database, folder=recordings, raw=raw)
        self._followers = (
            projector(self.database, region),
            self.shelf.follower(),
            opening.follower(self.database, region),
        )

    async def run(self, stopping: asyncio.Event) -> None:
        """Work until `stopping`. Raises what no part of it can live with."""
        named = {
            "heartbeat": self._beat(),
            "ledger notifications": self._listen(),
            "jobs": self._work_on_jobs(),
            "messages": self.letterbox.look_after(),
            **{follower.reader: follower.run() for follower in self._followers},
        }
        tasks = [asyncio.create_task(work, name=name) for name, work in named.items()]
        end = asyncio.create_task(stopping.wait(), name="stopping")
        done, _ = await asyncio.wait([end, *tasks], return_when=asyncio.FIRST_COMPLETED)
        for task in (end, *tasks):
            task.cancel()
        await asyncio.gather(end, *tasks, return_exceptions=True)
        self.shelf.close()
        await self.database.close()
        self._heartbeat.unlink(missing_ok=True)
        for task in done:
            task.result()

    async def _beat(self) -> None:
        self._heartbeat.parent.mkdir(parents=True, exist_ok=True)
        while True:
            self._heartbeat.touch()
            await asyncio.sleep(HEARTBEAT_S)

    async def _listen(self) -> None:
        def wake() -> None:
            for follower in self._followers:
                follower.wake()

        await listen(
            self._url, (CHANNEL,), on_notify=lambda _channel, _payload: wake(), on_connect=wake
        )

    async def _work_on_jobs(self) -> None:
        """A worker of the job queue stops when its database goes away: begin another one."""
        retry_s = FIRST_RETRY_S
        this = asyncio.current_task()
        # procrastinate swallows the cancellation when the database goes away at the same moment.
        while this is None or not this.cancelling():
            begun = asyncio.get_running_loop().time()
            try:
                await self._work_once()
            except* (ProcrastinateException, psycopg.Error, OSError) as group:
                reasons = [type(error).__name__ for error in group.exceptions]
                log.warning("job queue away", reasons=reasons)
            if asyncio.get_running_loop().time() - begun > LAST_RETRY_S:
                retry_s = FIRST_RETRY_S
            await asyncio.sleep(retry_s)
            retry_s = min(retry_s * 2, LAST_RETRY_S)

    async def _work_once(self) -> None:
        connector = PsycopgConnector(
            conninfo=libpq_url(self._url),
            min_size=1,
            max_size=4,
            timeout=CONNECT_TIMEOUT_S,
            kwargs={"connect_timeout": CONNECT_TIMEOUT_S},
        )
        app = App(connector=connector)
        jobs = MergeJobs(app=app, shelf=self.shelf)
        RetentionJobs(app=app, retention=self._retention)
        async with app.open_async(), asyncio.TaskGroup() as tasks:
            care = tasks.create_task(jobs.look_after(), name="recordings care")
            await app.run_worker_async(
                queues=[recording_jobs.QUEUE, retention_jobs.QUEUE],
                concurrency=1,
                delete_jobs="successful",
                install_signal_handlers=False,
                shutdown_graceful_timeout=GRACE_S,
            )
            care.cancel()


async def work(settings: Settings) -> None:
    """Run a worker of this installation until SIGTERM or SIGINT."""
    process = WorkerProcess(
        url=database_url(settings),
        recordings=settings.recordings_dir,
        raw=settings.recordings_dir,
        messages=settings.messages_dir,
        spool=settings.message_spool,
        heartbeat=settings.run_dir / "worker.alive",
        region=settings.default_region,
    )
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    await process.run(stopping)


def main() -> None:
    """Entry of `hujiao worker`."""
    import uvloop

    settings = Settings()
    configure_log("worker", level=settings.log_level)
    uvloop.run(work(settings))
