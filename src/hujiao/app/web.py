"""The process of the HTTP API, the browsers' sockets and the screens."""

import asyncio
import importlib.metadata
import signal
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

import uvicorn
from fastapi import FastAPI

from hujiao.agents.service import seats_of
from hujiao.api.app import Parts, create_app
from hujiao.api.sip import MAX_MESSAGE, MAX_QUEUE, SipRelay
from hujiao.app.places import database_url, node_addresses
from hujiao.app.server import HttpServer
from hujiao.app.settings import Settings
from hujiao.callbacks.service import Callbacks
from hujiao.calls.service import CallRecords
from hujiao.crm.regions import NumberRegions
from hujiao.crm.service import CustomerBook
from hujiao.events.partitions import MAKE_AHEAD
from hujiao.floor.admin import QueueLabels
from hujiao.floor.client import FloorClient
from hujiao.identity.passwords import Passwords
from hujiao.identity.service import Identity
from hujiao.identity.sessions import Sessions
from hujiao.kit.db import DATABASE_AWAY, Database
from hujiao.kit.log import configure as configure_log
from hujiao.kit.log import logger
from hujiao.recordings.service import Library, RecordingLabels
from hujiao.telephony.config import NodeAddress

GRACE_S = 3
PARTITIONS_EVERY_S = 6 * 3600.0
PARTITIONS_RETRY_S = 60.0
BACKLOG = 2048

log = logger(__name__)


def sip_urls(nodes: Sequence[NodeAddress]) -> dict[str, str]:
    """Where each node takes SIP over WebSocket: beside its ARI."""
    addresses = {node.name: urlsplit(node.ari_url) for node in nodes}
    return {
        name: f"{'wss' if address.scheme == 'https' else 'ws'}://{address.netloc}/ws"
        for name, address in addresses.items()
    }


class WebProcess:
    """Everything that lives in a `web` process. `tls`: certificate and key, or None for http."""

    def __init__(
        self,
        *,
        url: str,
        floor_socket: Path,
        recordings: Path,
        messages: Path,
        web_dist: Path,
        sip: Mapping[str, str],
        host: str,
        port: int,
        region: str,
        tls: tuple[Path, Path] | None = None,
    ) -> None:
        self._url = url
        self._host, self._port = host, port
        self.database = Database(url)
        self.passwords = Passwords()
        self.sessions = Sessions(self.database, seats_of=seats_of)
        self.floor = FloorClient(floor_socket)
        self._regions = NumberRegions(region)
        customers = CustomerBook(regions=self._regions, region=region)
        calls = CallRecords(
            database=self.database,
            customers=customers,
            queues=QueueLabels(),
            recordings=RecordingLabels(),
            region=region,
        )
        parts = Parts(
            data=recordings,
            database=self.database,
            identity=Identity(self.database, self.sessions, self.passwords),
            floor=self.floor,
            calls=calls,
            customers=customers,
            recordings=Library(calls=calls, folder=recordings),
            callbacks=Callbacks(customers=customers, folder=messages),
            sip_relay=SipRelay(sip),
        )
        app = create_app(parts, web_dist=web_dist, version=importlib.metadata.version("hujiao"))
        self._server = _server(app, tls)

    async def run(self, stopping: asyncio.Event) -> None:
        """Serve until `stopping`. Raises what no part of it can live with."""
        self._regions.warm()
        await self.floor.start()
        serving = asyncio.create_task(self._server.serve([self._socket()]), name="door")
        others = [
            asyncio.create_task(self.sessions.run(self._url), name="sessions"),
            asyncio.create_task(self._make_partitions(), name="ledger partitions"),
            asyncio.create_task(stopping.wait(), name="stopping"),
        ]
        done, _ = await asyncio.wait([serving, *others], return_when=asyncio.FIRST_COMPLETED)
        self._server.should_exit = True
        for task in others:
            task.cancel()
        await asyncio.gather(serving, *others, return_exceptions=True)
        await self.floor.stop()
        await self.database.close()
        self.passwords.close()
        for task in done:
            task.result()

    def _socket(self) -> socket.socket:
        """The door, which several web processes of one installation may hold at once."""
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        door = socket.socket(family, socket.SOCK_STREAM)
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        door.bind((self._host, self._port))
        return door

    async def _make_partitions(self) -> None:
        """A process may run for longer than the months that its start prepared."""
        while True:
            try:
                async with self.database.transaction() as connection:
                    await connection.execute(MAKE_AHEAD)
            except DATABASE_AWAY as error:
                log.warning("partitions not made", reason=type(error).__name__)
                await asyncio.sleep(PARTITIONS_RETRY_S)
            else:
                await asyncio.sleep(PARTITIONS_EVERY_S)


def _server(app: FastAPI, tls: tuple[Path, Path] | None) -> HttpServer:
    config = uvicorn.Config(
        app,
        backlog=BACKLOG,
        log_config=None,
        access_log=False,
        lifespan="off",
        proxy_headers=False,
        server_header=False,
        ws_max_size=MAX_MESSAGE,
        ws_max_queue=MAX_QUEUE,
        ws_per_message_deflate=False,
        timeout_graceful_shutdown=GRACE_S,
        ssl_certfile=tls[0] if tls else None,
        ssl_keyfile=tls[1] if tls else None,
    )
    return HttpServer(config)


async def serve(settings: Settings) -> None:
    """Run `web` of this installation until SIGTERM or SIGINT."""
    process = WebProcess(
        url=database_url(settings),
        floor_socket=settings.floor_socket,
        recordings=settings.recordings_dir,
        messages=settings.messages_dir,
        web_dist=settings.web_dist,
        sip=sip_urls(node_addresses(settings)),
        host=settings.bind,
        port=settings.http_port,
        region=settings.default_region,
        tls=settings.tls_files if settings.serves_tls else None,
    )
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    await process.run(stopping)


def main() -> None:
    """Entry of `hujiao web`."""
    import uvloop

    settings = Settings()
    configure_log("web", level=settings.log_level)
    uvloop.run(serve(settings))
