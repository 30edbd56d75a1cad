"""One call is one recording, however many agents talk in it."""

from hujiao.telephony import port
from tests.unit.floor.stage import NODE, Stage


def test_a_second_agent_is_heard_in_the_recording_begun_with_the_first() -> None:
    stage = Stage(queue={"recorded": True})
    stage.ready("ann")
    call = stage.arrive()
    leg = call.offered["ann"]
    stage.answered(leg)
    stage.tell(port.PhoneChanged(stage.now, NODE, "1001", online=False))
    stage.ended(leg)
    stage.ready("bob")
    stage.later(20)
    stage.answered(call.offered["bob"])
    assert call.phase == "talking"
    assert len(stage.sent(port.StartRecording)) == 1
    assert call.recording == "on"
