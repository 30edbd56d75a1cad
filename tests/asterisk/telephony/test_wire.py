"""The WebSocket takes frames however the network cuts them, and gives up a silent node."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.utils import accept_key

from hujiao.telephony.ari import wire as module
from hujiao.telephony.ari.wire import Wire, WireRefusedError
from tests.harness.waiting import until

pytestmark = pytest.mark.asterisk

Serve = Callable[[Callable[[ServerConnection], Awaitable[None]]], Awaitable[str]]


@pytest.fixture
async def serving() -> AsyncIterator[Serve]:
    """Starts a server on loopback with this handler; the address is returned."""
    servers = []

    async def start(handler: Callable[[ServerConnection], Awaitable[None]]) -> str:
        server = await serve(handler, "127.0.0.1", 0, max_size=None)
        servers.append(server)
        return f"ws://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}/"

    yield start
    for server in servers:
        server.close()


async def test_messages_arrive_whole_and_in_order_both_ways(serving: Serve) -> None:
    async def echo(socket: ServerConnection) -> None:
        async for message in socket:
            await socket.send(message, text=True)

    heard: list[bytes] = []
    wire = await Wire.connect(await serving(echo), "u", "p", heard.append, lambda why: None)
    sent = [b"x" * size for size in (0, 1, 125, 126, 65_535, 65_536, 300_000)]
    for message in sent:
        wire.send(message)
    await until(lambda: len(heard) == len(sent))
    assert heard == sent
    wire.close()


async def test_a_message_in_parts_and_pings_between_are_understood(serving: Serve) -> None:
    async def parts(socket: ServerConnection) -> None:
        await socket.send([b"one ", b"two ", b"three"], text=True)
        await (await socket.ping())
        await socket.send("after the ping")
        await socket.wait_closed()

    heard: list[bytes] = []
    wire = await Wire.connect(await serving(parts), "u", "p", heard.append, lambda why: None)
    await until(lambda: len(heard) == 2)
    assert heard == [b"one two three", b"after the ping"]
    wire.close()


async def test_the_credentials_are_sent_and_a_refusal_is_told(serving: Serve) -> None:
    asked: list[str] = []

    async def handler(socket: ServerConnection) -> None:
        assert socket.request is not None
        asked.append(socket.request.headers["Authorization"])

    url = await serving(handler)
    wire = await Wire.connect(url, "user", "secret", lambda data: None, lambda why: None)
    await until(lambda: asked == ["Basic dXNlcjpzZWNyZXQ="])
    wire.close()
    with pytest.raises(WireRefusedError):
        await Wire.connect(
            "ws://127.0.0.1:1/", "user", "secret", lambda data: None, lambda why: None
        )


async def test_a_closed_connection_is_told_once(serving: Serve) -> None:
    async def leave(socket: ServerConnection) -> None:
        await socket.close()

    lost: list[str] = []
    await Wire.connect(await serving(leave), "u", "p", lambda data: None, lost.append)
    await until(lambda: lost)
    await asyncio.sleep(0)  # the turn of the loop in which a second word would come
    assert len(lost) == 1


async def test_a_node_that_falls_silent_is_given_up(
    serving: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PING_INTERVAL_S", 0.02)
    monkeypatch.setattr(module, "PING_PATIENCE_S", 0.2)
    hanging = asyncio.Event()

    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.readuntil(b"\r\n\r\n")
        key = next(x for x in request.split(b"\r\n") if b"Sec-WebSocket-Key" in x).split(b": ")[1]
        accept = accept_key(key.decode()).encode()
        writer.write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
        )
        await hanging.wait()
        writer.close()

    server = await asyncio.start_server(hang, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    lost: list[str] = []
    await Wire.connect(f"ws://127.0.0.1:{port}/", "u", "p", lambda data: None, lost.append)
    await until(lambda: lost, timeout_s=5)
    hanging.set()
    server.close()
