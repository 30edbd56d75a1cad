"""Rules of an inbound call up to the answer: greeting, menu, waiting, offers."""

from collections.abc import Sequence

from hujiao.calls.model import (
    IN_QUEUE,
    Call,
    CallId,
    Direction,
    Effects,
    Greeting,
    Invited,
    Leg,
    Phase,
    Prompts,
    Timer,
)
from hujiao.calls.talk import connect, finish, say, stop_saying
from hujiao.events import calls as facts
from hujiao.events import floor as floor_facts
from hujiao.routing import model as routing
from hujiao.telephony.port import (
    AnswerLeg,
    Cause,
    HangUpLeg,
    LegArrived,
    OriginateLeg,
    StartMusic,
)

MENU_TRIES = 3
FIRST_ANNOUNCEMENT_MS = 10_000
ROUND_WAIT_TO_S = 60
MUSIC_AFTER_MS = 200
"""Silence that nobody notices; who is put through within it needs no music begun and ended."""

_WHY_FAILED: dict[int, routing.FailWhy] = {
    Cause.BUSY: routing.FailWhy.BUSY,
    Cause.REJECTED: routing.FailWhy.REFUSED,
    Cause.NO_ANSWER: routing.FailWhy.TIMEOUT,
    Cause.UNALLOCATED: routing.FailWhy.UNREACHABLE,
}


def arrive(event: LegArrived, greeting: Greeting, name: str, out: Effects) -> Call:
    """A caller is at the trunk: answer and greet him. The queue follows from `greeting`."""
    call = Call(
        id=CallId(event.leg),
        node=event.node,
        direction=Direction.IN,
        phase=Phase.GREETING,
        since_ms=event.at_ms,
        arrived_ms=event.at_ms - event.waited_ms,
        caller=event.caller_number,
        caller_name=event.caller_name,
        called=event.called_number,
        trunk=event.endpoint,
        customer=event.leg,
        greeting=greeting,
        language=greeting.language,
        legs={event.leg: Leg(event.leg, None, answered=True)},
    )
    out.tell(
        call,
        facts.CallArrived(
            direction=call.direction,
            caller=call.caller,
            caller_name=call.caller_name,
            called=call.called,
            trunk=call.trunk,
            node=call.node,
            leg=event.leg,
            name=name,
        ),
    )
    out.do(AnswerLeg(event.leg))
    return call


def greet(call: Call, at_ms: int, out: Effects, prompts: Prompts) -> str | None:
    """Play the greeting (and menu). Returns the queue to enter when there is nothing to play."""
    greeting = call.greeting
    if greeting is None:
        return None
    media: list[str] = []
    if greeting.prompt:
        media += prompts(greeting.prompt, call.language)
    if greeting.menu:
        media += prompts("menu", call.language)
    if not media:
        return greeting.default_queue
    out.tell(call, facts.CallGreeted())
    if greeting.menu:
        call.enter(Phase.MENU, at_ms)
        out.tell(call, facts.MenuEntered())
    say(call, media, out)
    return None


def digit_pressed(call: Call, digit: str, out: Effects, prompts: Prompts) -> str | None:
    """A digit in the menu. Returns the queue chosen."""
    greeting = call.greeting
    if call.phase is not Phase.MENU or greeting is None:
        return None
    out.tell(call, facts.MenuDigit(digit))
    queue = greeting.menu.get(digit)
    if queue is None:
        return _menu_failed(call, digit, out, prompts)
    stop_saying(call, out)
    call.digits += digit
    out.timers.append((Timer.MENU, None))
    out.tell(call, facts.MenuChosen(call.digits))
    return queue


def menu_timed_out(call: Call, out: Effects, prompts: Prompts) -> str | None:
    """Nothing was pressed in time. Returns the default queue after the last try."""
    if call.phase is not Phase.MENU:
        return None
    return _menu_failed(call, "", out, prompts)


def _menu_failed(call: Call, digit: str, out: Effects, prompts: Prompts) -> str | None:
    greeting = call.greeting
    if greeting is None:
        return None
    out.tell(call, facts.MenuInvalid(digit))
    out.timers.append((Timer.MENU, None))
    stop_saying(call, out)
    call.menu_tries += 1
    if call.menu_tries >= MENU_TRIES:
        out.tell(call, facts.MenuChosen(call.digits))
        return greeting.default_queue
    excuse = prompts("menu_invalid" if digit else "no_input", call.language)
    say(call, excuse + prompts("menu", call.language), out)
    return None


def playback_ended(call: Call, at_ms: int, out: Effects) -> str | None:
    """What was said is through. Returns the queue to enter after a greeting without a menu."""
    call.playback = None
    greeting = call.greeting
    if call.phase is Phase.LEAVING:
        out.do(HangUpLeg(call.customer))
    elif call.phase is Phase.MENU and greeting is not None:
        out.timers.append((Timer.MENU, at_ms + greeting.timeout_ms))
    elif call.phase is Phase.GREETING and greeting is not None:
        return greeting.default_queue
    return None


def enter_queue(
    call: Call, queue: str, announce_every_ms: int, *, recorded: bool, at_ms: int, out: Effects
) -> None:
    """The caller waits in `queue` from now on, with music unless somebody is there at once."""
    call.queue = queue
    call.queued_ms = at_ms
    call.announce_every_ms = announce_every_ms
    call.recorded = recorded
    call.enter(Phase.WAITING, at_ms)
    out.tell(call, floor_facts.QueueEntered(call.priority))
    out.timers.append((Timer.MUSIC, at_ms + MUSIC_AFTER_MS))
    if announce_every_ms:
        first = min(FIRST_ANNOUNCEMENT_MS, announce_every_ms)
        out.timers.append((Timer.ANNOUNCE, at_ms + first))
    out.routing.append(
        routing.ContactQueued(
            contact=routing.ContactId(call.id),
            queue=routing.QueueId(queue),
            priority=call.priority,
            at_ms=at_ms,
            arrived_ms=call.arrived_ms,
            place=call.place,
        )
    )


def begin_music(call: Call, out: Effects) -> None:
    """Nobody took the caller at once."""
    if call.phase in IN_QUEUE and call.customer_is_here:
        call.music = True
        out.do(StartMusic(call.customer))


def announce(
    call: Call,
    position: int,
    expected_wait_ms: int | None,
    at_ms: int,
    out: Effects,
    prompts: Prompts,
) -> None:
    """Tell the waiting caller his place and the expected wait (whole minutes, at least one)."""
    if call.phase not in IN_QUEUE:
        return
    out.timers.append((Timer.ANNOUNCE, at_ms + call.announce_every_ms))
    if call.phase is Phase.RINGING or call.playback is not None:
        return
    media = prompts("position", call.language, ahead=position - 1)
    wait_s = None
    if expected_wait_ms is not None:
        minutes = max(1, round(expected_wait_ms / 1000 / ROUND_WAIT_TO_S))
        wait_s = minutes * ROUND_WAIT_TO_S
        media += prompts("wait", call.language, minutes=minutes)
    say(call, media, out)
    out.tell(call, floor_facts.QueueAnnounced(position, wait_s))


def offer(
    call: Call, invited: Sequence[Invited], ring_timeout_s: int, at_ms: int, out: Effects
) -> None:
    """Ring these agents for the caller."""
    call.enter(Phase.RINGING, at_ms)
    for one in invited:
        leg = call.new_leg(one)
        call.offered[one.agent] = leg.id
        out.tell(call, facts.LegStarted(leg.id, "agent"), one.agent)
        out.do(
            OriginateLeg(
                leg=leg.id,
                node=call.node,
                endpoint=one.endpoint,
                ring_timeout_s=ring_timeout_s,
                caller_number=call.caller,
                caller_name=call.caller_name,
                originator=call.customer,
                headers=one.headers(call.id),
            )
        )


def cancel_offer(
    call: Call, agent: str, why: str, at_ms: int, out: Effects, *, elsewhere: bool
) -> None:
    """Stop ringing this agent. `elsewhere` keeps his phone from listing a missed call."""
    leg = call.offered.pop(agent, None)
    if leg is None:
        return
    out.tell(call, floor_facts.OfferCancelled(why), agent)
    out.do(HangUpLeg(leg, Cause.ANSWERED_ELSEWHERE if elsewhere else Cause.NORMAL))
    _wait_again(call, at_ms)


def agent_answered(call: Call, leg: Leg, at_ms: int, out: Effects) -> bool:
    """An offered agent picked up. False when somebody was faster or the caller is gone."""
    agent = leg.agent
    if agent is None or call.offered.get(agent) != leg.id or not call.customer_is_here:
        out.do(HangUpLeg(leg.id, Cause.ANSWERED_ELSEWHERE))
        return False
    del call.offered[agent]
    call.agent = agent
    call.agent_leg = leg.id
    out.timers += [(Timer.ANNOUNCE, None), (Timer.MUSIC, None)]
    stop_saying(call, out)
    out.tell(call, floor_facts.OfferWasAccepted())
    out.tell(call, floor_facts.QueueLeft("answered"))
    out.routing.append(
        routing.OfferAccepted(routing.ContactId(call.id), routing.AgentId(agent), at_ms)
    )
    connect(call, at_ms, out)
    return True


def offer_failed(call: Call, leg: Leg, cause: int, at_ms: int, out: Effects) -> None:
    """An offered agent's leg ended before it was answered."""
    agent = leg.agent
    if agent is None or call.offered.get(agent) != leg.id:
        return
    del call.offered[agent]
    reason = _WHY_FAILED.get(cause, routing.FailWhy.ERROR)
    out.tell(call, floor_facts.OfferHasFailed(reason), agent)
    _wait_again(call, at_ms)
    out.routing.append(
        routing.OfferFailed(routing.ContactId(call.id), routing.AgentId(agent), at_ms, reason)
    )


def _wait_again(call: Call, at_ms: int) -> None:
    if call.phase is Phase.RINGING and not call.offered:
        call.phase = Phase.WAITING
        call.since_ms = at_ms


def turn_away(call: Call, why: str, at_ms: int, out: Effects, prompts: Prompts) -> None:
    """The queue does not take the caller (any more): an apology, then the end."""
    out.tell(call, floor_facts.QueueRefused(why))
    out.tell(call, floor_facts.QueueLeft("refused"))
    out.timers += [(Timer.ANNOUNCE, None), (Timer.MUSIC, None)]
    stop_saying(call, out)
    call.enter(Phase.LEAVING, at_ms)
    prompt = "queue_full" if why == routing.RefusedWhy.QUEUE_FULL else "all_busy"
    say(call, prompts(prompt, call.language), out)


def caller_gave_up(call: Call, cause: int, at_ms: int, out: Effects) -> None:
    """The caller hung up before an agent had him."""
    was_queued = call.phase in IN_QUEUE
    if was_queued:
        out.tell(call, floor_facts.QueueLeft("abandoned"))
    finish(call, cause, at_ms, out)
    if was_queued:
        out.routing.append(routing.ContactLeft(routing.ContactId(call.id), at_ms))
