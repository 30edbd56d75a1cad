"""The worker's way to messages that callers left while no floor was there.

The switch records into a folder and knows nothing of us; the name of a file tells who called. A
message is known, has its work item and its sound in one transaction; only then the raw file goes.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from hujiao.callbacks import store
from hujiao.callbacks.model import Callback, Kind, Message, State, Why
from hujiao.callbacks.opening import open_callback
from hujiao.callbacks.rules import SUFFIX as RAW_SUFFIX
from hujiao.callbacks.rules import RawMessage, raw_message
from hujiao.calls.unheard import UnheardCalls
from hujiao.events.callbacks import MessageLeft
from hujiao.events.fact import Subject
from hujiao.events.follow import facts_named
from hujiao.events.ledger import publish
from hujiao.events.versions import NewerFactError
from hujiao.floor.admin import queue_of_number
from hujiao.kit.clock import Clock, now_ms
from hujiao.kit.db import Database, alone
from hujiao.kit.ids import new_id
from hujiao.kit.log import logger
from hujiao.kit.numbers import DEFAULT_REGION, number_key
from hujiao.recordings.sound import (
    SETTLED_MS,
    WORKSHOP,
    NoSoundError,
    Sound,
    SoundError,
    kept_file,
    merge,
    sweep,
)

LOOK_EVERY_S = 2.0
AT_ONCE = 20
FULL_BYTES = 256_000_000
"""Raw messages of this size together close the letterbox: some 270 of the longest."""
EMPTY_MS = 600_000
"""A file that nothing was written into for so long never will be."""
UNREADABLE = ".unreadable"
OPEN_MODE, CLOSED_MODE = 0o755, 0o555

log = logger(__name__)


@dataclass(frozen=True, slots=True)
class _Raw:
    message: RawMessage
    path: Path
    size: int
    written_ms: int


class Letterbox:
    """Takes messages in: `spool` is where the switch records, `folder` where they are kept."""

    def __init__(
        self,
        *,
        database: Database,
        spool: Path,
        folder: Path,
        region: str = DEFAULT_REGION,
        clock: Clock = now_ms,
        settled_ms: int = SETTLED_MS,
        full_bytes: int = FULL_BYTES,
    ) -> None:
        self._database = database
        self._spool = spool
        self._folder = folder
        self._region = region
        self._clock = clock
        self._settled_ms = settled_ms
        self._full_bytes = full_bytes
        self._unheard = UnheardCalls(database=database, spool=spool)

    async def look_after(self) -> None:
        """Take in what comes, until cancelled."""
        while True:
            try:
                await asyncio.to_thread(sweep, self._folder / WORKSHOP, self._clock())
                await self.take_in()
                await asyncio.to_thread(self.guard)
            except (SQLAlchemyError, OSError, NewerFactError) as error:
                log.warning("messages wait", reason=type(error).__name__)
            await asyncio.sleep(LOOK_EVERY_S)

    async def take_in(self) -> int:
        """Take in the messages that are over, the oldest first. Returns how many were new.

        Calls that no floor has heard of come first: a message may belong to one of them.
        """
        await self._unheard.take_in()
        found = await asyncio.to_thread(self._settled)
        if found:
            await asyncio.to_thread(self._set_mode, OPEN_MODE)  # nothing leaves a closed folder
        new = 0
        for raw in found:
            try:
                new += await self._take(raw)
            except SoundError as error:
                log.error("a message cannot be read", message=raw.message.id, reason=str(error))
                raw.path.rename(raw.path.with_suffix(UNREADABLE))
        return new

    def guard(self) -> bool:
        """Close the spool while it holds too much: the switch then apologises. True when open.

        What callers have said is never removed for space.
        """
        if not self._spool.is_dir():
            return True
        held = sum(path.stat().st_size for path in self._spool.glob(f"*{RAW_SUFFIX}"))
        is_open = held < self._full_bytes
        if self._set_mode(OPEN_MODE if is_open else CLOSED_MODE) and not is_open:
            log.error("no more messages are taken", held_bytes=held)
        return is_open

    def _set_mode(self, mode: int) -> bool:
        """True when it was another."""
        if self._spool.stat().st_mode & 0o777 == mode:
            return False
        self._spool.chmod(mode)
        return True

    def _settled(self) -> list[_Raw]:
        """Files that nobody writes to any more."""
        now = self._clock()
        over = [raw for raw in self._raw_files() if now - raw.written_ms >= self._settled_ms]
        over.sort(key=lambda raw: (raw.message.left_at, raw.message.id))
        return over[:AT_ONCE]

    def _raw_files(self) -> Iterator[_Raw]:
        if not self._spool.is_dir():
            return
        for path in self._spool.iterdir():
            message = raw_message(path.name)
            if message is None or path.is_symlink():
                continue
            status = path.stat()
            written_ms = status.st_mtime_ns // 1_000_000
            if status.st_size > 0:
                yield _Raw(message, path, status.st_size, written_ms)
            elif self._clock() - written_ms > EMPTY_MS:
                path.unlink(missing_ok=True)

    async def _take(self, raw: _Raw) -> bool:
        """One worker at a time; what a killed one left is done again into the same file."""
        async with self._database.transaction() as connection:
            if not await alone(connection, "letterbox"):
                return False
            known = await store.message_by_id(connection, raw.message.id)
            is_new = False
            if known is None or known.raw_size < raw.size:
                message = await self._in_thread(raw)
                is_new = await self._keep(connection, message)
        await asyncio.to_thread(_remove, raw)
        return is_new

    async def _in_thread(self, raw: _Raw) -> Message:
        file = kept_file(raw.message.id, raw.message.left_at)
        sound = await asyncio.to_thread(self._press, raw.path, file)
        return Message(
            id=raw.message.id,
            number=number_key(raw.message.caller, self._region),
            called=raw.message.called,
            left_at=raw.message.left_at,
            file=file,
            size=sound.size,
            duration_ms=sound.duration_ms,
            sha256=sound.sha256,
            peaks=sound.peaks,
            raw_size=raw.size,
        )

    def _press(self, path: Path, file: str) -> Sound:
        """As recordings are kept: the customer left, and nobody right."""
        nobody = path.with_suffix(".none")
        try:
            return merge(path, nobody, self._folder / file, self._folder / WORKSHOP)
        except NoSoundError as error:
            raise SoundError("gone while it was read") from error

    async def _keep(self, connection: AsyncConnection, message: Message) -> bool:
        """Known ones only become longer. Returns whether it was new."""
        arrived = await facts_named(connection, "call.arrived", [message.id])
        opened = Callback(
            id=new_id(),
            kind=Kind.MESSAGE,
            state=State.OPEN,
            why=Why.FLOOR_AWAY,
            number=message.number,
            called=message.called,
            happened_at=message.left_at,
            call_id=message.id if arrived else None,
            queue_id=await queue_of_number(connection, message.called),
        )
        known = await store.callback_of_message(connection, message.id)
        if known is not None:
            await store.put_message(connection, known, message)
            return False
        told = MessageLeft(
            message.id, message.number, message.called, message.left_at, message.duration_ms
        )
        await publish(connection, told, Subject(opened.call_id, queue=opened.queue_id))
        await open_callback(connection, opened, f"message:{message.id}")
        await store.put_message(connection, opened.id, message)
        log.info("message taken in", message=message.id, sound_ms=message.duration_ms)
        return True


def _remove(raw: _Raw) -> None:
    """Not what has grown meanwhile: that is taken in once more."""
    if raw.path.exists() and raw.path.stat().st_size == raw.size:
        raw.path.unlink(missing_ok=True)
