"""Who may call what, what a phone is told, and how much of it a node takes."""

import time
from dataclasses import replace

import pytest

from hujiao.telephony.endpoints import Phone, PhoneKind, Trunk
from hujiao.telephony.port import HangUpLeg, LegArrived, Origin, OriginateLeg, PhoneChanged
from tests.asterisk.telephony.contract import new_leg, originate
from tests.asterisk.telephony.peer import Phone as Peer
from tests.asterisk.telephony.real import RealStage
from tests.asterisk.telephony.stage import NODE, PHONES, TRUNK, ends_once, event, told
from tests.harness.waiting import until

pytestmark = pytest.mark.asterisk

GATEWAY = Trunk("gateway", username="gw-user", secret="gw-secret")
MANY = 300
PUSH_LIMIT_S = 20.0


async def test_a_wrong_password_is_refused(stage: RealStage) -> None:
    peer = await Peer.open("1001", stage.trunk_peer.server, "wrong")
    assert await peer.register() in (401, 403)
    line = await peer.call("8000")
    await line.is_over()
    assert line.end_reason in ("refused 401", "refused 403")
    peer.close()
    await stage.settled()
    assert told(stage, LegArrived) == []


async def test_a_removed_phone_cannot_call_nor_register(stage: RealStage) -> None:
    await stage.switch.provision(PHONES[:1], (stage.trunk(),))
    assert await stage.phones["1002"].register() in (401, 403, 404)
    await stage.switch.provision(PHONES, (stage.trunk(),))


async def test_a_new_password_is_the_only_one_that_counts(stage: RealStage) -> None:
    changed = Phone("1002", PhoneKind.SIP, "another")
    await stage.switch.provision((PHONES[0], changed), (stage.trunk(),))
    peer = stage.phones["1002"]
    assert await peer.register() in (401, 403)
    peer.secret = "another"
    assert await peer.register() == 200
    peer.secret = PHONES[1].secret
    await stage.switch.provision(PHONES, (stage.trunk(),))
    assert await peer.register() == 200


async def test_an_account_trunk_signs_in_calls_in_and_is_called(stage: RealStage) -> None:
    await stage.switch.provision(PHONES, (stage.trunk(), GATEWAY))
    peer = await Peer.open("gw-user", stage.trunk_peer.server, GATEWAY.secret)
    assert await peer.register() == 200
    line = await peer.call("8001", caller="13700137000")
    arrived = await event(stage, LegArrived)
    assert (arrived.origin, arrived.endpoint) == (Origin.TRUNK, "gateway")
    assert (arrived.caller_number, arrived.called_number) == ("13700137000", "8001")
    line.hang_up()
    await ends_once(stage, arrived.leg)
    leg = new_leg()
    peer.on_call = lambda line: line.ring()
    stage.switch.send(OriginateLeg(leg, NODE, "PJSIP/13600136000@gateway", 20))
    called = await until(lambda: next((x for x in peer.lines if not x.outgoing), None))
    assert called is not None
    assert "13600136000" in called.invite.start
    stage.switch.send(HangUpLeg(leg))
    await called.is_over()
    await peer.register(0)
    peer.close()


async def test_an_agents_call_never_counts_as_one_from_outside(stage: RealStage) -> None:
    """The context decides, and an agent cannot choose it by what is dialled or pretended."""
    await stage.switch.provision(PHONES, (stage.trunk(), GATEWAY))
    for number in ("8000", "s", "h", "from-trunk", "+8613800138000"):
        line = await stage.phones["1001"].call(number, caller="1001")
        await until(
            lambda line=line: line.ended or told(stage, LegArrived),  # type: ignore[misc]
            what=f"{number} is decided",
        )
        line.hang_up()
        await line.is_over()
        for arrived in told(stage, LegArrived):
            assert arrived.origin is Origin.AGENT
            assert arrived.endpoint == "1001"
        stage.events.clear()


async def test_a_phone_that_pretends_to_be_another_is_refused(stage: RealStage) -> None:
    line = await stage.phones["1001"].call("8000", caller="1002")
    await line.is_over()
    assert told(stage, LegArrived) == []


async def test_headers_caller_and_auto_answer_reach_the_phone(stage: RealStage) -> None:
    leg = new_leg()
    stage.switch.send(
        OriginateLeg(
            leg,
            NODE,
            "PJSIP/1001",
            20,
            caller_number="13800138000",
            caller_name='王 "五" <x>',
            auto_answer=True,
            headers={"X-Hujiao-Call": "call-42", "X-Bad": "a\r\nX-Injected: b"},
        )
    )
    agent = await stage.rung("1001", leg)
    invite = agent.line.invite
    assert invite.get("X-Hujiao-Call") == "call-42"
    assert invite.get("X-Bad") == "a  X-Injected: b"
    assert invite.get("X-Injected") == ""
    assert "answer-after=0" in invite.get("Call-Info")
    assert "13800138000" in invite.get("From")
    assert "王 五 x" in invite.get("From")
    stage.switch.send(HangUpLeg(leg))
    await ends_once(stage, leg)


async def test_a_lan_phone_is_offered_a_law_first(stage: RealStage) -> None:
    leg = new_leg()
    stage.switch.send(originate(leg))
    agent = await stage.rung("1001", leg)
    media = next(x for x in agent.line.invite.body.splitlines() if x.startswith("m=audio"))
    assert media.split()[3] == "8"
    stage.switch.send(HangUpLeg(leg))
    await ends_once(stage, leg)


async def test_a_trunk_that_moves_is_called_and_trusted_only_at_its_new_address(
    stage: RealStage,
) -> None:
    server = stage.trunk_peer.server
    moved = await Peer.open("13900139000", server)
    moved.on_call = lambda line: line.ring()
    await stage.switch.provision(PHONES, (Trunk(TRUNK, host="127.0.0.1", port=moved.port),))
    old = await stage.trunk_peer.call("8000")
    await old.is_over()
    new = await moved.call("8000")
    arrived = await event(stage, LegArrived)
    assert arrived.caller_number == "13900139000"
    new.hang_up()
    leg = new_leg()
    stage.switch.send(OriginateLeg(leg, NODE, f"PJSIP/139@{TRUNK}", 20))
    await until(lambda: any(not line.outgoing for line in moved.lines), what="it is called")
    stage.switch.send(HangUpLeg(leg))
    await ends_once(stage, leg)
    moved.close()


async def test_a_trunk_pushed_again_still_tells_its_callers_numbers(stage: RealStage) -> None:
    changed = replace(stage.trunk(), codecs=("alaw",))
    await stage.switch.provision(PHONES, (changed,))
    await stage.switch.provision(PHONES, (stage.trunk(),))
    line = await stage.trunk_peer.call("8000", caller="13700137000")
    assert (await event(stage, LegArrived)).caller_number == "13700137000"
    line.hang_up()


async def test_many_phones_are_pushed_once_and_then_only_what_changes(stage: RealStage) -> None:
    many = tuple(Phone(str(5000 + n), PhoneKind.BROWSER, "s") for n in range(MANY))
    trunks = (stage.trunk(),)
    began = time.monotonic()
    await stage.switch.provision((*PHONES, *many), trunks)
    assert time.monotonic() - began < PUSH_LIMIT_S
    assert len(told(stage, PhoneChanged, online=False)) >= MANY
    asked: list[str] = []
    phones = stage.switch._nodes[NODE].phones
    ask = phones._ask
    phones._ask = lambda order: asked.append(order.method) or ask(order)  # type: ignore[func-returns-value]
    await stage.switch.provision((*PHONES, *many[1:]), trunks)
    assert sorted(asked) == ["DELETE"] * 3 + ["GET"] + ["POST"] * 2, "the mark is taken and set"
    await stage.switch.provision(PHONES, trunks)


async def test_what_another_floor_left_behind_is_removed(stage: RealStage) -> None:
    uri = "/asterisk/config/dynamic/res_pjsip"
    fields = {"fields": [{"attribute": "context", "value": "agents"}]}
    for kind in ("aor", "endpoint"):
        body = fields if kind == "endpoint" else {"fields": []}
        assert stage.node.ari("PUT", f"{uri}/{kind}/7777", json=body).status_code == 200
    fresh = await RealStage.open(stage.node)
    assert stage.node.ari("GET", "/endpoints/PJSIP/7777").status_code == 404
    await fresh.close()
