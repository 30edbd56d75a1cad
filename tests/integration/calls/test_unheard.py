"""Calls that no floor has heard of: in the books once, whatever happens to the worker."""

import asyncio
import os
from pathlib import Path

import pytest
from sqlalchemy import text

from hujiao.app.verify.books import Books, begin
from hujiao.app.verify.model import Checked, Difference, Period
from hujiao.calls import store, unheard
from hujiao.calls.projection import Contact
from hujiao.calls.projector import projector
from hujiao.calls.unheard import UnheardCalls, unheard_call
from hujiao.events import calls as facts
from hujiao.events.fact import Subject
from hujiao.events.ledger import publish
from hujiao.kit.db import Database
from hujiao.kit.numbers import DEFAULT_REGION

pytestmark = pytest.mark.integration

CAME, LEFT = 1_764_000_000_123, 1_764_000_007_456
CALL = "n1-1764000000.7"


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    (tmp_path / "unheard").mkdir()
    return tmp_path


@pytest.fixture
def worker(database: Database, spool: Path) -> UnheardCalls:
    return UnheardCalls(database=database, spool=spool)


def file_name(call: str = CALL, *, came: int = CAME, left: int = LEFT, by: str = "customer") -> str:
    return f"{call}_{came}_{left}_{by}_13800138000_4008001234_PJSIPgw_1-0000002a.alaw"


def lies_there(spool: Path, name: str) -> Path:
    path = spool / "unheard" / name
    path.touch()
    return path


async def told(database: Database) -> list[str]:
    async with database.transaction() as connection:
        rows = await connection.execute(text("SELECT type FROM fact ORDER BY position"))
        return list(rows.scalars())


async def listed(database: Database, call: str = CALL) -> Contact | None:
    await projector(database).catch_up()
    async with database.transaction() as connection:
        return (await store.load_contacts(connection, [call])).get(call)


async def differences(database: Database) -> list[Difference]:
    async with database.transaction() as connection:
        await begin(connection)
        books = Books(connection, Period(CAME - 1, LEFT + 60_000), DEFAULT_REGION)
        return [one async for one in books.differences(Checked())]


async def test_a_caller_nobody_heard_is_listed_with_the_times_he_came_and_left(
    database: Database, worker: UnheardCalls, spool: Path
) -> None:
    path = lies_there(spool, file_name())
    assert await worker.take_in() == 1
    call = await listed(database)
    assert call is not None
    assert (call.arrived_at, call.ended_at) == (CAME, LEFT)
    assert (call.caller, call.called) == ("13800138000", "4008001234")
    assert (call.node, call.trunk, call.customer_number) == ("n1", "gw_1", "+8613800138000")
    assert (call.result, call.ended_by, call.wait_ms) == ("abandoned_menu", "customer", 0)
    assert not path.exists()
    assert await differences(database) == []


async def test_who_was_sent_away_by_the_apology_did_not_give_up(
    database: Database, worker: UnheardCalls, spool: Path
) -> None:
    lies_there(spool, file_name(by="system"))
    await worker.take_in()
    call = await listed(database)
    assert call is not None
    assert (call.result, call.ended_by) == ("failed", "system")


async def test_a_worker_killed_after_the_telling_and_before_the_removal_tells_nothing_twice(
    database: Database, worker: UnheardCalls, spool: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = lies_there(spool, file_name())

    def killed(_paths: list[Path]) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as dying:
        dying.setattr(unheard, "_remove", killed)
        with pytest.raises(KeyboardInterrupt):
            await worker.take_in()
    assert path.exists()
    assert await told(database) == ["call.arrived", "call.ended"]
    assert await UnheardCalls(database=database, spool=spool).take_in() == 0
    assert not path.exists()
    assert await told(database) == ["call.arrived", "call.ended"]


async def test_a_worker_killed_before_its_commit_leaves_all_to_the_next(
    database: Database, worker: UnheardCalls, spool: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lies_there(spool, file_name())
    second = lies_there(spool, file_name("n1-1764000000.8"))
    count = 0

    async def dies_in_the_middle(*args: object, **named: object) -> None:
        nonlocal count
        count += 1
        if count == 3:
            raise asyncio.CancelledError
        await publish(*args, **named)  # type: ignore[arg-type]

    with monkeypatch.context() as dying:
        dying.setattr(unheard, "publish", dies_in_the_middle)
        with pytest.raises(asyncio.CancelledError):
            await worker.take_in()
    assert second.exists()
    assert await told(database) == []
    assert await worker.take_in() == 2


async def test_many_workers_tell_many_calls_once(
    database: Database, spool: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unheard, "AT_ONCE", 7)
    for number in range(30):
        lies_there(spool, file_name(f"n1-1764000000.{number}", came=CAME + number))
    workers = [UnheardCalls(database=database, spool=spool) for _ in range(3)]
    new = await asyncio.gather(*(worker.take_in() for worker in workers))
    assert sum(new) + await workers[0].take_in() == 30
    assert os.listdir(spool / "unheard") == []
    assert len(await told(database)) == 60
    await listed(database)
    assert await differences(database) == []


async def test_a_call_that_a_floor_has_told_of_is_left_to_it(
    database: Database, worker: UnheardCalls, spool: Path
) -> None:
    arrived = facts.CallArrived("in", "13800138000", "", "4008001234", "gw", "n1", CALL)
    async with database.transaction() as connection:
        await publish(connection, arrived, Subject(CALL))
    path = lies_there(spool, file_name())
    assert await worker.take_in() == 0
    assert await told(database) == ["call.arrived"]
    assert not path.exists()


async def test_a_strange_file_is_not_touched(worker: UnheardCalls, spool: Path) -> None:
    names = ["notes.txt", file_name("n1_1"), file_name(by="god"), file_name().upper()]
    for name in names:
        lies_there(spool, name)
    assert await worker.take_in() == 0
    assert sorted(os.listdir(spool / "unheard")) == sorted(names)


def test_a_clock_set_back_lets_no_call_end_before_it_came() -> None:
    call = unheard_call(file_name(left=CAME - 5_000))
    assert call is not None
    assert call.left_at == call.came_at == CAME


def test_a_call_of_the_switch_to_itself_and_a_withheld_number_are_told_too() -> None:
    call = unheard_call(f"0197-ab.1.in_{CAME}_{LEFT}_customer___Local4001from-trunk-0001.alaw")
    assert call is not None
    assert (call.id, call.node, call.caller, call.called) == ("0197-ab.1.in", "", "", "")
