"""A WebSocket to one node, with callbacks instead of awaited reads.

`websockets` does the protocol (Sans-I/O); only the I/O is ours. Against the library's own
asyncio connection this halves the CPU per frame: no task is woken per frame, and all that
is written within one turn of the loop leaves in one system call.
"""

import asyncio
import base64
from collections.abc import Callable
from typing import cast
from urllib.parse import urlsplit

from websockets.client import ClientProtocol
from websockets.exceptions import WebSocketException
from websockets.frames import Frame, Opcode
from websockets.http11 import Response
from websockets.protocol import State
from websockets.uri import parse_uri

CONNECT_TIMEOUT_S = 5.0
PING_INTERVAL_S = 5.0
PING_PATIENCE_S = 15.0
"""A socket that was silent for this long is given up."""


class WireRefusedError(Exception):
    """The node cannot be reached, or answered something else than a WebSocket."""


class Wire(asyncio.Protocol):
    """One connected WebSocket. `on_text` gets each whole message, `on_lost` is called once."""

    def __init__(
        self, url: str, on_text: Callable[[bytes], None], on_lost: Callable[[str], None]
    ) -> None:
        self._on_text = on_text
        self._on_lost = on_lost
        self._loop = asyncio.get_running_loop()
        self._protocol = ClientProtocol(parse_uri(url), max_size=None)
        self._opened: asyncio.Future[None] = self._loop.create_future()
        self._transport: asyncio.Transport | None = None
        self._flushing = False
        self._parts: list[bytes] = []
        self._heard_at = self._loop.time()
        self._heartbeat: asyncio.TimerHandle | None = None

    @classmethod
    async def connect(
        cls,
        url: str,
        user: str,
        password: str,
        on_text: Callable[[bytes], None],
        on_lost: Callable[[str], None],
    ) -> "Wire":
        """Open the socket within `CONNECT_TIMEOUT_S`.

        Raises `WireRefusedError`. Whole messages go to `on_text` from the moment it opens.
        """
        parts = urlsplit(url)
        wire = cls(url, on_text, on_lost)
        credentials = base64.b64encode(f"{user}:{password}".encode()).decode()
        request = wire._protocol.connect()
        request.headers["Authorization"] = f"Basic {credentials}"
        wire._protocol.send_request(request)
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                await wire._loop.create_connection(
                    lambda: wire,
                    parts.hostname or "localhost",
                    parts.port or (443 if parts.scheme == "wss" else 80),
                    ssl=True if parts.scheme == "wss" else None,
                )
                await wire._opened
        except (OSError, TimeoutError, WebSocketException) as trouble:
            wire.abort()
            raise WireRefusedError(str(trouble) or type(trouble).__name__) from trouble
        return wire

    def send(self, message: bytes) -> None:
        """Queue one text message; what is queued within one turn of the loop is sent as one."""
        self._protocol.send_text(message)
        if not self._flushing:
            self._flushing = True
            self._loop.call_soon(self._flush)

    def close(self) -> None:
        """Close the socket politely; `on_lost` is not called."""
        self._on_lost = _ignore
        if self._protocol.state is State.OPEN:
            self._protocol.send_close(1000)
            self._flush()
        self.abort()

    def abort(self) -> None:
        """Drop the socket at once."""
        if self._transport is not None:
            self._transport.close()

    # --- asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._flush()

    def data_received(self, data: bytes) -> None:
        self._heard_at = self._loop.time()
        protocol = self._protocol
        protocol.receive_data(data)
        for event in protocol.events_received():
            if isinstance(event, Frame):
                self._take(event)
            elif isinstance(event, Response):
                self._handshake_done()
        if not self._flushing:
            self._flush()

    def eof_received(self) -> bool:
        self._protocol.receive_eof()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        if self._heartbeat is not None:
            self._heartbeat.cancel()
        reason = str(exc) if exc else "closed by the node"
        if not self._opened.done():
            self._opened.set_exception(WireRefusedError(reason))
            self._opened.exception()  # connect() may have given up already
            return
        self._on_lost(reason)

    # --- inside

    def _handshake_done(self) -> None:
        if self._opened.done():
            return
        trouble = self._protocol.handshake_exc
        if trouble is not None:
            self._opened.set_exception(WireRefusedError(str(trouble)))
            return
        self._opened.set_result(None)
        self._heartbeat = self._loop.call_later(PING_INTERVAL_S, self._beat)

    def _take(self, frame: Frame) -> None:
        opcode = frame.opcode
        if opcode is Opcode.TEXT and frame.fin:
            self._on_text(bytes(frame.data))
        elif opcode is Opcode.TEXT:
            self._parts = [bytes(frame.data)]
        elif opcode is Opcode.CONT:
            self._parts.append(bytes(frame.data))
            if frame.fin:
                whole, self._parts = b"".join(self._parts), []
                self._on_text(whole)

    def _flush(self) -> None:
        self._flushing = False
        chunks = self._protocol.data_to_send()
        if self._transport is None or not chunks:
            return
        for chunk in chunks:
            if not chunk:  # the library's sign for: half-close now
                self._transport.close()
                return
        self._transport.write(b"".join(chunks))

    def _beat(self) -> None:
        if self._loop.time() - self._heard_at > PING_PATIENCE_S:
            self.abort()
            return
        self._heartbeat = self._loop.call_later(PING_INTERVAL_S, self._beat)
        if self._protocol.state is State.OPEN:
            self._protocol.send_ping(b"")
            self._flush()


def _ignore(_reason: str) -> None:
    return None
