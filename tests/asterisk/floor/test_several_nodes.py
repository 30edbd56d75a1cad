"""Two real Asterisks under one floor: agents reach both, one dies, one is drained."""

from dataclasses import replace

import pytest

from hujiao.calls.model import Call
from hujiao.events.calls import CallEnded
from hujiao.events.ledger import MemorySink
from hujiao.floor.config import TrunkSettings
from hujiao.telephony.port import Cause, NodeName
from tests.asterisk.floor.running import (
    RunningFloor,
    configuration,
    lines_known,
    running_floor,
)
from tests.asterisk.floor.test_answered_call import (
    AGENT_HZ,
    CUSTOMER_HZ,
    agent_phone,
    hears,
)
from tests.harness.fixtures import MakeNode, MakeSipp, MakeSoftphone
from tests.harness.node import RunningNode
from tests.harness.ports import PortBlock
from tests.harness.sipp import customer_is_refused
from tests.harness.softphone import Softphone
from tests.harness.sound import tone
from tests.harness.waiting import until

pytestmark = pytest.mark.asterisk

DEAD_WITHIN_S = 2.0
"""A killed Asterisk refuses connections at once: nobody waits for its return."""
CLOSED_WITHIN_S = 5.0


async def answered_on(running: RunningFloor, caller: Softphone, node: RunningNode) -> Call:
    """The caller's call on this node, once somebody has answered it."""
    known = set(running.floor.calls)
    await caller.dial("4001", node.sip_port)
    await until(lambda: set(running.floor.calls) - known, what="the call arrives")
    (call_id,) = set(running.floor.calls) - known
    call = running.floor.calls[call_id]
    assert call.node == node.name
    await running.until_phase(call, "talking")
    return call


def own_end(running: RunningFloor, call: Call) -> CallEnded:
    assert isinstance(running.ledger, MemorySink)
    told = [fact for _, fact, subject in running.ledger.facts if subject.call == call.id]
    (ended,) = [fact for fact in told if isinstance(fact, CallEnded)]
    return ended


async def test_a_phone_registered_at_one_node_takes_the_calls_of_both(
    asterisk_node: MakeNode, softphone: MakeSoftphone
) -> None:
    nodes = [asterisk_node("n1"), asterisk_node("n2")]
    caller = await softphone(say=tone(CUSTOMER_HZ, 240))
    async with running_floor(nodes, configuration([caller.port])) as running:
        agent = await agent_phone(softphone, nodes[0], "1001")
        await running.ready("ann")
        for node in nodes:
            await until(lambda: running.state("ann") == "ready", what="ann is free")
            call = await answered_on(running, caller, node)
            assert {leg["id"] for leg in node.ari("GET", "/channels").json()} == set(call.legs)
            await hears(agent, CUSTOMER_HZ)
            await hears(caller, AGENT_HZ)
            await caller.hang_up()
            await running.until_idle()


async def test_a_killed_node_takes_its_own_calls_along_and_no_other(
    asterisk_node: MakeNode, softphone: MakeSoftphone
) -> None:
    safe, doomed = asterisk_node("n1"), asterisk_node("n2")
    first, second = [await softphone(say=tone(CUSTOMER_HZ, 240)) for _ in range(2)]
    settings = configuration([first.port, second.port])
    async with running_floor([safe, doomed], settings) as running:
        ann = await agent_phone(softphone, safe, "1001")
        await running.ready("ann")
        alive = await answered_on(running, first, safe)
        await agent_phone(softphone, safe, "1002")
        await running.ready("bob")
        dead = await answered_on(running, second, doomed)
        doomed.kill()
        await running.until_phase(dead, "ended", timeout_s=DEAD_WITHIN_S)
        assert running.state("bob") == "wrap_up"
        assert (own_end(running, dead).ended_by, dead.cause) == ("system", Cause.FAILURE)
        assert "call.node_lost" in running.facts(dead.id)
        await running.until_state("bob", "ready")
        assert running.state("ann") == "busy"
        before = ann.heard().duration_s
        await until(lambda: ann.heard().duration_s > before + 2, what="two more seconds")
        newest = ann.heard().part(before)
        assert newest.level_at(CUSTOMER_HZ) > 0.05, "the other conversation never stopped"
        await hears(first, AGENT_HZ)
        doomed.start()
        back = running.floor.nodes
        await until(lambda: back[NodeName("n2")], timeout_s=20, what="the node is back")
        await running.until_phase(dead, "ended", timeout_s=CLOSED_WITHIN_S)
        lines = ["gw0", "gw1"]
        await until(lambda: lines_known(doomed, lines), what="the trunks are known again")
        await second.hang_up()  # its phone was never told that the call is over
        again = await answered_on(running, second, doomed)
        assert again.agent == "bob"
        assert alive.phase == "talking"
        for caller in (first, second):
            await caller.hang_up()
        await running.until_idle()


async def test_a_drained_node_sends_new_callers_elsewhere_and_keeps_those_it_has(
    asterisk_node: MakeNode, softphone: MakeSoftphone, sipp: MakeSipp, ports: PortBlock
) -> None:
    node, other = asterisk_node("n1"), asterisk_node("n2")
    caller, port = await softphone(say=tone(CUSTOMER_HZ, 240)), ports.port()
    ledger, settings = MemorySink(), configuration([caller.port, port])

    async def turned_away(target: RunningNode) -> bool:
        one = await sipp(
            customer_is_refused(503), target_port=target.sip_port, number="4001", port=port
        )
        return (await one.result()).code == 0

    async with running_floor([node, other], settings, ledger) as running:
        agent = await agent_phone(softphone, node, "1001")
        await running.ready("ann")
        call = await answered_on(running, caller, node)
        assert running.do("drain", node="n1", on=True) == {"calls": 1}
        await until(lambda: drains(node), what="the node knows")
        assert await turned_away(node)
        assert list(running.floor.calls) == [call.id], "the floor never heard of the refused"
        await hears(agent, CUSTOMER_HZ)
    async with running_floor([node, other], settings, ledger) as running:
        await until(lambda: drains(node), what="the next floor drains it, too")
        assert running.state("ann") == "busy"
        await caller.hang_up()
        await running.until_idle()
        node.kill()
        node.start()
        back = running.floor.nodes
        await until(lambda: back[NodeName("n1")], timeout_s=20, what="the node is back")
        await until(lambda: drains(node), what="it drains after its restart")
        running.do("drain", node="n1", on=False)
        await until(lambda: not drains(node), what="the node is in use again")
        await until(lambda: lines_known(node, ["gw0", "gw1"]), what="the trunks are known")
        await caller.dial("4001", node.sip_port)
        again = await running.call()
        assert again.node == "n1"
        await caller.hang_up()
        await running.until_idle()


def drains(node: RunningNode) -> bool:
    answer = node.ari("GET", "/asterisk/variable", params={"variable": "HUJIAO_DRAINING"})
    return answer.status_code == 200 and answer.json()["value"] == "1"


async def test_a_gateway_that_signed_in_to_one_node_carries_the_calls_of_the_other(
    asterisk_node: MakeNode, softphone: MakeSoftphone
) -> None:
    home, other = asterisk_node("n1"), asterisk_node("n2")
    account = TrunkSettings(
        name="gateway", username="gw-account", secret="gateway-secret", prefixes=("1",)
    )
    settings = replace(configuration([]), trunks={account.name: account})
    async with running_floor([home, other], settings) as running:
        customer = await softphone(
            user=account.username,
            password=account.secret,
            registrar_port=home.sip_port,
            answers=True,
            say=tone(CUSTOMER_HZ, 240),
        )
        agent = await agent_phone(softphone, home, "1001")
        await running.ready("ann")
        running.do("drain", node="n1", on=True)
    # The next floor learns from lists what this one was told as it happened.
    async with running_floor([home, other], settings) as running:
        await running.ready("ann")
        running.do("drain", node="n1", on=True)
        call_id = running.do("dial", agent="ann", number="13800138000")["call_id"]
        call = running.floor.calls[call_id]
        assert call.node == "n2"
        await running.until_phase(call, "talking")
        await hears(agent, CUSTOMER_HZ)
        await hears(customer, AGENT_HZ)
        await customer.hang_up()
        await running.until_idle()
