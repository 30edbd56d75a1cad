"""The floor in the browser, as it changes: each page gets what its person may see, no more."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, WebSocket, WebSocketDisconnect

from hujiao.floor.client import Change, Entities, FloorClient, Watcher
from hujiao.identity.http import LiveSessions, require
from hujiao.identity.model import Actor, Permission
from hujiao.identity.sessions import End, Sessions
from hujiao.kit.clock import now_ms

SILENCE_S = 60.0
"""A page that says nothing for so long (it pings every 20 s) is gone."""
MAX_CLIENT_MESSAGE = 1_000

router = APIRouter(prefix="/api", tags=["live"])

Value = dict[str, Any]


class Sight:
    """What one person may see of the floor."""

    def __init__(self, actor: Actor, entities: Entities) -> None:
        self._actor = actor
        self._entities = entities
        self._sees_floor = actor.may(Permission.BOARD_SEE)

    def sees(self, kind: str, value: Value) -> bool:
        if self._sees_floor and not self._actor.only_team:
            return True
        if kind == "agent":
            return self._sees_agent(value)
        if kind == "queue":
            return self._sees_floor or value["id"] in self._own_queues()
        return self._sees_call(value)

    def _sees_agent(self, agent: Value) -> bool:
        if agent["id"] == self._actor.person_id:
            return True
        return self._sees_floor and agent["team_id"] == self._actor.team_id

    def _sees_call(self, call: Value) -> bool:
        concerned = [call["agent_id"], *call["offered"]]
        if self._actor.person_id in concerned:
            return True
        if not self._sees_floor:
            return False
        agents = self._entities["agent"]
        mine = (agents[one] for one in concerned if one in agents)
        return call["agent_id"] is None or any(self._sees_agent(one) for one in mine)

    def _own_queues(self) -> list[str]:
        me = self._entities["agent"].get(self._actor.person_id)
        return list(me["queues"]) if me else []

    def show(self, kind: str, value: Value) -> Value:
        """The value without what other people's pages need not know."""
        if kind == "agent" and "tab" in value:
            return {key: part for key, part in value.items() if key != "tab"}
        return value


class Page:
    """One connected page: what it has been shown, and what is to be sent next."""

    def __init__(self, actor: Actor, floor: FloorClient) -> None:
        self._actor = actor
        self._floor = floor
        self._shown: set[tuple[str, str]] = set()

    def everything(self) -> bytes:
        """All that may be seen now."""
        sight = Sight(self._actor, self._floor.entities)
        self._shown.clear()
        message: Value = {"t": "snapshot"}
        for kind, values in self._floor.entities.items():
            seen = [sight.show(kind, value) for value in values.values() if sight.sees(kind, value)]
            message[f"{kind}s"] = seen
            self._shown.update((kind, value["id"]) for value in seen)
        return orjson.dumps(message)

    def message(self, change: Change) -> bytes | None:
        """What this change means for this page; None when nothing."""
        if change["t"] == "snapshot":
            return self.everything()
        if change["t"] == "change":
            return self._changed(change["kind"], change["id"], change["value"])
        if change["t"] == "taken_over":
            mine = change["agent"] == self._actor.person_id
            return orjson.dumps({"t": "taken_over", "tab": change["tab"]}) if mine else None
        return orjson.dumps(change)

    def _changed(self, kind: str, entity_id: str, value: Value | None) -> bytes | None:
        key = (kind, entity_id)
        sight = Sight(self._actor, self._floor.entities)
        if value is not None and sight.sees(kind, value):
            self._shown.add(key)
            shown = sight.show(kind, value)
            return orjson.dumps({"t": "set", "kind": kind, "id": entity_id, "value": shown})
        if key in self._shown:
            self._shown.discard(key)
            return orjson.dumps({"t": "gone", "kind": kind, "id": entity_id})
        return None


@router.websocket("/live")
async def live(
    socket: WebSocket,
    actor: Annotated[Actor, Depends(require(Permission.DESK_USE, Permission.BOARD_SEE))],
    sessions: LiveSessions,
) -> None:
    """Snapshot and changes until the page leaves or its session ends."""
    await socket.accept()
    floor: FloorClient = socket.app.state.floor
    async with floor.watch() as watcher:
        tasks = [
            asyncio.create_task(_send(socket, actor, floor, watcher), name="live send"),
            asyncio.create_task(_receive(socket), name="live receive"),
            asyncio.create_task(_session_end(socket, actor, sessions), name="live session"),
        ]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
    with suppress(RuntimeError, WebSocketDisconnect):
        await socket.close()


async def _send(socket: WebSocket, actor: Actor, floor: FloorClient, watcher: Watcher) -> None:
    page = Page(actor, floor)
    await _text(socket, orjson.dumps({"t": "hello", "now": now_ms(), "floor": floor.is_up}))
    await _text(socket, page.everything())
    async for change in _changes(watcher):
        message = page.everything() if change is None else page.message(change)
        if message is not None:
            await _text(socket, message)


async def _changes(watcher: Watcher) -> AsyncIterator[Change | None]:
    while True:
        yield await watcher.inbox.get()


async def _receive(socket: WebSocket) -> None:
    """Answer pings; end with the connection, or when the page has fallen silent."""
    while True:
        try:
            text = await asyncio.wait_for(socket.receive_text(), SILENCE_S)
        except (TimeoutError, WebSocketDisconnect, KeyError):
            return
        if len(text) > MAX_CLIENT_MESSAGE:
            return
        await _text(socket, orjson.dumps({"t": "pong", "now": now_ms()}))


async def _session_end(socket: WebSocket, actor: Actor, sessions: Sessions) -> None:
    """A page whose rights changed only loses the connection, and comes back with the new ones."""
    with sessions.watch(actor) as watch:
        end = await watch.wait()
    if end is End.ENDED:
        await _text(socket, orjson.dumps({"t": "session_ended"}))


async def _text(socket: WebSocket, message: bytes) -> None:
    await socket.send_text(message.decode())
