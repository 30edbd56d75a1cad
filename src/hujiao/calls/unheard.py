"""Calls that came and went while no floor was there: the switch leaves a file, we tell the ledger.

The name of a file tells everything, so that no half of it can ever be read. The call is in the
ledger in one transaction; only then the file goes.
"""

import asyncio
import re
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncConnection

from hujiao.calls.model import Direction, EndedBy
from hujiao.events import calls as facts
from hujiao.events.fact import Fact, Subject
from hujiao.events.follow import facts_named
from hujiao.events.ledger import publish
from hujiao.kit.db import Database, alone
from hujiao.kit.log import logger
from hujiao.telephony.config.node import UNHEARD
from hujiao.telephony.port import Cause
from hujiao.telephony.spelling import SPELT_NUMBER

PHASE = "arriving"
"""Nobody has greeted them."""
AT_ONCE = 200

_FILE = re.compile(
    r"(?P<id>(?P<node>[0-9A-Za-z.-]{1,64})-[0-9]{1,12}\.[0-9]{1,12}|[0-9A-Za-z.-]{1,100})"
    r"_(?P<came>[0-9]{13})_(?P<left>[0-9]{13})_(?P<by>customer|system)"
    rf"_(?P<caller>{SPELT_NUMBER})_(?P<called>{SPELT_NUMBER})_(?P<line>[0-9A-Za-z_.-]{{0,80}})\.alaw"
)

log = logger(__name__)


@dataclass(frozen=True, slots=True)
class UnheardCall:
    """What the switch tells of it. Times are milliseconds since epoch.

    `node` is empty for an id that we chose ourselves (the switch calling itself).
    """

    id: str
    node: str
    came_at: int
    left_at: int
    ended_by: EndedBy
    caller: str
    called: str
    trunk: str


def unheard_call(file: str) -> UnheardCall | None:
    """None for a file that the dialplan did not name."""
    found = _FILE.fullmatch(file)
    if found is None:
        return None
    came_at = int(found["came"])
    return UnheardCall(
        id=found["id"],
        node=found["node"] or "",
        came_at=came_at,
        left_at=max(came_at, int(found["left"])),  # the clock may have been set back meanwhile
        ended_by=EndedBy(found["by"]),
        caller=found["caller"],
        called=found["called"],
        # The type of the channel went with the slash: PJSIPgateway-0000002a.
        trunk=found["line"].removeprefix("PJSIP").rpartition("-")[0],
    )


class UnheardCalls:
    """Brings them into the books; `spool` is where the switch records messages."""

    def __init__(self, *, database: Database, spool: Path) -> None:
        self._database = database
        self._folder = spool / UNHEARD

    async def take_in(self) -> int:
        """Tell the ledger of the calls there are, the oldest first. Returns how many were new.

        One worker at a time; what a killed one left is told once all the same.
        """
        new = 0
        found = await asyncio.to_thread(self._found)
        for begin in range(0, len(found), AT_ONCE):
            batch = found[begin : begin + AT_ONCE]
            async with self._database.transaction() as connection:
                if not await alone(connection, "unheard"):
                    return new
                told = await _tell(connection, [call for call, _ in batch])
            await asyncio.to_thread(_remove, [path for _, path in batch])
            new += told
        if new:
            log.info("calls that no floor has heard of", count=new)
        return new

    def _found(self) -> list[tuple[UnheardCall, Path]]:
        if not self._folder.is_dir():
            return []
        found = [
            (call, path)
            for path in self._folder.iterdir()
            if (call := unheard_call(path.name)) is not None
        ]
        return sorted(found, key=lambda one: (one[0].came_at, one[0].id))


async def _tell(connection: AsyncConnection, calls: list[UnheardCall]) -> int:
    known = await facts_named(connection, "call.arrived", [call.id for call in calls])
    fresh = {call.id: call for call in calls if call.id not in known}
    for call in fresh.values():
        for fact, at_ms in story(call):
            await publish(connection, fact, Subject(call.id), at_ms=at_ms)
    return len(fresh)


def story(call: UnheardCall) -> tuple[tuple[Fact, int], tuple[Fact, int]]:
    """All that there is to tell of it, each with its time in ms since epoch."""
    arrived = facts.CallArrived(
        direction=Direction.IN,
        caller=call.caller,
        caller_name="",
        called=call.called,
        trunk=call.trunk,
        node=call.node,
        leg=call.id,
    )
    ended = facts.CallEnded(PHASE, call.ended_by, Cause.NORMAL)
    return (arrived, call.came_at), (ended, call.left_at)


def _remove(paths: list[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)
