"""An agent's day: in, ready, offered, in contact, wrap-up, rest, out."""

from bisect import insort
from operator import attrgetter

from hujiao.routing.contacts import lose_offer, seek_or_wait
from hujiao.routing.fit import join_profile, leave_profile, put_free, take_free
from hujiao.routing.model import (
    DEFAULT_WRAP_UP_S,
    AgentEngaged,
    AgentReadySet,
    AgentRemoved,
    AgentSet,
    AgentSignedIn,
    AgentSignedOut,
    CancelOffer,
    CancelWhy,
    Command,
    ContactEnded,
    ContactId,
    WrapUpEnded,
)
from hujiao.routing.offers import change, displace, release, seek_contact
from hujiao.routing.state import (
    BUSY,
    NOT_READY,
    OFFERED,
    OFFLINE,
    READY,
    REST,
    WRAP_UP,
    Agent,
    Contact,
    State,
    needs_of,
)


def on_set(state: State, event: AgentSet, out: list[Command]) -> None:
    config = event.config
    agent = state.agents.get(config.id)
    if agent is None:
        state.agents[config.id] = Agent(config.id, config, join_profile(state, config))
        return
    agent.config = config
    if needs_of(config.skills) == agent.profile.skills:
        return
    if agent.shown:
        take_free(agent)
    working = agent.state not in (OFFLINE, NOT_READY)
    old = agent.profile
    old.working -= working
    old.signed_in.pop(config.id, None)
    leave_profile(state, old)
    agent.profile = join_profile(state, config)
    agent.profile.working += working
    if agent.signed_in:
        agent.profile.signed_in[config.id] = agent
    if agent.state is READY:
        put_free(agent)
        seek_contact(state, agent, out)
    _let_go(state, agent, out)


def on_removed(state: State, event: AgentRemoved, out: list[Command]) -> None:
    agent = state.agents.get(event.id)
    if agent is None:
        return
    offered = _offered(state, agent)
    for contact in agent.held:
        _forget(state, agent, contact)
    if agent.signed_in:
        _sign_out(state, agent)
    if agent.state is not OFFLINE:
        change(state, agent, OFFLINE, out, reason="removed")
    leave_profile(state, agent.profile)
    del state.agents[event.id]
    _let_go(state, agent, out, offered)


def on_signed_in(state: State, event: AgentSignedIn, out: list[Command]) -> None:
    agent = state.agents.get(event.agent)
    if agent is None or agent.signed_in:
        return
    agent.signed_in = True
    agent.wants_ready = False
    agent.wants_reason = None
    agent.idle_since_ms = state.now_ms
    agent.handled = event.handled
    agent.missed = 0
    agent.profile.signed_in[event.agent] = agent
    state.signed_in += 1
    if agent.state is OFFLINE:
        change(state, agent, NOT_READY, out)


def on_signed_out(state: State, event: AgentSignedOut, out: list[Command]) -> None:
    agent = state.agents.get(event.agent)
    if agent is None or not agent.signed_in:
        return
    offered = _offered(state, agent)
    _sign_out(state, agent)
    if agent.state is not BUSY:
        release(state, agent, out)
    _let_go(state, agent, out, offered)


def on_ready_set(state: State, event: AgentReadySet, out: list[Command]) -> None:
    agent = state.agents.get(event.agent)
    if agent is None or not agent.signed_in:
        return
    before = agent.wants_reason
    agent.wants_ready = event.ready
    agent.wants_reason = None if event.ready else event.reason
    if agent.state is NOT_READY:
        if event.ready:
            agent.idle_since_ms = state.now_ms
            agent.missed = 0
            release(state, agent, out)
        elif event.reason != before:
            release(state, agent, out)
    elif agent.state in (READY, REST):
        if not event.ready:
            release(state, agent, out)
    elif agent.state is WRAP_UP and event.ready:
        end_wrap_up(state, agent, out)


def on_engaged(state: State, event: AgentEngaged, out: list[Command]) -> None:
    agent = state.agents.get(event.agent)
    if agent is None or event.contact in agent.held:
        return
    offered = _offered(state, agent)
    queue = state.queues.get(event.queue) if event.queue else None
    usual_s = queue.config.wrap_up_s if queue else DEFAULT_WRAP_UP_S
    own_s = agent.config.wrap_up_s
    agent.held[event.contact] = usual_s if own_s is None else own_s
    if agent.state is not BUSY:
        change(state, agent, BUSY, out, reason="engaged", contact=event.contact)
    if offered:
        out.append(CancelOffer(offered.asked.contact, event.agent, CancelWhy.AGENT_ENGAGED))
        lose_offer(state, offered, agent, out)


def on_ended(state: State, event: ContactEnded, out: list[Command]) -> None:
    agent = state.agents.get(event.agent)
    if agent is None or event.contact not in agent.held:
        return
    _forget(state, agent, event.contact)
    earned_s = agent.held.pop(event.contact)
    if event.wrap_up:
        agent.wrap_up_s = max(agent.wrap_up_s, earned_s)
    if agent.held:
        if agent.contact == event.contact:
            change(state, agent, BUSY, out, contact=next(iter(agent.held)))
        return
    agent.idle_since_ms = state.now_ms
    until_ms = max(state.now_ms + agent.wrap_up_s * 1000, agent.wrap_up_until_ms)
    agent.wrap_up_s = 0
    if agent.signed_in and until_ms > state.now_ms:
        agent.wrap_up_until_ms = until_ms
        change(state, agent, WRAP_UP, out, contact=event.contact, until_ms=until_ms)
    else:
        end_wrap_up(state, agent, out)


def on_wrap_up_ended(state: State, event: WrapUpEnded, out: list[Command]) -> None:
    agent = state.agents.get(event.agent)
    if agent and agent.state is WRAP_UP:
        end_wrap_up(state, agent, out)


def end_wrap_up(state: State, agent: Agent, out: list[Command]) -> None:
    """The contact and all its after-work are done; now the rest begins, if he has one."""
    agent.wrap_up_until_ms = 0
    agent.rest_until_ms = state.now_ms + agent.config.rest_s * 1000
    release(state, agent, out)


def on_due(state: State, agent: Agent, out: list[Command]) -> None:
    """His wrap-up or rest is over."""
    if agent.state is WRAP_UP:
        end_wrap_up(state, agent, out)
    else:
        release(state, agent, out)


def _offered(state: State, agent: Agent) -> Contact | None:
    if agent.state is OFFERED and agent.contact is not None:
        return state.contacts[agent.contact]
    return None


def _sign_out(state: State, agent: Agent) -> None:
    agent.signed_in = False
    agent.wants_ready = False
    agent.wants_reason = None
    agent.wrap_up_until_ms = 0
    agent.rest_until_ms = 0
    del agent.profile.signed_in[agent.id]
    state.signed_in -= 1


def _let_go(state: State, agent: Agent, out: list[Command], offered: Contact | None = None) -> None:
    """What was kept for him, and what rang at one who has gone, looks for others, in its order.

    To have gone does not count as missed.
    """
    contacts = [state.contacts[key[-1]] for key in agent.kept or ()]
    if offered:
        name = offered.asked.contact
        out.append(CancelOffer(name, agent.id, CancelWhy.AGENT_SIGNED_OUT))
        insort(contacts, offered, key=attrgetter("key"))
    for contact in contacts:
        if contact is offered:
            lose_offer(state, contact, agent, out)
        else:
            displace(contact)
            seek_or_wait(state, contact, out)


def _forget(state: State, agent: Agent, contact: ContactId) -> None:
    given = state.accepted.get(contact)
    if given and given[0] == agent.id:
        del state.accepted[contact]
