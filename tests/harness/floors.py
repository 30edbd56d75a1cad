"""Floor programs as an installation runs them, each with cuttable lines to switch and database."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import make_url

from hujiao.app.settings import RemoteNode, Settings
from hujiao.floor.client import FLOOR
from hujiao.kit.processes import tethered
from hujiao.kit.trust import trust
from hujiao.telephony.config import NodeAddress
from tests.harness.waiting import until

_MASKED = 0x80


async def floor_health(socket_path: Path, timeout_s: float) -> dict[str, Any]:
    """What the leading floor says of itself; empty while none answers within `timeout_s`."""
    transport = httpx.AsyncHTTPTransport(uds=str(socket_path), verify=trust(FLOOR))
    async with httpx.AsyncClient(transport=transport, base_url=FLOOR, timeout=timeout_s) as client:
        try:
            return dict((await client.get("/health")).json())
        except (httpx.HTTPError, ValueError):
            return {}


def remote_node(address: NodeAddress, url: str = "") -> RemoteNode:
    """The node as HUJIAO_ASTERISK_NODES names it, its ARI at `url` when given."""
    return RemoteNode(
        name=address.name,
        url=url or address.ari_url,
        user=address.ari_user,
        password=address.ari_password,
        ami=f"{address.ami_host}:{address.ami_port}",
        ami_user=address.ami_user,
        ami_password=address.ami_password,
    )


@dataclass(slots=True)
class Line:
    """A TCP forwarder to one server that can be cut; keeps what clients sent, and when.

    `host` is an address, or the folder of PostgreSQL's unix socket.
    """

    host: str
    port: int
    sent: list[tuple[float, bytes]] = field(default_factory=list)
    """Time (monotonic, s) and bytes, of all connections in turn."""
    own_port: int = 0
    _cut: bool = False
    _server: asyncio.Server | None = None
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)

    async def open(self) -> "Line":
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.own_port = self._server.sockets[0].getsockname()[1]
        return self

    def cut(self) -> None:
        """Drop what is connected and accept nothing."""
        self._cut = True
        for writer in tuple(self._writers):
            writer.transport.abort()

    def close(self) -> None:
        self.cut()
        if self._server is not None:
            self._server.close()

    def commands(self, after_s: float = 0.0) -> list[dict[str, Any]]:
        """REST requests over WebSocket other than GET that were sent after this time."""
        found = []
        for at, data in self.sent:
            if at >= after_s and b"HTTP/1.1" not in data:
                found += [one for one in _requests(data) if one["method"] != "GET"]
        return found

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._cut:
            writer.transport.abort()
            return
        try:
            if self.host.startswith("/"):
                path = f"{self.host}/.s.PGSQL.{self.port}"
                there, back = await asyncio.open_unix_connection(path)
            else:
                there, back = await asyncio.open_connection(self.host, self.port)
        except OSError:
            writer.transport.abort()
            return
        self._writers |= {writer, back}
        try:
            await asyncio.gather(self._pump(reader, back, keep=True), self._pump(there, writer))
        except OSError:
            return
        finally:
            self._writers -= {writer, back}
            writer.close()
            back.close()

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, keep: bool = False
    ) -> None:
        while data := await reader.read(65536):
            if keep:
                self.sent.append((time.monotonic(), data))
            writer.write(data)
            await writer.drain()
        writer.close()


def _requests(data: bytes) -> list[dict[str, Any]]:
    """The JSON of the whole, masked text frames in `data`."""
    found, at = [], 0
    while at + 6 <= len(data):
        size, head = data[at + 1] & ~_MASKED, 2
        if size == 126:
            size, head = int.from_bytes(data[at + 2 : at + 4], "big"), 4
        mask = data[at + head : at + head + 4]
        body = data[at + head + 4 : at + head + 4 + size]
        if data[at] == 0x81:
            found.append(json.loads(bytes(b ^ mask[i % 4] for i, b in enumerate(body))))
        at += head + 4 + size
    return found


@dataclass(slots=True)
class FloorProgram:
    """One `hujiao floor`. `switch` and `database` are its lines."""

    process: subprocess.Popen[bytes]
    switch: Line
    database: Line
    log_path: Path

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def log(self) -> str:
        return self.log_path.read_text(errors="replace")

    def pause(self) -> None:
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    async def until_ended(self, code: int) -> None:
        await until(lambda: self.process.poll() is not None, what="the floor ends")
        assert self.process.returncode == code, self.log[-2000:]


def _launch(environment: dict[str, str], log_path: Path) -> subprocess.Popen[bytes]:
    with log_path.open("wb") as output:
        return subprocess.Popen(
            tethered([sys.executable, "-m", "hujiao.app.program", "floor"], end="KILL"),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=os.environ | environment,
        )


class Floors:
    """Several floors of one installation on one node and one database."""

    def __init__(self, node: NodeAddress, database_url: str) -> None:
        self._node = node
        self._url = database_url
        self._folder = Path(tempfile.mkdtemp(prefix="hujiao-floors-"))
        self._all: list[FloorProgram] = []

    @property
    def settings(self) -> Settings:
        return Settings(data=self._folder)

    async def start(self) -> FloorProgram:
        ari = urlsplit(self._node.ari_url)
        database = conninfo_to_dict(self._url)
        switch = await Line(ari.hostname or "", ari.port or 80).open()
        base = await Line(str(database["host"]), int(database["port"] or 5432)).open()
        node = remote_node(self._node, f"http://127.0.0.1:{switch.own_port}")
        url = (
            make_url(self._url)
            .set(host="127.0.0.1", port=base.own_port, query={})
            .render_as_string(hide_password=False)
        )
        log_path = self._folder / f"floor-{len(self._all)}.log"
        environment = {
            "HUJIAO_DATA": str(self._folder),
            "HUJIAO_ASTERISK_NODES": json.dumps([node.model_dump()]),
            "DATABASE_URL": url,
        }
        process = _launch(environment, log_path)
        self._all.append(FloorProgram(process, switch, base, log_path))
        return self._all[-1]

    async def health(self) -> dict[str, Any]:
        """What the leader says of itself; empty while none answers within a second."""
        return await floor_health(self.settings.floor_socket, timeout_s=1.0)

    async def until_leads(self, floor: FloorProgram, timeout_s: float = 20.0) -> None:
        async def leads() -> bool:
            said = await self.health()
            return bool(said.get("ok")) and said["pid"] == floor.pid

        await until(leads, timeout_s=timeout_s, what=f"it leads: {floor.log[-1500:]}")

    def remove(self) -> None:
        for one in self._all:
            one.kill()
            one.switch.close()
            one.database.close()
