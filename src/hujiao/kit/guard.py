"""The outermost layer of the web application: request ids, forgery guard, headers, one log line."""

import re
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hujiao.kit.ids import new_id
from hujiao.kit.log import logger
from hujiao.kit.web import error_response

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
API = "/api/"
FORGERY_HEADER = "x-hujiao"
"""A page of another origin cannot send it without our leave, which it does not get."""
REQUEST_ID = re.compile(r"[0-9A-Za-z_-]{8,64}")
UNROUTED = "-"

SECURITY_HEADERS = {
    "content-security-policy": "; ".join(
        (
            "default-src 'self'",
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            "media-src 'self' data: blob:",
            "worker-src 'self' blob:",
            "object-src 'none'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    ),
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "microphone=(self), autoplay=(self), camera=(), geolocation=()",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}

Observe = Callable[[str, str, int, float], None]
"""Told method, route template, status and seconds of every HTTP request."""

log = logger(__name__)


def same_origin(headers: Headers) -> bool:
    """Whether a page of our own asks. Programs that are no browsers send no Origin."""
    origin = headers.get("origin")
    return origin is None or urlsplit(origin).netloc.lower() == headers.get("host", "").lower()


class Guard:
    """ASGI middleware around everything."""

    def __init__(self, app: ASGIApp, *, max_body: int, observe: Observe | None = None) -> None:
        self._app = app
        self._max_body = max_body
        self._observe = observe

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        given = headers.get("x-request-id", "")
        request_id = given if REQUEST_ID.fullmatch(given) else new_id()
        with structlog.contextvars.bound_contextvars(request=request_id, person=None):
            if scope["type"] == "websocket":
                await self._websocket(headers, scope, receive, send)
            else:
                await self._http(headers, request_id, scope, receive, send)

    async def _websocket(
        self, headers: Headers, scope: Scope, receive: Receive, send: Send
    ) -> None:
        if not same_origin(headers):
            log.warning("websocket of another origin refused", path=scope["path"])
            await send({"type": "websocket.close", "code": 1008, "reason": "origin"})
            return
        await self._app(scope, receive, send)

    async def _http(
        self, headers: Headers, request_id: str, scope: Scope, receive: Receive, send: Send
    ) -> None:
        started = time.perf_counter()
        answer = _Answer(scope, send, request_id)
        try:
            if _may_be_forged(headers, scope):
                refused = error_response(403, "csrf", "The header X-Hujiao is missing")
                await refused(scope, receive, answer.send)
            else:
                await self._app(scope, _limited(receive, self._max_body), answer.send)
        except Exception:  # the edge: whatever nobody expected is logged once and answered
            log.exception("request failed", method=scope["method"], route=_route(scope))
            if not answer.status:
                failed = error_response(500, "internal", "Something went wrong on our side")
                await failed(scope, receive, answer.send)
        seconds = time.perf_counter() - started
        self._tell(scope, answer.status, seconds)

    def _tell(self, scope: Scope, status: int, seconds: float) -> None:
        method, route = scope["method"], _route(scope)
        if self._observe:
            self._observe(method, route, status, seconds)
        level = log.debug if method in SAFE_METHODS and status < 400 else log.info
        level("request", method=method, route=route, status=status, ms=round(seconds * 1000, 1))


class _Answer:
    """Adds our headers to the answer and remembers its status; 0 while none was sent."""

    def __init__(self, scope: Scope, send: Send, request_id: str) -> None:
        self._send = send
        self._request_id = request_id
        self._is_api = scope["path"].startswith(API)
        self.status = 0

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            headers["x-request-id"] = self._request_id
            for name, value in SECURITY_HEADERS.items():
                headers.setdefault(name, value)
            if self._is_api:
                headers.setdefault("cache-control", "no-store")
        await self._send(message)


def _limited(receive: Receive, max_body: int) -> Receive:
    """The request's body, cut off by a 413 when it is longer than it may be."""
    taken = 0

    async def next_part() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > max_body:
            raise HTTPException(413, "The request is too long")
        return message

    return next_part


def _may_be_forged(headers: Headers, scope: Scope) -> bool:
    if scope["method"] in SAFE_METHODS or not scope["path"].startswith(API):
        return False
    return headers.get(FORGERY_HEADER) != "1"


def _route(scope: Scope) -> str:
    """The route's template: with ids in it, paths would flood metrics and logs."""
    route: Any = scope.get("route")
    return str(getattr(route, "path", UNROUTED))
