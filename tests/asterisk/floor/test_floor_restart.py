"""The floor dies in the middle of everything on a real Asterisk, and the next one goes on."""

import pytest

from hujiao.events.ledger import MemorySink
from hujiao.telephony.port import AnswerLeg, DestroyBridge
from tests.asterisk.floor.running import configuration, running_floor
from tests.asterisk.floor.test_answered_call import (
    AGENT_HZ,
    CUSTOMER_HZ,
    agent_phone,
    connected,
    hears,
)
from tests.harness.fixtures import MakeNode, MakeSoftphone
from tests.harness.sound import tone
from tests.harness.waiting import until

pytestmark = pytest.mark.asterisk


async def test_a_conversation_is_heard_while_no_floor_lives_and_ends_under_the_next_one(
    asterisk_node: MakeNode, softphone: MakeSoftphone
) -> None:
    node = asterisk_node()
    caller = await softphone(say=tone(CUSTOMER_HZ, 240))
    settings, ledger = configuration([caller.port]), MemorySink()
    async with running_floor(node, settings, ledger) as first:
        agent = await agent_phone(softphone, node, "1001")
        await first.ready("ann")
        await connected(first, caller, node)
    await hears(agent, CUSTOMER_HZ)
    await hears(caller, AGENT_HZ)
    async with running_floor(node, settings, ledger) as second:
        call = await second.call()
        assert call.phase == "talking"
        assert second.state("ann") == "busy"
        await hears(agent, CUSTOMER_HZ)
        await caller.hang_up()
        await second.until_state("ann", "wrap_up")
        await second.until_idle()
        assert node.ari("GET", "/channels").json() == []
        assert node.ari("GET", "/bridges").json() == []


async def test_a_waiting_caller_hears_music_while_no_floor_lives_and_is_answered_by_the_next(
    asterisk_node: MakeNode, softphone: MakeSoftphone
) -> None:
    node = asterisk_node()
    caller = await softphone(say=tone(CUSTOMER_HZ, 240))
    settings, ledger = configuration([caller.port]), MemorySink()
    async with running_floor(node, settings, ledger) as first:
        agent = await agent_phone(softphone, node, "1001")
        await caller.dial("4001", node.sip_port)
        call = await first.call()
        await until(lambda: call.music, what="music for who waits")
    before = caller.heard().duration_s
    await until(lambda: caller.heard().duration_s > before + 1.5, what="music goes on")
    assert caller.heard().part(before + 0.5).rms > 0.01
    async with running_floor(node, settings, ledger) as second:
        await second.ready("ann")
        call = await second.call()
        await second.until_phase(call, "talking")
        await hears(agent, CUSTOMER_HZ)
        await agent.hang_up()
        await second.until_idle()


async def test_what_the_last_floor_said_and_the_switch_never_read_is_said_by_the_next(
    asterisk_node: MakeNode, softphone: MakeSoftphone
) -> None:
    node = asterisk_node()
    caller = await softphone(say=tone(CUSTOMER_HZ, 240))
    settings, ledger = configuration([caller.port]), MemorySink()
    async with running_floor(node, settings, ledger) as first:
        send = first.floor.send
        unread = AnswerLeg | DestroyBridge
        first.floor.send = lambda command: None if isinstance(command, unread) else send(command)
        agent = await agent_phone(softphone, node, "1001")
        await first.ready("ann")
        await caller.dial("4001", node.sip_port)
        await first.until_state("ann", "busy")
    left = "ended.b"
    node.ari("POST", f"/bridges/{left}")
    async with running_floor(node, settings, ledger) as second:
        await hears(caller, AGENT_HZ)
        await hears(agent, CUSTOMER_HZ)
        assert left not in {bridge["id"] for bridge in node.ari("GET", "/bridges").json()}
        await agent.hang_up()
        await second.until_idle()
        assert node.ari("GET", "/bridges").json() == []


async def test_who_hangs_up_while_no_floor_lives_is_closed_by_the_next_and_the_other_side_ended(
    asterisk_node: MakeNode, softphone: MakeSoftphone
) -> None:
    node = asterisk_node()
    caller = await softphone()
    settings, ledger = configuration([caller.port]), MemorySink()
    async with running_floor(node, settings, ledger) as first:
        agent = await agent_phone(softphone, node, "1001")
        await first.ready("ann")
        await connected(first, caller, node)
    await caller.hang_up()
    await until(lambda: len(node.ari("GET", "/channels").json()) == 1, what="one leg is left")
    async with running_floor(node, settings, ledger) as second:
        await agent.until_call("CLOSED")
        await second.until_state("ann", "ready")
        await second.until_idle()
        assert node.ari("GET", "/channels").json() == []


async def test_a_caller_who_comes_while_no_floor_lives_waits_and_is_answered_by_the_next(
    asterisk_node: MakeNode, softphone: MakeSoftphone
) -> None:
    node = asterisk_node()
    caller = await softphone(say=tone(CUSTOMER_HZ, 240))
    settings, ledger = configuration([caller.port]), MemorySink()
    async with running_floor(node, settings, ledger):
        agent = await agent_phone(softphone, node, "1001")
    await caller.dial("4001", node.sip_port)
    await caller.until_call("ESTABLISHED")
    async with running_floor(node, settings, ledger) as second:
        await second.ready("ann")
        call = await second.call()
        await second.until_phase(call, "talking", timeout_s=20)
        await hears(agent, CUSTOMER_HZ)
        await caller.hang_up()
        await second.until_idle()


async def test_a_restarted_asterisk_ends_its_calls_in_the_books_and_frees_the_agents(
    asterisk_node: MakeNode, softphone: MakeSoftphone
) -> None:
    node = asterisk_node()
    caller = await softphone()
    async with running_floor(node, configuration([caller.port])) as running:
        await agent_phone(softphone, node, "1001")
        await running.ready("ann")
        await connected(running, caller, node)
        call = await running.call()
        node.kill()
        await until(lambda: not running.runtime.can_take_calls(), what="the loss is noticed")
        node.start()
        await until(running.runtime.can_take_calls, timeout_s=20, what="the node is back")
        await running.until_phase(call, "ended")
        await running.until_idle()
        assert "call.ended" in running.facts(call.id)
