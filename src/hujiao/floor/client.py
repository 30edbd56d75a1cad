"""The floor as `web` sees it: commands with an answer, and a mirror of its entities."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import orjson
from websockets.asyncio.client import unix_connect
from websockets.exceptions import WebSocketException

from hujiao.floor.refusals import FloorUnavailable
from hujiao.kit.ids import new_id
from hujiao.kit.log import logger
from hujiao.kit.refusal import Refusal
from hujiao.kit.trust import trust

log = logger(__name__)

COMMAND_TIMEOUT_S = 5.0
TRIES = 2
RETRY_S = 0.3
KEEP_S = 1.0
"""An idle connection may lead to a floor that does not lead any more."""
FLOOR = "http://floor"
"""What its Unix socket is called in addresses; no TLS is spoken there."""
BEAT_S, BEAT_TIMEOUT_S = 1.0, 2.0
"""A paused floor keeps its sockets: only its silence tells."""
WATCHER_CHANGES = 5_000
MAX_MESSAGE = 64 * 1024 * 1024

Entities = dict[str, dict[str, dict[str, Any]]]
Change = dict[str, Any]


class RefusedByFloor(Refusal):
    """A refusal that the floor gave, passed on unchanged."""

    def __init__(self, status: int, error: str, message: str, details: dict[str, Any]) -> None:
        super().__init__(message, **details)
        self.status = status  # type: ignore[misc]
        self.error = error  # type: ignore[misc]


class Watcher:
    """One browser's inbox. A None means: too much was missed, begin anew with the mirror."""

    def __init__(self) -> None:
        self.inbox: asyncio.Queue[Change | None] = asyncio.Queue(WATCHER_CHANGES + 1)

    def give(self, change: Change) -> None:
        if self.inbox.qsize() < WATCHER_CHANGES:
            self.inbox.put_nowait(change)
        elif not self.inbox.full():
            self.inbox.put_nowait(None)


class FloorClient:
    """Talks to the floor's Unix socket; reconnects for as long as it lives."""

    def __init__(self, socket_path: Path) -> None:
        self._path = socket_path
        self._http = httpx.AsyncClient(
            transport=httpx.AsyncHTTPTransport(
                uds=str(socket_path),
                verify=trust(FLOOR),
                limits=httpx.Limits(keepalive_expiry=KEEP_S),
            ),
            base_url=FLOOR,
            timeout=COMMAND_TIMEOUT_S,
        )
        self._watchers: set[Watcher] = set()
        self._task: asyncio.Task[None] | None = None
        self._stream = ""
        self._cursor = 0
        self.entities: Entities = {"agent": {}, "call": {}, "queue": {}}
        self.is_up = False

    async def start(self) -> None:
        self._task = asyncio.create_task(self._follow_forever(), name="floor mirror")

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._http.aclose()

    async def command(self, name: str, **arguments: Any) -> dict[str, Any]:
        """Carry out a command once, asking again when the answer got lost.

        Raises FloorUnavailable, or the floor's own refusal.
        """
        body = orjson.dumps({"id": new_id(), "name": name, "arguments": arguments})
        for _ in range(TRIES):
            try:
                answer = await self._http.post("/command", content=body)
            except httpx.HTTPError:
                continue
            value: dict[str, Any] = answer.json()
            if answer.status_code == 200:
                return value
            raise RefusedByFloor(
                answer.status_code,
                str(value.get("error", "refused")),
                str(value.get("message", "")),
                dict(value.get("details") or {}),
            )
        raise FloorUnavailable()

    async def health(self) -> Mapping[str, Any] | None:
        """The floor's own word about its state; None when it does not answer."""
        try:
            value: dict[str, Any] = (await self._http.get("/health")).json()
        except (httpx.HTTPError, ValueError):
            return None
        return value

    @asynccontextmanager
    async def watch(self) -> AsyncIterator[Watcher]:
        """Changes from now on. Read `entities` right after entering, before any await."""
        watcher = Watcher()
        self._watchers.add(watcher)
        try:
            yield watcher
        finally:
            self._watchers.discard(watcher)

    async def _follow_forever(self) -> None:
        while True:
            try:
                await self._follow()
            except (OSError, WebSocketException) as error:
                if self.is_up:
                    log.warning("the floor is away", reason=type(error).__name__)
            self._set_up(False)
            await asyncio.sleep(RETRY_S)

    async def _follow(self) -> None:
        async with unix_connect(
            str(self._path),
            "ws://floor/events",
            max_size=MAX_MESSAGE,
            compression=None,
            ping_interval=BEAT_S,
            ping_timeout=BEAT_TIMEOUT_S,
        ) as socket:
            hello = {"stream": self._stream, "cursor": self._cursor}
            await socket.send(orjson.dumps(hello).decode())
            self._set_up(True)
            async for message in socket:
                self._take(orjson.loads(message))

    def _set_up(self, up: bool) -> None:
        if up != self.is_up:
            self.is_up = up
            self._tell({"t": "floor", "up": up})

    def _take(self, batch: dict[str, Any]) -> None:
        self._stream, self._cursor = batch["stream"], batch["seq"]
        if "snapshot" in batch:
            self.entities = {
                kind: {value["id"]: value for value in values}
                for kind, values in batch["snapshot"].items()
            }
            self._tell({"t": "snapshot"})
            return
        for kind, entity_id, value in batch["values"]:
            if value is None:
                self.entities[kind].pop(entity_id, None)
            else:
                self.entities[kind][entity_id] = value
            self._tell({"t": "change", "kind": kind, "id": entity_id, "value": value})
        for notice in batch["notices"]:
            self._tell(notice)

    def _tell(self, change: Change) -> None:
        for watcher in self._watchers:
            watcher.give(change)
