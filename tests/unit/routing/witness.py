"""A slow second opinion on the router: it sees only events and commands, scans everything, and
objects when a promise is broken.
"""

from dataclasses import dataclass, field, replace

from hujiao.routing.model import (
    AgentChanged,
    AgentConfig,
    AgentEngaged,
    AgentId,
    AgentReadySet,
    AgentRemoved,
    AgentSet,
    AgentSignedIn,
    AgentSignedOut,
    AgentState,
    CancelOffer,
    Command,
    ContactEnded,
    ContactId,
    ContactLeft,
    ContactQueued,
    Event,
    Offer,
    OfferAccepted,
    OfferFailed,
    Overflowed,
    QueueConfig,
    QueueId,
    QueueRemoved,
    QueueSet,
    Rank,
    Reason,
    Refused,
    Strategy,
    Tick,
    WakeAt,
    WrapUpEnded,
)


@dataclass
class SeenAgent:
    config: AgentConfig
    signed_in: bool = False
    state: AgentState = AgentState.OFFLINE
    until_ms: int | None = None
    offer: ContactId | None = None
    calls: set[ContactId] = field(default_factory=set)
    idle_since_ms: int = 0
    handled: int = 0


@dataclass
class SeenContact:
    asked: ContactQueued
    queue: QueueId
    relaxed: bool
    prefer_until_ms: int
    ringing: set[AgentId] = field(default_factory=set)
    failed: set[AgentId] = field(default_factory=set)
    lost_preference: bool = False


@dataclass
class Witness:
    """Feed it each event before, and its commands after the step."""

    now_ms: int = 0
    agents: dict[AgentId, SeenAgent] = field(default_factory=dict)
    queues: dict[QueueId, QueueConfig] = field(default_factory=dict)
    last_offered: dict[QueueId, AgentId] = field(default_factory=dict)
    contacts: dict[ContactId, SeenContact] = field(default_factory=dict)
    wake_ms: int | None = None
    event: Event | None = None

    def saw(self, event: Event, commands: list[Command]) -> None:
        self.now_ms = max(self.now_ms, event.at_ms)
        self.event = event
        self._before(event)
        for command in commands:
            self._hear(command)
        self._after(event)
        self._nobody_waits_beside_a_free_agent()
        self._agents_do_one_thing()

    # --- what an event means by itself

    def _before(self, event: Event) -> None:
        match event:
            case QueueSet(config) if self.queues.get(config.id) != config:
                self.queues[config.id] = config
                for contact in self.contacts.values():
                    if contact.queue == config.id:
                        contact.relaxed = self._is_relaxed(contact)
            case QueueRemoved(name):
                self.queues.pop(name, None)
                self.last_offered.pop(name, None)
            case AgentSet(config):
                known = self.agents.setdefault(config.id, SeenAgent(config))
                known.config = config
            case AgentSignedIn(name) if name in self.agents:
                agent = self.agents[name]
                if not agent.signed_in:
                    agent.signed_in = True
                    agent.idle_since_ms = self.now_ms
                    agent.handled = 0
            case AgentSignedOut(name) | AgentRemoved(name) if name in self.agents:
                self.agents[name].signed_in = False
            case AgentReadySet(name, True) if name in self.agents:
                agent = self.agents[name]
                if agent.signed_in and agent.state is AgentState.NOT_READY:
                    agent.idle_since_ms = self.now_ms
            case AgentEngaged(name, call) if name in self.agents:
                self.agents[name].calls.add(call)
            case ContactEnded(call, name) if name in self.agents:
                self._ended(self.agents[name], call)
            case OfferFailed(name, agent_id) if self._rings(name, agent_id, event.offer):
                contact = self.contacts[name]
                contact.failed.add(agent_id)
                contact.lost_preference |= contact.asked.preferred_agent == agent_id
                self._stopped(name, agent_id)
            case Tick() if self.wake_ms is not None and self.wake_ms <= self.now_ms:
                self.wake_ms = None
            case ContactQueued():
                self._queued(event)
            case ContactLeft(name):
                self._gone(name)
            case OfferAccepted(name, agent_id) if self._rings(name, agent_id):
                self._accepted(name, agent_id)

    def _after(self, event: Event) -> None:
        """What is only promised once the event has been dealt with."""
        if isinstance(event, AgentRemoved):
            self.agents.pop(event.id, None)
        if isinstance(event, Tick):
            for contact in self.contacts.values():
                contact.relaxed |= self._is_relaxed(contact)
                contact.lost_preference |= self.now_ms >= contact.prefer_until_ms

    def _ended(self, agent: SeenAgent, call: ContactId) -> None:
        if call in agent.calls:
            agent.calls.discard(call)
            if not agent.calls:
                agent.idle_since_ms = self.now_ms

    def _queued(self, event: ContactQueued) -> None:
        known = self.contacts.get(event.contact)
        if known and replace(known.asked, at_ms=event.at_ms) == event:
            return
        if known:
            self._gone(event.contact)
        until_ms = self.now_ms + event.preferred_wait_s * 1000
        contact = SeenContact(event, event.queue, False, until_ms)
        self.contacts[event.contact] = contact
        contact.relaxed = self._is_relaxed(contact)

    def _accepted(self, name: ContactId, agent_id: AgentId) -> None:
        self._gone(name)
        agent = self.agents[agent_id]
        agent.calls.add(name)
        agent.handled += 1

    def _gone(self, name: ContactId) -> None:
        contact = self.contacts.pop(name, None)
        for agent_id in contact.ringing if contact else ():
            self.agents[agent_id].offer = None

    def _stopped(self, name: ContactId, agent_id: AgentId) -> None:
        contact = self.contacts.get(name)
        if contact:
            contact.ringing.discard(agent_id)
        if self.agents[agent_id].offer == name:
            self.agents[agent_id].offer = None

    def _rings(self, name: ContactId, agent_id: AgentId, number: int = 0) -> bool:
        contact = self.contacts.get(name)
        assert number == 0, "the witness does not count offers"
        return contact is not None and agent_id in contact.ringing

    # --- what the router says about it

    def _hear(self, command: Command) -> None:
        match command:
            case Offer():
                self._offer(command)
            case CancelOffer(name, agent_id, why):
                if agent_id in self.agents:
                    contact = self.contacts.get(name)
                    if contact and why == "timed_out":
                        contact.failed.add(agent_id)
                        contact.lost_preference |= contact.asked.preferred_agent == agent_id
                    self._stopped(name, agent_id)
            case Overflowed(name, from_queue, to_queue, _):
                contact = self.contacts[name]
                assert contact.queue == from_queue
                assert not contact.ringing, "an overflow cut a ringing offer"
                contact.queue = to_queue
                contact.relaxed = self._is_relaxed(contact)
            case Refused(name, _, _):
                assert name in self.contacts, "refused somebody who is not waiting"
                assert not self.contacts[name].ringing
                self._gone(name)
            case AgentChanged():
                self._changed(command)
            case WakeAt(at_ms):
                assert self.wake_ms is None or at_ms < self.wake_ms
                self.wake_ms = at_ms

    def _offer(self, offer: Offer) -> None:
        contact = self.contacts[offer.contact]
        config = self.queues[contact.queue]
        assert offer.queue == contact.queue
        assert offer.agents == offer.explain.winners
        assert len(set(offer.agents)) == len(offer.agents) > 0
        reason = offer.explain.reason
        joined = reason is Reason.JOINED_RING
        assert bool(contact.ringing) == joined, "a second offer of a contact already ringing"
        assert not joined or config.strategy is Strategy.RING_ALL
        assert not offer.explain.relaxed or self._is_relaxed(contact)
        contact.relaxed |= offer.explain.relaxed
        for agent_id in offer.agents:
            agent = self.agents[agent_id]
            assert agent.signed_in
            assert agent.offer is None, "an agent has two offers"
            assert not agent.calls, "an agent in contact was offered another"
            assert agent.state is not AgentState.OFFLINE
            assert self._fits(agent, contact), "an agent who does not fit"
            assert agent_id not in contact.asked.exclude
            self._nobody_goes_before(agent_id, agent, offer.contact)
        if reason is Reason.BEST_RANK:
            self._the_best_were_chosen(offer, contact)
        if not joined:
            contact.failed.clear()
        for agent_id in offer.agents:
            contact.ringing.add(agent_id)
            self.agents[agent_id].offer = offer.contact
        if config.strategy is Strategy.HUNT and reason is not Reason.PREFERRED_AGENT:
            self.last_offered[config.id] = offer.agents[-1]

    def _nobody_goes_before(self, agent_id: AgentId, agent: SeenAgent, name: ContactId) -> None:
        """The order is not inverted: whoever waits, may have this agent and is before it."""
        chosen = self.contacts[name]
        for other_name, other in self.contacts.items():
            if other_name == name or other.ringing or other.queue not in self.queues:
                continue
            if not self._fits(agent, other) or agent_id in other.asked.exclude:
                continue
            if self._kept_for(other) not in (None, agent_id):
                continue
            assert self._key(chosen) < self._key(other), "the waiting order is inverted"

    def _the_best_were_chosen(self, offer: Offer, contact: SeenContact) -> None:
        free = [
            agent_id
            for agent_id, agent in self.agents.items()
            if agent.state is AgentState.READY
            and self._fits(agent, contact)
            and agent_id not in contact.asked.exclude
        ]
        eligible = [name for name in free if name not in contact.failed] or free
        ranked = sorted(eligible, key=lambda name: self._rank(name, contact))
        limit = 20 if self.queues[contact.queue].strategy is Strategy.RING_ALL else 1
        assert list(offer.agents) == ranked[:limit], "not the best-ranked were chosen"
        told = {c.agent: c.rank for c in offer.explain.candidates}
        for agent_id in offer.agents:
            assert told[agent_id] == self._rank(agent_id, contact), "the rank told is not the rank"

    def _changed(self, change: AgentChanged) -> None:
        agent = self.agents[change.agent]
        if agent.state in (AgentState.WRAP_UP, AgentState.REST):
            assert agent.until_ms is not None
            assert self.now_ms >= agent.until_ms or self._ends_pause(agent, change), (
                f"{agent.state} was cut"
            )
        agent.state = change.state
        agent.until_ms = change.until_ms
        match change.state:
            case AgentState.OFFERED:
                assert agent.offer == change.contact
            case AgentState.BUSY:
                assert change.contact in agent.calls
            case AgentState.READY | AgentState.REST | AgentState.WRAP_UP:
                assert agent.signed_in
                assert not agent.calls
                assert agent.offer is None
            case AgentState.OFFLINE:
                assert not agent.signed_in
            case AgentState.NOT_READY:
                assert agent.signed_in

    def _ends_pause(self, agent: SeenAgent, change: AgentChanged) -> bool:
        match self.event:
            case AgentSignedOut(name) | AgentRemoved(name) | AgentEngaged(name):
                return name == change.agent
            case WrapUpEnded(name):
                return name == change.agent and agent.state is AgentState.WRAP_UP
            case AgentReadySet(name, ready):
                wrap_up = agent.state is AgentState.WRAP_UP
                return name == change.agent and (ready if wrap_up else not ready)
        return False

    # --- promises that hold after every step

    def _nobody_waits_beside_a_free_agent(self) -> None:
        for contact in self.contacts.values():
            if contact.ringing:
                continue
            kept = self._kept_for(contact)
            for agent_id, agent in self.agents.items():
                if agent.state is not AgentState.READY or not self._fits(agent, contact):
                    continue
                assert agent_id in contact.asked.exclude or kept not in (None, agent_id), (
                    "a caller waits while a fitting agent is free"
                )

    def _agents_do_one_thing(self) -> None:
        for agent in self.agents.values():
            assert (agent.state is AgentState.OFFERED) == (agent.offer is not None)
            assert (agent.state is AgentState.BUSY) == bool(agent.calls)
        for name, contact in self.contacts.items():
            assert contact.queue in self.queues
            for agent_id in contact.ringing:
                assert self.agents[agent_id].offer == name

    # --- the rules, computed the slow way

    def _fits(self, agent: SeenAgent, contact: SeenContact) -> bool:
        demand = self.queues[contact.queue].skills
        place = contact.asked.place
        if place and agent.config.skills.get(place, 0) < 1:
            return False
        return all(
            agent.config.skills.get(skill, 0) >= (1 if contact.relaxed else least)
            for skill, least in demand.items()
            if least > 0
        )

    def _is_relaxed(self, contact: SeenContact) -> bool:
        config = self.queues.get(contact.queue)
        if config is None or config.level_relax_after_s is None:
            return False
        return self.now_ms >= contact.asked.arrived_ms + config.level_relax_after_s * 1000

    def _kept_for(self, contact: SeenContact) -> AgentId | None:
        """Whom alone the contact waits for."""
        name = contact.asked.preferred_agent
        if name is None or contact.lost_preference or contact.asked.preferred_wait_s == 0:
            return None
        agent = self.agents.get(name)
        if agent is None or not agent.signed_in or name in contact.asked.exclude:
            return None
        return name if self._fits(agent, contact) else None

    def _key(self, contact: SeenContact) -> Rank:
        config = self.queues[contact.queue]
        points = config.priority + contact.asked.priority
        arrived_ms = contact.asked.arrived_ms
        worth_ms = points * config.ageing_s * 1000
        return (arrived_ms - worth_ms, arrived_ms, contact.asked.contact)

    def _rank(self, name: AgentId, contact: SeenContact) -> Rank:
        config = self.queues[contact.queue]
        agent = self.agents[name]
        rank: Rank
        if config.strategy is Strategy.HUNT:
            rank = (0 if name > self.last_offered.get(config.id, "") else 1, name)
        elif config.strategy is Strategy.FEWEST_CALLS:
            rank = (agent.handled, agent.idle_since_ms, name)
        else:
            rank = (agent.idle_since_ms, name)
        if config.prefer_level:
            levels = [agent.config.skills.get(s, 0) for s, n in config.skills.items() if n > 0]
            levels.append(agent.config.skills.get(contact.asked.place, 0))
            return (-sum(levels), *rank)
        return rank
