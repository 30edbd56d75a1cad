"""Requests to one node: over its event WebSocket, or over HTTP where it cannot do that.

Asterisk handles the requests of one WebSocket one after another and answers in that order, so
nothing is awaited here: an order is written and forgotten unless it fails. Over HTTP the same
order is kept by sending one request at a time.
"""

import asyncio
import re
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol
from urllib.parse import quote

import httpx
import orjson

from hujiao.telephony.ari.wire import Wire
from hujiao.telephony.port import Command

ASK_TIMEOUT_S = 10.0
HTTP_TIMEOUT_S = 10.0
MAX_HTTP_WAITING = 20_000

LOST = 503
"""Status of an order whose answer never came because the connection was lost."""


class Answer(NamedTuple):
    """An answer to a question: HTTP status and decoded body (None when empty)."""

    status: int
    body: Any


class Order(NamedTuple):
    """One REST request. `uri` is percent-encoded and has no leading slash; `body` is JSON.

    A refusal of what does not `matter` is not told: something else of the same command will be.
    """

    method: str
    uri: str
    body: bytes = b""
    matters: bool = True


Refused = Callable[[Command, Order, int, str], None]
"""Called with the command, its order, the HTTP status and the node's reason."""


class Link(Protocol):
    """What carries orders to a node."""

    def order(self, command: Command, order: Order) -> None:
        """Send; `Refused` is called if it fails, nothing if it succeeds."""

    async def ask(self, order: Order) -> Answer:
        """Send and wait for the answer. Raises `TimeoutError`; status `LOST` when cut off."""

    def close(self) -> list[Command]:
        """Stop; returns the commands whose answer is not known."""


RESPONSE = b'{"type":"RESTResponse"'
"""What an answer begins with, and an event does not."""
_PREFIX = b'{"type":"RESTResponse","transaction_id":"","request_id":"'
_AT = len(_PREFIX)
_STATUS = len(b'","status_code":')


class WireLink:
    """REST over WebSocket."""

    def __init__(self, wire: Wire, refused: Refused) -> None:
        self._wire = wire
        self._refused = refused
        self._last = 0
        self._orders: dict[bytes, tuple[Command, Order]] = {}
        self._questions: dict[bytes, asyncio.Future[Answer]] = {}

    def order(self, command: Command, order: Order) -> None:
        self._orders[self._write(order)] = (command, order)

    async def ask(self, order: Order) -> Answer:
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        number = self._write(order)
        self._questions[number] = future
        try:
            async with asyncio.timeout(ASK_TIMEOUT_S):
                return await future
        finally:
            self._questions.pop(number, None)

    def close(self) -> list[Command]:
        self._wire.close()
        for future in self._questions.values():
            if not future.done():
                future.set_result(Answer(LOST, None))
        open_orders = [command for command, _ in self._orders.values()]
        self._orders.clear()
        return open_orders

    def take_response(self, frame: bytes) -> None:
        """Settle the order or question that this answer belongs to."""
        if frame.startswith(_PREFIX):
            end = frame.index(b'"', _AT)
            number = frame[_AT:end]
            # 2xx to an order: nobody wants to know more, and most answers are such
            if frame[end + _STATUS] == 0x32 and self._orders.pop(number, None) is not None:
                return
        self._settle(orjson.loads(frame))

    def _write(self, order: Order) -> bytes:
        self._last += 1
        number = b"%d" % self._last
        message = b'{"type":"RESTRequest","request_id":"%b","method":"%b","uri":"%b"' % (
            number,
            order.method.encode(),
            order.uri.encode(),
        )
        if order.body:
            text = orjson.dumps(order.body.decode())
            message += b',"content_type":"application/json","message_body":%b' % text
        self._wire.send(message + b"}")
        return number

    def _settle(self, answer: dict[str, Any]) -> None:
        number = str(answer.get("request_id", "")).encode()
        status = int(answer["status_code"])
        text = answer.get("message_body")
        body = orjson.loads(text) if text else None
        future = self._questions.get(number)
        if future is not None:
            if not future.done():
                future.set_result(Answer(status, body))
            return
        found = self._orders.pop(number, None)
        if found is not None and status >= 300:
            self._refused(*found, status, reason_of(body, answer.get("reason_phrase", "")))


class HttpLink:
    """Plain HTTP, one request at a time: for a node that knows no REST over WebSocket."""

    def __init__(self, wire: Wire, client: httpx.AsyncClient, refused: Refused) -> None:
        self._wire = wire
        self._client = client
        self._refused = refused
        self._turn = asyncio.Lock()
        self._waiting: asyncio.Queue[tuple[Command, Order]] = asyncio.Queue(MAX_HTTP_WAITING)

    def order(self, command: Command, order: Order) -> None:
        try:
            self._waiting.put_nowait((command, order))
        except asyncio.QueueFull:
            self._refused(command, order, LOST, "too many orders wait for this node")

    async def ask(self, order: Order) -> Answer:
        async with self._turn:
            return await self._request(order)

    def close(self) -> list[Command]:
        self._wire.close()
        left = []
        while not self._waiting.empty():
            left.append(self._waiting.get_nowait()[0])
        return left

    async def run(self) -> None:
        """Send what waits, for ever; cancelled by the node that owns this link."""
        while True:
            command, order = await self._waiting.get()
            async with self._turn:
                answer = await self._request(order)
            if answer.status >= 300:
                self._refused(command, order, answer.status, reason_of(answer.body, ""))

    async def _request(self, order: Order) -> Answer:
        headers = {"Content-Type": "application/json"} if order.body else None
        try:
            reply = await self._client.request(
                order.method, order.uri, content=order.body or None, headers=headers
            )
        except httpx.HTTPError as trouble:
            return Answer(LOST, {"message": str(trouble) or type(trouble).__name__})
        return Answer(reply.status_code, orjson.loads(reply.content) if reply.content else None)


def reason_of(body: Any, otherwise: str) -> str:
    """The node's own words for a refusal."""
    if isinstance(body, dict):
        return str(body.get("message") or body.get("error") or otherwise)
    return otherwise


_PLAIN = re.compile(r"[0-9A-Za-z._~-]*").fullmatch


def encoded(text: str) -> str:
    """Percent-encode a path segment or query value."""
    return text if _PLAIN(text) else quote(text, safe="")
