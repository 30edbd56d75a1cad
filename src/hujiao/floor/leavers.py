"""Callers who left, and of whom nobody has written down that they ever came.

A floor writes what happens within some milliseconds together, and one that hangs writes nothing:
a caller who leaves before the next one is there stands in no book. His node has noted him.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from hujiao.calls.model import EndedBy
from hujiao.calls.unheard import UnheardCall, story
from hujiao.events.fact import Subject
from hujiao.events.follow import facts_named
from hujiao.events.ledger import Ledger
from hujiao.kit.clock import now_ms
from hujiao.kit.db import Database
from hujiao.kit.log import logger
from hujiao.telephony.port import EndedLeg, LegId

if TYPE_CHECKING:
    from hujiao.floor.core import Floor

LATELY_MS = 3_600_000
"""Of older notes the ledger may have been told to forget the call."""

log = logger(__name__)


class Leavers:
    """What nodes have noted, until the ledger is asked whether it knows of it."""

    def __init__(self) -> None:
        self.heard = asyncio.Event()
        self._notes: dict[LegId, EndedLeg] = {}

    def hear(self, notes: tuple[EndedLeg, ...]) -> None:
        """Keep the notes of callers; there are never more than nodes keep of them."""
        self._notes |= {note.leg: note for note in notes if note.arrival is not None}
        if self._notes:
            self.heard.set()

    async def book(self, floor: Floor, ledger: Ledger, database: Database) -> int:
        """Tell the ledger of those it does not know. Returns how many they were.

        Raises TimeoutError or what the database raises, and keeps the notes, when it is away.
        """
        notes = dict(self._notes)
        since_ms = now_ms() - LATELY_MS
        asked = {leg: note for leg, note in notes.items() if note.ended_ms > since_ms}
        # What this floor, and the last one, told of them is looked for as well.
        await ledger.flush()
        async with database.transaction() as connection:
            known = await facts_named(connection, "call.arrived", list(asked))
        new = [note for leg, note in asked.items() if leg not in known and leg not in floor.calls]
        for note in new:
            call = _call(note)
            for fact, at_ms in story(call):
                ledger.append(fact, Subject(call.id), at_ms=at_ms)
        ledger.commit()
        for leg in notes:
            del self._notes[leg]
        if not self._notes:
            self.heard.clear()
        if new:
            log.warning("callers left whom no floor has written down", count=len(new))
        return len(new)


def _call(note: EndedLeg) -> UnheardCall:
    came = note.arrival
    assert came is not None
    return UnheardCall(
        id=note.leg,
        node=came.node,
        came_at=came.at_ms,
        left_at=note.ended_ms,
        ended_by=EndedBy.CUSTOMER,
        caller=came.caller_number,
        called=came.called_number,
        trunk=came.endpoint,
    )
