"""SIP over WebSocket from browsers to the switch, which itself listens on loopback only."""

import asyncio
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Annotated

from fastapi import APIRouter, Depends, Query, WebSocket, WebSocketDisconnect
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.typing import Subprotocol

from hujiao.identity.http import LiveSessions, require
from hujiao.identity.model import Actor, Permission
from hujiao.identity.sessions import Sessions
from hujiao.kit.log import logger
from hujiao.kit.refusal import Forbidden, NotFound, Refusal, Unavailable

SIP = "sip"
MAX_MESSAGE = 65_536
"""Bytes; the SDP of a browser has about 3,000."""
MAX_QUEUE = 16
MAX_PER_SESSION = 4
"""At each node."""
MAX_NODE_NAME = 31
CONNECT_TIMEOUT_S = 5.0
CLOSE_TIMEOUT_S = 2.0

ENDED = 1008
"""Close code: the session has ended or the page broke a rule; connecting again is in vain."""
TRY_AGAIN = 1012
"""Close code: the switch went away, or the session's rights changed."""

_FOLD = re.compile(rb"\r?\n[ \t]+")
_FROM = re.compile(rb"^(?:From|f)[ \t]*:(.*)$", re.I | re.M)
_TO = re.compile(rb"^(?:To|t)[ \t]*:(.*)$", re.I | re.M)
_LENGTH = re.compile(rb"^(?:Content-Length|l)[ \t]*:[ \t]*([0-9]{1,6})\s*$", re.I | re.M)
_QUOTED = re.compile(rb'"(?:[^"\\]|\\.)*"')
_USER = re.compile(rb"\s*(?:[^<]*<)?sips?:([^@;>\s]{1,80})@", re.I)
_TAG = re.compile(rb"(?:^|>)[^<>]*;[ \t]*tag[ \t]*=", re.I)
_HEAD_END = b"\r\n\r\n"
_ANSWER = b"SIP/2.0 "
_REGISTER = b"REGISTER "

log = logger(__name__)
router = APIRouter(prefix="/api", tags=["desk"])


class SwitchUnavailable(Unavailable):
    error = "switch_unavailable"


class TooManyPhones(Refusal):
    status = 429
    error = "too_many_phones"


class SipRelay:
    """Where each node of the switch listens, and how many sockets each session has there."""

    def __init__(self, urls: Mapping[str, str]) -> None:
        """`urls` maps the name of a node to its WebSocket address; the first is the default."""
        self._urls = dict(urls)
        self._open: Counter[tuple[str, str]] = Counter()

    @property
    def nodes(self) -> tuple[str, ...]:
        """A phone has to be at each of them, for a call may come in anywhere."""
        return tuple(self._urls)

    def url(self, node: str) -> str:
        """Raises NotFound."""
        if node not in self._urls:
            raise NotFound("No such node")
        return self._urls[node]

    @contextmanager
    def place(self, actor: Actor, node: str) -> Iterator[None]:
        """One of the session's places at this node. Raises TooManyPhones."""
        key = (actor.session_id, node)
        if self._open[key] >= MAX_PER_SESSION:
            raise TooManyPhones("This session has too many phones open")
        self._open[key] += 1
        try:
            yield
        finally:
            self._open[key] -= 1
            if not self._open[key]:
                del self._open[key]

    @property
    def count(self) -> int:
        return self._open.total()


def may_pass(message: bytes, extension: str) -> bool:
    """Whether a page may send this: whatever begins something new must come from its own phone.

    Nobody signed in can try the passwords of other phones or of trunks. Inside a dialogue (a tag
    on To) the name is the one that the switch gave, and the switch knows the dialogue; but it
    takes a REGISTER by its names alone.
    """
    message = message.lstrip(b"\r\n")
    if not message:
        return True  # a keep-alive
    head, _, body = message.partition(_HEAD_END)
    head = _FOLD.sub(b" ", head)
    lengths = [int(value) for value in _LENGTH.findall(head)] or [0]
    if lengths != [len(body)]:
        return False  # a second message behind the first would pass unseen
    if head.startswith(_ANSWER):
        return True
    to = _values(_TO, head)
    if len(to) == 1 and _TAG.search(to[0]) and not head.startswith(_REGISTER):
        return True
    senders = _values(_FROM, head)
    user = _USER.match(senders[0]) if len(senders) == 1 else None
    return user is not None and user[1] == extension.encode()


def _values(header: re.Pattern[bytes], head: bytes) -> list[bytes]:
    """The values of a header, without the quoted names in which anything may stand."""
    return [_QUOTED.sub(b"", value) for value in header.findall(head)]


@router.websocket("/sip")
async def sip(
    socket: WebSocket,
    actor: Annotated[Actor, Depends(require(Permission.DESK_USE))],
    sessions: LiveSessions,
    node: Annotated[str, Query(max_length=MAX_NODE_NAME)] = "",
) -> None:
    """Carry SIP between the page's phone and a node until either leaves or the session ends."""
    relay: SipRelay = socket.app.state.sip_relay
    if SIP not in socket.scope.get("subprotocols", ()):
        raise Forbidden("Only SIP is spoken here")
    if actor.agent_extension is None:
        raise Forbidden("You have no phone")
    node = node or relay.nodes[0]
    url = relay.url(node)
    with relay.place(actor, node):
        switch = await _reach(url)
        try:
            await socket.accept(subprotocol=SIP)
            code = await _carry(socket, switch, actor.agent_extension, actor, sessions)
        finally:
            await switch.close()
        with suppress(RuntimeError, WebSocketDisconnect):
            await socket.close(code)


async def _reach(url: str) -> ClientConnection:
    try:
        return await connect(
            url,
            subprotocols=[Subprotocol(SIP)],
            compression=None,
            max_size=MAX_MESSAGE,
            max_queue=MAX_QUEUE,
            open_timeout=CONNECT_TIMEOUT_S,
            close_timeout=CLOSE_TIMEOUT_S,
            ping_interval=None,
            proxy=None,
        )
    except (OSError, TimeoutError, WebSocketException) as error:
        log.warning("switch not reached for a phone", reason=type(error).__name__)
        raise SwitchUnavailable("The switch does not answer") from error


async def _carry(
    socket: WebSocket,
    switch: ClientConnection,
    extension: str,
    actor: Actor,
    sessions: Sessions,
) -> int:
    """Returns the code to close the page's socket with."""
    with sessions.watch(actor) as watch:
        end = asyncio.create_task(watch.wait(), name="sip session")
        up = asyncio.create_task(_to_switch(socket, switch, extension), name="sip up")
        down = asyncio.create_task(_to_page(socket, switch), name="sip down")
        tasks = (end, up, down)
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        if end.done() and not end.cancelled():
            log.info("phone closed with its session", why=end.result())
            return ENDED if end.result() == "ended" else TRY_AGAIN
        if up.done() and not up.cancelled() and up.exception() is None:
            return up.result()
        return TRY_AGAIN


async def _to_switch(socket: WebSocket, switch: ClientConnection, extension: str) -> int:
    while True:
        message = await socket.receive()
        if message["type"] == "websocket.disconnect":
            return 1000
        text: str | None = message.get("text")
        data: str | bytes = text if text is not None else message["bytes"]
        raw = data.encode() if isinstance(data, str) else data
        if len(raw) > MAX_MESSAGE or not may_pass(raw, extension):
            log.warning("phone sent what it may not", extension=extension, size=len(raw))
            return ENDED
        try:
            await switch.send(data)
        except ConnectionClosed:
            return TRY_AGAIN


async def _to_page(socket: WebSocket, switch: ClientConnection) -> None:
    with suppress(ConnectionClosed, WebSocketDisconnect, RuntimeError):
        async for message in switch:
            if isinstance(message, str):
                await socket.send_text(message)
            else:
                await socket.send_bytes(message)
