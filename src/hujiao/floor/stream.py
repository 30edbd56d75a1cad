"""The floor's entities as a stream: a snapshot, then changes with a cursor that can be resumed."""

import asyncio
from collections import deque
from typing import Any

import orjson

from hujiao.floor.core import Floor
from hujiao.floor.views import agent_view, call_view, queue_view
from hujiao.kit.ids import new_id

KEPT_BATCHES = 2_000
SUBSCRIBER_BATCHES = 2_000


class Subscriber:
    """One reader. `batches` ends with None when it fell too far behind and must connect anew."""

    def __init__(self) -> None:
        self.batches: asyncio.Queue[bytes | None] = asyncio.Queue(SUBSCRIBER_BATCHES + 1)

    def end(self) -> None:
        self.batches.put_nowait(None)

    def give(self, batch: bytes) -> bool:
        if self.batches.qsize() >= SUBSCRIBER_BATCHES:
            self.end()
            return False
        self.batches.put_nowait(batch)
        return True


class Stream:
    """Turns what the floor marks as changed into batches for all subscribers."""

    def __init__(self, floor: Floor) -> None:
        self._floor = floor
        self._id = new_id()
        self._seq = 0
        self._kept: deque[tuple[int, bytes]] = deque(maxlen=KEPT_BATCHES)
        self._subscribers: set[Subscriber] = set()
        self._notices: list[dict[str, Any]] = []
        self._ended = False

    def notice(self, **message: Any) -> None:
        """A message that is no entity, told once with the next batch to whoever listens then."""
        self._notices.append(message)

    def subscribe(self, stream_id: str, cursor: int) -> tuple[Subscriber, list[bytes]]:
        """A new reader and what he must read first: what he missed, or everything."""
        self.publish()
        subscriber = Subscriber()
        self._subscribers.add(subscriber)
        if self._ended:
            subscriber.end()
        missed = [batch for seq, batch in self._kept if seq > cursor]
        reaches = cursor == self._seq or (self._kept and self._kept[0][0] <= cursor + 1)
        if stream_id == self._id and cursor <= self._seq and reaches:
            return subscriber, missed
        return subscriber, [self._snapshot()]

    def end(self) -> None:
        """Let all readers go: this floor ends, and a door with readers in it does not close."""
        self._ended = True
        for subscriber in self._subscribers:
            subscriber.end()

    def unsubscribe(self, subscriber: Subscriber) -> None:
        self._subscribers.discard(subscriber)

    def _snapshot(self) -> bytes:
        floor = self._floor
        queues = (queue_view(floor, queue) for queue in floor.configuration.queues)
        return orjson.dumps(
            {
                "stream": self._id,
                "seq": self._seq,
                "snapshot": {
                    "agent": [agent_view(floor, desk) for desk in floor.desks.values()],
                    "call": [call_view(floor, call) for call in floor.calls.values()],
                    "queue": [view for view in queues if view is not None],
                },
            }
        )

    def publish(self) -> None:
        """Give what has changed since the last time to all readers."""
        changed, notices = self._floor.take_changed(), self._notices
        self._notices = []
        if not changed and not notices:
            return
        self._seq += 1
        if not self._subscribers:
            # Nobody reads: a later reader gets a snapshot, so the batch need not be built.
            self._kept.clear()
            return
        floor = self._floor
        values: list[tuple[str, str, dict[str, Any] | None]] = []
        for agent in changed.agents:
            desk = floor.desks.get(agent)
            values.append(("agent", agent, agent_view(floor, desk) if desk else None))
        for call_id in changed.calls:
            call = floor.calls.get(call_id)
            values.append(("call", call_id, call_view(floor, call) if call else None))
        values += [("queue", queue, queue_view(floor, queue)) for queue in changed.queues]
        batch = orjson.dumps(
            {"stream": self._id, "seq": self._seq, "values": values, "notices": notices}
        )
        self._kept.append((self._seq, batch))
        lost = {subscriber for subscriber in self._subscribers if not subscriber.give(batch)}
        self._subscribers -= lost
