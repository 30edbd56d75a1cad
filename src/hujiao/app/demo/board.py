"""What the supervisor's board shows now, and waiting for it to show something."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable

from hujiao.app.demo.api import Api, Value

TALKING = ("talking", "hold")
CHOOSING = ("greeting", "menu")


class Board:
    """The live view of an administrator. `run` follows it until cancelled."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self.agents: dict[str, Value] = {}
        self.calls: dict[str, Value] = {}
        self.queues: dict[str, Value] = {}
        self.longest_queue = 0
        self._kinds = {"agent": self.agents, "call": self.calls, "queue": self.queues}
        self._phases: dict[str, str] = {}
        self._taken: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)
        self._moved: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)
        self._changed = asyncio.Condition()

    async def run(self) -> None:
        async for message in self._api.live():
            if message["t"] == "snapshot":
                self._begin_anew(message)
            elif message["t"] == "set":
                self._set(message["kind"], message["value"])
            elif message["t"] == "gone":
                self._kinds[message["kind"]].pop(message["id"], None)
            else:
                continue
            async with self._changed:
                self._changed.notify_all()

    def _begin_anew(self, snapshot: Value) -> None:
        for kind, kept in self._kinds.items():
            kept.clear()
            for value in snapshot[f"{kind}s"]:
                self._set(kind, value)

    def _set(self, kind: str, value: Value) -> None:
        self._kinds[kind][value["id"]] = value
        if kind == "call":
            self._phases[value["caller"]] = value["phase"]
            if value["phase"] in TALKING:
                self._taken[value["caller"]].set()
        elif kind == "agent":
            self._moved[value["id"]].set()
        else:
            waiting = sum(queue["waiting"] for queue in self.queues.values())
            self.longest_queue = max(self.longest_queue, waiting)

    def taken(self, number: str) -> asyncio.Event:
        """Set when an agent talks with this caller."""
        return self._taken[number]

    def is_choosing(self, number: str) -> bool:
        """Whether the caller still hears the menu."""
        return self._phases.get(number, CHOOSING[0]) in CHOOSING

    def moved(self, agent: str) -> asyncio.Event:
        """Set at each change of this agent; the one who waits clears it."""
        return self._moved[agent]

    async def until(self, condition: Callable[[], bool], timeout_s: float) -> bool:
        """Waits until the board fulfils `condition`; False when it did not in time."""
        try:
            async with asyncio.timeout(timeout_s), self._changed:
                await self._changed.wait_for(condition)
        except TimeoutError:
            return False
        return True
