"""The callers: each calls, listens to the menu, waits as long as his patience lasts, talks."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from hujiao.app.demo.board import Board
from hujiao.app.demo.media import Media, Stream
from hujiao.app.demo.plan import Caller, Day
from hujiao.app.demo.sip import Line, Telephone
from hujiao.app.demo.voices import Voices

ANSWER_S = 40.0
ENDING_ANSWER_S = 5.0
BETWEEN_KEYS_S = 6.0
LONGEST_TALK_S = 120.0
"""Longer than any planned talk takes; then the caller hangs up whatever the agent does."""


@dataclass(slots=True)
class Placed:
    """A call as its caller knows it."""

    caller: Caller
    line: Line


class Callers:
    """All callers of a day, on one telephone socket."""

    def __init__(
        self, telephone: Telephone, media: Media, board: Board, voices: Voices, number: str
    ) -> None:
        self._telephone = telephone
        self._media = media
        self._board = board
        self._voices = voices
        self._number = number
        self.placed: list[Placed] = []

    @property
    def living(self) -> int:
        return sum(1 for one in self.placed if not one.line.ended.is_set())

    async def live_through(self, day: Day) -> None:
        """Returns when the last call has ended. Cancelled, it hangs up whatever is left."""
        begin = asyncio.get_running_loop().time()
        try:
            async with asyncio.TaskGroup() as group:
                for caller in day.callers:
                    await asyncio.sleep(begin + caller.at_s - asyncio.get_running_loop().time())
                    group.create_task(self._call(caller), name=f"caller {caller.number}")
        finally:
            for one in self.placed:
                one.line.hang_up()

    async def _call(self, caller: Caller) -> None:
        line = self._telephone.call(self._number, caller=caller.number, name=caller.name)
        self.placed.append(Placed(caller, line))
        try:
            await until_any(ANSWER_S, line.answered, line.ended)
        except asyncio.CancelledError:
            # A call is on its way: it is ended once it exists, so that all books have it.
            await until_any(ENDING_ANSWER_S, line.answered, line.ended)
            line.hang_up()
            raise
        if line.far_media is None or line.ended.is_set():
            line.hang_up()
            return
        stream = self._media.add(line.far_media)
        try:
            await self._be_served(caller, line, stream)
        finally:
            line.hang_up()
            self._media.remove(stream)

    async def _be_served(self, caller: Caller, line: Line, stream: Stream) -> None:
        if caller.leaves_menu_s is not None:
            await until_any(caller.leaves_menu_s, line.ended)
            return
        for place, key in enumerate(caller.keys):
            if await until_any(BETWEEN_KEYS_S if place else caller.first_key_s, line.ended):
                return
            stream.press(key)
        taken = self._board.taken(caller.number)
        while not taken.is_set():
            if not await until_any(caller.patience_s, line.ended, taken):
                if not self._board.is_choosing(caller.number):
                    return  # he has lost his patience
            elif line.ended.is_set():
                return
        stream.speech = self._voices.speech(self._voices.customer)
        await until_any(caller.talk_s if caller.hangs_up else LONGEST_TALK_S, line.ended)


async def until_any(timeout_s: float, *events: asyncio.Event) -> bool:
    """Whether one of the events came in time."""
    tasks = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        done, _ = await asyncio.wait(tasks, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
    return bool(done)
