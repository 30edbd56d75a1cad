"""Agents and calls on several nodes: who is reached, what a lost node costs, draining."""

import orjson
import pytest

from hujiao.calls.model import Call
from hujiao.events.calls import CallEnded
from hujiao.floor import refusals
from hujiao.floor.nodes import FIRST_MS, RETURN_MS
from hujiao.floor.saved import DESK
from hujiao.telephony import port
from hujiao.telephony.port import Cause, LegId, NodeName
from tests.unit.floor.stage import NODE, Stage

OTHER = NodeName("n2")
BOTH = (NODE, OTHER)


@pytest.fixture
def stage() -> Stage:
    return Stage(nodes=BOTH)


def talking(stage: Stage, agent: str, node: NodeName) -> Call:
    call = stage.arrive(node=node)
    stage.answered(call.offered[agent])
    assert call.phase == "talking"
    return call


def end_of(stage: Stage, call: Call) -> tuple[str, int]:
    facts = [f for _, f, subject in stage.ledger.facts if subject.call == call.id]
    (ended,) = [fact for fact in facts if isinstance(fact, CallEnded)]
    return ended.ended_by, ended.cause


# --- who is reached ---


def test_an_agent_whose_browser_is_at_both_nodes_takes_the_calls_of_both(stage: Stage) -> None:
    stage.ready("ann", nodes=BOTH)
    for node in BOTH:
        call = talking(stage, "ann", node)
        (leg,) = [c for c in stage.sent(port.OriginateLeg) if c.leg == call.agent_leg]
        assert leg.node == node, "the agent's leg is on the node of the call"
        stage.ended(call.customer)
        stage.ended(LegId(str(call.agent_leg)))
        stage.do("wrap_up_done", agent="ann")


def test_a_browser_at_one_node_is_not_offered_the_calls_of_the_other(stage: Stage) -> None:
    stage.ready("ann", nodes=[NODE])
    away, here = stage.arrive(node=OTHER), stage.arrive(node=NODE)
    assert not away.offered
    assert list(here.offered) == ["ann"]


def test_a_caller_who_waited_is_offered_when_a_browser_comes_to_his_node(stage: Stage) -> None:
    stage.ready("ann", nodes=[NODE])
    call = stage.arrive(node=OTHER)
    stage.phone("ann", OTHER, online=True)
    assert list(call.offered) == ["ann"]


def test_a_sip_phone_at_one_node_is_reached_from_every_node(stage: Stage) -> None:
    stage.ready("bob", nodes=[NODE])
    assert list(stage.arrive(node=OTHER).offered) == ["bob"]


def test_a_phone_that_loses_one_of_its_nodes_stays_on_line(stage: Stage) -> None:
    stage.ready("ann", nodes=BOTH)
    stage.phone("ann", OTHER, online=False)
    assert stage.state("ann") == "ready"
    assert list(stage.arrive(node=NODE).offered) == ["ann"]


def test_an_offer_on_a_node_that_the_browser_has_left_goes_to_another(stage: Stage) -> None:
    stage.ready("ann", nodes=BOTH)
    call = stage.arrive(node=OTHER)
    assert list(call.offered) == ["ann"]
    stage.ready("bob", nodes=BOTH)
    stage.phone("ann", OTHER, online=False)
    assert list(call.offered) == ["bob"]
    assert stage.state("ann") == "ready"


def test_an_agent_is_unready_when_his_phone_has_left_the_last_node(stage: Stage) -> None:
    stage.ready("ann", nodes=BOTH)
    for node in BOTH:
        stage.phone("ann", node, online=False)
    assert stage.state("ann") == "not_ready"
    stage.phone("ann", OTHER, online=True)
    assert stage.state("ann") == "ready"


def test_reach_survives_the_floor_and_what_older_floors_kept_is_read(stage: Stage) -> None:
    stage.ready("ann", nodes=BOTH)
    stage.restart()
    assert stage.floor.desks["ann"].online_on == frozenset(BOTH)
    kept = [orjson.loads(body) for body in stage.ledger.living(DESK)]
    (old,) = [desk for desk in kept if desk["id"] == "ann"]
    for former, nodes in ((str(NODE), {NODE}), (None, set())):
        stage.floor.save()
        stage.ledger.keep(DESK, "ann", orjson.dumps({**old, "online_on": former}))
        stage.floor.changed.agents.clear()
        stage.floor._unsaved.agents.clear()
        stage.restart()
        assert stage.floor.desks["ann"].online_on == nodes


# --- where new calls are put ---


def test_outbound_calls_are_put_where_the_fewest_calls_are(stage: Stage) -> None:
    stage.ready("ann", nodes=BOTH)
    stage.arrive(called="4001", node=NODE)
    stage.ended(next(iter(stage.floor.calls.values())).customer)
    stage.arrive(node=NODE)
    stage.do("test_call")
    (test,) = stage.sent(port.PlaceTestCall)
    assert test.node == OTHER


def test_a_browser_is_called_for_an_outbound_call_where_it_is(stage: Stage) -> None:
    stage.ready("ann", nodes=[OTHER])
    call = stage.floor.calls[stage.do("dial", agent="ann", number="13800138000")["call_id"]]
    assert call.node == OTHER
    assert {leg.node for leg in stage.sent(port.OriginateLeg)} == {OTHER}


def test_a_registered_sip_phone_is_called_from_its_own_node_unless_that_drains(
    stage: Stage,
) -> None:
    stage.phone("bob", OTHER, online=True)
    stage.do("sign_in", agent="bob")
    stage.arrive(node=OTHER)
    first = stage.floor.calls[stage.do("dial", agent="bob", number="13800138000")["call_id"]]
    assert first.node == OTHER, "though the other node has fewer calls"
    stage.do("hangup", agent="bob", call=first.id)
    stage.ended(LegId(f"{first.id}.1"))
    stage.do("drain", node=OTHER, on=True)
    second = stage.floor.calls[stage.do("dial", agent="bob", number="13800138000")["call_id"]]
    assert second.node == NODE


# --- a lost node ---


def test_a_dead_node_s_calls_are_closed_at_once_and_the_other_s_go_on(stage: Stage) -> None:
    stage.ready("ann", nodes=BOTH)
    dead = talking(stage, "ann", OTHER)
    stage.ready("bob", nodes=BOTH)
    alive = talking(stage, "bob", NODE)
    waiting = stage.arrive(node=OTHER)
    stage.commands.clear()
    stage.tell(port.NodeLost(stage.now, OTHER))
    stage.tell(port.NodeGone(stage.now, OTHER))
    for call in (dead, waiting):
        assert end_of(stage, call) == ("system", Cause.FAILURE)
        assert "call.node_lost" in stage.facts(call.id)
        told = stage.facts(call.id)
        assert told.count("leg.ended") == told.count("leg.started") + 1, "and the caller's"
    assert stage.state("ann") == "wrap_up"
    assert (alive.phase, stage.state("bob")) == ("talking", "busy")
    assert stage.commands == [], "nothing is asked of a dead node"
    stage.later(10)
    assert stage.state("ann") == "ready"
    assert list(stage.arrive(node=NODE).offered) == ["ann"]


def test_a_call_that_rang_on_a_dead_node_frees_the_agent_without_blame(stage: Stage) -> None:
    stage.ready("ann", nodes=BOTH)
    call = stage.arrive(node=OTHER)
    stage.tell(port.NodeLost(stage.now, OTHER))
    stage.tell(port.NodeGone(stage.now, OTHER))
    assert call.id not in stage.floor.calls
    assert stage.state("ann") == "ready"
    assert stage.floor.desks["ann"].missed == 0
    assert not stage.floor.call_of_leg


def test_a_connection_that_returns_in_time_finds_its_calls(stage: Stage) -> None:
    stage.ready("ann", nodes=BOTH)
    call = talking(stage, "ann", OTHER)
    stage.tell(port.NodeLost(stage.now, OTHER))
    stage.later(RETURN_MS / 1000 - 1)
    legs = tuple(port.LiveLeg(leg, call.bridge, True) for leg in call.legs)
    stage.tell(port.NodeConnected(stage.now, OTHER, legs))
    stage.later(60)
    assert call.phase == "talking"
    assert stage.state("ann") == "busy"


def test_a_connection_that_stays_away_ends_its_calls_and_what_is_left_of_them_later(
    stage: Stage,
) -> None:
    stage.ready("ann", nodes=BOTH)
    call, waiting = talking(stage, "ann", OTHER), stage.arrive(node=OTHER)
    stage.tell(port.NodeLost(stage.now, OTHER))
    stage.later(RETURN_MS / 1000)
    assert end_of(stage, call) == ("system", Cause.FAILURE)
    assert stage.state("ann") == "wrap_up"
    arrival = port.LegArrived(
        stage.now, OTHER, waiting.customer, port.Origin.TRUNK, "gw", "1", "", "4001"
    )
    stage.commands.clear()
    legs = [port.LiveLeg(waiting.customer, None, True, arrival)]
    legs += [port.LiveLeg(leg, call.bridge, True) for leg in (call.customer, LegId(f"{call.id}.1"))]
    stage.tell(port.NodeConnected(stage.now, OTHER, tuple(legs)))
    assert {one.leg for one in stage.sent(port.HangUpLeg)} == {leg.leg for leg in legs}
    phases = {one.phase for one in stage.floor.calls.values()}
    assert phases == {"ended"}, "a closed call does not come again under its old name"


def test_the_only_node_s_death_makes_agents_unready_until_their_phones_are_back() -> None:
    stage = Stage()
    stage.ready("ann")
    stage.tell(port.NodeLost(stage.now, NODE))
    assert stage.state("ann") == "ready"
    stage.tell(port.NodeGone(stage.now, NODE))
    assert stage.state("ann") == "not_ready"
    stage.tell(port.NodeConnected(stage.now, NODE, ()))
    stage.phone("ann", NODE, online=True)
    assert stage.state("ann") == "ready"


def test_a_node_that_a_new_floor_never_meets_is_not_waited_for_for_ever(stage: Stage) -> None:
    stage.ready("ann", nodes=BOTH)
    call = talking(stage, "ann", OTHER)
    stage.restart()
    assert stage.state("ann") == "busy"
    stage.later(FIRST_MS / 1000)
    assert stage.state("ann") == "wrap_up"
    assert end_of(stage, call) == ("system", Cause.FAILURE)
    assert stage.floor.desks["ann"].online_on == {NODE}


# --- draining ---


def test_a_draining_node_gets_no_new_calls_of_ours_and_keeps_what_it_has(stage: Stage) -> None:
    stage.ready("ann", nodes=BOTH)
    call = talking(stage, "ann", NODE)
    assert stage.do("drain", node=NODE, on=True) == {"calls": 1}
    stage.do("test_call")
    stage.ready("bob", nodes=[NODE])
    dialled = stage.floor.calls[stage.do("dial", agent="bob", number="13800138000")["call_id"]]
    assert stage.sent(port.PlaceTestCall)[0].node == OTHER
    assert dialled.node == OTHER, "a phone that is registered there is called from elsewhere"
    assert call.phase == "talking"


def test_a_caller_who_still_waits_on_a_draining_node_is_offered_and_answered(stage: Stage) -> None:
    call = stage.arrive(node=OTHER)
    stage.do("drain", node=OTHER, on=True)
    stage.ready("ann", nodes=BOTH)
    assert list(call.offered) == ["ann"]


def test_draining_survives_the_floor_and_ends_by_word_only(stage: Stage) -> None:
    stage.do("drain", node=OTHER, on=True)
    stage.tell(port.NodeGone(stage.now, OTHER))
    stage.restart()
    assert stage.floor.draining == {OTHER}
    stage.do("drain", node=OTHER, on=False)
    stage.restart()
    assert stage.floor.draining == set()


def test_with_every_node_draining_nothing_new_is_begun(stage: Stage) -> None:
    stage.ready("ann", nodes=BOTH)
    for node in BOTH:
        stage.do("drain", node=node, on=True)
    with pytest.raises(refusals.NoSwitch):
        stage.do("dial", agent="ann", number="13800138000")
    with pytest.raises(refusals.NoSwitch):
        stage.do("test_call")


def test_an_unknown_node_is_refused_with_the_names_of_those_there_are(stage: Stage) -> None:
    with pytest.raises(refusals.UnknownNode) as refused:
        stage.do("drain", node="n9", on=True)
    assert refused.value.details["nodes"] == ["n1", "n2"]


def test_an_agent_who_dials_over_a_draining_node_is_sent_elsewhere(stage: Stage) -> None:
    stage.ready("bob", nodes=[OTHER])
    stage.do("drain", node=OTHER, on=True)
    leg = LegId("n2-7")
    stage.tell(
        port.LegArrived(stage.now, OTHER, leg, port.Origin.AGENT, "1002", "1002", "", "13800138000")
    )
    assert port.HangUpLeg(leg, Cause.CONGESTION) in stage.commands


def test_the_calls_left_are_counted_by_node(stage: Stage) -> None:
    stage.arrive(node=OTHER)
    left = stage.arrive(node=OTHER)
    stage.arrive(node=NODE)
    stage.ended(left.customer)
    view = stage.do("nodes")["nodes"]
    assert {name: node["calls"] for name, node in view.items()} == {"n1": 1, "n2": 1}


def test_a_call_ended_while_its_node_was_away_is_hung_up_when_that_is_back(stage: Stage) -> None:
    stage.ready("ann", nodes=BOTH)
    call = talking(stage, "ann", OTHER)
    stage.tell(port.NodeLost(stage.now, OTHER))
    stage.do("hangup", agent="ann", call=call.id)
    stage.commands.clear()
    legs = tuple(port.LiveLeg(leg, call.bridge, True) for leg in call.legs)
    stage.tell(port.NodeConnected(stage.now, OTHER, legs))
    assert {one.leg for one in stage.sent(port.HangUpLeg)} == {leg.leg for leg in legs}
