"""The connection to a node: by HTTP where need be, taken over by another floor, refused."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from hujiao.telephony.ari import node as node_module
from hujiao.telephony.ari.link import HttpLink
from hujiao.telephony.ari.wire import Wire
from hujiao.telephony.port import (
    AnswerLeg,
    CommandFailed,
    Event,
    HangUpLeg,
    LegAnswered,
    LegArrived,
    LegEnded,
    NodeConnected,
    NodeLost,
    StartMusic,
    StartRecording,
)
from hujiao.telephony.wiring import build_switch
from tests.asterisk.telephony.contract import (
    ArrivalContract,
    new_leg,
    originate,
    talk,
    waiting_caller,
)
from tests.asterisk.telephony.real import RealStage
from tests.asterisk.telephony.stage import MUSIC, NODE, Stage, ends_once, event, told
from tests.harness.node import RunningNode
from tests.harness.waiting import until

pytestmark = pytest.mark.asterisk


class TestOverHttp(ArrivalContract):
    """A node that does not answer requests on its WebSocket."""

    @pytest.fixture
    async def stage(
        self, running_node: RunningNode, monkeypatch: pytest.MonkeyPatch
    ) -> AsyncIterator[RealStage]:
        monkeypatch.setattr(node_module, "PROBE_TIMEOUT_S", 0.1)
        monkeypatch.setattr(Wire, "send", lambda self, message: None)
        stage = await RealStage.open(running_node)
        assert isinstance(stage.switch._nodes[NODE]._link, HttpLink)
        yield stage
        await stage.close()

    async def test_two_parties_talk(self, stage: Stage) -> None:
        now = await talk(stage)
        await now.agent.hangs_up()
        await ends_once(stage, now.agent_leg)

    async def test_a_refusal_is_told_by_http_too(self, stage: Stage) -> None:
        leg = new_leg()
        stage.switch.send(originate(leg, "9999"))
        assert (await event(stage, CommandFailed)).status == 500
        await ends_once(stage, leg)


async def test_another_floor_takes_over_and_its_legs_with_it(stage: RealStage) -> None:
    now = await talk(stage)
    events: list[Event] = []
    second = build_switch([stage.node.address])
    await second.start(events.append)
    await until(lambda: any(isinstance(e, NodeConnected) for e in events), what="second floor")
    await event(stage, NodeLost, node=NODE)
    connected = next(e for e in events if isinstance(e, NodeConnected))
    assert {leg.leg for leg in connected.legs} == {now.customer_leg, now.agent_leg}
    assert {leg.bridge for leg in connected.legs} == {now.bridge}
    second.send(HangUpLeg(now.agent_leg))
    second.send(StartMusic(now.customer_leg))
    for leg in (now.agent_leg,):
        await until(
            lambda leg=leg: any(isinstance(e, LegEnded) and e.leg == leg for e in events),  # type: ignore[misc]
            what="the end is told to the second floor",
        )
    assert told(stage, LegEnded) == []
    second.send(HangUpLeg(now.customer_leg))
    await now.customer.is_over()
    await second.stop()


async def test_a_caller_who_came_while_nobody_listened_is_told_when_we_are_back(
    stage: RealStage,
) -> None:
    await stage.connection_breaks()
    caller = await stage.caller("8000")
    await caller.is_answered()
    await caller.hears(MUSIC)
    await stage.connection_returns()
    arrived = await event(stage, LegArrived)
    assert arrived.called_number == "8000"
    stage.switch.send(HangUpLeg(arrived.leg))
    await caller.is_over()


async def test_an_unanswered_caller_survives_a_lost_connection(stage: RealStage) -> None:
    caller = await stage.caller("8000")
    leg = (await event(stage, LegArrived)).leg
    await stage.connection_breaks()
    await stage.connection_returns()
    back = told(stage, NodeConnected)[1]
    assert [(x.leg, x.answered) for x in back.legs] == [(leg, False)]
    assert len(told(stage, LegArrived)) == 1
    stage.switch.send(AnswerLeg(leg))
    await caller.is_answered()


async def test_an_offer_answered_while_nobody_listened_has_ended_when_we_are_back(
    stage: RealStage,
) -> None:
    """Asterisk gives an answered leg to the application or, when there is none, lets it go."""
    leg, ringing = new_leg(), new_leg()
    stage.switch.send(originate(leg))
    stage.switch.send(originate(ringing, "1002"))
    agent = await stage.rung("1001", leg)
    other = await stage.rung("1002", ringing)
    await stage.connection_breaks()
    await agent.answers()
    await agent.is_over()
    await stage.connection_returns()
    await ends_once(stage, leg)
    back = told(stage, NodeConnected)[1]
    assert [(x.leg, x.answered) for x in back.legs] == [(ringing, False)]
    await other.answers()
    await event(stage, LegAnswered, leg=ringing)
    stage.switch.send(HangUpLeg(ringing))
    await ends_once(stage, ringing)


async def test_a_wrong_ari_password_leaves_the_node_unconnected(
    running_node: RunningNode,
) -> None:
    events: list[Event] = []
    switch = build_switch([replace(running_node.address, ari_password="wrong")])
    await switch.start(events.append)
    leg = new_leg()
    switch.send(originate(leg))
    await until(lambda: any(isinstance(e, LegEnded) for e in events), what="the leg is refused")
    assert switch.nodes() == {NODE: False}
    await switch.stop()


async def test_only_the_events_we_use_are_sent_to_us(stage: RealStage) -> None:
    frames: list[bytes] = []
    events = stage.switch._nodes[NODE].events
    take = events.take
    events.take = lambda frame: frames.append(frame) or take(frame)  # type: ignore[method-assign,func-returns-value]
    now = await talk(stage)
    await now.agent.hangs_up()
    await ends_once(stage, now.agent_leg)
    stage.switch.send(HangUpLeg(now.customer_leg))
    await ends_once(stage, now.customer_leg)
    assert len(frames) <= 8, [frame[:60] for frame in frames]


async def test_without_a_manager_connection_calls_go_on_and_recordings_are_refused(
    stage: RealStage,
) -> None:
    await stage.switch.stop()
    stage.switch = build_switch([replace(stage.node.address, ami_port=1)])  # type: ignore[assignment]
    await stage.switch.start(stage.events.append)
    await until(lambda: stage.switch.nodes()[NODE])
    _, leg = await waiting_caller(stage)
    command = StartRecording(leg, "never")
    stage.switch.send(command)
    assert not (await event(stage, CommandFailed, command=command)).gone
    stage.switch.send(HangUpLeg(leg))
    await ends_once(stage, leg)
