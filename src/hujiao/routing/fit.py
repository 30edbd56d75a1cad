"""Who fits what: demands and profiles, linked both ways, and the free agents under each demand.

Only configuration links anew, at the cost of the distinct profiles or demands. Calls touch one
agent's own demands.
"""

from collections.abc import Iterable

from hujiao.routing.model import AgentConfig, QueueConfig, Strategy
from hujiao.routing.order import Key, SortedKeys
from hujiao.routing.state import (
    Agent,
    Demand,
    Needs,
    Profile,
    Queue,
    Ranking,
    State,
    needs_of,
    ranking_of,
)

_LEVELS = Ranking.LEVEL_IDLE.value
"""Rankings from here on put the level first and are otherwise the one so many before."""
_MEET_LIMIT = 200
"""So many who are not free may be met by every search; more are taken out of the way until they
are: to take one out and put him back costs much more than to meet him."""


def level_sum(profile: Profile, needs: Needs) -> int | None:
    """The sum of the levels in the demanded skills; None when one of them is too low."""
    total = 0
    for skill, least in needs:
        level = profile.levels.get(skill, 0)
        if level < least:
            return None
        total += level
    return total


def _link(demand: Demand, profile: Profile) -> None:
    total = level_sum(profile, demand.needs)
    if total is not None:
        demand.profiles[profile.skills] = profile
        profile.fits[demand.needs] = (demand, total)


def _demand(state: State, needs: Needs) -> Demand:
    demand = state.demands.get(needs)
    if demand is None:
        demand = state.demands[needs] = Demand(needs)
        for profile in state.profiles.values():
            _link(demand, profile)
    return demand


def _use(demand: Demand, ranking: Ranking) -> None:
    demand.users[ranking] = demand.users.get(ranking, 0) + 1
    if ranking in demand.free:
        return
    line = demand.free[ranking] = SortedKeys()
    for profile in demand.profiles.values():
        total = profile.fits[demand.needs][1]
        for agent in profile.signed_in.values():
            if agent.shown:
                line.add(rank_of(agent, ranking, total))


def new_queue(state: State, config: QueueConfig) -> Queue:
    """A queue of this configuration, with its demands in use; not yet in `state.queues`."""
    strict = _demand(state, needs_of(config.skills))
    relaxed = strict
    if config.level_relax_after_s is not None:
        relaxed = _demand(state, needs_of(config.skills, relaxed=True))
    hunts = config.strategy is Strategy.HUNT
    rings_all = config.strategy is Strategy.RING_ALL
    queue = Queue(config, ranking_of(config), strict, relaxed, hunts, rings_all)
    _use(strict, queue.ranking)
    if relaxed is not strict:
        _use(relaxed, queue.ranking)
    return queue


def demand_at(state: State, queue: Queue, place: str, *, relaxed: bool) -> Demand:
    """What a contact in the queue demands; one with a place has a demand of its own there."""
    plain = queue.relaxed if relaxed else queue.strict
    if not place:
        return plain
    demand = queue.placed.get((place, relaxed))
    if demand is None:
        demand = _demand(state, plain.needs | {(place, 1)})
        queue.placed[place, relaxed] = demand
        _use(demand, queue.ranking)
    return demand


def drop_queue(state: State, queue: Queue) -> None:
    """Lets go of the demands of a queue that has no contacts left in them."""
    plain = {id(d): d for d in (queue.strict, queue.relaxed)}.values()
    for demand in (*plain, *queue.placed.values()):
        demand.users[queue.ranking] -= 1
        if demand.users[queue.ranking]:
            continue
        del demand.users[queue.ranking], demand.free[queue.ranking]
        if not demand.users:
            del state.demands[demand.needs]
            for profile in demand.profiles.values():
                del profile.fits[demand.needs]


def join_profile(state: State, config: AgentConfig) -> Profile:
    """The profile of these skills, counting one agent more."""
    skills = needs_of(config.skills)
    profile = state.profiles.get(skills)
    if profile is None:
        profile = state.profiles[skills] = Profile(skills, dict(skills))
        for demand in state.demands.values():
            _link(demand, profile)
    profile.agents += 1
    return profile


def leave_profile(state: State, profile: Profile) -> None:
    profile.agents -= 1
    if not profile.agents:
        del state.profiles[profile.skills]
        for demand, _ in profile.fits.values():
            del demand.profiles[profile.skills]


def _base_ranks(agent: Agent) -> tuple[Key, Key, Key]:
    name = agent.id
    return (agent.idle_since_ms, name), (agent.handled, agent.idle_since_ms, name), (name,)


def rank_of(agent: Agent, ranking: Ranking, total: int) -> Key:
    """The key of a free agent; `total` is his sum of levels in the demand."""
    return _with_level(_base_ranks(agent), ranking, total)


def _with_level(ranks: tuple[Key, Key, Key], ranking: Ranking, total: int) -> Key:
    return ranks[ranking] if ranking < _LEVELS else (-total, *ranks[ranking - _LEVELS])


def put_free(agent: Agent) -> None:
    """Shows a free agent to every demand he fits.

    He stays shown while he is offered a contact, for most who ring come back as they went: all but
    one when many ring at once. Searches pass over him meanwhile (`ready_ranks`).
    """
    if agent.shown:
        for line, rank in agent.passed_over:
            line.add(rank)
        agent.passed_over.clear()
        return
    agent.shown = True
    ranks = _base_ranks(agent)
    for demand, total in agent.profile.fits.values():
        for ranking, line in demand.free.items():
            line.add(_with_level(ranks, ranking, total))


def ready_ranks(state: State, line: SortedKeys, keys: Iterable[Key], want: int) -> list[Key]:
    """The first entries of free agents among these keys of the line, at most so many."""
    ready = state.ready
    found: list[Key] = []
    met: list[Key] = []
    for key in keys:
        if key[-1] not in ready:
            met.append(key)
            continue
        found.append(key)
        if len(found) == want:
            break
    if len(met) > _MEET_LIMIT:
        for key in met:
            line.remove(key)
            state.agents[key[-1]].passed_over.append((line, key))
    return found


def take_free(agent: Agent) -> None:
    agent.shown = False
    agent.passed_over.clear()
    ranks = _base_ranks(agent)
    for demand, total in agent.profile.fits.values():
        for ranking, line in demand.free.items():
            line.remove(
                ranks[ranking] if ranking < _LEVELS else (-total, *ranks[ranking - _LEVELS])
            )
