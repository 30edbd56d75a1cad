"""Rules of a connected call: connect, hold, recording, a lost phone, the end."""

from collections.abc import Sequence

from hujiao.calls.model import (
    CONNECTED,
    IN_QUEUE,
    Call,
    Direction,
    Effects,
    EndedBy,
    Invited,
    Leg,
    Phase,
    Recording,
    Timer,
)
from hujiao.events import calls as facts
from hujiao.routing import model as routing
from hujiao.telephony.port import (
    Cause,
    DestroyBridge,
    HangUpLeg,
    JoinLegs,
    OriginateLeg,
    PauseRecording,
    PlaybackId,
    PlayMedia,
    ResumeRecording,
    SendDigits,
    StartMusic,
    StartRecording,
    StopPlayback,
    TakeOut,
)

RECONNECT_MS = 20_000
"""So long the customer waits for the agent's lost phone before he goes back to the queue."""
RECONNECT_RING_S = 10


def say(call: Call, media: Sequence[str], out: Effects) -> None:
    """Play to the customer; `call.playback` until it is through."""
    call.last_playback += 1
    call.playback = PlaybackId(f"{call.id}.p{call.last_playback}")
    out.do(PlayMedia(call.customer, call.playback, tuple(media)))


def stop_saying(call: Call, out: Effects) -> None:
    if call.playback is not None:
        out.do(StopPlayback(call.playback, call.customer))
        call.playback = None


def connect(call: Call, at_ms: int, out: Effects) -> None:
    """Put customer and agent together; recording begins at the first time."""
    if call.agent_leg is None:
        return
    out.do(JoinLegs(call.bridge, (call.customer, call.agent_leg)))
    connected(call, at_ms, out)


def connected(call: Call, at_ms: int, out: Effects) -> None:
    """Customer and agent hear each other."""
    call.bridged = True
    call.music = False
    call.enter(Phase.TALKING, at_ms)
    call.answered_ms = at_ms
    out.tell(call, facts.CallConnected())
    # It goes on while the customer waits for another agent: begun anew it would lose what it has.
    if call.recorded and call.recording is Recording.OFF:
        call.recording = Recording.ON
        name = call.id
        out.tell(call, facts.RecordingStarted(recording=name, node=call.node, path=name))
        out.do(StartRecording(call.customer, name))


def customer_answered(call: Call, at_ms: int, out: Effects) -> None:
    """The customer of an outbound call picked up; he is in the bridge already."""
    out.tell(call, facts.CustomerAnswered())
    connected(call, at_ms, out)


def hold(call: Call, by: str, at_ms: int, out: Effects) -> bool:
    """The customer hears music. False when there is nothing to hold."""
    if call.phase is not Phase.TALKING:
        return False
    call.enter(Phase.HOLD, at_ms)
    out.tell(call, facts.CallHeld(by))
    out.do(TakeOut(call.bridge, call.customer), StartMusic(call.customer))
    return True


def resume(call: Call, by: str, at_ms: int, out: Effects) -> bool:
    if call.phase is not Phase.HOLD:
        return False
    call.enter(Phase.TALKING, at_ms)
    out.tell(call, facts.CallResumed(by))
    out.do(JoinLegs(call.bridge, (call.customer,)))
    return True


def send_digits(call: Call, digits: str, out: Effects) -> bool:
    if call.phase not in CONNECTED:
        return False
    out.tell(call, facts.DigitsSent(len(digits)))
    out.do(SendDigits(call.customer, digits))
    return True


def pause_recording(call: Call, out: Effects) -> bool:
    """Silence instead of both voices until resumed (card data)."""
    if call.recording is not Recording.ON:
        return False
    call.recording = Recording.PAUSED
    out.tell(call, facts.RecordingPaused(call.id))
    out.do(PauseRecording(call.customer, call.id))
    return True


def resume_recording(call: Call, out: Effects) -> bool:
    if call.recording is not Recording.PAUSED:
        return False
    call.recording = Recording.ON
    out.tell(call, facts.RecordingResumed(call.id))
    out.do(ResumeRecording(call.customer, call.id))
    return True


def interrupt(call: Call, why: str, at_ms: int, out: Effects) -> None:
    """The agent's phone is gone, the customer is not: music until it is back."""
    was = call.phase
    call.agent_leg = None
    call.enter(Phase.RECONNECTING, at_ms)
    out.tell(call, facts.CallInterrupted(why))
    out.timers.append((Timer.RECONNECT, at_ms + RECONNECT_MS))
    if was is Phase.TALKING:
        out.do(TakeOut(call.bridge, call.customer), StartMusic(call.customer))


def call_back_phone(call: Call, invited: Invited, out: Effects) -> None:
    """Ring the agent's phone again, to be answered by itself.

    A leg still ringing goes to the page that is gone: a phone that just came is called anew.
    """
    if call.phase is not Phase.RECONNECTING:
        return
    if call.agent_leg is not None:
        out.do(HangUpLeg(call.agent_leg))
    leg = call.new_leg(invited)
    call.agent_leg = leg.id
    out.tell(call, facts.LegStarted(leg.id, "agent"))
    out.do(
        OriginateLeg(
            leg=leg.id,
            node=call.node,
            endpoint=invited.endpoint,
            ring_timeout_s=RECONNECT_RING_S,
            caller_number=call.caller if call.direction is Direction.IN else call.called,
            originator=call.customer,
            auto_answer=True,
            headers=invited.headers(call.id),
        )
    )


def phone_is_back(call: Call, leg: Leg, at_ms: int, out: Effects) -> None:
    call.enter(Phase.TALKING, at_ms)
    out.timers.append((Timer.RECONNECT, None))
    out.tell(call, facts.CallRestored())
    out.do(JoinLegs(call.bridge, (call.customer, leg.id)))


def part_from_agent(call: Call, at_ms: int, out: Effects) -> str | None:
    """The agent's phone stayed away. Returns the agent who is free of this call now."""
    agent = call.agent
    if agent is None:
        return None
    if call.agent_leg is not None:
        out.do(HangUpLeg(call.agent_leg))
    call.agent = None
    call.agent_leg = None
    out.routing.append(
        routing.ContactEnded(
            routing.ContactId(call.id), routing.AgentId(agent), at_ms, wrap_up=False
        )
    )
    return agent


def hang_up(call: Call, by: EndedBy, at_ms: int, out: Effects) -> None:
    """End the call for all parties, by wish of `by`."""
    call.ended_by = by
    finish(call, Cause.NORMAL, at_ms, out)


def finish(call: Call, cause: int, at_ms: int, out: Effects) -> None:
    """The call is over: say so, end the legs that are left and their bridge, free the agent."""
    if call.is_over:
        return
    phase = call.phase
    ended_by = call.ended_by or EndedBy.CUSTOMER
    call.ended_by, call.cause = ended_by, cause
    call.enter(Phase.ENDED, at_ms)
    for timer in Timer:
        out.timers.append((timer, None))
    if call.recording is not Recording.OFF:
        call.recording = Recording.OFF
        out.tell(call, facts.RecordingStopped(call.id))
    out.tell(call, facts.CallEnded(phase, ended_by, cause))
    for leg in call.legs.values():
        if leg.agent not in call.offered:
            out.do(HangUpLeg(leg.id, _cause_for_others(cause)))
    if call.bridged:
        call.bridged = False
        out.do(DestroyBridge(call.bridge, call.node))
    if call.agent is not None and phase not in IN_QUEUE:
        out.routing.append(
            routing.ContactEnded(
                routing.ContactId(call.id),
                routing.AgentId(call.agent),
                at_ms,
                wrap_up=call.answered_ms is not None or call.direction is Direction.OUT,
            )
        )


def _cause_for_others(cause: int) -> Cause:
    return Cause.BUSY if cause == Cause.BUSY else Cause.NORMAL
