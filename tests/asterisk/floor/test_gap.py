"""Callers who come while no floor is there: none is forgotten, none loses his turn."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from hujiao.app.verify.books import Books, begin
from hujiao.app.verify.model import Checked, Difference, Period
from hujiao.callbacks.letterbox import Letterbox
from hujiao.calls import store
from hujiao.calls.projection import Contact
from hujiao.calls.projector import projector
from hujiao.events.ledger import Ledger, MemorySink
from hujiao.kit.clock import now_ms
from hujiao.kit.db import Database
from hujiao.kit.numbers import DEFAULT_REGION
from tests.asterisk.floor.running import configuration, running_floor
from tests.asterisk.floor.test_answered_call import agent_phone, connected
from tests.harness.fixtures import MakeNode, MakeSoftphone
from tests.harness.node import RunningNode
from tests.harness.waiting import until

pytestmark = pytest.mark.asterisk

HOUR_MS = 3_600_000

NAMED = "desk*12"
"""Gateways send names as well as numbers."""


def unheard(node: RunningNode) -> list[Path]:
    return sorted((node.settings.message_spool / "unheard").iterdir())


async def all_over(node: RunningNode) -> None:
    await until(lambda: not node.ari("GET", "/channels").json(), what="the calls are over")


async def worked(node: RunningNode, database: Database, folder: Path) -> None:
    """What a worker does with the spool and the ledger."""
    spool = node.settings.message_spool
    await Letterbox(database=database, spool=spool, folder=folder, settled_ms=0).take_in()
    await projector(database).catch_up()


async def listed(database: Database, call: str) -> Contact:
    async with database.transaction() as connection:
        return (await store.load_contacts(connection, [call]))[call]


async def differences(database: Database) -> list[Difference]:
    period = Period(now_ms() - HOUR_MS, now_ms() + HOUR_MS)
    checked = Checked()
    async with database.transaction() as connection:
        await begin(connection)
        books = Books(connection, period, DEFAULT_REGION)
        found = [one async for one in books.differences(checked)]
    assert checked.calls == 1
    return found


async def test_a_caller_who_gives_up_while_no_floor_is_there_stands_in_the_books_once(
    asterisk_node: MakeNode, softphone: MakeSoftphone, database: Database, tmp_path: Path
) -> None:
    node = asterisk_node()
    caller = await softphone(user=NAMED)
    async with running_floor(node, configuration([caller.port]), MemorySink()):
        """It makes the trunk known, and is gone."""
    before = now_ms()
    await caller.dial("4001", node.sip_port)
    await caller.until_call("ESTABLISHED")
    established = now_ms()
    (channel,) = node.ari("GET", "/channels").json()
    await until(lambda: caller.heard().duration_s > 1.2, what="music over more than one retry")
    assert unheard(node) == []
    hung_up = now_ms()
    await caller.hang_up()
    await all_over(node)
    await until(lambda: unheard(node), what="the switch's word of it")
    for _ in range(2):
        await worked(node, database, tmp_path)
    assert unheard(node) == []
    call = await listed(database, channel["id"])
    assert (call.direction, call.caller, call.called) == ("in", NAMED, "4001")
    assert (call.trunk, call.node) == ("gw0", node.settings.name)
    assert (call.result, call.ended_by, call.cause) == ("abandoned_menu", "customer", 16)
    assert before <= call.arrived_at <= established
    assert call.ended_at is not None
    assert hung_up <= call.ended_at <= now_ms()
    assert call.n_facts == 2
    assert await differences(database) == []


async def test_whom_a_floor_has_taken_the_switch_does_not_tell_of(
    asterisk_node: MakeNode, softphone: MakeSoftphone
) -> None:
    node = asterisk_node()
    caller = await softphone()
    settings, ledger = configuration([caller.port]), MemorySink()
    async with running_floor(node, settings, ledger) as first:
        await agent_phone(softphone, node, "1001")
        await first.ready("ann")
        await connected(first, caller, node)
        await caller.hang_up()
        await first.until_idle()
    await caller.dial("4001", node.sip_port)
    await caller.until_call("ESTABLISHED")
    async with running_floor(node, settings, ledger) as second:
        await second.call()
        await caller.hang_up()
        await second.until_idle()
    await all_over(node)
    assert unheard(node) == []


async def test_whom_a_floor_had_and_never_wrote_down_stands_in_the_books_once(
    asterisk_node: MakeNode, softphone: MakeSoftphone, database: Database, tmp_path: Path
) -> None:
    node = asterisk_node()
    caller = await softphone(user=NAMED)
    settings = configuration([caller.port])
    before = now_ms()
    async with running_floor(node, settings, MemorySink()) as first:
        await caller.dial("4001", node.sip_port)
        call = await first.call()
    hung_up = now_ms()
    await caller.hang_up()
    await all_over(node)
    after = now_ms()
    ledger = Ledger(database=database, path=tmp_path / "ledger.sqlite", source="floor")
    await ledger.start()
    for booked in (1, 0):
        async with running_floor(node, settings, ledger) as following:
            await following.runtime.leavers.heard.wait()
            booking = following.runtime.leavers.book(following.floor, ledger, database)
            assert await booking == booked
            assert not following.runtime.leavers.heard.is_set()
    await ledger.flush()
    await worked(node, database, tmp_path)
    contact = await listed(database, call.id)
    assert (contact.direction, contact.caller, contact.called) == ("in", NAMED, "4001")
    assert (contact.trunk, contact.node) == ("gw0", node.settings.name)
    assert (contact.ended_by, contact.cause) == ("customer", 16)
    assert before // 1000 * 1000 <= contact.arrived_at <= hung_up
    assert contact.ended_at is not None
    assert hung_up <= contact.ended_at <= after
    assert contact.n_facts == 2
    assert await differences(database) == []
    await ledger.stop()


@asynccontextmanager
async def held_back(node: RunningNode, channel: str) -> AsyncIterator[None]:
    """Its next look for the floor stays ahead of it."""

    async def hold() -> None:
        while True:
            await asyncio.to_thread(node.console, f"channel redirect {channel} floor-away,s,again")
            # The dialplan looks once a second: it is never let come so far.
            await asyncio.sleep(0.2)

    task = asyncio.create_task(hold(), name="hold a caller back")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_who_came_first_while_no_floor_was_there_is_served_first(
    asterisk_node: MakeNode, softphone: MakeSoftphone
) -> None:
    node = asterisk_node()
    early, late = await softphone(user="13800138001"), await softphone(user="13800138002")
    settings, ledger = configuration([early.port, late.port]), MemorySink()
    async with running_floor(node, settings, ledger):
        await agent_phone(softphone, node, "1001")
    before = now_ms()
    await early.dial("4001", node.sip_port)
    await early.until_call("ESTABLISHED")
    between = now_ms()
    (channel,) = node.ari("GET", "/channels").json()
    hold = held_back(node, channel["name"])
    async with AsyncExitStack() as holding:
        await holding.enter_async_context(hold)
        await late.dial("4001", node.sip_port)
        await late.until_call("ESTABLISHED")
        async with running_floor(node, settings, ledger) as second:
            await second.until_phase(await second.call(), "waiting")
            assert channel["id"] not in second.floor.calls
            await holding.aclose()
            await until(lambda: channel["id"] in second.floor.calls, what="the early one as well")
            first = second.floor.calls[channel["id"]]
            await second.until_phase(first, "waiting")
            assert before <= first.arrived_ms <= between
            await second.ready("ann")
            await second.until_phase(first, "talking")
            assert [call.phase for call in second.floor.calls.values()] == ["waiting", "talking"]
