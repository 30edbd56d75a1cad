"""A TCP gate in front of ARI and AMI, so that a test can cut the connection and mend it."""

import asyncio
from contextlib import suppress
from dataclasses import replace
from urllib.parse import urlsplit

from hujiao.telephony.config import NodeAddress


class Gate:
    """Forwards two ports while open; shut, it drops what is connected and accepts nothing."""

    def __init__(self) -> None:
        self._open = True
        self._writers: set[asyncio.StreamWriter] = set()
        self._servers: list[asyncio.Server] = []
        self._ports: list[int] = []

    @classmethod
    async def open(cls, address: NodeAddress) -> "Gate":
        gate = cls()
        ari = urlsplit(address.ari_url)
        for host, port in ((ari.hostname, ari.port), (address.ami_host, address.ami_port)):

            async def serve(
                reader: asyncio.StreamReader,
                writer: asyncio.StreamWriter,
                host: str = host or "",
                port: int = port or 0,
            ) -> None:
                await gate._forward(reader, writer, host, port)

            server = await asyncio.start_server(serve, "127.0.0.1", 0)
            gate._servers.append(server)
            gate._ports.append(server.sockets[0].getsockname()[1])
        return gate

    def in_front_of(self, address: NodeAddress) -> NodeAddress:
        ari, ami = self._ports
        return replace(address, ari_url=f"http://127.0.0.1:{ari}", ami_port=ami)

    def shut(self) -> None:
        self._open = False
        for writer in self._writers:
            writer.transport.abort()

    def reopen(self) -> None:
        self._open = True

    def close(self) -> None:
        self.shut()
        for server in self._servers:
            server.close()

    async def _forward(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str, port: int
    ) -> None:
        self._writers.add(writer)
        try:
            if not self._open:
                return
            there, back = await asyncio.open_connection(host, port)
            self._writers.add(back)
            try:
                await asyncio.gather(_pump(reader, back), _pump(there, writer))
            finally:
                self._writers.discard(back)
                back.close()
        except OSError:
            return
        finally:
            self._writers.discard(writer)
            writer.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()
