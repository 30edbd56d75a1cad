"""A small installation whose books agree, and which a test then spoils on purpose."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import psycopg
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from hujiao.app.settings import RemoteNode, Settings
from hujiao.app.verify import live
from hujiao.calls.projector import projector
from hujiao.events import calls as facts
from hujiao.events import floor as floor_facts
from hujiao.events.fact import Fact
from hujiao.events.writeahead import WriteAhead
from hujiao.kit.clock import now_ms
from hujiao.kit.db import Database
from hujiao.recordings import store
from hujiao.recordings.model import Merged
from hujiao.recordings.shelf import Shelf
from tests.harness.waiting import until

HOUR_MS = 3_600_000
INSERT = """
INSERT INTO fact (source, seq, at, type, version, call_id, agent_id, queue_id, data)
VALUES (%s, %s, to_timestamp(%s / 1000.0), %s, 1, %s, %s, %s, %s)
"""


@dataclass(slots=True)
class Told:
    """A fact that is going to be written."""

    at_ms: int
    fact: Fact
    call: str | None = None
    agent: str | None = None
    queue: str | None = None
    seq: int = 0


def a_day(begin: int) -> list[Told]:
    """c1 is answered by a1 and recorded, c2 gives up, c3 waits just now."""

    def state(after_ms: int, to: str, was: str, call: str | None = None) -> Told:
        return Told(begin + after_ms, floor_facts.AgentStateChanged(to, was, None), call, "a1")

    def arrival(at_ms: int, call: str) -> Told:
        arrived = facts.CallArrived("in", "13800138000", "", "95588", "t1", "n1", call)
        return Told(at_ms, arrived, call)

    def of_c1(after_ms: int, fact: Fact) -> Told:
        return Told(begin + after_ms, fact, "c1", "a1", "q1")

    return [
        Told(begin, floor_facts.AgentWentIn(), agent="a1"),
        state(0, "not_ready", "offline"),
        state(10, "ready", "not_ready"),
        arrival(begin + 1_000, "c1"),
        Told(begin + 2_000, floor_facts.QueueEntered(0), "c1", queue="q1"),
        state(2_010, "offered", "ready", "c1"),
        of_c1(5_000, floor_facts.OfferWasAccepted()),
        of_c1(5_000, floor_facts.QueueLeft("answered")),
        of_c1(5_000, facts.CallConnected()),
        of_c1(5_000, facts.RecordingStarted("c1", "n1", "c1")),
        state(5_001, "busy", "offered", "c1"),
        of_c1(65_000, facts.RecordingStopped("c1")),
        of_c1(65_000, facts.CallEnded("talking", "customer", 16)),
        of_c1(65_010, facts.LegWasEnded("c1", "customer", 16)),
        state(65_011, "wrap_up", "busy", "c1"),
        of_c1(65_011, floor_facts.WrapUpStarted(begin + 80_000)),
        state(80_000, "ready", "wrap_up"),
        arrival(begin + 90_000, "c2"),
        Told(begin + 91_000, floor_facts.QueueEntered(0), "c2", queue="q1"),
        Told(begin + 95_000, floor_facts.QueueLeft("abandoned"), "c2", queue="q1"),
        Told(begin + 95_000, facts.CallEnded("waiting", "customer", 16), "c2", queue="q1"),
        arrival(begin + 100_000, "c3"),
        Told(begin + 101_000, floor_facts.QueueEntered(0), "c3", queue="q1"),
    ]


def line(channel: str) -> dict[str, Any]:
    """A channel in our application, as ARI tells it."""
    return {"id": channel, "dialplan": {"app_name": "Stasis", "app_data": "hujiao,trunk,1"}}


@dataclass(slots=True)
class House:
    """What stands in each book. `story` may be changed until `settle` writes it down."""

    url: str
    settings: Settings
    database: Database
    story: list[Told]
    begin: int
    live: dict[str, str] = field(default_factory=lambda: {"c3": "waiting"})
    channels: list[dict[str, Any]] = field(default_factory=lambda: [line("c3"), line("c3.1")])

    @property
    def recordings(self) -> Path:
        return self.settings.recordings_dir

    @property
    def file(self) -> Path:
        """The merged recording of c1."""
        return next(self.recordings.rglob("c1.ogg"))

    def execute(self, sql: str, *values: Any) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(sql, values)

    def find(self, type_name: str, call: str | None = None) -> Told:
        return next(
            one for one in self.story if one.fact.type == type_name and call in (None, one.call)
        )

    def tell(self, source: str = "floor-x") -> None:
        """Write the story into the ledger; facts without a number get the next."""
        with psycopg.connect(self.url) as connection:
            seq = 0
            for one in self.story:
                seq = one.seq or seq + 1
                about = (one.call, one.agent, one.queue)
                data = orjson.dumps(one.fact).decode()
                values = (source, seq, one.at_ms, one.fact.type, *about, data)
                connection.execute(INSERT, values)
            delivered = "INSERT INTO ledger_source VALUES (%s, %s)"
            connection.execute(delivered, (source, seq))

    async def settle(self) -> None:
        """Write the story, let the readers read it, merge the recording, deliver everything."""
        self.tell()
        await projector(self.database).catch_up()
        shelf = Shelf(database=self.database, folder=self.recordings, raw=self.recordings)
        await shelf.follower().catch_up()
        shelf.close()
        path = self.recordings / "2026" / "01" / "02" / "c1.ogg"
        path.parent.mkdir(parents=True)
        path.write_bytes(b"sound")
        merged = Merged("2026/01/02/c1.ogg", 5, 60_000, "", b"")
        async with self.database.transaction() as connection:
            await store.finish(connection, "c1", merged)
        WriteAhead(self.settings.data / "ledger" / "floor.sqlite").close()


class Around:
    """Floor and switch as far as verifying asks them."""

    def __init__(self, house: House, ari: socket.socket) -> None:
        self._house = house
        floor = Starlette(routes=[WebSocketRoute("/events", self._events)])
        switch = Starlette(routes=[Route("/ari/channels", self._channels)])
        path = house.settings.floor_socket
        path.parent.mkdir(parents=True, exist_ok=True)
        self.floor = socket.socket(socket.AF_UNIX)
        self.floor.bind(str(path))
        self._served = [(_server(floor), self.floor), (_server(switch), ari)]

    async def _events(self, browser: WebSocket) -> None:
        await browser.accept()
        await browser.receive_text()
        calls = [{"id": call, "phase": phase} for call, phase in self._house.live.items()]
        snapshot = {"agent": [], "call": calls, "queue": []}
        message = {"stream": "s", "seq": 1, "snapshot": snapshot}
        await browser.send_text(orjson.dumps(message).decode())
        await browser.receive()

    async def _channels(self, _request: Request) -> JSONResponse:
        return JSONResponse(self._house.channels)

    async def start(self) -> None:
        self._tasks = [
            asyncio.create_task(server.serve(sockets=[door])) for server, door in self._served
        ]
        await until(lambda: all(one.started for one, _ in self._served), what="floor and switch")

    async def stop(self) -> None:
        for server, _ in self._served:
            server.should_exit = server.force_exit = True
        for task in self._tasks:
            await task


def _server(app: Starlette) -> uvicorn.Server:
    return uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off"))


@pytest.fixture
def ari() -> Iterator[socket.socket]:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        yield door


@pytest.fixture
async def house(
    database: Database,
    postgres_url: str,
    tmp_path: Path,
    ari: socket.socket,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[House]:
    monkeypatch.setattr(live, "STAYS_S", 0.1)
    monkeypatch.setattr(live, "LOOK_AGAIN_S", 0.05)
    node = RemoteNode(
        name="n1", url=f"http://127.0.0.1:{ari.getsockname()[1]}", user="u", password="p"
    )
    settings = Settings(data=tmp_path, given_database_url=postgres_url, asterisk_nodes=(node,))
    begin = now_ms() - 2 * HOUR_MS
    made = House(postgres_url, settings, database, a_day(begin), begin)
    around = Around(made, ari)
    await around.start()
    yield made
    await around.stop()
    made.settings.floor_socket.unlink(missing_ok=True)
