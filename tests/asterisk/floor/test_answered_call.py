"""From the trunk to the agent's ear on a real Asterisk, measured by sound."""

import pytest

from hujiao.telephony import port
from tests.asterisk.floor.running import SECRET, RunningFloor, configuration, running_floor
from tests.harness.fixtures import MakeNode, MakeSoftphone
from tests.harness.node import RunningNode
from tests.harness.softphone import Softphone
from tests.harness.sound import tone
from tests.harness.waiting import until

pytestmark = pytest.mark.asterisk

CUSTOMER_HZ = 440.0
AGENT_HZ = 880.0


async def agent_phone(
    softphone: MakeSoftphone, node: RunningNode, extension: str, *, answers: bool = True
) -> Softphone:
    return await softphone(
        user=extension,
        password=SECRET,
        registrar_port=node.sip_port,
        answers=answers,
        say=tone(AGENT_HZ, 240),
    )


async def hears(phone: Softphone, frequency_hz: float, timeout_s: float = 10.0) -> None:
    """The phone hears this tone, well above silence, in the newest second."""

    def heard() -> bool:
        sound = phone.heard()
        newest = sound.part(max(0.0, sound.duration_s - 1))
        return newest.duration_s > 0.9 and newest.level_at(frequency_hz) > 0.05

    await until(heard, timeout_s=timeout_s, what=f"{frequency_hz} Hz is heard")


async def connected(
    running: RunningFloor, caller: Softphone, node: RunningNode, number: str = "4001"
) -> port.LegId:
    await caller.dial(number, node.sip_port)
    call = await running.call()
    await running.until_phase(call, "talking")
    return call.customer


async def test_customer_and_agent_hear_each_other_and_both_are_recorded(
    asterisk_node: MakeNode, softphone: MakeSoftphone
) -> None:
    node = asterisk_node()
    caller = await softphone(say=tone(CUSTOMER_HZ, 240))
    async with running_floor(node, configuration([caller.port])) as running:
        agent = await agent_phone(softphone, node, "1001")
        await running.ready("ann")
        await connected(running, caller, node)
        call = await running.call()
        await hears(agent, CUSTOMER_HZ)
        await hears(caller, AGENT_HZ)
        await caller.hang_up()
        await running.until_state("ann", "wrap_up")
        await running.until_state("ann", "ready")
        await running.until_idle()
        assert node.ari("GET", "/channels").json() == []
        assert node.ari("GET", "/bridges").json() == []
        assert running.facts(call.id)[-1] == "wrap_up.ended"


async def test_a_caller_hears_the_greeting_presses_a_digit_waits_with_music_and_is_answered(
    asterisk_node: MakeNode, softphone: MakeSoftphone
) -> None:
    node = asterisk_node()
    caller = await softphone(say=tone(CUSTOMER_HZ, 240))
    async with running_floor(node, configuration([caller.port], menu=True)) as running:
        agent = await agent_phone(softphone, node, "1001")
        await caller.dial("4001", node.sip_port)
        call = await running.call()
        await caller.until_call("ESTABLISHED")
        await until(lambda: caller.heard().duration_s > 2, what="two seconds of greeting")
        assert caller.heard().rms > 0.01
        await caller.press("1")
        await running.until_phase(call, "waiting")
        before = caller.heard().duration_s
        await until(lambda: caller.heard().duration_s > before + 2, what="two seconds of music")
        assert caller.heard().part(before + 1).rms > 0.01
        await running.ready("ann")
        await running.until_phase(call, "talking")
        await hears(agent, CUSTOMER_HZ)
        await hears(caller, AGENT_HZ)
        await agent.hang_up()
        await running.until_idle()
        assert call.ended_by == "agent"


async def test_on_hold_the_customer_hears_music_and_the_agent_silence(
    asterisk_node: MakeNode, softphone: MakeSoftphone
) -> None:
    node = asterisk_node()
    caller = await softphone(say=tone(CUSTOMER_HZ, 240))
    async with running_floor(node, configuration([caller.port])) as running:
        agent = await agent_phone(softphone, node, "1001")
        await running.ready("ann")
        await connected(running, caller, node)
        call = await running.call()
        await hears(agent, CUSTOMER_HZ)
        running.do("hold", agent="ann", call=call.id)

        def music() -> bool:
            newest = caller.heard().part(caller.heard().duration_s - 1)
            return newest.rms > 0.005 and newest.level_at(AGENT_HZ) < 0.02

        await until(music, what="the customer hears music instead of the agent")
        running.do("resume", agent="ann", call=call.id)
        await hears(caller, AGENT_HZ)
        await hears(agent, CUSTOMER_HZ)
        running.do("hangup", agent="ann", call=call.id)
        await running.until_idle()


async def test_an_agent_dials_out_and_both_hear_each_other(
    asterisk_node: MakeNode, softphone: MakeSoftphone
) -> None:
    node = asterisk_node()
    customer = await softphone(say=tone(CUSTOMER_HZ, 240), answers=True)
    async with running_floor(node, configuration([customer.port])) as running:
        agent = await agent_phone(softphone, node, "1001")
        await running.ready("ann")
        call_id = running.do("dial", agent="ann", number="13800138000")["call_id"]
        call = running.floor.calls[call_id]
        await running.until_phase(call, "talking")
        await hears(agent, CUSTOMER_HZ)
        await hears(customer, AGENT_HZ)
        await customer.hang_up()
        await running.until_state("ann", "wrap_up")
        running.do("wrap_up_done", agent="ann")
        await running.until_idle()
        assert call.ended_by == "customer"


async def test_the_caller_who_hangs_up_while_ringing_stops_the_agents_phone(
    asterisk_node: MakeNode, softphone: MakeSoftphone
) -> None:
    node = asterisk_node()
    caller = await softphone()
    async with running_floor(node, configuration([caller.port])) as running:
        agent = await agent_phone(softphone, node, "1001", answers=False)
        await running.ready("ann")
        await caller.dial("4001", node.sip_port)
        await agent.until_call("INCOMING")
        await caller.hang_up()
        await agent.until_call("CLOSED")
        await running.until_state("ann", "ready")
        await running.until_idle()
        assert running.floor.desks["ann"].missed == 0


async def test_an_agent_who_does_not_answer_is_passed_over_and_the_next_one_rings(
    asterisk_node: MakeNode, softphone: MakeSoftphone
) -> None:
    node = asterisk_node()
    caller = await softphone()
    settings = configuration([caller.port], ring_timeout_s=2)
    async with running_floor(node, settings) as running:
        first = await agent_phone(softphone, node, "1001", answers=False)
        second = await agent_phone(softphone, node, "1002", answers=True)
        await running.ready("ann")
        await caller.dial("4001", node.sip_port)
        await first.until_call("INCOMING")
        await running.ready("bob")
        call = await running.call()
        await running.until_phase(call, "talking")
        assert call.agent == "bob"
        assert running.floor.desks["ann"].missed == 1
        await second.hang_up()
        await running.until_idle()


async def test_when_two_answer_a_ring_all_call_at_once_one_talks_and_the_other_is_freed(
    asterisk_node: MakeNode, softphone: MakeSoftphone
) -> None:
    node = asterisk_node()
    caller = await softphone()
    settings = configuration([caller.port], strategy="ring_all")
    async with running_floor(node, settings) as running:
        phones = {
            "ann": await agent_phone(softphone, node, "1001", answers=False),
            "bob": await agent_phone(softphone, node, "1002", answers=False),
        }
        await running.ready("ann", "bob")
        await caller.dial("4001", node.sip_port)
        for phone in phones.values():
            await phone.until_call("INCOMING")
        for phone in phones.values():
            await phone.accept()
        call = await running.call()
        await running.until_phase(call, "talking")
        winner = call.agent
        (loser,) = {"ann", "bob"} - {winner}
        await phones[loser].until_call("CLOSED")
        await running.until_state(loser, "ready")
        await caller.hang_up()
        await running.until_idle()
        assert node.ari("GET", "/channels").json() == []
