"""The floor dies in the middle of everything on a real Asterisk, and the next one goes on."""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field

import pytest

from hujiao.calls.model import EndedBy
from hujiao.events.calls import CallEnded
from hujiao.events.ledger import MemorySink
from hujiao.floor.config import Configuration
from hujiao.kit.clock import now_ms
from hujiao.telephony.port import AnswerLeg, Cause, DestroyBridge
from tests.asterisk.floor.running import RunningFloor, configuration, running_floor
from tests.asterisk.floor.test_answered_call import (
    AGENT_HZ,
    CUSTOMER_HZ,
    agent_phone,
    connected,
    hears,
)
from tests.harness.fixtures import MakeNode, MakeSoftphone
from tests.harness.node import RunningNode
from tests.harness.softphone import Softphone
from tests.harness.sound import tone
from tests.harness.waiting import until

pytestmark = pytest.mark.asterisk


@dataclass(frozen=True, slots=True)
class Stage:
    """What outlives a floor: the switch, the caller, what was configured and written down."""

    node: RunningNode
    caller: Softphone
    phones: MakeSoftphone
    settings: Configuration
    ledger: MemorySink = field(default_factory=MemorySink)

    def floor(self) -> AbstractAsyncContextManager[RunningFloor]:
        """One floor; asked for again, the next one."""
        return running_floor(self.node, self.settings, self.ledger)

    async def agent(self) -> Softphone:
        """Ann's phone."""
        return await agent_phone(self.phones, self.node, "1001")

    def end_of_the_call(self) -> tuple[int, CallEnded]:
        """The end of the only call there was, and when it is said to have been (ms)."""
        (end,) = ((at, fact) for at, fact, _ in self.ledger.facts if isinstance(fact, CallEnded))
        return end

    async def talking(self, floor: RunningFloor) -> Softphone:
        """Ann and the caller talk; returns her phone."""
        phone = await self.agent()
        await floor.ready("ann")
        await connected(floor, self.caller, self.node)
        return phone


@pytest.fixture
async def stage(asterisk_node: MakeNode, softphone: MakeSoftphone) -> Stage:
    caller = await softphone(say=tone(CUSTOMER_HZ, 240))
    return Stage(asterisk_node(), caller, softphone, configuration([caller.port]))


async def test_a_conversation_is_heard_while_no_floor_lives_and_ends_under_the_next_one(
    stage: Stage,
) -> None:
    async with stage.floor() as first:
        agent = await stage.talking(first)
    await hears(agent, CUSTOMER_HZ)
    await hears(stage.caller, AGENT_HZ)
    async with stage.floor() as second:
        call = await second.call()
        assert call.phase == "talking"
        assert second.state("ann") == "busy"
        await hears(agent, CUSTOMER_HZ)
        await stage.caller.hang_up()
        await second.until_state("ann", "wrap_up")
        await second.until_idle()
        assert stage.node.ari("GET", "/channels").json() == []
        assert stage.node.ari("GET", "/bridges").json() == []


async def test_a_waiting_caller_hears_music_while_no_floor_lives_and_is_answered_by_the_next(
    stage: Stage,
) -> None:
    async with stage.floor() as first:
        agent = await stage.agent()
        await stage.caller.dial("4001", stage.node.sip_port)
        call = await first.call()
        await until(lambda: call.music, what="music for who waits")
    before = stage.caller.heard().duration_s
    await until(lambda: stage.caller.heard().duration_s > before + 1.5, what="music goes on")
    assert stage.caller.heard().part(before + 0.5).rms > 0.01
    async with stage.floor() as second:
        await second.ready("ann")
        call = await second.call()
        await second.until_phase(call, "talking")
        await hears(agent, CUSTOMER_HZ)
        await agent.hang_up()
        await second.until_idle()


async def test_what_the_last_floor_said_and_the_switch_never_read_is_said_by_the_next(
    stage: Stage,
) -> None:
    async with stage.floor() as first:
        send = first.floor.send
        unread = AnswerLeg | DestroyBridge
        first.floor.send = lambda command: None if isinstance(command, unread) else send(command)
        agent = await stage.agent()
        await first.ready("ann")
        await stage.caller.dial("4001", stage.node.sip_port)
        await first.until_state("ann", "busy")
    left = "ended.b"
    stage.node.ari("POST", f"/bridges/{left}")
    async with stage.floor() as second:
        await hears(stage.caller, AGENT_HZ)
        await hears(agent, CUSTOMER_HZ)
        assert left not in {bridge["id"] for bridge in stage.node.ari("GET", "/bridges").json()}
        await agent.hang_up()
        await second.until_idle()
        assert stage.node.ari("GET", "/bridges").json() == []


async def test_who_hangs_up_while_no_floor_lives_is_closed_at_his_time_and_the_other_side_ended(
    stage: Stage,
) -> None:
    async with stage.floor() as first:
        agent = await stage.talking(first)
    before = now_ms()
    await stage.caller.hang_up()
    await until(lambda: len(stage.node.ari("GET", "/channels").json()) == 1, what="one leg is left")
    after = now_ms()
    async with stage.floor() as second:
        await agent.until_call("CLOSED")
        await second.until_state("ann", "ready")
        await second.until_idle()
        assert stage.node.ari("GET", "/channels").json() == []
    (ended_ms, ended) = stage.end_of_the_call()
    assert before <= ended_ms <= after
    assert (ended.ended_by, ended.cause) == (EndedBy.CUSTOMER, Cause.NORMAL)


async def test_an_agent_who_hangs_up_while_no_floor_lives_ends_the_call_with_the_next(
    stage: Stage,
) -> None:
    async with stage.floor() as first:
        agent = await stage.talking(first)
    await agent.hang_up()
    await until(lambda: len(stage.node.ari("GET", "/channels").json()) == 1, what="one leg is left")
    after = now_ms()
    async with stage.floor() as second:
        await stage.caller.until_call("CLOSED")
        await second.until_idle()
    (ended_ms, ended) = stage.end_of_the_call()
    assert ended_ms >= after, "the caller was still there"
    assert (ended.ended_by, ended.cause) == (EndedBy.AGENT, Cause.NORMAL)


async def test_a_caller_who_comes_while_no_floor_lives_waits_and_is_answered_by_the_next(
    stage: Stage,
) -> None:
    async with stage.floor():
        agent = await stage.agent()
    await stage.caller.dial("4001", stage.node.sip_port)
    await stage.caller.until_call("ESTABLISHED")
    async with stage.floor() as second:
        await second.ready("ann")
        call = await second.call()
        await second.until_phase(call, "talking", timeout_s=20)
        await hears(agent, CUSTOMER_HZ)
        await stage.caller.hang_up()
        await second.until_idle()


async def test_a_restarted_asterisk_ends_its_calls_in_the_books_and_frees_the_agents(
    stage: Stage,
) -> None:
    async with stage.floor() as running:
        await stage.talking(running)
        call = await running.call()
        stage.node.kill()
        await until(lambda: not running.runtime.can_take_calls(), what="the loss is noticed")
        stage.node.start()
        await until(running.runtime.can_take_calls, timeout_s=20, what="the node is back")
        await running.until_phase(call, "ended")
        await running.until_idle()
        assert "call.ended" in running.facts(call.id)
