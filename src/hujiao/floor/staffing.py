"""Who serves which queue, and how many of them are in which state."""

from collections import Counter
from collections.abc import Iterable, Mapping

from hujiao.floor.config import QueueSettings
from hujiao.floor.desks import Desk
from hujiao.routing.model import AgentState


class Staffing:
    """Counted along with each change of state: a queue's tile must not cost its agents' number."""

    def __init__(self) -> None:
        self._queues_of: dict[str, list[str]] = {}
        self._states: dict[str, Counter[AgentState]] = {}

    def index(self, desks: Iterable[Desk], queues: Mapping[str, QueueSettings]) -> None:
        """Work everything out anew; after each change of configuration."""
        self._queues_of = {}
        self._states = {queue: Counter() for queue in queues}
        for desk in desks:
            skills = desk.settings.skills
            served = [
                queue.id
                for queue in queues.values()
                if all(skills.get(skill, 0) >= level for skill, level in queue.skills.items())
            ]
            self._queues_of[desk.id] = served
            for queue_id in served:
                self._states[queue_id][desk.state] += 1

    def queues_of(self, agent: str) -> list[str]:
        """The queues whose skills the agent has at the levels asked."""
        return self._queues_of.get(agent, [])

    def moved(self, agent: str, was: AgentState, state: AgentState) -> None:
        """An agent's state has changed."""
        for queue in self._queues_of.get(agent, ()):
            states = self._states[queue]
            states[was] -= 1
            states[state] += 1

    def states(self, queue: str) -> Counter[AgentState]:
        """How many of the queue's agents are in each state, those offline too."""
        return self._states.get(queue, Counter())
