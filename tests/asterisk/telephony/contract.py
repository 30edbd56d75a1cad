"""What every switch promises. Run by the fake in tests/unit and by Asterisk in tests/asterisk."""

from dataclasses import dataclass

import pytest

from hujiao.telephony.endpoints import Phone, PhoneKind
from hujiao.telephony.port import (
    AnswerLeg,
    BridgeId,
    Cause,
    CommandFailed,
    DestroyBridge,
    DialInBridge,
    DigitPressed,
    HangUpLeg,
    JoinLegs,
    LegAnswered,
    LegArrived,
    LegEnded,
    LegHeld,
    LegId,
    LegResumed,
    LegRinging,
    NodeConnected,
    NodeLost,
    Origin,
    OriginateLeg,
    PhoneChanged,
    PlaybackEnded,
    PlaybackId,
    PlayMedia,
    RingLeg,
    SendDigits,
    StartMusic,
    StopMusic,
    StopPlayback,
    TakeOut,
)
from tests.asterisk.telephony.stage import (
    CALLER_NUMBER,
    MUSIC,
    NODE,
    NOTHING,
    PHONES,
    PROMPT,
    TRUNK,
    Party,
    Stage,
    came_before,
    ends_once,
    event,
    refusals,
    told,
)

TALK = BridgeId("talk")
_numbers = iter(range(1, 1_000_000))


def new_leg() -> LegId:
    """An id that no test used before, in the floor's form."""
    return LegId(f"019a0000{next(_numbers):024x}.2")


@dataclass(slots=True)
class Talk:
    """A customer and an agent in one bridge."""

    customer: Party
    customer_leg: LegId
    agent: Party
    agent_leg: LegId
    bridge: BridgeId


async def waiting_caller(stage: Stage) -> tuple[Party, LegId]:
    """A customer who came in and was answered."""
    caller = await stage.caller()
    arrived = await event(stage, LegArrived)
    stage.switch.send(AnswerLeg(arrived.leg))
    await caller.is_answered()
    return caller, arrived.leg


def originate(leg: LegId, phone: str = "1001", **more: object) -> OriginateLeg:
    fields: dict[str, object] = {"ring_timeout_s": 30, "caller_number": CALLER_NUMBER, **more}
    return OriginateLeg(leg, NODE, f"PJSIP/{phone}", **fields)  # type: ignore[arg-type]


async def answered_agent(stage: Stage, phone: str = "1001") -> tuple[Party, LegId]:
    leg = new_leg()
    stage.switch.send(originate(leg, phone))
    agent = await stage.rung(phone, leg)
    await agent.answers()
    await event(stage, LegAnswered, leg=leg)
    return agent, leg


async def talk(stage: Stage) -> Talk:
    customer, customer_leg = await waiting_caller(stage)
    agent, agent_leg = await answered_agent(stage)
    bridge = BridgeId("b-" + agent_leg)
    stage.switch.send(JoinLegs(bridge, (customer_leg, agent_leg)))
    await customer.hears(agent)
    await agent.hears(customer)
    return Talk(customer, customer_leg, agent, agent_leg, bridge)


class ArrivalContract:
    """Legs that come in."""

    async def test_an_arriving_leg_is_told_with_its_numbers_and_origin(self, stage: Stage) -> None:
        await stage.caller("8000")
        arrived = await event(stage, LegArrived)
        assert (arrived.node, arrived.origin, arrived.endpoint) == (NODE, Origin.TRUNK, TRUNK)
        assert (arrived.caller_number, arrived.called_number) == (CALLER_NUMBER, "8000")
        assert arrived.at_ms > 0

    async def test_a_stranger_reaches_nobody(self, stage: Stage) -> None:
        await stage.stranger()
        await stage.settled()
        assert told(stage, LegArrived) == []

    async def test_a_number_that_an_agent_dials_arrives_from_that_agent(self, stage: Stage) -> None:
        await stage.agent_dials("1001", "13900139000")
        arrived = await event(stage, LegArrived)
        assert (arrived.origin, arrived.endpoint) == (Origin.AGENT, "1001")
        assert arrived.called_number == "13900139000"

    async def test_ringing_and_answering_reach_the_caller(self, stage: Stage) -> None:
        caller = await stage.caller()
        leg = (await event(stage, LegArrived)).leg
        stage.switch.send(RingLeg(leg))
        await caller.is_ringing()
        stage.switch.send(AnswerLeg(leg))
        await caller.is_answered()
        assert refusals(stage) == []

    async def test_a_caller_who_hangs_up_ends_once_with_normal_cause(self, stage: Stage) -> None:
        caller, leg = await waiting_caller(stage)
        await caller.hangs_up()
        assert await ends_once(stage, leg) == Cause.NORMAL

    async def test_a_caller_who_gives_up_before_the_answer_ends_once(self, stage: Stage) -> None:
        caller = await stage.caller()
        leg = (await event(stage, LegArrived)).leg
        await caller.hangs_up()
        assert await ends_once(stage, leg) == Cause.NORMAL

    async def test_hanging_up_ends_the_line_with_our_cause(self, stage: Stage) -> None:
        caller, leg = await waiting_caller(stage)
        stage.switch.send(HangUpLeg(leg, Cause.NORMAL))
        await caller.is_over()
        assert await ends_once(stage, leg) == Cause.NORMAL

    async def test_refusing_an_unanswered_leg_ends_it_with_that_cause(self, stage: Stage) -> None:
        caller = await stage.caller()
        leg = (await event(stage, LegArrived)).leg
        stage.switch.send(HangUpLeg(leg, Cause.BUSY))
        await caller.is_over()
        assert await ends_once(stage, leg) == Cause.BUSY

    async def test_digits_are_told_in_order(self, stage: Stage) -> None:
        caller, leg = await waiting_caller(stage)
        await caller.presses("159#*0")
        await stage.until(lambda: len(told(stage, DigitPressed)) == 6, "six digits")
        assert "".join(e.digit for e in told(stage, DigitPressed, leg=leg)) == "159#*0"


class SoundContract:
    """What a single leg hears."""

    async def test_media_is_heard_and_its_end_told_once_for_all_of_it(self, stage: Stage) -> None:
        caller, leg = await waiting_caller(stage)
        stage.switch.send(PlayMedia(leg, PlaybackId("p1"), (stage.prompt(), stage.prompt())))
        await caller.hears(PROMPT)
        await stage.prompts_end(leg)
        await event(stage, PlaybackEnded, leg=leg, playback="p1")
        await stage.settled()
        assert len(told(stage, PlaybackEnded)) == 1

    async def test_a_stopped_playback_ends(self, stage: Stage) -> None:
        caller, leg = await waiting_caller(stage)
        stage.switch.send(PlayMedia(leg, PlaybackId("p2"), (stage.long_prompt(),)))
        await caller.hears(PROMPT)
        stage.switch.send(StopPlayback(PlaybackId("p2"), leg))
        await event(stage, PlaybackEnded, leg=leg, playback="p2")
        await caller.hears(NOTHING)

    async def test_a_playback_of_an_ended_leg_tells_nothing_after_the_end(
        self, stage: Stage
    ) -> None:
        caller, leg = await waiting_caller(stage)
        stage.switch.send(PlayMedia(leg, PlaybackId("p3"), (stage.long_prompt(),)))
        await caller.hears(PROMPT)
        await caller.hangs_up()
        await ends_once(stage, leg)

    async def test_music_goes_on_after_an_announcement(self, stage: Stage) -> None:
        caller, leg = await waiting_caller(stage)
        stage.switch.send(StartMusic(leg))
        await caller.hears(MUSIC)
        stage.switch.send(PlayMedia(leg, PlaybackId("p4"), (stage.prompt(),)))
        await caller.hears(PROMPT)
        await stage.prompts_end(leg)
        await caller.hears(MUSIC)
        stage.switch.send(StopMusic(leg))
        await caller.hears(NOTHING)

    async def test_digits_are_sent_to_the_party(self, stage: Stage) -> None:
        caller, leg = await waiting_caller(stage)
        stage.switch.send(SendDigits(leg, "42#"))
        await caller.was_sent("42#")


class OutgoingContract:
    """Legs that we call."""

    async def test_a_phone_rings_and_answers(self, stage: Stage) -> None:
        leg = new_leg()
        stage.switch.send(originate(leg))
        agent = await stage.rung("1001", leg)
        await event(stage, LegRinging, leg=leg)
        await agent.answers()
        await event(stage, LegAnswered, leg=leg)
        await agent.hangs_up()
        assert await ends_once(stage, leg) == Cause.NORMAL
        assert len(told(stage, LegRinging)) == len(told(stage, LegAnswered)) == 1

    async def test_a_busy_phone_ends_the_leg_with_busy(self, stage: Stage) -> None:
        leg = new_leg()
        stage.switch.send(originate(leg))
        agent = await stage.rung("1001", leg)
        await agent.is_busy()
        assert await ends_once(stage, leg) == Cause.BUSY
        assert told(stage, LegAnswered) == []

    async def test_nobody_answering_in_time_ends_the_leg_with_no_answer(self, stage: Stage) -> None:
        leg = new_leg()
        stage.switch.send(originate(leg, ring_timeout_s=1))
        agent = await stage.rung("1001", leg)
        await stage.time_passes(1.1)
        await agent.is_over()
        assert await ends_once(stage, leg) == Cause.NO_ANSWER

    async def test_a_cancelled_offer_stops_ringing_as_answered_elsewhere(
        self, stage: Stage
    ) -> None:
        leg = new_leg()
        stage.switch.send(originate(leg))
        agent = await stage.rung("1001", leg)
        stage.switch.send(HangUpLeg(leg, Cause.ANSWERED_ELSEWHERE))
        await agent.is_over()
        assert await ends_once(stage, leg) == Cause.ANSWERED_ELSEWHERE

    async def test_cancelling_in_the_same_breath_ends_the_leg_once(self, stage: Stage) -> None:
        leg = new_leg()
        stage.switch.send(originate(leg))
        stage.switch.send(HangUpLeg(leg, Cause.ANSWERED_ELSEWHERE))
        await ends_once(stage, leg)
        assert told(stage, LegAnswered) == []

    @pytest.mark.parametrize("phone", ["1002", "9999"])
    async def test_a_phone_that_is_away_or_unknown_is_refused_and_ended(
        self, stage: Stage, phone: str
    ) -> None:
        await stage.signs_out("1002")
        leg = new_leg()
        stage.switch.send(originate(leg, phone))
        failed = await event(stage, CommandFailed)
        assert failed.command == originate(leg, phone)
        assert await ends_once(stage, leg) == Cause.UNALLOCATED
        assert came_before(stage, failed, told(stage, LegEnded)[0])

    async def test_calling_for_an_originator_who_is_gone_is_refused(self, stage: Stage) -> None:
        caller, caller_leg = await waiting_caller(stage)
        await caller.hangs_up()
        await ends_once(stage, caller_leg)
        leg = new_leg()
        stage.switch.send(originate(leg, originator=caller_leg))
        assert (await event(stage, CommandFailed)).gone
        await ends_once(stage, leg)
        assert told(stage, LegAnswered) == []

    async def test_the_first_to_answer_wins_and_the_other_is_let_go(self, stage: Stage) -> None:
        first, second = new_leg(), new_leg()
        stage.switch.send(originate(first, "1001"))
        stage.switch.send(originate(second, "1002"))
        one = await stage.rung("1001", first)
        other = await stage.rung("1002", second)
        await one.answers()
        await other.answers()
        await event(stage, LegAnswered, leg=first)
        await event(stage, LegAnswered, leg=second)
        stage.switch.send(HangUpLeg(second, Cause.ANSWERED_ELSEWHERE))
        await other.is_over()
        await ends_once(stage, second)
        assert told(stage, LegEnded, leg=first) == []

    async def test_sending_a_command_twice_does_nothing_twice(self, stage: Stage) -> None:
        leg = new_leg()
        stage.switch.send(originate(leg))
        stage.switch.send(originate(leg))
        agent = await stage.rung("1001", leg)
        await agent.answers()
        await event(stage, LegAnswered, leg=leg)
        play = PlayMedia(leg, PlaybackId("p5"), (stage.prompt(),))
        stage.switch.send(play)
        stage.switch.send(play)
        await stage.prompts_end(leg)
        await event(stage, PlaybackEnded, leg=leg)
        stage.switch.send(HangUpLeg(leg))
        stage.switch.send(HangUpLeg(leg))
        await ends_once(stage, leg)
        assert len(told(stage, LegAnswered)) == len(told(stage, PlaybackEnded)) == 1
        assert all(failed.gone for failed in refusals(stage))

    async def test_a_command_for_a_leg_that_is_gone_says_so(self, stage: Stage) -> None:
        _, leg = await waiting_caller(stage)
        stage.switch.send(HangUpLeg(leg))
        await ends_once(stage, leg)
        stage.switch.send(StartMusic(leg))
        failed = await event(stage, CommandFailed, command=StartMusic(leg))
        assert failed.gone


class TalkContract:
    """Legs together."""

    async def test_joined_legs_hear_each_other_and_no_music(self, stage: Stage) -> None:
        customer, customer_leg = await waiting_caller(stage)
        stage.switch.send(StartMusic(customer_leg))
        await customer.hears(MUSIC)
        agent_leg = new_leg()
        stage.switch.send(originate(agent_leg, originator=customer_leg))
        agent = await stage.rung("1001", agent_leg)
        await agent.answers()
        await event(stage, LegAnswered, leg=agent_leg)
        stage.switch.send(JoinLegs(TALK, (customer_leg, agent_leg)))
        await customer.hears(agent)
        await agent.hears(customer)
        stage.switch.send(JoinLegs(TALK, (customer_leg, agent_leg)))
        await stage.settled()
        await customer.hears(agent)
        assert refusals(stage) == []
        stage.switch.send(DestroyBridge(TALK, NODE))

    async def test_a_customer_on_hold_hears_music_and_comes_back(self, stage: Stage) -> None:
        now = await talk(stage)
        stage.switch.send(TakeOut(now.bridge, now.customer_leg))
        stage.switch.send(StartMusic(now.customer_leg))
        await now.customer.hears(MUSIC)
        await now.agent.hears(NOTHING)
        stage.switch.send(JoinLegs(now.bridge, (now.customer_leg,)))
        await now.customer.hears(now.agent)
        await now.agent.hears(now.customer)
        assert refusals(stage) == []

    async def test_joining_moves_a_leg_out_of_its_bridge(self, stage: Stage) -> None:
        now = await talk(stage)
        colleague, colleague_leg = await answered_agent(stage, "1002")
        other = BridgeId("other-" + colleague_leg)
        stage.switch.send(JoinLegs(other, (now.customer_leg, colleague_leg)))
        await now.customer.hears(colleague)
        await colleague.hears(now.customer)
        await now.agent.hears(NOTHING)
        stage.switch.send(DestroyBridge(other, NODE))
        assert refusals(stage) == []

    async def test_three_legs_hear_one_another(self, stage: Stage) -> None:
        now = await talk(stage)
        colleague, colleague_leg = await answered_agent(stage, "1002")
        stage.switch.send(JoinLegs(now.bridge, (colleague_leg,)))
        await now.customer.hears(now.agent, colleague)
        await colleague.hears(now.customer, now.agent)

    async def test_one_end_leaves_the_other_leg_alive(self, stage: Stage) -> None:
        now = await talk(stage)
        await now.agent.hangs_up()
        await ends_once(stage, now.agent_leg)
        assert told(stage, LegEnded, leg=now.customer_leg) == []
        stage.switch.send(TakeOut(now.bridge, now.customer_leg))
        stage.switch.send(StartMusic(now.customer_leg))
        await now.customer.hears(MUSIC)

    async def test_a_destroyed_bridge_leaves_its_legs_alive_and_silent(self, stage: Stage) -> None:
        now = await talk(stage)
        stage.switch.send(DestroyBridge(now.bridge, NODE))
        await now.customer.hears(NOTHING)
        await now.agent.hears(NOTHING)
        assert told(stage, LegEnded) == []

    async def test_hold_pressed_on_the_phone_is_told(self, stage: Stage) -> None:
        agent, leg = await answered_agent(stage)
        await agent.holds(True)
        await event(stage, LegHeld, leg=leg)
        await agent.holds(False)
        await event(stage, LegResumed, leg=leg)

    async def test_a_number_dialled_in_a_bridge_is_heard_before_it_answers(
        self, stage: Stage
    ) -> None:
        agent, agent_leg = await answered_agent(stage)
        bridge, leg = BridgeId("dial-" + agent_leg), new_leg()
        stage.switch.send(JoinLegs(bridge, (agent_leg,)))
        stage.switch.send(DialInBridge(leg, NODE, bridge, f"PJSIP/139@{TRUNK}", 30, "4001234567"))
        customer = await stage.trunk_called(leg)
        await stage.early_media(customer)
        await agent.hears(customer)
        await customer.answers()
        await event(stage, LegAnswered, leg=leg)
        await customer.hears(agent)
        await customer.hangs_up()
        assert await ends_once(stage, leg) == Cause.NORMAL
        assert refusals(stage) == []

    async def test_a_dialled_number_that_is_busy_or_silent_ends_with_its_cause(
        self, stage: Stage
    ) -> None:
        bridge, busy, silent = BridgeId("dial2-" + new_leg()), new_leg(), new_leg()
        stage.switch.send(DialInBridge(busy, NODE, bridge, f"PJSIP/139@{TRUNK}", 30))
        customer = await stage.trunk_called(busy)
        await customer.is_busy()
        assert await ends_once(stage, busy) == Cause.BUSY
        stage.switch.send(DialInBridge(silent, NODE, bridge, f"PJSIP/139@{TRUNK}", 1))
        customer = await stage.trunk_called(silent)
        await stage.time_passes(1.1)
        await customer.is_over()
        assert await ends_once(stage, silent) == Cause.NO_ANSWER
        stage.switch.send(DestroyBridge(bridge, NODE))

    async def test_dialling_what_cannot_be_reached_is_refused_and_ended(self, stage: Stage) -> None:
        leg = new_leg()
        stage.switch.send(DialInBridge(leg, NODE, BridgeId("dial3"), "PJSIP/139@nowhere", 30))
        failed = await event(stage, CommandFailed)
        assert await ends_once(stage, leg) == Cause.UNALLOCATED
        assert came_before(stage, failed, told(stage, LegEnded)[0])
        stage.switch.send(DestroyBridge(BridgeId("dial3"), NODE))

    async def test_a_dialled_number_can_be_given_up(self, stage: Stage) -> None:
        bridge, leg = BridgeId("dial4-" + new_leg()), new_leg()
        stage.switch.send(DialInBridge(leg, NODE, bridge, f"PJSIP/139@{TRUNK}", 30))
        customer = await stage.trunk_called(leg)
        stage.switch.send(HangUpLeg(leg))
        await customer.is_over()
        await ends_once(stage, leg)
        stage.switch.send(DestroyBridge(bridge, NODE))


class NodeContract:
    """Phones, lost connections and dead nodes."""

    async def test_phones_are_told_as_they_come_and_go(self, stage: Stage) -> None:
        await event(stage, PhoneChanged, endpoint="1001", online=True)
        await stage.signs_out("1001")
        await stage.until(
            lambda: told(stage, PhoneChanged, endpoint="1001")[-1].online is False, "1001 goes"
        )
        await stage.signs_in("1001")
        await stage.until(
            lambda: told(stage, PhoneChanged, endpoint="1001")[-1].online is True, "1001 comes"
        )
        states = [e.online for e in told(stage, PhoneChanged, endpoint="1002")]
        assert states == [False, True]

    async def test_phones_are_added_and_removed_without_a_restart(self, stage: Stage) -> None:
        await stage.switch.provision(PHONES[:1], (stage.trunk(),))
        leg = new_leg()
        stage.switch.send(originate(leg, "1002"))
        assert await ends_once(stage, leg) == Cause.UNALLOCATED
        await stage.switch.provision(PHONES, (stage.trunk(),))
        await stage.signs_in("1002")
        again = new_leg()
        stage.switch.send(originate(again, "1002"))
        agent = await stage.rung("1002", again)
        await agent.is_busy()
        await ends_once(stage, again)

    async def test_a_phone_at_a_fixed_address_is_online_from_the_start(self, stage: Stage) -> None:
        fixed = Phone("1003", PhoneKind.STATIC, "", contact="sip:1003@127.0.0.1:9")
        await stage.switch.provision((*PHONES, fixed), (stage.trunk(),))
        await event(stage, PhoneChanged, endpoint="1003", online=True)

    async def test_after_a_lost_connection_what_was_missed_is_told(self, stage: Stage) -> None:
        now = await talk(stage)
        other, other_leg = await answered_agent(stage, "1002")
        await stage.connection_breaks()
        await event(stage, NodeLost, node=NODE)
        assert stage.switch.nodes()[NODE] is False
        await other.hangs_up()
        await stage.connection_returns()
        await stage.until(lambda: len(told(stage, NodeConnected)) == 2, "connected again")
        back = told(stage, NodeConnected)[1]
        await ends_once(stage, other_leg)
        ended = told(stage, LegEnded, leg=other_leg)[0]
        assert came_before(stage, ended, back)
        live = {leg.leg: (leg.bridge, leg.answered) for leg in back.legs}
        assert live == {
            now.customer_leg: (now.bridge, True),
            now.agent_leg: (now.bridge, True),
        }
        await now.customer.hears(now.agent)
        stage.switch.send(HangUpLeg(now.agent_leg))
        await ends_once(stage, now.agent_leg)

    async def test_a_customer_who_leaves_unheard_is_told_with_his_own_time_and_cause(
        self, stage: Stage
    ) -> None:
        now = await talk(stage)
        dialled = new_leg()
        bridge = BridgeId("b-" + dialled)
        stage.switch.send(DialInBridge(dialled, NODE, bridge, f"PJSIP/139@{TRUNK}", 30))
        called = await stage.trunk_called(dialled)
        await called.answers()
        await event(stage, LegAnswered, leg=dialled)
        await stage.connection_breaks()
        lost = await event(stage, NodeLost, node=NODE)
        for party in (now.customer, now.agent, called):
            await party.hangs_up()
            await party.is_over()
        await stage.time_passes(1)
        await stage.connection_returns()
        await stage.until(lambda: len(told(stage, NodeConnected)) == 2, "connected again")
        back = told(stage, NodeConnected)[1]
        assert await ends_once(stage, now.agent_leg) == Cause.NORMAL
        for leg in (now.customer_leg, dialled):
            assert await ends_once(stage, leg) == Cause.NORMAL
            (ended,) = told(stage, LegEnded, leg=leg)
            assert ended.ended_ms is not None
            assert lost.at_ms <= ended.ended_ms <= ended.at_ms
            assert (ended.ended_ms, ended.cause) in {
                (note.ended_ms, note.cause) for note in back.ended if note.leg == leg
            }
        (caller,) = (note.arrival for note in back.ended if note.leg == now.customer_leg)
        assert caller is not None
        assert (caller.endpoint, caller.caller_number, caller.called_number) == (
            TRUNK,
            CALLER_NUMBER,
            "8000",
        )

    async def test_commands_without_a_connection_are_refused_and_new_legs_ended(
        self, stage: Stage
    ) -> None:
        _, caller_leg = await waiting_caller(stage)
        await stage.connection_breaks()
        leg = new_leg()
        stage.switch.send(StartMusic(caller_leg))
        stage.switch.send(originate(leg))
        failed = await event(stage, CommandFailed, command=StartMusic(caller_leg))
        assert not failed.gone
        await event(stage, CommandFailed, command=originate(leg))
        await event(stage, LegEnded, leg=leg)
        await stage.connection_returns()
        await stage.settled()
        assert len(told(stage, LegEnded, leg=leg)) == 1

    async def test_a_dead_node_ends_its_legs_and_takes_calls_again(self, stage: Stage) -> None:
        now = await talk(stage)
        await stage.node_dies()
        await event(stage, NodeLost, node=NODE)
        await stage.node_returns()
        await stage.until(lambda: len(told(stage, NodeConnected)) == 2, "connected again")
        assert told(stage, NodeConnected)[1].legs == ()
        for leg in (now.customer_leg, now.agent_leg):
            ended = told(stage, LegEnded, leg=leg)
            assert len(ended) == 1
            assert came_before(stage, ended[0], told(stage, NodeConnected)[1])
        stage.events.clear()
        await stage.signs_in("1001")
        await talk(stage)


class SwitchContract(ArrivalContract, SoundContract, OutgoingContract, TalkContract, NodeContract):
    """All of it."""
