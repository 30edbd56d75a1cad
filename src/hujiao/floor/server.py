"""The floor's own door: commands over HTTP, entities over one WebSocket. For `web` only."""

import asyncio
import os
from collections import OrderedDict
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from hujiao.floor.nodes import nodes_view
from hujiao.floor.runtime import Runtime
from hujiao.kit.log import logger
from hujiao.kit.refusal import InvalidInput, Refusal

log = logger(__name__)

REMEMBERED = 10_000
"""Answers kept for repeated commands (idempotency)."""
HELLO_TIMEOUT_S = 5.0
MAX_BODY = 64 * 1024


def _json(value: Any, status: int = 200) -> Response:
    return Response(orjson.dumps(value), status, media_type="application/json")


class FloorServer:
    """The ASGI application around a `Runtime`."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._answers: OrderedDict[str, tuple[int, dict[str, Any]]] = OrderedDict()
        self.app = Starlette(
            routes=[
                Route("/command", self._command, methods=["POST"]),
                Route("/health", self._health),
                WebSocketRoute("/events", self._events),
            ]
        )

    async def _command(self, request: Request) -> Response:
        body = await request.body()
        try:
            message = orjson.loads(body[:MAX_BODY])
            key, name, arguments = message["id"], message["name"], message["arguments"]
        except (orjson.JSONDecodeError, KeyError, TypeError):
            return _json({"error": "invalid_input", "message": "", "details": {}}, 422)
        if key not in self._answers:
            self._answers[key] = self._answer(name, arguments)
            if len(self._answers) > REMEMBERED:
                self._answers.popitem(last=False)
        status, answer = self._answers[key]
        return _json(answer, status)

    def _answer(self, name: str, arguments: Any) -> tuple[int, dict[str, Any]]:
        try:
            if not isinstance(arguments, dict):
                raise InvalidInput()
            return 200, self._runtime.command(name, arguments)
        except Refusal as refusal:
            return refusal.status, {
                "error": refusal.error,
                "message": str(refusal),
                "details": refusal.details,
            }

    async def _health(self, request: Request) -> Response:
        floor = self._runtime.floor
        ok = self._runtime.can_take_calls()
        parts = {
            "pid": os.getpid(),
            "nodes": nodes_view(floor),
            "calls": len(floor.calls),
            "agents": len(floor.desks),
        }
        return _json({"ok": ok, **parts}, 200 if ok else 503)

    async def _events(self, socket: WebSocket) -> None:
        await socket.accept()
        try:
            hello = await asyncio.wait_for(socket.receive_json(), HELLO_TIMEOUT_S)
        except (TimeoutError, WebSocketDisconnect, ValueError):
            await socket.close(1008)
            return
        subscriber, first = self._runtime.stream.subscribe(
            str(hello.get("stream", "")), int(hello.get("cursor", 0))
        )
        try:
            for batch in first:
                await socket.send_bytes(batch)
            while (batch_or_end := await subscriber.batches.get()) is not None:
                await socket.send_bytes(batch_or_end)
            await socket.close(1001)
        except WebSocketDisconnect:
            log.info("a reader of the floor went away")
        finally:
            self._runtime.stream.unsubscribe(subscriber)
