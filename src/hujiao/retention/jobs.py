"""Removing what is too old: an hourly job, in batches, that goes on where the last one died."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from procrastinate import App, Blueprint
from procrastinate.exceptions import AlreadyEnqueued
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection

from hujiao.events import partitions
from hujiao.events.fact import Subject
from hujiao.events.ledger import publish
from hujiao.events.partitions import Month
from hujiao.events.retention import FactsDropped, RecordingDeleted
from hujiao.identity.service import audit
from hujiao.kit.clock import Clock, now_ms
from hujiao.kit.db import Database
from hujiao.kit.log import logger
from hujiao.recordings import store as recordings
from hujiao.recordings.model import Recording
from hujiao.recordings.shelf import raw_pair
from hujiao.retention import store
from hujiao.retention.model import months_before
from hujiao.retention.service import KIND

QUEUE = "retention"
TASK = "retention:apply"
EVERY_HOUR = "23 * * * *"
BATCH = 200
AT_ONCE_S = 20.0
"""A run that is not through by then asks for another: merges of recordings wait for nobody."""

log = logger(__name__)


class Retention:
    """Applies the policy. `folder` holds merged files, `raw` is where the switch writes."""

    def __init__(
        self,
        *,
        database: Database,
        folder: Path,
        raw: Path,
        clock: Clock = now_ms,
        batch: int = BATCH,
        at_once_s: float = AT_ONCE_S,
    ) -> None:
        self._database = database
        self._folder = folder
        self._raw = raw
        self._clock = clock
        self._batch = batch
        self._at_once_s = at_once_s

    async def apply(self) -> bool:
        """Remove what is too old. False when more is left for another run."""
        deadline = time.monotonic() + self._at_once_s
        while await self._remove_sound() or await self._mark_recordings():
            if time.monotonic() > deadline:
                return False
        await self._drop_months()
        return True

    # --- recordings ---

    async def _mark_recordings(self) -> int:
        """Say of the next batch that it is deleted. Its sound goes afterwards."""
        async with self._database.transaction() as connection:
            before = await self._limit(connection, ledger=False)
            if before is None:
                return 0
            now = self._clock()
            marked = await recordings.mark_deleted(connection, before, now, limit=self._batch)
            for one in marked:
                told = RecordingDeleted(recording=one.id, why=KIND)
                await publish(connection, told, Subject(call=one.call_id))
            if marked:
                details = {"recordings": len(marked), "before": before}
                await audit(connection, None, "recordings.deleted", KIND, KIND, details)
        return len(marked)

    async def _remove_sound(self) -> int:
        """Remove the files of recordings that are marked; also of those that a dead run left."""
        async with self._database.transaction() as connection:
            marked = await recordings.deleted_with_sound(connection, limit=self._batch)
            if marked:
                await asyncio.to_thread(self._unlink, marked)
                await recordings.sound_is_gone(connection, [one.id for one in marked])
        if marked:
            log.info("old recordings deleted", count=len(marked))
        return len(marked)

    def _unlink(self, marked: Sequence[Recording]) -> None:
        for one in marked:
            raw_pair(self._raw, one.raw_path).remove()
            if one.file is not None:
                path = self._folder / one.file
                path.unlink(missing_ok=True)
                with suppress(OSError):  # the day has other recordings
                    path.parent.rmdir()

    # --- the ledger ---

    async def _drop_months(self) -> None:
        async with self._database.transaction() as connection:
            before = await self._limit(connection, ledger=True)
            known = await partitions.months(connection) if before is not None else []
        for month in known:
            if month.until_ms > (before or 0):
                return
            try:
                if not await self._drop(month):
                    return
            except OperationalError as error:
                reason = type(error.orig).__name__
                log.warning("old facts stay for now", month=month.name, reason=reason)
                return

    async def _drop(self, month: Month) -> bool:
        async with self._database.transaction() as connection:
            if not await partitions.is_read(connection, month):
                log.warning("old facts stay until everybody has read them", month=month.name)
                return False
            facts = await partitions.count(connection, month)
            # Publishing takes the ledger's lock before the table's: deliveries do so, too.
            await publish(connection, FactsDropped(month.name, facts))
            await partitions.drop(connection, month)
            await store.ledger_begins(connection, month.until_ms)
            details = {"month": month.name, "facts": facts}
            await audit(connection, None, "ledger.dropped", KIND, KIND, details)
        log.info("old facts dropped", month=month.name, count=facts)
        return True

    async def _limit(self, connection: AsyncConnection, *, ledger: bool) -> int | None:
        """What is older goes; None while nothing may."""
        rule = await store.rule(connection)
        now = self._clock()
        if rule.effective_at > now:
            return None
        policy = rule.policy
        return months_before(now, policy.ledger_months if ledger else policy.recording_months)


class RetentionJobs:
    """Runs `Retention` every hour through `app`."""

    def __init__(self, *, app: App, retention: Retention) -> None:
        self._app = app
        self._retention = retention
        blueprint = Blueprint()
        task = blueprint.task(name="apply", queue=QUEUE, queueing_lock=QUEUE, pass_context=False)
        blueprint.periodic(cron=EVERY_HOUR, periodic_id=QUEUE)(task(self._apply))
        app.add_tasks_from(blueprint, namespace="retention")

    async def _apply(self, timestamp: int) -> None:
        if not await self._retention.apply():
            with suppress(AlreadyEnqueued):
                await self._app.configure_task(TASK).defer_async(timestamp=timestamp)
