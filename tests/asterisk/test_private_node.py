"""The private Asterisk starts from generated files, and gives strangers nothing."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import connect

from hujiao.telephony.private import PrivateTree
from tests.harness.fixtures import MakeNode, MakeSipp, MakeSoftphone
from tests.harness.node import RunningNode, new_node
from tests.harness.ports import PortBlock
from tests.harness.sipp import customer_calls, customer_is_refused
from tests.harness.sound import read_sound
from tests.harness.waiting import until

pytestmark = pytest.mark.asterisk


@pytest.fixture(scope="module")
def bare_node(private_tree: PrivateTree, sounds: Path) -> Iterator[RunningNode]:
    """A node nobody has told of any phone or trunk; asked by several tests, changed by none."""
    node = new_node(private_tree, sounds, private_tree.asterisk_data / "moh", name="n7")
    node.start()
    yield node
    node.remove()


def test_a_node_starts_and_answers_ari_under_its_own_name(bare_node: RunningNode) -> None:
    info = bare_node.ari("GET", "/asterisk/info").json()
    assert info["config"]["name"] == "n7"
    assert info["system"]["version"].startswith("22.")


def test_a_node_starts_without_an_error_in_its_log(bare_node: RunningNode) -> None:
    # Switching call completion off is reported as "declined"; that is what we ask for.
    errors = [line for line in bare_node.messages.splitlines() if "ERROR" in line]
    assert [line for line in errors if "ccss declined" not in line] == []


@pytest.mark.parametrize("number", ["s", "1001", "4001", "tone", "+8613800138000", "h"])
async def test_an_unknown_source_is_challenged_and_reaches_no_dialplan(
    bare_node: RunningNode, sipp: MakeSipp, number: str
) -> None:
    caller = await sipp(customer_is_refused(401), target_port=bare_node.sip_port, number=number)
    result = await caller.result()
    assert result.code == 0, result.errors
    assert bare_node.ari("GET", "/channels").json() == []


def push(node: RunningNode, kind: str, name: str, **fields: Any) -> None:
    rows = [{"attribute": key, "value": str(value)} for key, value in fields.items()]
    answer = node.ari(
        "PUT",
        f"/asterisk/config/dynamic/res_pjsip/{kind}/{name}",
        json={"fields": rows},
    )
    assert answer.status_code == 200, answer.text


def push_trunk(node: RunningNode, caller_port: int, context: str = "from-trunk") -> None:
    push(node, "aor", "trunk", contact=f"sip:trunk@127.0.0.1:{caller_port}")
    push(
        node,
        "endpoint",
        "trunk",
        aors="trunk",
        transport="transport-udp",
        context=context,
        allow="!all,alaw",
        direct_media="no",
    )
    push(node, "identify", "trunk", endpoint="trunk", match=f"127.0.0.1:{caller_port}")


async def test_a_caller_hears_music_while_the_floor_is_away(
    asterisk_node: MakeNode, softphone: MakeSoftphone
) -> None:
    node = asterisk_node()
    caller = await softphone()
    push_trunk(node, caller.port)
    await caller.dial("4001", node.sip_port)
    await caller.until_call("ESTABLISHED")
    await until(lambda: caller.heard().duration_s > 3, what="three seconds of sound")
    assert caller.heard().part(1).rms > 0.01


async def test_a_caller_who_waited_is_handed_to_the_floor_when_it_is_back(
    asterisk_node: MakeNode, softphone: MakeSoftphone
) -> None:
    node = asterisk_node()
    caller = await softphone()
    push_trunk(node, caller.port)
    await caller.dial("4001", node.sip_port)
    await caller.until_call("ESTABLISHED")
    secrets = f"{node.address.ari_user}:{node.address.ari_password}"
    address = f"{node.address.ari_url.replace('http', 'ws')}/ari/events"
    async with connect(f"{address}?app=hujiao&api_key={secrets}") as events:
        while (event := json.loads(await asyncio.wait_for(events.recv(), 10)))["type"]:
            if event["type"] == "StasisStart":
                break
    assert event["args"] == ["trunk", "4001"]
    assert event["channel"]["id"].startswith("n1-")


async def test_a_caller_hears_an_apology_when_the_floor_stays_away(
    asterisk_node: MakeNode, softphone: MakeSoftphone, sounds: Path
) -> None:
    node = asterisk_node(floor_wait_s=2)
    node.console("dialplan set global MESSAGES_A_DAY 0")  # or he would be asked for one
    caller = await softphone()
    push_trunk(node, caller.port)
    await caller.dial("4001", node.sip_port)
    await caller.until_call("ESTABLISHED")
    await caller.until_call("CLOSED", timeout_s=20)
    apology = read_sound(sounds / "zh" / "system_fault.wav")
    assert caller.heard().duration_s > 2 + apology.duration_s - 0.5
    end = caller.heard().part(-apology.duration_s)
    assert end.rms == pytest.approx(apology.rms, rel=0.3)


async def test_a_tone_crosses_the_switch_at_its_own_pitch(
    asterisk_node: MakeNode, softphone: MakeSoftphone
) -> None:
    node = asterisk_node()
    caller = await softphone()
    push_trunk(node, caller.port, context="test-caller")
    await caller.dial("echo", node.sip_port)
    await caller.until_call("ESTABLISHED")
    await until(lambda: caller.heard().duration_s > 2.5, what="two seconds of sound")
    echo = caller.heard().part(1)
    assert echo.frequency_hz == pytest.approx(440, abs=5)
    assert echo.rms == pytest.approx(0.35, rel=0.2)


async def test_sipp_callers_are_served_in_numbers_and_send_sound(
    asterisk_node: MakeNode, sipp: MakeSipp, ports: PortBlock
) -> None:
    node, port = asterisk_node(), ports.port()
    push_trunk(node, port, context="test-caller")
    callers = await sipp(
        customer_calls(talk_ms=1500),
        target_port=node.sip_port,
        number="tone",
        calls=20,
        rate=20,
        port=port,
    )

    def packets() -> int:
        channels = [row["id"] for row in node.ari("GET", "/channels").json()]
        rows = [node.ari("GET", f"/channels/{one}/rtp_statistics").json() for one in channels]
        return max((row.get("rxcount", 0) for row in rows), default=0)

    await until(lambda: packets() > 20, what="sound arrives from a caller")
    result = await callers.result()
    assert result.code == 0, result.errors
    await until(lambda: node.ari("GET", "/channels").json() == [], what="no channel is left")
