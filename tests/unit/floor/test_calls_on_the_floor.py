"""What the floor promises about calls, driven event by event."""

import pytest

from hujiao.floor import refusals
from hujiao.telephony import port
from hujiao.telephony.port import Cause, LegId
from tests.unit.floor.stage import NODE, Stage


def test_a_caller_is_answered_offered_connected_and_wrapped_up() -> None:
    stage = Stage()
    stage.ready("ann")
    call = stage.arrive()
    leg = call.offered["ann"]
    stage.tell(port.LegRinging(stage.now, leg))
    stage.later(3)
    stage.answered(leg)
    assert call.phase == "talking"
    assert stage.sent(port.JoinLegs)[-1].legs == (call.customer, leg)
    assert stage.sent(port.StartRecording)[-1].leg == call.customer
    stage.later(60)
    stage.ended(call.customer)
    assert stage.state("ann") == "wrap_up"
    assert stage.sent(port.HangUpLeg)[-1].leg == leg
    stage.ended(leg)
    assert stage.sent(port.DestroyBridge)
    assert call.id in stage.floor.calls, "the desk still shows the call while wrapping up"
    stage.later(10)
    assert stage.state("ann") == "ready"
    assert not stage.floor.calls
    assert not stage.floor.call_of_leg
    assert stage.facts(call.id) == [
        "call.arrived",
        "queue.entered",
        "offer.made",
        "leg.started",
        "agent.state_changed",
        "leg.ringing",
        "offer.ringing",
        "leg.answered",
        "offer.accepted",
        "queue.left",
        "call.connected",
        "recording.started",
        "agent.state_changed",
        "leg.ended",
        "recording.stopped",
        "call.ended",
        "agent.state_changed",
        "wrap_up.started",
        "leg.ended",
        "wrap_up.ended",
    ]


def test_a_digit_in_the_menu_leads_to_its_queue_and_stops_the_prompt() -> None:
    stage = Stage(menu=True)
    call = stage.arrive()
    assert stage.sent(port.PlayMedia)[0].media == ("zh/greeting", "zh/menu")
    stage.tell(port.DigitPressed(stage.now, call.customer, "2"))
    assert call.queue == "vip"
    assert stage.sent(port.StopPlayback)
    assert call.phase == "waiting"


def test_three_wrong_or_missing_digits_lead_to_the_default_queue() -> None:
    stage = Stage(menu=True)
    call = stage.arrive()
    stage.tell(port.DigitPressed(stage.now, call.customer, "9"))
    assert stage.sent(port.PlayMedia)[-1].media == ("zh/menu_invalid", "zh/menu")
    for _ in range(2):
        assert call.playback is not None
        stage.tell(port.PlaybackEnded(stage.now, call.customer, call.playback))
        stage.later(6)
    assert call.queue == "q"
    assert stage.facts(call.id).count("menu.invalid") == 3


def test_a_waiting_caller_hears_his_place() -> None:
    stage = Stage()
    stage.arrive()
    second = stage.arrive()
    stage.later(10)
    places = [played for played in stage.sent(port.PlayMedia) if played.leg == second.customer]
    assert places[-1].media[0] == "zh/position/1"


def test_a_caller_who_gives_up_while_ringing_frees_the_agent_without_a_missed_call() -> None:
    stage = Stage()
    stage.ready("ann")
    call = stage.arrive()
    leg = call.offered["ann"]
    stage.ended(call.customer)
    assert stage.sent(port.HangUpLeg)[-1].leg == leg
    assert stage.state("ann") == "ready"
    assert stage.floor.desks["ann"].missed == 0
    stage.ended(leg)
    assert not stage.floor.calls


def test_an_agent_who_answers_after_the_caller_left_is_ended_and_ready_again() -> None:
    stage = Stage()
    stage.ready("ann")
    call = stage.arrive()
    leg = call.offered["ann"]
    stage.ended(call.customer)
    stage.commands.clear()
    stage.answered(leg)
    assert stage.commands == [port.HangUpLeg(leg, Cause.ANSWERED_ELSEWHERE)]
    assert stage.state("ann") == "ready"


def test_of_two_who_answer_at_once_the_first_wins_and_the_other_is_freed() -> None:
    stage = Stage(queue={"strategy": "ring_all"})
    stage.ready("ann", "bob")
    call = stage.arrive()
    ann, bob = call.offered["ann"], call.offered["bob"]
    stage.answered(bob)
    stage.answered(ann)
    assert call.agent == "bob"
    assert port.HangUpLeg(ann, Cause.ANSWERED_ELSEWHERE) in stage.commands
    assert stage.state("ann") == "ready"
    stage.ended(ann)
    assert call.phase == "talking"


def test_whose_loss_a_call_survives_is_asked_of_the_phone_that_answered() -> None:
    stage = Stage(queue={"strategy": "ring_all"})
    stage.ready("ann", "bob")
    call = stage.arrive()
    desk_phone = call.offered["bob"]
    stage.answered(desk_phone)
    stage.ended(desk_phone)
    assert call.phase == "ended", "a desk phone that hangs up means it"


def test_an_unanswered_offer_goes_to_the_next_agent_and_the_caller_keeps_his_place() -> None:
    stage = Stage()
    stage.ready("ann", "bob")
    call = stage.arrive()
    (first,) = call.offered
    stage.later(20)
    stage.ended(call.offered[first], Cause.NO_ANSWER)
    (second,) = call.offered
    assert {first, second} == {"ann", "bob"}
    assert stage.floor.desks[first].missed == 1


def test_a_refused_offer_ends_the_ringing_leg_and_goes_on() -> None:
    stage = Stage()
    stage.ready("ann", "bob")
    call = stage.arrive()
    (first,) = call.offered
    leg = call.offered[first]
    stage.do("reject", agent=first, call=call.id)
    assert port.HangUpLeg(leg, Cause.REJECTED) in stage.commands
    assert first not in call.offered
    assert len(call.offered) == 1
    stage.ended(leg, Cause.REJECTED)
    assert len(call.offered) == 1


def test_who_is_answered_at_once_needs_no_music() -> None:
    stage = Stage()
    stage.ready("ann")
    call = stage.arrive()
    stage.answered(call.offered["ann"])
    stage.later(1)
    assert not stage.sent(port.StartMusic)


def test_who_is_not_answered_at_once_hears_music_while_the_phone_rings() -> None:
    stage = Stage()
    stage.ready("ann")
    call = stage.arrive()
    stage.later(1)
    assert stage.sent(port.StartMusic) == [port.StartMusic(call.customer)]


def test_hold_gives_the_customer_music_and_resume_takes_him_back() -> None:
    stage = Stage()
    stage.ready("ann")
    call = stage.arrive()
    stage.answered(call.offered["ann"])
    stage.do("hold", agent="ann", call=call.id)
    assert call.phase == "hold"
    assert stage.commands[-2:] == [
        port.TakeOut(call.bridge, call.customer),
        port.StartMusic(call.customer),
    ]
    with pytest.raises(refusals.WrongState):
        stage.do("hold", agent="ann", call=call.id)
    stage.do("resume", agent="ann", call=call.id)
    assert call.phase == "talking"


def test_nobody_touches_a_colleagues_call() -> None:
    stage = Stage()
    stage.ready("ann")
    call = stage.arrive()
    stage.answered(call.offered["ann"])
    with pytest.raises(refusals.NotYours):
        stage.do("hangup", agent="bob", call=call.id)


def test_a_browser_phone_lost_in_mid_call_is_called_again_and_the_call_goes_on() -> None:
    stage = Stage()
    stage.ready("ann")
    call = stage.arrive()
    leg = call.offered["ann"]
    stage.answered(leg)
    stage.tell(port.PhoneChanged(stage.now, NODE, "1001", online=False))
    stage.ended(leg)
    assert call.phase == "reconnecting"
    assert stage.commands[-1] == port.StartMusic(call.customer)
    stage.later(2)
    stage.tell(port.PhoneChanged(stage.now, NODE, "1001", online=True))
    again = stage.sent(port.OriginateLeg)[-1]
    assert again.auto_answer
    stage.answered(again.leg)
    assert call.phase == "talking"
    assert stage.sent(port.JoinLegs)[-1].legs == (call.customer, again.leg)
    assert stage.state("ann") == "busy"


def test_a_reloaded_page_is_called_although_its_predecessor_seemed_online_for_a_moment() -> None:
    stage = Stage()
    stage.ready("ann")
    call = stage.arrive()
    leg = call.offered["ann"]
    stage.answered(leg)
    stage.ended(leg)
    to_the_dead_page = stage.sent(port.OriginateLeg)[-1]
    stage.tell(port.PhoneChanged(stage.now, NODE, "1001", online=False))
    stage.tell(port.PhoneChanged(stage.now, NODE, "1001", online=True))
    again = stage.sent(port.OriginateLeg)[-1]
    assert again.leg != to_the_dead_page.leg
    assert port.HangUpLeg(to_the_dead_page.leg) in stage.commands
    stage.answered(again.leg)
    stage.ended(to_the_dead_page.leg)
    assert call.phase == "talking"


def test_a_page_that_loads_anew_in_mid_call_replaces_the_dead_media_of_the_old_one() -> None:
    stage = Stage()
    stage.ready("ann")
    stage.do("phone", agent="ann", tab="one")
    call = stage.arrive()
    leg = call.offered["ann"]
    stage.answered(leg)
    stage.do("phone", agent="ann", tab="two")
    assert call.phase == "reconnecting"
    assert port.HangUpLeg(leg) in stage.commands
    stage.ended(leg)
    again = stage.sent(port.OriginateLeg)[-1]
    assert again.auto_answer
    assert again.leg != leg


def test_a_customer_whose_agents_phone_stays_away_goes_back_to_his_queue() -> None:
    stage = Stage()
    stage.ready("ann")
    call = stage.arrive()
    leg = call.offered["ann"]
    stage.answered(leg)
    stage.tell(port.PhoneChanged(stage.now, NODE, "1001", online=False))
    stage.ended(leg)
    stage.ready("bob")
    stage.later(20)
    assert stage.state("ann") == "not_ready"
    assert list(call.offered) == ["bob"]


def test_a_desk_phone_that_hangs_up_ends_the_call() -> None:
    stage = Stage()
    stage.ready("bob")
    call = stage.arrive()
    leg = call.offered["bob"]
    stage.answered(leg)
    stage.ended(leg)
    assert call.phase == "ended"
    assert call.ended_by == "agent"
    assert port.HangUpLeg(call.customer) in stage.commands


def test_a_dialled_number_rings_the_agent_first_and_then_the_customer() -> None:
    stage = Stage()
    stage.ready("ann")
    call_id = stage.do("dial", agent="ann", number="138 0013-8000")["call_id"]
    call = stage.floor.calls[call_id]
    assert call.agent_leg is not None
    stage.answered(call.agent_leg)
    dialled = stage.sent(port.DialInBridge)[-1]
    assert dialled.endpoint == "PJSIP/13800138000@gw"
    stage.answered(dialled.leg)
    assert call.phase == "talking"
    stage.do("hangup", agent="ann", call=call_id)
    assert {command.leg for command in stage.sent(port.HangUpLeg)} == {
        call.agent_leg,
        dialled.leg,
    }


def test_a_busy_customer_ends_the_outbound_call_with_its_cause() -> None:
    stage = Stage()
    stage.ready("ann")
    call = stage.floor.calls[stage.do("dial", agent="ann", number="13800138000")["call_id"]]
    assert call.agent_leg is not None
    stage.answered(call.agent_leg)
    stage.ended(call.customer, Cause.BUSY)
    assert call.phase == "ended"
    assert call.cause == Cause.BUSY
    assert stage.state("ann") == "wrap_up"


@pytest.mark.parametrize("number", ["", "abc", "12", "1; rm", "1" * 21, "PJSIP/1@x"])
def test_what_is_no_number_is_not_dialled(number: str) -> None:
    stage = Stage()
    stage.ready("ann")
    with pytest.raises(refusals.BadNumber):
        stage.do("dial", agent="ann", number=number)


def test_a_number_that_no_trunk_may_carry_is_refused() -> None:
    stage = Stage()
    stage.ready("ann")
    with pytest.raises(refusals.NumberNotAllowed):
        stage.do("dial", agent="ann", number="900123456")


def test_a_phone_without_a_signed_in_agent_cannot_dial_out() -> None:
    stage = Stage()
    leg = LegId("n1-99")
    stage.tell(
        port.LegArrived(stage.now, NODE, leg, port.Origin.AGENT, "1002", "1002", "", "13800138000")
    )
    assert stage.commands[-1] == port.HangUpLeg(leg, Cause.REJECTED)
    assert stage.facts(leg) == ["call.arrived", "call.refused", "call.ended"]


def test_an_unknown_number_is_turned_down_and_booked() -> None:
    stage = Stage()
    leg = LegId("n1-98")
    stage.tell(port.LegArrived(stage.now, NODE, leg, port.Origin.TRUNK, "gw", "1", "", "4999"))
    assert stage.commands[-1] == port.HangUpLeg(leg, Cause.UNALLOCATED)
    assert "call.refused" in stage.facts(leg)


def test_a_full_queue_apologises_and_ends() -> None:
    stage = Stage(queue={"max_waiting": 1})
    stage.arrive()
    call = stage.arrive()
    assert call.phase == "leaving"
    assert call.playback is not None
    stage.tell(port.PlaybackEnded(stage.now, call.customer, call.playback))
    assert stage.commands[-1] == port.HangUpLeg(call.customer)
    stage.ended(call.customer)
    assert call.ended_by == "system"
    assert call.id not in stage.floor.calls


def test_a_ready_agent_whose_phone_goes_away_gets_no_call_and_is_ready_when_it_is_back() -> None:
    stage = Stage()
    stage.ready("ann")
    stage.tell(port.PhoneChanged(stage.now, NODE, "1001", online=False))
    assert stage.state("ann") == "not_ready"
    call = stage.arrive()
    assert not call.offered
    stage.tell(port.PhoneChanged(stage.now, NODE, "1001", online=True))
    assert list(call.offered) == ["ann"]


def test_an_agent_whose_phone_stays_away_is_signed_out() -> None:
    stage = Stage()
    stage.ready("ann")
    stage.tell(port.PhoneChanged(stage.now, NODE, "1001", online=False))
    stage.later(91)
    assert stage.state("ann") == "offline"


def test_a_removed_agent_finishes_his_call_and_gets_no_other() -> None:
    from dataclasses import replace

    from hujiao.floor.configure import configure

    stage = Stage()
    stage.ready("ann")
    call = stage.arrive()
    leg = call.offered["ann"]
    stage.answered(leg)
    agents = {"bob": stage.configuration.agents["bob"]}
    configure(stage.floor, replace(stage.configuration, agents=agents), stage.now)
    assert call.phase == "talking"
    stage.ended(call.customer)
    stage.ended(leg)
    assert not stage.floor.calls


def test_an_agent_whose_phone_goes_away_while_ringing_is_passed_over_and_not_ready() -> None:
    stage = Stage()
    stage.ready("ann")
    call = stage.arrive()
    stage.tell(port.PhoneChanged(stage.now, NODE, "1001", online=False))
    assert not call.offered
    assert stage.state("ann") == "not_ready"
    assert stage.floor.desks["ann"].missed == 1
    stage.tell(port.PhoneChanged(stage.now, NODE, "1001", online=True))
    assert list(call.offered) == ["ann"]


def test_an_agent_whose_phone_goes_away_in_wrap_up_is_not_ready_afterwards() -> None:
    stage = Stage()
    stage.ready("ann")
    call = stage.arrive()
    stage.answered(call.offered["ann"])
    stage.ended(call.customer)
    stage.tell(port.PhoneChanged(stage.now, NODE, "1001", online=False))
    stage.later(10)
    assert stage.state("ann") == "not_ready"
