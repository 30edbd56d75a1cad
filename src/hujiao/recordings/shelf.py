"""The worker's side of recordings: rows from facts, files from raw sound, order after crashes.

Raw files go only after the merged file is on disk, verified and known to the database; a merge
that is killed anywhere in between is done again into the same file.
"""

import asyncio
import os
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncConnection

from hujiao.events.follow import Entry, Follower
from hujiao.kit.clock import Clock, now_ms
from hujiao.kit.db import Database
from hujiao.kit.log import logger
from hujiao.recordings import store
from hujiao.recordings.model import SAFE_NAME, Merged, Recording, State
from hujiao.recordings.sound import (
    FORGOTTEN_MS,
    RATE_HZ,
    SETTLED_MS,
    WORKSHOP,
    NoSoundError,
    SoundError,
    kept_file,
    merge,
    sweep,
)

READER = "recordings"
CUSTOMER_SIDE, CENTRE_SIDE = "-rx.alaw", "-tx.alaw"
MAX_TRIES = 5
DUE_AT_ONCE = 200
NICENESS = 10

log = logger(__name__)


class NotSettledError(Exception):
    """The raw files may still grow; try again in some seconds."""


@dataclass(frozen=True, slots=True)
class RawPair:
    """The raw files of one recording; either may be missing."""

    customer: Path
    centre: Path

    @property
    def both(self) -> tuple[Path, Path]:
        """First what the customer said."""
        return self.customer, self.centre

    def written_ms(self) -> int | None:
        """When the pair was last written to, None when there is none."""
        times = [_written_ms(path) for path in self.both]
        return max((at for at in times if at is not None), default=None)

    def length_ms(self) -> int:
        """Of the longer one, by its size."""
        sizes = [path.stat().st_size for path in self.both if path.exists()]
        return max(sizes, default=0) * 1000 // RATE_HZ

    def remove(self) -> None:
        """Nothing when they are gone."""
        for path in self.both:
            path.unlink(missing_ok=True)


def raw_pair(folder: Path, raw_path: str) -> RawPair:
    """The raw files of a recording in the folder that the switch writes to."""
    return RawPair(folder / f"{raw_path}{CUSTOMER_SIDE}", folder / f"{raw_path}{CENTRE_SIDE}")


def _written_ms(path: Path) -> int | None:
    try:
        return path.stat().st_mtime_ns // 1_000_000
    except FileNotFoundError:
        return None


class Shelf:
    """Turns raw recordings into files to listen to. `raw` is where the switch writes."""

    def __init__(
        self,
        *,
        database: Database,
        folder: Path,
        raw: Path,
        clock: Clock = now_ms,
        settled_ms: int = SETTLED_MS,
    ) -> None:
        self.settled_ms = settled_ms
        self._database = database
        self._folder = folder
        self._raw = raw
        self._clock = clock
        self._busy: set[str] = set()
        self._thread = ThreadPoolExecutor(1, "merge", initializer=_step_back)

    # --- rows from facts ---

    def follower(self) -> Follower:
        """The reader that makes rows of recordings."""
        return Follower(database=self._database, reader=READER, fold=self.fold)

    async def fold(self, connection: AsyncConnection, facts: Sequence[Entry]) -> None:
        """Begin and stop rows as the facts say. Repeating it changes nothing."""
        for fact in facts:
            name = fact.data.get("recording")
            if fact.type == "recording.started":
                await self._begin(connection, fact)
            elif fact.type == "recording.stopped" and isinstance(name, str):
                await store.stop(connection, name, fact.at_ms)

    async def _begin(self, connection: AsyncConnection, fact: Entry) -> None:
        name, path = fact.data.get("recording"), fact.data.get("path")
        if not isinstance(name, str) or not isinstance(path, str):
            return
        if not SAFE_NAME.match(name) or not SAFE_NAME.match(path):
            log.error("a recording's name is no file name", recording=name)
            return
        started = Recording(
            id=name,
            call_id=fact.call_id or name,
            node=str(fact.data.get("node", "")),
            raw_path=path,
            state=State.PENDING,
            started_at=fact.at_ms,
        )
        await store.add(connection, started)

    # --- one merge ---

    async def merge(self, recording_id: str) -> bool:
        """Merge a recording. True when it is ready now; False when there was nothing to do.

        Raises NotSettledError, SoundError, OSError; after MAX_TRIES failures the recording is
        marked failed, False is returned, and its raw files stay.
        """
        if recording_id in self._busy:
            raise NotSettledError(recording_id)
        recording = await self._begin_merge(recording_id)
        if recording is None:
            return False
        try:
            return await self._merge_held(recording_id)
        except NotSettledError:
            await self._put_state(recording_id, State.PENDING, recording.tries)
            raise
        except (SoundError, OSError) as error:
            tries = recording.tries + 1
            over = tries >= MAX_TRIES or isinstance(error, NoSoundError)
            problem = str(error) or type(error).__name__
            state = State.FAILED if over else State.PENDING
            await self._put_state(recording_id, state, tries, problem)
            log.error("recording not merged", recording=recording_id, reason=problem, over=over)
            if over:
                return False
            raise

    async def _begin_merge(self, recording_id: str) -> Recording | None:
        """As it was before; counts the try first, for a merge may kill the worker each time."""
        async with self._database.transaction() as connection:
            recording = await store.hold(connection, recording_id)
            if recording is None:
                return None
            if recording.tries >= MAX_TRIES:
                await store.put_state(
                    connection,
                    recording_id,
                    State.FAILED,
                    tries=recording.tries,
                    problem=recording.problem or "interrupted",
                )
                return None
            tries = recording.tries + 1
            await store.put_state(connection, recording_id, State.MERGING, tries=tries)
            return recording

    async def _put_state(
        self, recording_id: str, state: State, tries: int, problem: str | None = None
    ) -> None:
        async with self._database.transaction() as connection:
            await store.put_state(connection, recording_id, state, tries=tries, problem=problem)

    async def _merge_held(self, recording_id: str) -> bool:
        """The row's lock is held for the whole merge: a second worker finds it taken."""
        async with self._database.transaction() as connection:
            recording = await store.hold(connection, recording_id)
            if recording is None:
                return False
            raw = self._pair(recording.raw_path)
            if recording.state is not State.READY:
                self._check_settled(recording, raw)
                merged = await self._in_thread(recording, raw)
                await store.finish(connection, recording_id, merged)
        await asyncio.to_thread(raw.remove)
        log.info("recording ready", recording=recording_id)
        return True

    async def _in_thread(self, recording: Recording, raw: RawPair) -> Merged:
        """A cancelled merge goes on in its thread; until it ends no other of it begins here."""
        self._busy.add(recording.id)
        work = self._thread.submit(self._merge_files, recording, raw)
        work.add_done_callback(lambda _: self._busy.discard(recording.id))
        return await asyncio.wrap_future(work)

    def close(self) -> None:
        """Wait for the merge that runs."""
        self._thread.shutdown(wait=True, cancel_futures=True)

    def _check_settled(self, recording: Recording, raw: RawPair) -> None:
        written = raw.written_ms()
        now = self._clock()
        if written is None:
            stopped = recording.stopped_at or recording.started_at
            if now - stopped < self.settled_ms:
                raise NotSettledError(recording.id)
        elif now - written < self.settled_ms:
            raise NotSettledError(recording.id)

    def _merge_files(self, recording: Recording, raw: RawPair) -> Merged:
        file = kept_file(recording.id, recording.started_at)
        begun = time.monotonic()
        sound = merge(raw.customer, raw.centre, self._folder / file, self._folder / WORKSHOP)
        log.info(
            "recording merged",
            recording=recording.id,
            sound_ms=sound.duration_ms,
            took_ms=round(1000 * (time.monotonic() - begun)),
        )
        return Merged(file, sound.size, sound.duration_ms, sound.sha256, sound.peaks)

    def _pair(self, raw_path: str) -> RawPair:
        return raw_pair(self._raw, raw_path)

    # --- order after crashes ---

    async def due(self) -> list[str]:
        """Recordings whose merge has to be asked for."""
        async with self._database.transaction() as connection:
            return await store.due(connection, limit=DUE_AT_ONCE)

    async def asked(self, ids: Sequence[str]) -> None:
        """The merges of these have been asked for just now."""
        async with self._database.transaction() as connection:
            await store.asked(connection, ids, self._clock())

    async def tidy(self, *, at_start: bool = False) -> None:
        """Find recordings that nobody finished. At the start failed ones get another chance."""
        now = self._clock()
        async with self._database.transaction() as connection:
            before = now if at_start else now - FORGOTTEN_MS
            again = await store.ask_again(connection, before, failed_too=at_start)
            for recording in await store.growing(connection, now - FORGOTTEN_MS):
                written = self._pair(recording.raw_path).written_ms()
                if written is None or now - written >= FORGOTTEN_MS:
                    await store.stop(connection, recording.id, written or now)
            orphans = await self._adopt(connection, now)
        await asyncio.to_thread(sweep, self._folder / WORKSHOP, now)
        if again or orphans:
            log.info("recordings taken up again", unfinished=again, orphans=orphans)

    async def _adopt(self, connection: AsyncConnection, now: int) -> int:
        """Give raw files without a row a row; remove those of merged recordings."""
        names = await asyncio.to_thread(self._forgotten, now)
        known = await store.known(connection, names)
        adopted = 0
        for name in names:
            raw = self._pair(name)
            written = raw.written_ms()
            if written is None:
                continue
            found = known.get(name)
            if found is None:
                adopted += 1
                await store.add(connection, _orphan(name, written, raw.length_ms()))
            elif found.state is State.READY and self._is_whole(found):
                raw.remove()
        return adopted

    def _forgotten(self, now: int) -> list[str]:
        return sorted(
            {
                name
                for name, path in self._raw_files()
                if now - (_written_ms(path) or now) >= FORGOTTEN_MS
            }
        )

    def _raw_files(self) -> Iterator[tuple[str, Path]]:
        if not self._raw.is_dir():
            return
        for path in self._raw.iterdir():
            for side in (CUSTOMER_SIDE, CENTRE_SIDE):
                name = path.name.removesuffix(side)
                if name != path.name and SAFE_NAME.match(name):
                    yield name, path

    def _is_whole(self, recording: Recording) -> bool:
        if recording.file is None:
            return False
        path = self._folder / recording.file
        return path.is_file() and path.stat().st_size == recording.size


def _step_back() -> None:
    """Linux: niceness is of the thread. Calls come first, merging can wait."""
    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)


def _orphan(name: str, written: int, length_ms: int) -> Recording:
    return Recording(
        id=name,
        call_id=name,
        node="",
        raw_path=name,
        state=State.PENDING,
        started_at=written - length_ms,
        stopped_at=written,
    )
