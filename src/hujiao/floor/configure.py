"""Bringing a changed configuration onto the running floor: no call and no agent notices."""

from hujiao.events import floor as facts
from hujiao.events.fact import NOBODY
from hujiao.floor.config import AgentSettings, Configuration, QueueSettings
from hujiao.floor.core import Floor
from hujiao.floor.desks import Desk
from hujiao.floor.reach import PRESENT, tell_reach
from hujiao.routing import model as routing
from hujiao.telephony.endpoints import Phone, Trunk


def configure(floor: Floor, new: Configuration, now_ms: int) -> None:
    """Make `new` the floor's configuration, telling the router only what differs."""
    old, floor.configuration = floor.configuration, new
    floor.now_ms = now_ms
    for queue in new.queues.values():
        if old.queues.get(queue.id) != queue:
            floor.route(routing.QueueSet(_queue(queue), PRESENT))
            _show_queue(floor, queue.id)
    for queue_id in old.queues.keys() - new.queues.keys():
        floor.route(routing.QueueRemoved(routing.QueueId(queue_id), PRESENT))
        floor.changed.queues.add(queue_id)
    for agent in new.agents.values():
        if old.agents.get(agent.id) != agent:
            _set_agent(floor, agent, now_ms)
    for agent_id in old.agents.keys() - new.agents.keys():
        _remove_agent(floor, agent_id, now_ms)
    floor.index_service()
    counts = {"agents": len(new.agents), "queues": len(new.queues), "numbers": len(new.numbers)}
    floor.tell(facts.ConfigurationLoaded(counts), NOBODY, now_ms)


def _show_queue(floor: Floor, queue_id: str) -> None:
    """Who waits there may have got another place."""
    floor.changed.queues.add(queue_id)
    floor.changed.calls.update(call.id for call in floor.calls.values() if call.queue == queue_id)


def _queue(queue: QueueSettings) -> routing.QueueConfig:
    return routing.QueueConfig(
        id=routing.QueueId(queue.id),
        strategy=routing.Strategy(queue.strategy),
        skills=queue.skills,
        priority=queue.priority,
        ageing_s=queue.ageing_s,
        ring_timeout_s=queue.ring_timeout_s,
        wrap_up_s=queue.wrap_up_s,
        max_waiting=queue.max_waiting,
        max_wait_s=queue.max_wait_s,
        overflow_to=routing.QueueId(queue.overflow_to) if queue.overflow_to else None,
        level_relax_after_s=queue.level_relax_after_s,
    )


def _set_agent(floor: Floor, agent: AgentSettings, now_ms: int) -> None:
    desk = floor.desks.get(agent.id)
    if desk is None:
        desk = floor.desks[agent.id] = Desk(settings=agent, since_ms=now_ms)
    else:
        if desk.settings.extension != agent.extension:
            desk.online_on = frozenset()
        desk.settings = agent
    floor.mark_agent(agent.id)
    tell_reach(floor, desk)


def _remove_agent(floor: Floor, agent_id: str, now_ms: int) -> None:
    """A removed agent's call goes on to its end; he gets no other."""
    desk = floor.desks.get(agent_id)
    if desk is not None and desk.signed_in:
        floor.sign_out(desk, "removed", now_ms)
    floor.route(routing.AgentRemoved(routing.AgentId(agent_id), now_ms))
    floor.desks.pop(agent_id, None)
    floor.mark_agent(agent_id)


def phones_and_trunks(
    configuration: Configuration,
) -> tuple[tuple[Phone, ...], tuple[Trunk, ...]]:
    """What the switch is to know."""
    phones = tuple(
        Phone(
            endpoint=agent.extension,
            kind=agent.phone_kind,
            secret=agent.phone_secret,
            display_name=agent.name,
            contact=agent.contact,
        )
        for agent in configuration.agents.values()
    )
    trunks = tuple(
        Trunk(
            endpoint=trunk.name,
            host=trunk.host,
            port=trunk.port,
            username=trunk.username,
            secret=trunk.secret,
            register=trunk.register,
            codecs=trunk.codecs,
            caller_number=trunk.caller_number,
        )
        for trunk in configuration.trunks.values()
    )
    return phones, trunks
