"""Hujiao's own API as a person's browser uses it: sign in, ask, follow the live view."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import orjson
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

REQUEST_TIMEOUT_S = 20.0
PING_S = 15.0
RETRY_S = 0.5
KEPT_S = 2.0
PAGE = 500
MAX_MESSAGE = 64 * 1024 * 1024

Value = dict[str, Any]


class DemoError(RuntimeError):
    """The day cannot go on; the message says why and what to do."""


class RefusedError(DemoError):
    """The API said no. `error` is its stable id."""

    def __init__(self, what: str, status: int, error: str, body: str) -> None:
        super().__init__(f"{what} was refused: {status} {body[:300]}")
        self.status = status
        self.error = error


class Api:
    """One signed-in person. `trust` is shared, for making one costs 30 ms."""

    def __init__(self, url: str, trust: ssl.SSLContext) -> None:
        self._url = url
        self._trust = trust
        self._http = httpx.AsyncClient(
            base_url=url,
            headers={"X-Hujiao": "1"},
            verify=trust,
            trust_env=False,
            timeout=REQUEST_TIMEOUT_S,
            # The server closes an idle connection after 5 s, perhaps just as we use it again.
            limits=httpx.Limits(keepalive_expiry=KEPT_S),
        )

    async def sign_in(self, login: str, password: str) -> Value:
        """Raises RefusedError (`wrong_credentials`, `too_many_attempts`)."""
        return await self.do("POST", "/api/session", name=login, password=password)

    async def get(self, path: str, **parameters: Any) -> Value:
        return _read(f"GET {path}", await self._http.get(path, params=parameters))

    async def do(self, method: str, path: str, **body: Any) -> Value:
        """A request that changes something. Raises RefusedError."""
        answer = await self._http.request(method, path, json=body or None)
        return _read(f"{method} {path}", answer)

    async def list(self, path: str, **parameters: Any) -> list[Value]:
        """All pages of a list."""
        found: list[Value] = []
        cursor: str | None = ""
        while cursor is not None:
            more = {"cursor": cursor} if cursor else {}
            page = await self.get(path, limit=PAGE, **parameters, **more)
            found += page["items"]
            cursor = page["next_cursor"]
        return found

    async def live(self) -> AsyncIterator[Value]:
        """The messages of the live view; comes back by itself, with a new snapshot."""
        url = self._url.replace("http", "ws", 1) + "/api/live"
        trust = self._trust if url.startswith("wss") else None
        while True:
            cookies = "; ".join(f"{one.name}={one.value}" for one in self._http.cookies.jar)
            try:
                async with connect(
                    url,
                    ssl=trust,
                    proxy=None,
                    additional_headers={"Cookie": cookies},
                    max_size=MAX_MESSAGE,
                ) as socket:
                    ping = asyncio.create_task(_ping(socket.send), name="demo live ping")
                    try:
                        async for text in socket:
                            yield orjson.loads(text)
                    finally:
                        ping.cancel()
            except (OSError, WebSocketException):
                pass
            await asyncio.sleep(RETRY_S)

    async def close(self) -> None:
        await self._http.aclose()


async def _ping(send: Callable[[str], Any]) -> None:
    while True:
        await asyncio.sleep(PING_S)
        await send('{"t":"ping"}')


def _read(what: str, answer: httpx.Response) -> Value:
    if answer.is_success:
        return dict(answer.json()) if answer.content else {}
    try:
        error = str(answer.json().get("error", ""))
    except ValueError:
        error = ""
    raise RefusedError(what, answer.status_code, error, answer.text)


def unchecked_trust() -> ssl.SSLContext:
    """For our own machine, whose certificate may be one of our own."""
    trust = ssl.create_default_context()
    trust.check_hostname = False
    trust.verify_mode = ssl.CERT_NONE
    return trust
