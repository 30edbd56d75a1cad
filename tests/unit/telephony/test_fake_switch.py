"""The switch in memory keeps what the port promises."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from hujiao.telephony.endpoints import Trunk
from hujiao.telephony.fake import FIRST_NODE, FakeSwitch
from hujiao.telephony.port import (
    AnswerLeg,
    BridgeId,
    Event,
    JoinLegs,
    LegArrived,
    LegId,
    Origin,
    PlaceTestCall,
)
from tests.asterisk.telephony.contract import SwitchContract
from tests.asterisk.telephony.stage import (
    MUSIC,
    NOTHING,
    PHONES,
    PROMPT,
    TRUNK,
    Party,
    event,
    refusals,
)

pytestmark = pytest.mark.unit


class FakeParty:
    """A line's end, acted by the fake."""

    def __init__(self, stage: "FakeStage", leg: LegId) -> None:
        self.leg = leg
        self._switch = stage.switch

    async def is_ringing(self) -> None:
        self._switch.settle()
        assert self._switch.legs[self.leg].ringing

    async def is_answered(self) -> None:
        self._switch.settle()
        assert self._switch.legs[self.leg].answered

    async def is_over(self) -> None:
        self._switch.settle()
        assert self.leg in self._switch.ended

    async def answers(self) -> None:
        self._switch.answers(self.leg)

    async def is_busy(self) -> None:
        self._switch.rejects(self.leg)

    async def hangs_up(self) -> None:
        self._switch.hangs_up(self.leg)

    async def holds(self, on: bool) -> None:
        self._switch.holds(self.leg, on=on)

    async def presses(self, digits: str) -> None:
        self._switch.presses(self.leg, digits)

    async def was_sent(self, digits: str) -> None:
        self._switch.settle()
        assert self._switch.legs[self.leg].digits_sent == digits

    async def hears(self, *what: Party | str) -> None:
        self._switch.settle()
        heard = self._switch.hears(self.leg)
        if what == (NOTHING,):
            assert heard == ""
        elif what == (MUSIC,):
            assert heard == "music"
        elif what == (PROMPT,):
            assert heard == self._switch.legs[self.leg].playing[0]
        else:
            assert set(heard.split()) == {p.leg for p in what if isinstance(p, FakeParty)}


class FakeStage:
    """The world around the fake."""

    def __init__(self) -> None:
        self.now_ms = 1_700_000_000_000
        self.switch = FakeSwitch(lambda: self.now_ms)
        self.events: list[Event] = []

    def trunk(self) -> Trunk:
        return Trunk(TRUNK, host="192.0.2.1")

    async def caller(self, called: str = "8000") -> FakeParty:
        return FakeParty(self, self.switch.caller_arrives(called))

    async def stranger(self) -> None:
        self.switch.caller_arrives("8000", trunk="somebody")

    async def agent_dials(self, phone: str, called: str) -> FakeParty:
        return FakeParty(self, self.switch.agent_calls(phone, called))

    async def rung(self, phone: str, leg: LegId) -> FakeParty:
        self.switch.settle()
        assert self.switch.legs[leg].endpoint == phone
        return FakeParty(self, leg)

    async def trunk_called(self, leg: LegId) -> FakeParty:
        return await self.rung(TRUNK, leg)

    async def early_media(self, party: Party) -> None:
        return None

    async def signs_in(self, phone: str) -> None:
        self.switch.phone_registers(phone)

    async def signs_out(self, phone: str) -> None:
        self.switch.phone_leaves(phone)

    async def time_passes(self, seconds: float) -> None:
        self.switch.settle()
        self.now_ms += round(seconds * 1000)
        self.switch.expire()

    async def prompts_end(self, leg: LegId) -> None:
        self.switch.settle()
        self.switch.playback_ends(leg)

    def prompt(self) -> str:
        return "sound:prompt"

    def long_prompt(self) -> str:
        return "sound:long"

    async def connection_breaks(self) -> None:
        self.switch.connection_lost()

    async def connection_returns(self) -> None:
        self.switch.connection_returns()

    async def node_dies(self) -> None:
        self.switch.node_dies()

    async def node_returns(self) -> None:
        self.switch.registered.clear()
        self.switch.connection_returns()

    async def settled(self) -> None:
        self.switch.settle()

    async def until(self, condition: Callable[[], Any], what: str = "") -> Any:
        self.switch.settle()
        value = condition()
        assert value, what
        return value


@pytest.fixture
async def stage() -> AsyncIterator[FakeStage]:
    stage = FakeStage()
    await stage.switch.provision(PHONES, (stage.trunk(),))
    await stage.switch.start(stage.events.append)
    for phone in PHONES:
        stage.switch.phone_registers(phone.endpoint)
    yield stage
    await stage.switch.stop()


class TestFakeSwitch(SwitchContract):
    """Runs the contract."""


async def test_what_the_sink_sends_is_carried_out_before_the_world_acts_again() -> None:
    switch = FakeSwitch(lambda: 0)

    def sink(event: Event) -> None:
        if isinstance(event, LegArrived):
            switch.send(AnswerLeg(event.leg))
            assert not switch.legs[event.leg].answered, "never from inside send"

    await switch.start(sink)
    leg = switch.caller_arrives("8000", origin=Origin.TEST)
    assert switch.legs[leg].answered


async def test_a_test_call_comes_in_as_one(stage: FakeStage) -> None:
    stage.switch.send(PlaceTestCall(LegId("t-1"), FIRST_NODE, "4001", "13900139000"))
    arrived = await event(stage, LegArrived)
    assert arrived.origin is Origin.TEST
    assert (arrived.called_number, arrived.caller_number) == ("4001", "13900139000")
    assert refusals(stage) == []


def test_the_fake_needs_no_event_loop() -> None:
    switch = FakeSwitch(lambda: 0)
    starting = switch.start(lambda event: None)
    with pytest.raises(StopIteration):
        starting.send(None)
    leg = switch.caller_arrives("8000", origin=Origin.TEST)
    switch.send(JoinLegs(BridgeId("b1"), (leg,)))
    switch.settle()
    assert switch.legs[leg].bridge == "b1"
