"""How long from a caller's INVITE until the agent's screen could show him, without IVR.

Read at two places: where `web` reads the floor, and at the end of a browser's own WebSocket
(`/api/live` of a `web` process, signed in as a supervisor, who sees every call).
"""

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import orjson
from websockets.asyncio.client import connect, unix_connect
from websockets.exceptions import WebSocketException

from benchmarks.load import Shares
from benchmarks.rig import Rig, RunningFloor
from benchmarks.switch import FLOOR, one_load
from hujiao.app.seed import begin
from hujiao.identity.passwords import Passwords
from hujiao.kit.db import Database
from hujiao.kit.processes import tethered
from tests.harness.ports import take_block
from tests.harness.waiting import until

START_S = 30.0


@dataclass(slots=True)
class Pops:
    """Milliseconds from INVITE to the call with its agent, one number per call."""

    rate: float
    at_floor: list[float] = field(default_factory=list)
    at_browser: list[float] = field(default_factory=list)

    @property
    def floor(self) -> Shares:
        return Shares.of(self.at_floor)

    @property
    def browser(self) -> Shares:
        return Shares.of(self.at_browser)


async def pops(rig: Rig, *, rate: float, duration_s: float) -> Pops:
    """Over one load of the floor, with PostgreSQL, `web` and one browser's connection."""
    floor_saw: dict[str, float] = {}
    browser_saw: dict[str, float] = {}
    async with rig.floor() as floor, _web(floor) as (address, cookie):
        watching = [
            asyncio.create_task(_watch_floor(str(floor.socket), floor_saw), name="floor's stream"),
            asyncio.create_task(_watch_live(address, cookie, browser_saw), name="browser"),
        ]
        try:
            run = await one_load(rig, FLOOR, floor, rate, duration_s)
        finally:
            for task in watching:
                task.cancel()
            await asyncio.gather(*watching, return_exceptions=True)
    started = run.times.started_s.items()

    def late(seen: dict[str, float]) -> list[float]:
        return [(seen.get(caller, float("inf")) - at) * 1000 for caller, at in started]

    return Pops(rate, late(floor_saw), late(browser_saw))


def _note(call: dict[str, object], seen: dict[str, float], now: float) -> None:
    # An agent who answers within one batch is not in `offered` any more.
    if call["offered"] or call["agent_id"]:
        seen.setdefault(str(call["caller"]), now)


async def _watch_floor(socket_path: str, seen: dict[str, float]) -> None:
    with suppress(OSError, WebSocketException):
        async with unix_connect(
            socket_path, uri="ws://floor/events", max_size=None, compression=None
        ) as socket:
            await socket.send('{"stream":"","cursor":0}')
            async for message in socket:
                now = time.time()
                for kind, _, value in orjson.loads(message).get("values", ()):
                    if kind == "call" and value:
                        _note(value, seen, now)


async def _watch_live(address: str, cookie: str, seen: dict[str, float]) -> None:
    with suppress(OSError, WebSocketException):
        async with connect(
            f"ws://{address}/api/live",
            additional_headers={"Cookie": cookie},
            origin=f"http://{address}",  # type: ignore[arg-type]
            max_size=None,
            compression=None,
        ) as socket:
            async for message in socket:
                now = time.time()
                change = orjson.loads(message)
                if change["t"] == "set" and change["kind"] == "call":
                    _note(change["value"], seen, now)


@asynccontextmanager
async def _web(floor: RunningFloor) -> AsyncIterator[tuple[str, str]]:
    """A `web` process on this floor: its host and port, and the cookie of a supervisor."""
    login, password = await _supervisor(floor.database_url)
    ports = take_block()
    address = f"127.0.0.1:{ports.port()}"
    environment = {
        **os.environ,
        "HUJIAO_DATA": str(floor.data),
        "DATABASE_URL": floor.database_url,
        "HUJIAO_HTTP_PORT": address.rpartition(":")[2],
    }
    with (floor.data / "web.log").open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *tethered((sys.executable, "-c", "import hujiao.app.web as web; web.main()")),
            stdout=output,
            stderr=output,
            env=environment,
        )
    try:
        yield address, await _sign_in(address, login, password, floor.data / "web.log")
    finally:
        process.terminate()
        await process.wait()
        ports.give_back()


async def _supervisor(url: str) -> tuple[str, str]:
    database, passwords = Database(url, pool_size=1), Passwords()
    try:
        made = await begin(database, passwords)
    finally:
        passwords.close()
        await database.close()
    return next((one.login, one.password) for one in made if one.role == "supervisor")


async def _sign_in(address: str, login: str, password: str, log: Path) -> str:
    async with httpx.AsyncClient(
        base_url=f"http://{address}", headers={"X-Hujiao": "1"}, trust_env=False
    ) as client:

        async def signed_in() -> str:
            try:
                body = {"name": login, "password": password}
                answer = await client.post("/api/session", json=body)
            except httpx.TransportError:
                return ""
            answer.raise_for_status()
            return "; ".join(f"{name}={value}" for name, value in client.cookies.items())

        return await until(signed_in, timeout_s=START_S, what=f"web lets people in, see {log}")
