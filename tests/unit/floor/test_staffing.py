"""The tile of a queue counts the agents who serve it."""

from collections import Counter

from hujiao.floor.views import queue_view
from hujiao.routing.model import AgentState
from hujiao.telephony import port
from tests.unit.floor.stage import Stage


def tile(stage: Stage) -> dict[str, int]:
    view = queue_view(stage.floor, "q")
    assert view is not None
    return {word: view[word] for word in ("ready", "talking", "wrap_up", "signed_in")}


def counted_one_by_one(stage: Stage) -> dict[str, int]:
    states = Counter(desk.state for desk in stage.floor.desks.values())
    return {
        "ready": states[AgentState.READY],
        "talking": states[AgentState.BUSY],
        "wrap_up": states[AgentState.WRAP_UP],
        "signed_in": sum(states.values()) - states[AgentState.OFFLINE],
    }


def test_a_queues_tile_counts_its_agents_through_a_whole_call() -> None:
    stage = Stage()
    assert tile(stage) == {"ready": 0, "talking": 0, "wrap_up": 0, "signed_in": 0}
    stage.ready("ann", "bob")
    assert tile(stage) == {"ready": 2, "talking": 0, "wrap_up": 0, "signed_in": 2}
    call = stage.arrive()
    ((agent, leg),) = call.offered.items()
    assert tile(stage) == counted_one_by_one(stage)
    stage.answered(leg)
    assert tile(stage) == {"ready": 1, "talking": 1, "wrap_up": 0, "signed_in": 2}
    stage.restart(port.LiveLeg(call.customer, call.bridge, True), port.LiveLeg(leg, None, True))
    assert tile(stage) == {"ready": 1, "talking": 1, "wrap_up": 0, "signed_in": 2}
    stage.ended(call.customer)
    assert tile(stage) == {"ready": 1, "talking": 0, "wrap_up": 1, "signed_in": 2}
    stage.do("sign_out", agent=agent)
    assert tile(stage) == counted_one_by_one(stage)
