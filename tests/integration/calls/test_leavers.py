"""Callers whom nodes have noted and no floor has written down come into the ledger once."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hujiao.events.follow import facts_named
from hujiao.events.ledger import Ledger
from hujiao.floor.leavers import LATELY_MS, Leavers
from hujiao.kit.clock import now_ms
from hujiao.kit.db import Database
from hujiao.telephony.port import EndedLeg, LegArrived, LegId, NodeName, Origin
from tests.unit.floor.stage import Stage

pytestmark = pytest.mark.integration


@pytest.fixture
async def ledger(database: Database, tmp_path: Path) -> AsyncIterator[Ledger]:
    ledger = Ledger(database=database, path=tmp_path / "ledger.sqlite", source="floor")
    await ledger.start()
    yield ledger
    await ledger.stop(deliver_within_s=1)


def left(leg: str, ago_ms: int = 1_000) -> EndedLeg:
    at_ms = now_ms() - ago_ms
    came = LegArrived(
        at_ms - 5_000, NodeName("n1"), LegId(leg), Origin.TRUNK, "gw", "13800138000", "", "4001"
    )
    return EndedLeg(LegId(leg), at_ms, 16, came)


async def booked(database: Database, *calls: str) -> set[str]:
    async with database.transaction() as connection:
        ended = await facts_named(connection, "call.ended", calls)
        arrived = await facts_named(connection, "call.arrived", calls)
    assert ended.keys() == arrived.keys()
    return set(arrived)


async def test_only_lately_left_callers_whom_nobody_knows_are_booked(
    database: Database, ledger: Ledger
) -> None:
    stage, leavers = Stage(), Leavers()
    live = stage.arrive()
    called = EndedLeg(LegId("customer.2"), now_ms(), 16)
    leavers.hear((left("new"), left("old", LATELY_MS + 1), left(live.id), called))
    assert await leavers.book(stage.floor, ledger, database) == 1
    await ledger.flush()
    assert await booked(database, "new", "old", live.id, "customer.2") == {"new"}
    leavers.hear((left("new"),))
    assert await leavers.book(stage.floor, ledger, database) == 0


async def test_notes_are_kept_while_the_ledger_cannot_be_asked_and_when_more_come_meanwhile(
    database: Database, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage, leavers = Stage(), Leavers()
    flush = ledger.flush

    async def away() -> None:
        raise TimeoutError

    async def another_node_connects() -> None:
        leavers.hear((left("second"),))
        await flush()

    leavers.hear((left("first"),))
    monkeypatch.setattr(ledger, "flush", away)
    with pytest.raises(TimeoutError):
        await leavers.book(stage.floor, ledger, database)
    assert leavers.heard.is_set()
    monkeypatch.setattr(ledger, "flush", another_node_connects)
    assert await leavers.book(stage.floor, ledger, database) == 1
    assert leavers.heard.is_set()
    monkeypatch.setattr(ledger, "flush", flush)
    assert await leavers.book(stage.floor, ledger, database) == 1
    assert not leavers.heard.is_set()
    await ledger.flush()
    assert await booked(database, "first", "second") == {"first", "second"}
