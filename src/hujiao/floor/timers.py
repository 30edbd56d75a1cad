"""What is due when. One timer per key; setting it again moves it."""

import heapq
from collections.abc import Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)


class Timers(Generic[Key]):
    """A heap with lazy deletion: a key that was moved or forgotten leaves its old entry behind."""

    def __init__(self) -> None:
        self._due: dict[Key, tuple[int, int]] = {}
        self._heap: list[tuple[int, int, Key]] = []
        self._count = 0

    def set(self, key: Key, at_ms: int | None) -> None:
        """Due at `at_ms`, or never."""
        if at_ms is None:
            self._due.pop(key, None)
            return
        self._count += 1
        self._due[key] = (at_ms, self._count)
        heapq.heappush(self._heap, (at_ms, self._count, key))

    def next_ms(self) -> int | None:
        """When the earliest is due."""
        while self._heap:
            at_ms, count, key = self._heap[0]
            if self._due.get(key) == (at_ms, count):
                return at_ms
            heapq.heappop(self._heap)
        return None

    def take_due(self, now_ms: int) -> Key | None:
        """The earliest key that is due, forgotten by this; None when nothing is."""
        at_ms = self.next_ms()
        if at_ms is None or at_ms > now_ms:
            return None
        key = heapq.heappop(self._heap)[2]
        del self._due[key]
        return key
