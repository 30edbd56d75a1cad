"""Sorted keys, and the formula of the one waiting order."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator
from itertools import islice
from typing import Any

from hujiao.routing.model import ContactQueued, QueueConfig

Key = tuple[Any, ...]
"""Numbers to compare by, then the id of an agent or a contact (a Rank, with the id's own type)."""

_CHUNK = 256


def waiting_key(asked: ContactQueued, queue: QueueConfig) -> Key:
    """The place of a contact in the one order over all queues, smallest first.

    (arrived_ms - (queue.priority + contact.priority) * ageing_s * 1000, arrived_ms, contact)

    A point of priority is worth `ageing_s` seconds of waiting. Everybody ages at the same pace, so
    the difference between two contacts never changes, and a key computed once stays true.
    """
    points = queue.priority + asked.priority
    return (asked.arrived_ms - points * queue.ageing_s * 1000, asked.arrived_ms, asked.contact)


class SortedKeys:
    """A sorted set of keys: add, remove and rank by two levels of bisection.

    Removal is immediate: nothing stale piles up that a later step would have to clear.
    """

    __slots__ = ("_maxes", "_size", "chunks")

    def __init__(self) -> None:
        self.chunks: list[list[Key]] = []
        """Never holds an empty list: the set is empty exactly when this is; the first is [0][0]."""
        self._maxes: list[Key] = []
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[Key]:
        for chunk in self.chunks:
            yield from chunk

    def first(self) -> Key | None:
        return self.chunks[0][0] if self.chunks else None

    def add(self, key: Key) -> None:
        """Adding a key that is there already would double it; callers never do."""
        maxes = self._maxes
        self._size += 1
        if not maxes:
            self.chunks.append([key])
            maxes.append(key)
            return
        at = bisect_left(maxes, key)
        if at == len(maxes):
            at -= 1
            chunk = self.chunks[at]
            chunk.append(key)
            maxes[at] = key
        else:
            chunk = self.chunks[at]
            insort(chunk, key)
        if len(chunk) > 2 * _CHUNK:
            self.chunks.insert(at + 1, chunk[_CHUNK:])
            del chunk[_CHUNK:]
            maxes.insert(at, chunk[-1])

    def remove(self, key: Key) -> None:
        """Does nothing when the key is not there."""
        at = bisect_left(self._maxes, key)
        if at == len(self._maxes):
            return
        chunk = self.chunks[at]
        place = bisect_left(chunk, key)
        if chunk[place] != key:
            return
        del chunk[place]
        self._size -= 1
        if not chunk:
            del self.chunks[at]
            del self._maxes[at]
        elif place == len(chunk):
            self._maxes[at] = chunk[-1]

    def rank(self, key: Key) -> int:
        """How many keys are smaller."""
        at = bisect_left(self._maxes, key)
        before = sum(map(len, self.chunks[:at]))
        return before + (bisect_left(self.chunks[at], key) if at < len(self.chunks) else 0)

    def head(self, limit: int) -> list[Key]:
        """The first `limit` keys."""
        if self.chunks and len(self.chunks[0]) >= limit:
            return self.chunks[0][:limit]
        return list(islice(self, limit))

    def after(self, key: Key) -> Iterator[Key]:
        """The keys greater than this one, in order."""
        at = bisect_right(self._maxes, key)
        if at == len(self.chunks):
            return
        chunk = self.chunks[at]
        yield from chunk[bisect_right(chunk, key) :]
        for later in range(at + 1, len(self.chunks)):
            yield from self.chunks[later]
