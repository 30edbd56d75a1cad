"""Asterisk dies with callers on it: each of them is owed a call, and nobody is forgotten."""

from pathlib import Path

import pytest

from hujiao.callbacks import opening, store
from hujiao.callbacks.model import Callback, CallbackFilter, Kind, Sight, State, Why
from hujiao.events.ledger import Ledger
from hujiao.kit.db import Database
from tests.asterisk.floor.running import configuration, running_floor
from tests.asterisk.floor.test_answered_call import agent_phone
from tests.harness.fixtures import MakeNode, MakeSoftphone
from tests.harness.waiting import until

pytestmark = pytest.mark.asterisk


async def owed(database: Database) -> list[Callback]:
    """Callbacks after all facts that PostgreSQL has, by number."""
    await opening.follower(database).catch_up()
    async with database.transaction() as connection:
        found = await store.callbacks(
            connection, CallbackFilter(), Sight("", everything=True), after=None, limit=10
        )
    return sorted(found, key=lambda one: one.number)


async def test_a_waiting_and_a_talking_caller_of_a_killed_node_are_called_back(
    asterisk_node: MakeNode, softphone: MakeSoftphone, database: Database, tmp_path: Path
) -> None:
    node = asterisk_node()
    talker = await softphone(user="13800138001")
    waiter = await softphone(user="13800138002")
    ledger = Ledger(database=database, path=tmp_path / "ledger.sqlite", source="floor")
    await ledger.start()
    settings = configuration([talker.port, waiter.port], agents={"ann": "1001"})
    async with running_floor(node, settings, ledger) as running:
        await agent_phone(softphone, node, "1001")
        await running.ready("ann")
        await talker.dial("4001", node.sip_port)
        talked = await running.call()
        await running.until_phase(talked, "talking")
        await waiter.dial("4001", node.sip_port)
        await until(lambda: len(running.floor.calls) == 2, what="the second call")
        (waited,) = [call for call in running.floor.calls.values() if call is not talked]
        await running.until_phase(waited, "waiting")
        node.kill()
        await until(lambda: not running.runtime.can_take_calls(), what="the loss is noticed")
        node.start()
        await until(running.runtime.can_take_calls, timeout_s=20, what="the node is back")
        for call in (talked, waited):
            await running.until_phase(call, "ended")
        await ledger.flush()
        first, second = await owed(database)
    await ledger.stop()
    assert (first.number, second.number) == ("+8613800138001", "+8613800138002")
    assert (first.call_id, first.phase, first.agent_id) == (talked.id, "talking", "ann")
    assert (second.call_id, second.phase, second.queue_id) == (waited.id, "waiting", "q")
    for one in (first, second):
        assert (one.kind, one.state, one.why) == (Kind.LOST_CALL, State.OPEN, Why.SWITCH_LOST)
    assert len(await owed(database)) == 2
