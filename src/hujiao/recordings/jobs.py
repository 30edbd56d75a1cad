"""Merging as jobs: one per recording in the queue, tried again in growing steps, never for ever."""

import asyncio
import time
from contextlib import suppress

from procrastinate import App, Blueprint, RetryStrategy
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException
from sqlalchemy.exc import SQLAlchemyError

from hujiao.kit.log import logger
from hujiao.recordings.shelf import MAX_TRIES, NotSettledError, Shelf

QUEUE = "recordings"
TASK = "recordings:merge"
RETRY_S = 4
LOOK_EVERY_S = 1.0
TIDY_EVERY_S = 60.0
STALLED_S = 30.0
"""A worker that gave no sign for so long is dead, and its jobs are anybody's."""

log = logger(__name__)


class MergeJobs:
    """Asks for merges and does them, through an open `app`."""

    def __init__(self, *, app: App, shelf: Shelf) -> None:
        self._app = app
        self._shelf = shelf
        blueprint = Blueprint()
        retry = RetryStrategy(max_attempts=MAX_TRIES, exponential_wait=RETRY_S)
        blueprint.task(name="merge", queue=QUEUE, retry=retry)(self._merge)
        app.add_tasks_from(blueprint, namespace="recordings")

    async def _merge(self, recording: str) -> None:
        with suppress(NotSettledError):
            await self._shelf.merge(recording)
            return
        await self._ask(recording)

    async def _ask(self, recording: str) -> None:
        """One waiting job per recording; a second wish for the same finds it there."""
        job = self._app.configure_task(
            TASK,
            queueing_lock=f"merge:{recording}",
            schedule_in={"milliseconds": self._shelf.settled_ms},
        )
        with suppress(AlreadyEnqueued):
            await job.defer_async(recording=recording)

    async def dispatch(self) -> int:
        """Ask for the merge of all recordings that are over. Returns how many."""
        due = await self._shelf.due()
        for recording in due:
            await self._ask(recording)
        if due:
            await self._shelf.asked(due)
        return len(due)

    async def revive(self) -> int:
        """Give the jobs of dead workers back to the queue. Returns how many."""
        stalled = list(
            await self._app.job_manager.get_stalled_jobs(
                queue=QUEUE, seconds_since_heartbeat=STALLED_S
            )
        )
        for job in stalled:
            await self._app.job_manager.retry_job(job)
        return len(stalled)

    async def look_after(self) -> None:
        """Ask for what is due, take up what was left, until cancelled."""
        tidied_at: float | None = None
        while True:
            try:
                if tidied_at is None or time.monotonic() - tidied_at >= TIDY_EVERY_S:
                    await self.revive()
                    await self._shelf.tidy(at_start=tidied_at is None)
                    tidied_at = time.monotonic()
                await self.dispatch()
            except (SQLAlchemyError, ConnectorException, OSError) as error:
                log.warning("recordings wait", reason=type(error).__name__)
            await asyncio.sleep(LOOK_EVERY_S)
