"""Recordings: the ledger, the rows and the files on disk."""

import os
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from hujiao.app.verify.books import rows
from hujiao.app.verify.model import Checked, Difference, Differences, Period
from hujiao.calls import store as calls
from hujiao.calls.model import EndedBy
from hujiao.calls.projection import Contact
from hujiao.kit.clock import to_datetime
from hujiao.recordings import store
from hujiao.recordings.model import SAFE_NAME, Recording, State
from hujiao.recordings.shelf import CENTRE_SIDE, CUSTOMER_SIDE, READER
from hujiao.recordings.sound import FORGOTTEN_MS, SUFFIX
from hujiao.telephony.port import Cause

ROWS_AT_ONCE = 200
MERGED_WITHIN_MS = 900_000
"""A merge is tried five times in growing steps."""
WRITING_MS = 60_000
"""A file that is younger may be about to get its row."""
REMOVED_WITHIN_MS = FORGOTTEN_MS + 120_000
"""The worker looks for forgotten raw files every minute."""
SHORTER_MS, SHORTER_SHARE = 5_000, 0.05
"""Asterisk writes at least every 4 s; so much may be missing, or too much, without a word."""

NO_SOUND = "no_sound"

_BEGUN = text(
    """
    SELECT fact.data ->> 'recording' AS recording FROM fact
    WHERE type = 'recording.started'
        AND at >= to_timestamp(:since / 1000.0) AND at < to_timestamp(:until / 1000.0)
        AND position <= coalesce((SELECT position FROM ledger_cursor WHERE reader = :reader), 0)
        AND NOT EXISTS (SELECT FROM recording WHERE recording.id = fact.data ->> 'recording')
    ORDER BY position
    """
)


class ShelfCheck:
    """`folder` holds merged files, `raw` are the folders that switches write to."""

    def __init__(
        self,
        connection: AsyncConnection,
        period: Period,
        *,
        folder: Path,
        raw: Iterable[Path],
        now_ms: int,
    ) -> None:
        self._connection = connection
        self._period = period
        self._folder = folder
        self._raw = sorted(set(raw))
        self._now_ms = now_ms

    async def differences(self, checked: Checked) -> Differences:
        """From the ledger to rows, from rows to files, from files to rows."""
        limits = {"since": self._period.since_ms, "until": self._period.until_ms}
        async for row in rows(self._connection, _BEGUN, reader=READER, **limits):
            yield Difference("not_recorded", row.recording)
        async for batch in self._batches():
            checked.recordings += len(batch)
            listed = await calls.load_contacts(self._connection, {one.call_id for one in batch})
            for one in batch:
                for found in self._row(one, listed.get(one.call_id)):
                    yield found
        async for found in self._files(checked):
            yield found
        async for found in self._raw_files(checked):
            yield found

    async def _batches(self) -> AsyncIterator[list[Recording]]:
        after: tuple[int, str] | None = None
        while True:
            batch = await store.begun_between(
                self._connection,
                self._period.since_ms,
                self._period.until_ms,
                after=after,
                limit=ROWS_AT_ONCE,
            )
            if not batch:
                return
            yield batch
            after = batch[-1].started_at, batch[-1].id

    # --- rows ---

    def _row(self, one: Recording, call: Contact | None) -> Iterator[Difference]:
        if one.state is State.DELETED:
            if one.file is not None and (self._folder / one.file).exists():
                yield Difference("deleted_there", one.id, {"file": one.file})
            return
        if call is None:
            yield Difference("recording_of_nobody", one.id, {"call": one.call_id})
        found_later = call is not None and _was_found_ended(call)
        if one.state is State.FAILED:
            if not (found_later and one.problem == NO_SOUND):
                yield Difference("merge_failed", one.id, {"problem": one.problem or "?"})
        elif one.state is State.READY:
            yield from self._ready(one, found_later)
        elif one.stopped_at is not None:
            yield from self._late("not_merged", one, one.stopped_at)
        elif call is not None and call.ended_at is not None:
            yield from self._late("not_stopped", one, call.ended_at)

    def _late(self, kind: str, one: Recording, over_ms: int) -> Iterator[Difference]:
        waited_ms = self._now_ms - over_ms
        if waited_ms > MERGED_WITHIN_MS:
            yield Difference(kind, one.id, {"minutes": waited_ms // 60_000})

    def _ready(self, one: Recording, found_later: bool) -> Iterator[Difference]:
        """`found_later`: the call's end was not heard but found, so talk may seem too long."""
        path = self._folder / (one.file or "")
        try:
            size = path.stat().st_size if one.file else -1
        except FileNotFoundError:
            size = -1
        if size < 0:
            yield Difference("file_missing", one.id, {"file": one.file or "?"})
        elif size != one.size:
            yield Difference("file_size", one.id, {"size": one.size or 0, "found": size})
        if one.stopped_at is not None and one.duration_ms is not None:
            talk_ms = one.stopped_at - one.started_at
            missing_ms = talk_ms - one.duration_ms
            tolerated_ms = max(SHORTER_MS, SHORTER_SHARE * talk_ms)
            if missing_ms < -tolerated_ms or (missing_ms > tolerated_ms and not found_later):
                sound_s, talk_s = round(one.duration_ms / 1000), round(talk_ms / 1000)
                yield Difference("length", one.id, {"talk_s": talk_s, "sound_s": sound_s})

    # --- files ---

    async def _files(self, checked: Checked) -> Differences:
        for batch in _in_batches(self._merged_files()):
            checked.files += len(batch)
            known = await store.known(self._connection, [_name(file) for file in batch])
            for file in batch:
                found = known.get(_name(file))
                if found is None or found.file != file:
                    yield Difference("file_unknown", file)

    def _merged_files(self) -> Iterator[str]:
        """Files of the period's days, relative to the folder, that are not being made just now."""
        first, last = (
            f"{to_datetime(at_ms):%Y/%m/%d}"
            for at_ms in (self._period.since_ms, self._period.until_ms)
        )
        for day in sorted(self._folder.glob("[0-9]*/[0-9]*/[0-9]*")):
            name = day.relative_to(self._folder).as_posix()
            if not first <= name <= last:
                continue
            for entry in os.scandir(day):
                written = _written_ms(entry)
                if entry.name.endswith(SUFFIX) and self._now_ms - written > WRITING_MS:
                    yield f"{name}/{entry.name}"

    async def _raw_files(self, checked: Checked) -> Differences:
        for batch in _in_batches(self._old_raw_files()):
            checked.files += len(batch)
            names = {file: _raw_name(file) for file in batch}
            known = await store.known(self._connection, set(names.values()))
            for file, name in names.items():
                if name not in known:
                    yield Difference("raw_unknown", file)
                elif known[name].state in (State.READY, State.DELETED):
                    yield Difference("raw_left", file)

    def _old_raw_files(self) -> Iterator[str]:
        """Raw files of the period that the worker should have taken up long ago."""
        latest = min(self._period.until_ms, self._now_ms - REMOVED_WITHIN_MS)
        for folder in self._raw:
            for entry in os.scandir(folder) if folder.is_dir() else ():
                ours = _raw_name(entry.name) != entry.name and SAFE_NAME.match(entry.name)
                if ours and self._period.since_ms <= _written_ms(entry) < latest:
                    yield entry.name


def _was_found_ended(call: Contact) -> bool:
    """Nobody heard it end: its lines, or its whole node, were gone when the floor looked."""
    if call.cause == Cause.FAILURE:
        return call.ended_by == EndedBy.SYSTEM
    return call.cause == Cause.UNKNOWN


def _in_batches(files: Iterator[str]) -> Iterator[Sequence[str]]:
    while batch := list(islice(files, ROWS_AT_ONCE)):
        yield batch


def _name(file: str) -> str:
    return file.rpartition("/")[2].removesuffix(SUFFIX)


def _raw_name(file: str) -> str:
    return file.removesuffix(CUSTOMER_SIDE).removesuffix(CENTRE_SIDE)


def _written_ms(entry: "os.DirEntry[str]") -> int:
    """When it was last written to; the end of time for what is gone meanwhile."""
    try:
        return entry.stat().st_mtime_ns // 1_000_000
    except FileNotFoundError:
        return 1 << 62
