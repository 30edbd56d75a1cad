"""What a restarted floor makes of the calls and agents that the last one left."""

from dataclasses import replace
from itertools import pairwise

from hujiao.calls.model import Call, Phase
from hujiao.events.calls import CallEnded
from hujiao.events.floor import AgentStateChanged
from hujiao.routing.model import AgentState
from hujiao.telephony import port
from hujiao.telephony.port import Cause, LegId, LiveLeg
from tests.unit.floor.stage import NODE, Stage


def live(leg: LegId | None, *, bridge: Call | None = None, answered: bool = True) -> LiveLeg:
    assert leg is not None
    return LiveLeg(leg, bridge.bridge if bridge else None, answered)


def talking(stage: Stage, agent: str = "ann") -> Call:
    call = stage.arrive()
    stage.answered(call.offered[agent])
    return call


def test_a_conversation_goes_on_untouched_and_ends_as_ever() -> None:
    stage = Stage()
    stage.ready("ann")
    call = talking(stage)
    stage.later(30)
    stage.restart(live(call.customer, bridge=call), live(call.agent_leg, bridge=call))
    assert stage.commands == []
    assert stage.state("ann") == "busy"
    again = stage.floor.calls[call.id]
    assert again.answered_ms == call.answered_ms
    stage.ended(again.customer)
    assert stage.state("ann") == "wrap_up"
    stage.later(10)
    assert stage.state("ann") == "ready"


def test_agents_keep_their_state_its_time_and_their_place_among_the_idle() -> None:
    stage = Stage()
    stage.ready("bob")
    stage.later(60)
    stage.ready("ann")
    since = stage.floor.desks["bob"].since_ms
    stage.later(60)
    stage.restart()
    assert stage.floor.desks["bob"].since_ms == since
    assert list(stage.arrive().offered) == ["bob"]


def test_waiting_callers_keep_music_and_order() -> None:
    stage = Stage()
    first, second = stage.arrive(), stage.arrive()
    stage.later(1)
    assert stage.sent(port.StartMusic) == [
        port.StartMusic(first.customer),
        port.StartMusic(second.customer),
    ]
    stage.restart(live(second.customer), live(first.customer))
    stage.later(1)
    assert not stage.sent(port.StartMusic), "the music never stopped"
    stage.ready("ann")
    assert list(stage.floor.calls[first.id].offered) == ["ann"]
    assert not stage.floor.calls[second.id].offered


def test_music_that_had_not_begun_when_the_floor_ended_begins_now() -> None:
    stage = Stage()
    call = stage.arrive()
    stage.restart(live(call.customer))
    stage.later(1)
    assert stage.sent(port.StartMusic) == [port.StartMusic(call.customer)]


def test_a_ringing_offer_is_ended_and_made_again() -> None:
    stage = Stage()
    stage.ready("ann")
    call = stage.arrive()
    leg = call.offered["ann"]
    stage.restart(live(call.customer), live(leg, answered=False))
    assert port.HangUpLeg(leg, Cause.ANSWERED_ELSEWHERE) in stage.commands
    again = stage.floor.calls[call.id]
    assert again.offered["ann"] != leg
    stage.ended(leg, Cause.ANSWERED_ELSEWHERE)
    assert stage.floor.desks["ann"].missed == 0


def test_each_state_of_an_agent_begins_where_the_former_ended_over_a_restart() -> None:
    stage = Stage()
    stage.ready("ann")
    call = stage.arrive()
    stage.restart(live(call.customer), live(call.offered["ann"], answered=False))
    chain = [fact for _, fact, _ in stage.ledger.facts if isinstance(fact, AgentStateChanged)]
    assert [fact.state for fact in chain[-3:]] == ["offered", "ready", "offered"]
    for former, following in pairwise(chain):
        assert following.was == former.state


def test_an_agent_who_picked_up_in_the_gap_has_the_call() -> None:
    stage = Stage()
    stage.ready("ann")
    call = stage.arrive()
    leg = call.offered["ann"]
    stage.restart(live(call.customer), live(leg))
    again = stage.floor.calls[call.id]
    assert again.phase == "talking"
    assert stage.sent(port.JoinLegs)[-1].legs == (call.customer, leg)
    stage.ended(again.customer)
    assert stage.state("ann") == "wrap_up"


def test_a_caller_who_hung_up_in_the_gap_is_closed_and_the_ringing_agent_freed() -> None:
    stage = Stage()
    stage.ready("ann")
    call = stage.arrive()
    leg = call.offered["ann"]
    stage.restart(live(leg, answered=False))
    assert port.HangUpLeg(leg, Cause.ANSWERED_ELSEWHERE) in stage.commands
    assert stage.state("ann") == "ready"
    assert "call.ended" in stage.facts(call.id)
    stage.ended(leg)
    assert call.id not in stage.floor.calls


def test_a_customer_who_hung_up_in_the_gap_does_not_leave_the_agent_alone_in_the_bridge() -> None:
    stage = Stage()
    stage.ready("ann")
    call = talking(stage)
    stage.restart(live(call.agent_leg, bridge=call))
    assert stage.commands == [
        port.HangUpLeg(LegId(str(call.agent_leg))),
        port.DestroyBridge(call.bridge, NODE),
    ]
    assert stage.state("ann") == "wrap_up"


def ends_of(stage: Stage, call: str) -> list[tuple[int, str, int]]:
    """When, by whom and why the call was over, by each fact of it."""
    return [
        (at_ms, fact.ended_by, fact.cause)
        for at_ms, fact, subject in stage.ledger.facts
        if isinstance(fact, CallEnded) and subject.call == call
    ]


def test_who_left_in_the_gap_did_so_at_his_own_time_and_his_agent_is_free_from_now() -> None:
    stage = Stage()
    stage.ready("ann")
    call = talking(stage)
    stage.later(30)
    left_ms = stage.now + 1_000
    stage.now += 4_000
    left = port.EndedLeg(call.customer, left_ms, 127)
    stage.restart(live(call.agent_leg, bridge=call), ended=(left,))
    assert ends_of(stage, call.id) == [(left_ms, "customer", 127)]
    assert (stage.state("ann"), stage.floor.desks["ann"].since_ms) == ("wrap_up", stage.now)


def test_a_note_with_a_clock_of_its_own_does_not_end_a_call_before_it_was_what_it_is() -> None:
    stage = Stage()
    stage.ready("ann")
    call = talking(stage)
    stage.later(1)
    early = port.EndedLeg(call.customer, call.since_ms - 60_000, 16)
    stage.restart(live(call.agent_leg, bridge=call), ended=(early,))
    assert ends_of(stage, call.id) == [(call.since_ms, "customer", 16)]
    again = stage.arrive()
    late = port.EndedLeg(again.customer, stage.now + 60_000, 16)
    stage.restart(ended=(late,))
    assert ends_of(stage, again.id) == [(stage.now, "customer", 16)]


def test_the_facts_of_a_ringing_caller_who_left_in_the_gap_follow_in_their_order() -> None:
    stage = Stage()
    stage.ready("ann")
    call = stage.arrive()
    leg = call.offered["ann"]
    left_ms = stage.now + 500
    stage.now += 4_000
    left = port.EndedLeg(call.customer, left_ms, Cause.NORMAL)
    stage.restart(live(leg, answered=False), ended=(left,))
    times = [at_ms for at_ms, _, subject in stage.ledger.facts if subject.call == call.id]
    assert times == sorted(times)
    assert ends_of(stage, call.id) == [(left_ms, "customer", Cause.NORMAL)]
    assert stage.state("ann") == "ready"


def test_an_agent_who_hung_up_in_the_gap_did_so_and_the_caller_was_there_until_now() -> None:
    stage = Stage()
    stage.ready("bob")
    call = talking(stage, "bob")
    stage.later(30)
    stage.restart(live(call.customer, bridge=call))
    assert ends_of(stage, call.id) == [(stage.now, "agent", Cause.NORMAL)]


def test_a_caller_whose_answer_never_reached_the_switch_is_answered_by_the_next_floor() -> None:
    stage = Stage()
    stage.ready("ann")
    call = stage.arrive()
    unheard = live(call.customer, answered=False)
    stage.restart(unheard, live(call.offered["ann"], answered=False))
    assert stage.commands[0] == port.AnswerLeg(call.customer)
    stage.restart(unheard, live(stage.floor.calls[call.id].offered["ann"]))
    assert [type(one) for one in stage.commands[:2]] == [port.AnswerLeg, port.JoinLegs]


def test_music_that_was_asked_for_before_the_lost_answer_is_asked_for_again() -> None:
    stage = Stage()
    call = stage.arrive()
    stage.later(1)
    stage.restart(live(call.customer, answered=False))
    stage.later(1)
    assert stage.commands == [port.AnswerLeg(call.customer), port.StartMusic(call.customer)]


def test_an_ended_call_is_not_answered_again() -> None:
    stage = Stage()
    stage.ready("ann")
    call = talking(stage)
    stage.do("hangup", agent="ann", call=call.id)
    stage.restart(live(call.customer, answered=False), live(call.agent_leg))
    assert not stage.sent(port.AnswerLeg)
    assert {command.leg for command in stage.sent(port.HangUpLeg)} == set(call.legs)


def test_bridges_of_ended_calls_are_taken_away_and_nobody_elses() -> None:
    stage = Stage()
    stage.ready("ann")
    call = talking(stage)
    left, foreign = port.BridgeId("n1-99.b"), port.BridgeId("conference")
    stage.restart(
        live(call.customer, bridge=call),
        live(call.agent_leg, bridge=call),
        bridges=(call.bridge, left, foreign),
    )
    assert stage.commands == [port.DestroyBridge(left, NODE)]


def test_wrap_up_goes_on_to_its_end() -> None:
    stage = Stage()
    stage.ready("ann")
    call = talking(stage)
    stage.ended(call.customer)
    assert call.agent_leg is not None
    stage.ended(call.agent_leg)
    stage.later(4)
    stage.restart()
    assert stage.state("ann") == "wrap_up"
    assert call.id in stage.floor.calls
    stage.later(6)
    assert stage.state("ann") == "ready"
    assert not stage.floor.calls


def test_a_greeting_that_was_cut_is_said_again() -> None:
    stage = Stage(menu=True)
    call = stage.arrive()
    stage.restart(live(call.customer))
    assert stage.sent(port.PlayMedia)[0].media == ("zh/greeting", "zh/menu")
    stage.tell(port.DigitPressed(stage.now, call.customer, "1"))
    assert stage.floor.calls[call.id].phase == "waiting"


def test_hold_stays_hold() -> None:
    stage = Stage()
    stage.ready("ann")
    call = talking(stage)
    stage.do("hold", agent="ann", call=call.id)
    stage.restart(live(call.customer), live(call.agent_leg, bridge=call))
    assert stage.floor.calls[call.id].phase == "hold"
    assert stage.commands == []


def test_a_caller_nobody_knows_is_greeted_as_if_he_had_just_come() -> None:
    stage = Stage()
    leg = LegId("n1-77")
    arrival = port.LegArrived(
        stage.now, NODE, leg, port.Origin.TRUNK, "gw", "13800138000", "", "4001"
    )
    stage.restart(LiveLeg(leg, None, True, arrival))
    assert stage.floor.calls[leg].phase == "waiting"


def test_an_agent_whose_offer_is_taken_back_has_an_unbroken_chain_of_states() -> None:
    stage = Stage()
    stage.ready("ann")
    call = stage.arrive()
    stage.restart(live(call.customer), live(call.offered["ann"], answered=False))
    states = [
        (fact.was, fact.state)
        for _, fact, subject in stage.ledger.facts
        if isinstance(fact, AgentStateChanged) and subject.agent == "ann"
    ]
    assert [was for was, _ in states[1:]] == [state for _, state in states[:-1]]


def test_after_a_clock_was_set_back_wrap_up_ends_in_time_and_calls_are_routed() -> None:
    stage = Stage()
    stage.ready("ann", "bob")
    first = stage.arrive()
    agent = next(iter(first.offered))
    stage.answered(first.offered[agent])
    stage.ended(first.customer)
    assert stage.state(agent) == "wrap_up"
    stage.now -= 600_000
    stage.restart()
    assert stage.floor.desks[agent].since_ms == stage.now
    stage.later(20)
    assert stage.state(agent) == "ready"
    assert stage.arrive().offered


def unwritten(stage: Stage, leg: LegId, agent: str) -> tuple[LiveLeg, LiveLeg]:
    """Caller and agent in a conversation that the last floor made and did not write down."""
    arrival = port.LegArrived(
        stage.now, NODE, leg, port.Origin.TRUNK, "gw", "13800138000", "", "4001"
    )
    bridge = port.BridgeId(f"{leg}.b")
    extension = stage.floor.desks[agent].settings.extension
    return (
        LiveLeg(leg, bridge, True, arrival),
        LiveLeg(LegId(f"{leg}.1"), bridge, True, None, extension),
    )


def test_a_conversation_begun_in_the_last_moment_of_a_floor_goes_on_and_is_in_the_books() -> None:
    stage = Stage()
    stage.ready("ann")
    legs = unwritten(stage, LegId("n1-77"), "ann")
    stage.restart(*reversed(legs))
    call = stage.floor.calls["n1-77"]
    assert call.phase == "talking"
    assert stage.state("ann") == "busy"
    assert not stage.sent(port.HangUpLeg)
    assert not stage.sent(port.JoinLegs)
    assert stage.facts("n1-77").count("call.arrived") == 1
    stage.ended(call.customer)
    assert stage.state("ann") == "wrap_up"
    assert stage.facts("n1-77").count("call.connected") == 1


def test_an_answer_in_the_last_moment_of_a_floor_is_kept_for_a_caller_who_waited() -> None:
    stage = Stage()
    waiting = stage.arrive()
    stage.ready("bob")
    ringing = stage.floor.calls[waiting.id]
    leg = ringing.offered.pop("bob")
    del ringing.legs[leg]
    ringing.last_leg = 0
    ringing.phase = Phase.WAITING
    bob = stage.floor.desks["bob"]
    bob.state, bob.contact = AgentState.READY, None
    extension = bob.settings.extension
    arrival = unwritten(stage, waiting.customer, "bob")[0].arrival
    stage.restart(
        LiveLeg(leg, waiting.bridge, True, None, extension),
        LiveLeg(waiting.customer, waiting.bridge, True, arrival),
    )
    assert stage.floor.calls[waiting.id].phase == "talking"
    assert stage.state("bob") == "busy"
    assert not stage.sent(port.HangUpLeg)


def test_a_phone_picked_up_for_an_offer_that_nobody_wrote_down_is_put_through() -> None:
    stage = Stage()
    stage.ready("ann")
    customer, agent = (replace(leg, bridge=None) for leg in unwritten(stage, LegId("n1-77"), "ann"))
    stage.restart(customer, agent)
    assert stage.sent(port.JoinLegs)[-1].legs == (customer.leg, agent.leg)
    assert not stage.sent(port.HangUpLeg)
    assert (stage.floor.calls["n1-77"].phase, stage.state("ann")) == ("talking", "busy")


def test_a_caller_on_his_way_to_an_agent_when_the_floor_ended_is_not_let_go() -> None:
    stage = Stage()
    stage.ready("ann")
    customer, _ = unwritten(stage, LegId("n1-77"), "ann")
    stage.restart(customer)
    assert port.TakeOut(port.BridgeId("n1-77.b"), LegId("n1-77")) in stage.commands
    assert not stage.sent(port.HangUpLeg)
    assert stage.floor.calls["n1-77"].offered


def test_a_phone_that_rings_for_nobody_is_let_go() -> None:
    stage = Stage()
    stage.ready("ann")
    stage.restart(LiveLeg(LegId("n1-77.1"), None, False, None, "1001"))
    assert stage.sent(port.HangUpLeg) == [port.HangUpLeg(LegId("n1-77.1"))]


def test_who_came_first_while_no_floor_was_there_is_served_first_whoever_is_told_first() -> None:
    stage = Stage()

    def comes(leg: str, waited_ms: int) -> Call:
        arrival = port.LegArrived(
            stage.now, NODE, LegId(leg), port.Origin.TRUNK, "gw", "1", "", "4001", waited_ms
        )
        stage.tell(arrival)
        return stage.floor.calls[leg]

    late, early = comes("n1-77", 1_000), comes("n1-76", 9_000)
    assert early.arrived_ms == stage.now - 9_000
    told = {
        subject.call: at_ms
        for at_ms, fact, subject in stage.ledger.facts
        if fact.type == "call.arrived"
    }
    assert told == {late.id: stage.now - 1_000, early.id: stage.now - 9_000}
    assert early.queued_ms == stage.now
    stage.ready("ann")
    assert (early.phase, late.phase) == ("ringing", "waiting")


def test_a_node_that_restarted_ends_its_calls_and_frees_the_agents() -> None:
    stage = Stage()
    stage.ready("ann")
    call = talking(stage)
    stage.tell(port.NodeLost(stage.now, NODE))
    stage.later(3)
    stage.tell(port.NodeConnected(stage.now, NODE, ()))
    assert call.phase == "ended"
    assert stage.state("ann") == "wrap_up"
    assert not stage.floor.call_of_leg


def test_a_node_begun_anew_while_no_floor_lived_has_ended_its_calls_by_our_fault() -> None:
    stage = Stage()
    stage.ready("ann")
    talked = talking(stage)
    waited = stage.arrive("13800138001")
    stage.later(10)
    stage.restart(up_since_ms=stage.now)
    for call, phase in ((talked, "talking"), (waited, "waiting")):
        ended = [
            fact
            for _, fact, subject in stage.ledger.facts
            if subject.call == call.id and isinstance(fact, CallEnded)
        ]
        assert ended == [CallEnded(phase, "system", Cause.FAILURE)]
    assert stage.state("ann") == "wrap_up"
    assert not stage.floor.call_of_leg


def test_who_hung_up_while_no_floor_lived_did_so_himself() -> None:
    stage = Stage()
    waited = stage.arrive()
    stage.later(10)
    stage.restart(up_since_ms=stage.now - 60_000)
    (ended,) = [fact for _, fact, _ in stage.ledger.facts if isinstance(fact, CallEnded)]
    assert (ended.ended_by, stage.floor.calls.get(waited.id)) == ("customer", None)
