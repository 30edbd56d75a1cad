"""What the screens are told of who waits in which order."""

from dataclasses import replace

from hujiao.calls.model import Call
from hujiao.floor.configure import configure
from hujiao.floor.views import call_view
from hujiao.telephony.port import Cause
from tests.unit.floor.stage import Stage


def order(stage: Stage, call: Call) -> int | None:
    found = call_view(stage.floor, call)["order"]
    assert found is None or isinstance(found, int)
    return found


def test_a_caller_has_an_order_only_while_he_waits_and_rings_nowhere() -> None:
    stage = Stage()
    stage.ready("ann")
    first = stage.arrive()
    stage.later(1)
    second = stage.arrive()
    assert (first.phase, second.phase) == ("ringing", "waiting")
    assert order(stage, first) is None
    assert order(stage, second) is not None
    stage.do("state", agent="ann", state="not_ready")
    stage.ended(first.offered["ann"], Cause.REJECTED)
    assert first.phase == "waiting"
    ahead, behind = order(stage, first), order(stage, second)
    assert ahead is not None
    assert behind is not None
    assert ahead < behind, "who is refused keeps his place"


def test_the_order_of_who_waits_stays_true_while_others_leave() -> None:
    stage = Stage()
    calls = [stage.arrive(), stage.arrive(), stage.arrive()]
    assert {call.phase for call in calls} == {"waiting"}
    before = [order(stage, call) for call in calls]
    stage.floor.take_changed()
    stage.ended(calls[0].customer)
    assert [order(stage, call) for call in calls[1:]] == before[1:]
    assert stage.floor.changed.calls == {calls[0].id}, "nobody else has to be shown anew"


def test_callers_are_shown_anew_when_their_queue_gives_them_another_order() -> None:
    stage = Stage()
    call = stage.arrive()
    before = order(stage, call)
    stage.floor.take_changed()
    queues = stage.configuration.queues
    sooner = replace(queues["q"], priority=queues["q"].priority + 1)
    configure(stage.floor, replace(stage.configuration, queues={**queues, "q": sooner}), stage.now)
    assert order(stage, call) != before
    assert call.id in stage.floor.changed.calls
