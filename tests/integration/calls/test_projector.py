"""The table of contacts follows the ledger, whatever happens to the worker that writes it."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from hujiao.calls import projector, store
from hujiao.calls.projection import Contact
from hujiao.events import calls as facts
from hujiao.events import floor as floor_facts
from hujiao.events.fact import Fact, Subject
from hujiao.events.follow import Entry, Follower
from hujiao.events.ledger import CHANNEL, Ledger, publish
from hujiao.kit.db import Database
from hujiao.kit.listen import listen
from tests.harness.waiting import until

pytestmark = pytest.mark.integration


def answered_call(call: str) -> list[tuple[Fact, Subject]]:
    waiting, talking = Subject(call, queue="q1"), Subject(call, "a1", "q1")
    return [
        (facts.CallArrived("in", "13800138000", "", "4008001234", "t1", "n1", call), Subject(call)),
        (floor_facts.QueueEntered(0), waiting),
        (floor_facts.OfferHasFailed("timeout"), Subject(call, "a2", "q1")),
        (floor_facts.OfferWasAccepted(), talking),
        (floor_facts.QueueLeft("answered"), talking),
        (facts.CallConnected(), talking),
        (facts.CallEnded("talking", "customer", 16), talking),
    ]


async def write(database: Database, told: Sequence[tuple[Fact, Subject]]) -> None:
    async with database.transaction() as connection:
        for fact, subject in told:
            await publish(connection, fact, subject)


async def contacts(database: Database) -> dict[str, Contact]:
    async with database.transaction() as connection:
        ids = (await connection.execute(text("SELECT id FROM contact"))).scalars().all()
        return await store.load_contacts(connection, ids)


async def test_facts_become_contacts(database: Database) -> None:
    await write(database, answered_call("c1") + answered_call("c2")[:3])
    assert await projector.projector(database).catch_up() == 10
    made = await contacts(database)
    assert made["c1"].result == "answered"
    assert made["c1"].agent_id == "a1"
    assert made["c1"].customer_number == "+8613800138000"
    assert made["c1"].missed_by == ("a2",)
    assert made["c1"].n_facts == 7
    assert made["c2"].result == "in_progress"


async def test_a_projector_killed_in_the_middle_of_a_batch_goes_on_without_doubling(
    database: Database,
) -> None:
    await write(database, answered_call("c1") + answered_call("c2"))
    folded = asyncio.Event()

    async def fold_then_hang(connection: AsyncConnection, batch: Sequence[Entry]) -> None:
        await projector.fold(connection, batch)
        folded.set()
        await asyncio.Event().wait()

    doomed = Follower(database=database, reader=projector.READER, fold=fold_then_hang, batch=9)
    task = asyncio.create_task(doomed.run())
    await folded.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await contacts(database) == {}
    assert await projector.projector(database).catch_up() == 14
    made = await contacts(database)
    assert {one.n_facts for one in made.values()} == {7}
    assert made["c2"].missed_by == ("a2",)


async def test_two_workers_together_fold_each_fact_once(database: Database) -> None:
    calls = [f"c{number}" for number in range(40)]
    await write(database, [step for call in calls for step in answered_call(call)])

    def worker() -> Follower:
        return Follower(database=database, reader="contacts", fold=projector.fold, batch=13)

    tasks = [asyncio.create_task(worker().run()) for _ in range(3)]

    async def all_done() -> bool:
        made = await contacts(database)
        return len(made) == 40 and all(one.ended_at for one in made.values())

    await until(all_done, what="all calls folded")
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    made = await contacts(database)
    assert {(one.n_facts, one.missed_by) for one in made.values()} == {(7, ("a2",))}


async def test_rebuilding_from_the_first_fact_gives_the_same_contacts(database: Database) -> None:
    await write(database, answered_call("c1") + answered_call("c2")[:5])
    await projector.projector(database).catch_up()
    before = await contacts(database)
    async with database.transaction() as connection:
        await connection.execute(text("UPDATE contact SET talk_ms = 99, result = 'failed'"))
    assert await projector.rebuild(database) == 12
    assert await contacts(database) == before


async def test_the_ledger_wakes_the_projector_at_once(
    database: Database, postgres_url: str, tmp_path: Any
) -> None:
    ledger = Ledger(database=database, path=tmp_path / "ledger.db", source="floor")
    await ledger.start()
    follower = Follower(database=database, reader="contacts", fold=projector.fold, poll_s=60.0)
    connected = asyncio.Event()
    tasks = [
        asyncio.create_task(follower.run()),
        asyncio.create_task(
            listen(
                postgres_url,
                (CHANNEL,),
                on_notify=lambda _channel, _payload: follower.wake(),
                on_connect=connected.set,
            )
        ),
    ]
    await connected.wait()
    at_ms = 1_764_000_000_000
    for fact, subject in answered_call("c1"):
        ledger.append(fact, subject, at_ms=at_ms)
        at_ms += 1_000
    ledger.commit()

    async def there() -> bool:
        made = await contacts(database)
        return "c1" in made and made["c1"].ended_at is not None

    await until(there, timeout_s=10, what="the contact")
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await ledger.stop()
    made = await contacts(database)
    assert made["c1"].wait_ms == 4_000
    assert made["c1"].talk_ms == 1_000
