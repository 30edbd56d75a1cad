"""The floor: one ordered writer of everything that happens. Synchronous; does no I/O itself.

Switch events, people's commands, configuration and due timers come in one after another; commands
to the switch, facts and changed entities go out. Rules decide about a call (`calls`), the router
about who gets whom (`routing`); the floor carries their words to each other until none is left.
"""

from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial

from hujiao.calls import inbound, rules, talk
from hujiao.calls.model import (
    Call,
    Destination,
    Effects,
    EndedBy,
    Phase,
    Prompts,
    Recording,
    Timer,
)
from hujiao.events import calls as call_facts
from hujiao.events import floor as facts
from hujiao.events.fact import Fact, Subject
from hujiao.events.ledger import FactSink
from hujiao.floor import arrivals, nodes, phones
from hujiao.floor.config import Configuration
from hujiao.floor.desks import Desk
from hujiao.floor.dialplan import destination
from hujiao.floor.reach import place_of
from hujiao.floor.saved import save_call, save_desk
from hujiao.floor.staffing import Staffing
from hujiao.floor.timers import Timers
from hujiao.kit.log import logger
from hujiao.routing import core as router
from hujiao.routing import model as routing
from hujiao.telephony import port

log = logger(__name__)

ROUTER = "router"

TimerKey = tuple[str, str]


@dataclass(slots=True)
class Changed:
    """Entities to be shown, or saved, anew."""

    agents: set[str] = field(default_factory=set)
    calls: set[str] = field(default_factory=set)
    queues: set[str] = field(default_factory=set)

    def __bool__(self) -> bool:
        return bool(self.agents or self.calls or self.queues)


class Floor:
    """Owns all live calls and desks. Not thread-safe: one event loop feeds it."""

    def __init__(
        self, *, send: Callable[[port.Command], None], ledger: FactSink, prompts: Prompts
    ) -> None:
        self.send = send
        self.ledger = ledger
        self.prompts = prompts
        self.now_ms = 0
        """The time of the latest thing that came in."""
        self._router_words: deque[routing.Command] = deque()
        self._carrying = False
        self.configuration = Configuration()
        self.router = router.State()
        self.calls: dict[str, Call] = {}
        self.call_of_leg: dict[port.LegId, Call] = {}
        self.desks: dict[str, Desk] = {}
        self.desk_of_extension: dict[str, Desk] = {}
        self.staffing = Staffing()
        self.nodes: dict[port.NodeName, bool] = {}
        """All there are, and whether each is connected. What is set before configuring counts."""
        self.given_up: dict[port.NodeName, frozenset[port.LegId]] = {}
        """Legs of calls that were closed while their node was away, should they live after all."""
        self.draining: set[port.NodeName] = set()
        self.calls_on: Counter[port.NodeName] = Counter()
        self._carried: set[str] = set()
        """The calls that are counted in `calls_on`: they have legs."""
        self.timers: Timers[TimerKey] = Timers()
        self.changed = Changed()
        self._unsaved = Changed()
        self.restored: set[str] = set()
        """Calls of the last floor whose node has not yet said who is still there."""
        self._handlers: dict[type, Callable[..., None]] = {
            port.LegArrived: partial(arrivals.leg_arrived, self),
            port.LegRinging: self._leg_rang,
            port.LegAnswered: self.leg_answered,
            port.LegEnded: self.leg_ended,
            port.DigitPressed: self._digit_pressed,
            port.PlaybackEnded: self._playback_ended,
            port.LegHeld: self._leg_held,
            port.LegResumed: self._leg_resumed,
            port.PhoneChanged: partial(phones.phone_changed, self),
            port.CommandFailed: self._command_failed,
            port.NodeConnected: partial(nodes.node_connected, self),
            port.NodeLost: partial(nodes.node_lost, self),
            port.NodeGone: partial(nodes.node_is_gone, self),
        }
        self._words: dict[type, Callable[..., None]] = {
            routing.Offer: self._offer,
            routing.CancelOffer: self._cancel_offer,
            routing.Overflowed: self._overflowed,
            routing.Refused: self._refused,
            routing.AgentChanged: self._agent_changed,
            routing.WakeAt: self._wake_at,
        }

    # --- what comes in ---

    def on_switch(self, event: port.Event) -> None:
        """An event of the switch, in its order."""
        self.now_ms = event.at_ms
        self._handlers[type(event)](event)

    def tick(self, now_ms: int) -> None:
        """Do what is due."""
        self.now_ms = now_ms
        while (key := self.timers.take_due(now_ms)) is not None:
            kind, whose = key
            if kind == ROUTER:
                self.route(routing.Tick(now_ms))
            elif kind == phones.PHONE_GONE:
                phones.phone_stayed_away(self, whose, now_ms)
            elif kind == nodes.NODE_AWAY:
                nodes.give_up(self, port.NodeName(whose), now_ms)
            elif (call := self.calls.get(whose)) is not None:
                self._call_timer(call, Timer(kind), now_ms)

    def route(self, *events: routing.Event) -> None:
        """Tell the router and do what it says, until nothing is left to say."""
        for event in events:
            if isinstance(event, routing.OfferFailed) and event.agent in self.desks:
                self.desks[event.agent].missed += 1
            self._router_words.extend(router.step(self.router, event))
        if self._carrying:
            return
        self._carrying = True
        try:
            while self._router_words:
                word = self._router_words.popleft()
                self._words[type(word)](word)
        finally:
            self._carrying = False

    def route_quietly(self, event: routing.Event) -> None:
        """Tell the router of the past: only its alarm clock is heard."""
        for word in router.step(self.router, event):
            if isinstance(word, routing.WakeAt):
                self._wake_at(word)

    def settle(self, call: Call, out: Effects, now_ms: int) -> None:
        """Do what a rule wants: facts first, then the switch, timers and the router."""
        for fact, subject in out.facts:
            self.ledger.append(fact, subject, at_ms=now_ms)
        for command in out.commands:
            if isinstance(command, port.OriginateLeg | port.DialInBridge):
                self.call_of_leg[command.leg] = call
            self.send(command)
        for timer, at_ms in out.timers:
            self.timers.set((timer, call.id), at_ms)
        self.touch(call)
        self.route(*out.routing)
        self._forget_if_done(call)

    def tell(self, fact: Fact, subject: Subject, now_ms: int) -> None:
        """Write a fact that is not about a call."""
        self.ledger.append(fact, subject, at_ms=now_ms)

    def touch(self, call: Call) -> None:
        """The call and those it concerns are to be shown anew."""
        self.mark_call(call.id)
        if call.queue is not None:
            self.changed.queues.add(call.queue)
        if call.agent is not None:
            self.mark_agent(call.agent)

    def take_changed(self) -> Changed:
        """What changed since the last time this was asked."""
        changed, self.changed = self.changed, Changed()
        return changed

    def mark_agent(self, agent: str) -> None:
        self.changed.agents.add(agent)
        self._unsaved.agents.add(agent)

    def mark_call(self, call: str) -> None:
        self.changed.calls.add(call)
        self._unsaved.calls.add(call)

    def save(self) -> None:
        """Keep on disk what lives now, in one unit with the facts that led to it."""
        unsaved, self._unsaved = self._unsaved, Changed()
        for agent in unsaved.agents:
            save_desk(self.ledger, agent, self.desks.get(agent))
        for call in unsaved.calls:
            save_call(self.ledger, call, self.calls.get(call))
        self.ledger.commit()

    # --- calls ---

    def destination(self, number: str) -> Destination | None:
        """Where a dialled number goes; None when no trunk may carry it."""
        return destination(number, self.configuration.trunks, recorded=True)

    def take_on(self, call: Call) -> None:
        """A call begins, or is taken over from the last floor."""
        self.calls[call.id] = call
        self._carried.add(call.id)
        self.calls_on[call.node] += 1
        call.place = place_of(self, call.node)
        self.call_of_leg.update(dict.fromkeys(call.legs, call))

    def settle_and_queue(self, call: Call, queue: str | None, out: Effects, now_ms: int) -> None:
        if queue is not None and not call.is_over:
            settings = self.configuration.queues.get(queue)
            inbound.enter_queue(
                call,
                queue,
                settings.announce_every_s * 1000 if settings else 0,
                recorded=settings.recorded if settings else False,
                at_ms=now_ms,
                out=out,
            )
        self.settle(call, out, now_ms)

    def _leg_rang(self, event: port.LegRinging) -> None:
        call = self.call_of_leg.get(event.leg)
        if call is not None:
            out = Effects()
            rules.leg_rang(call, event.leg, out)
            self.settle(call, out, event.at_ms)

    def leg_answered(self, event: port.LegAnswered) -> None:
        call = self.call_of_leg.get(event.leg)
        if call is None:
            self.send(port.HangUpLeg(event.leg, port.Cause.ANSWERED_ELSEWHERE))
            return
        out = Effects()
        rules.leg_answered(call, event.leg, event.at_ms, out)
        self.settle(call, out, event.at_ms)

    def leg_ended(self, event: port.LegEnded) -> None:
        call = self.call_of_leg.pop(event.leg, None)
        if call is None:
            return
        out = Effects()
        ended_ms = event.at_ms
        if event.ended_ms is not None:
            # In its turn, should the clocks differ or another have taken the call up meanwhile.
            ended_ms = max(min(event.ended_ms, event.at_ms), call.since_ms)
        rules.leg_ended(call, event.leg, event.cause, ended_ms, out)
        if ended_ms < event.at_ms:
            # Whom the call frees was not free before somebody was there to free him.
            out.routing = [replace(word, at_ms=event.at_ms) for word in out.routing]
        self.settle(call, out, ended_ms)
        if call.agent_leg is None:
            self.reach_lost_phone(call, event.at_ms)

    def reach_lost_phone(self, call: Call, now_ms: int) -> None:
        """Call the agent's phone again if it was lost in mid-call and is there."""
        desk = self.desks.get(call.agent or "")
        if desk is None or not desk.reached_from(call.node):
            return
        if call.phase is Phase.RECONNECTING:
            out = Effects()
            talk.call_back_phone(call, desk.invited, out)
            self.settle(call, out, now_ms)

    def end_offer(self, call: Call, agent: str, cause: port.Cause, now_ms: int) -> None:
        """Stop ringing an agent who refused or cannot be reached; the caller keeps his place."""
        leg = call.legs.get(call.offered.get(agent, port.LegId("")))
        if leg is not None:
            out = Effects()
            out.do(port.HangUpLeg(leg.id, cause))
            inbound.offer_failed(call, leg, cause, now_ms, out)
            self.settle(call, out, now_ms)

    def _digit_pressed(self, event: port.DigitPressed) -> None:
        call = self.call_of_leg.get(event.leg)
        if call is not None and event.leg == call.customer:
            out = Effects()
            queue = inbound.digit_pressed(call, event.digit, out, self.prompts)
            self.settle_and_queue(call, queue, out, event.at_ms)

    def _playback_ended(self, event: port.PlaybackEnded) -> None:
        call = self.call_of_leg.get(event.leg)
        if call is not None and call.playback == event.playback:
            out = Effects()
            queue = inbound.playback_ended(call, event.at_ms, out)
            self.settle_and_queue(call, queue, out, event.at_ms)

    def _leg_held(self, event: port.LegHeld) -> None:
        call = self.call_of_leg.get(event.leg)
        if call is not None and event.leg == call.agent_leg:
            out = Effects()
            talk.hold(call, "phone", event.at_ms, out)
            self.settle(call, out, event.at_ms)

    def _leg_resumed(self, event: port.LegResumed) -> None:
        call = self.call_of_leg.get(event.leg)
        if call is not None and event.leg == call.agent_leg:
            out = Effects()
            talk.resume(call, "phone", event.at_ms, out)
            self.settle(call, out, event.at_ms)

    def _call_timer(self, call: Call, timer: Timer, now_ms: int) -> None:
        out = Effects()
        queue: str | None = None
        if timer is Timer.MENU:
            queue = inbound.menu_timed_out(call, out, self.prompts)
        elif timer is Timer.ANNOUNCE:
            contact = routing.ContactId(call.id)
            position = router.position(self.router, contact)
            expected = router.expected_wait_ms(self.router, contact)
            inbound.announce(call, position, expected, now_ms, out, self.prompts)
        elif timer is Timer.MUSIC:
            inbound.begin_music(call, out)
        else:
            queue = self._give_up_phone(call, now_ms, out)
        self.settle_and_queue(call, queue, out, now_ms)

    def _give_up_phone(self, call: Call, now_ms: int, out: Effects) -> str | None:
        """The lost phone stayed away: the caller goes back to his queue, keeping his age."""
        if call.phase is not Phase.RECONNECTING:
            return None
        agent = talk.part_from_agent(call, now_ms, out)
        if agent is not None:
            unready = routing.AgentReadySet(
                routing.AgentId(agent), ready=False, reason=phones.PHONE_AWAY_REASON, at_ms=now_ms
            )
            out.routing.insert(0, unready)
        if call.queue is None:
            talk.hang_up(call, EndedBy.SYSTEM, now_ms, out)
        return call.queue

    def _forget_if_done(self, call: Call) -> None:
        if not call.is_over or call.legs or call.id not in self.calls:
            return
        if call.id in self._carried:
            # Its agent may still wrap up: the node has nothing to do with that.
            self._carried.discard(call.id)
            self.calls_on[call.node] -= 1
        desk = self.desks.get(call.agent or "")
        if desk is not None and desk.contact == call.id:
            return
        del self.calls[call.id]
        self.mark_call(call.id)

    # --- the router's words ---

    def _offer(self, word: routing.Offer) -> None:
        call = self.calls.get(word.contact)
        now_ms = word.explain.at_ms
        if call is None or call.is_over or not call.customer_is_here:
            self.route(routing.ContactLeft(word.contact, now_ms))
            return
        out = Effects()
        made = facts.OfferMade(word.agents, word.explain)
        out.facts.append((made, Subject(call.id, word.agents[0], word.queue)))
        invited = [self.desks[agent].invited for agent in word.agents if agent in self.desks]
        inbound.offer(call, invited, word.ring_timeout_s, now_ms, out)
        self.settle(call, out, now_ms)

    def _cancel_offer(self, word: routing.CancelOffer) -> None:
        call = self.calls.get(word.contact)
        if call is None:
            return
        out = Effects()
        elsewhere = word.why is routing.CancelWhy.ANSWERED_ELSEWHERE
        now_ms = self.now_ms
        inbound.cancel_offer(call, word.agent, word.why, now_ms, out, elsewhere=elsewhere)
        self.settle(call, out, now_ms)

    def _overflowed(self, word: routing.Overflowed) -> None:
        call = self.calls.get(word.contact)
        if call is None:
            return
        self.touch(call)
        subject = Subject(call.id, None, word.from_queue)
        now_ms = self.now_ms
        self.tell(facts.QueueLeft("overflowed"), subject, now_ms)
        call.queue = word.to_queue
        entered = Subject(call.id, None, word.to_queue)
        self.tell(facts.QueueEntered(call.priority), entered, now_ms)
        self.touch(call)

    def _refused(self, word: routing.Refused) -> None:
        call = self.calls.get(word.contact)
        if call is None or call.is_over:
            return
        out = Effects()
        now_ms = self.now_ms
        inbound.turn_away(call, word.why, now_ms, out, self.prompts)
        self.settle(call, out, now_ms)

    def _agent_changed(self, word: routing.AgentChanged) -> None:
        desk = self.desks.get(word.agent)
        if desk is None:
            return
        old_contact = desk.contact
        was = desk.mirror(word)
        self.mark_agent(desk.id)
        self.staffing.moved(desk.id, was, word.state)
        self.changed.queues.update(self.staffing.queues_of(desk.id))
        subject = Subject(word.contact, desk.id)
        changed = facts.AgentStateChanged(word.state, was, word.reason)
        self.tell(changed, subject, word.at_ms)
        if was is routing.AgentState.WRAP_UP and word.state is not was:
            self.tell(facts.WrapUpWasEnded(), Subject(old_contact, desk.id), word.at_ms)
        if word.state is routing.AgentState.WRAP_UP and was is not word.state:
            self.tell(facts.WrapUpStarted(word.until_ms), subject, word.at_ms)
        phones.keep_unready(self, desk, word.at_ms)
        if old_contact is not None and old_contact != word.contact:
            call = self.calls.get(old_contact)
            if call is not None:
                self._forget_if_done(call)

    def index_service(self) -> None:
        """Work out anew who serves what; after each change of configuration."""
        self.desk_of_extension = {desk.settings.extension: desk for desk in self.desks.values()}
        self.staffing.index(self.desks.values(), self.configuration.queues)

    def _wake_at(self, word: routing.WakeAt) -> None:
        self.timers.set((ROUTER, ""), word.at_ms)

    # --- desks and refusals ---

    def set_ready(self, desk: Desk, ready: bool, reason: str | None, now_ms: int) -> None:
        """What the agent wants, from now or from after his contact."""
        desk.wants_ready, desk.wants_reason = ready, reason
        self.mark_agent(desk.id)
        self.route(
            routing.AgentReadySet(
                routing.AgentId(desk.id), ready=ready, reason=reason, at_ms=now_ms
            )
        )

    def sign_out(self, desk: Desk, why: str, now_ms: int) -> None:
        """Offline now, or when his contact ends."""
        self.timers.set((phones.PHONE_GONE, desk.id), None)
        desk.unready_by_phone = False
        desk.wants_ready = False
        self.tell(facts.AgentWentOut(why), Subject(agent=desk.id), now_ms)
        self.route(routing.AgentSignedOut(routing.AgentId(desk.id), now_ms))

    def _command_failed(self, event: port.CommandFailed) -> None:
        command = event.command
        leg = getattr(command, "leg", None)
        call = self.call_of_leg.get(leg) if leg is not None else None
        if not event.gone:
            name = type(command).__name__
            log.warning("the switch refused", command=name, status=event.status, leg=leg)
            subject = Subject(call=call.id if call else None)
            self.tell(facts.SwitchRefused(name, event.status, event.reason), subject, event.at_ms)
        if call is None or event.gone:
            return
        if isinstance(command, port.PlayMedia):
            self._playback_ended(port.PlaybackEnded(event.at_ms, command.leg, command.playback))
        elif isinstance(command, port.StartRecording):
            call.recording = Recording.OFF
            self.tell(call_facts.RecordingStopped(call.id), Subject(call.id), event.at_ms)
            self.touch(call)

    def adopt(self, call: Call) -> None:
        """A call of the last floor; it goes on when its node is connected."""
        self.take_on(call)
        self.restored.add(call.id)
        self.touch(call)
