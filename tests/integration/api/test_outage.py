"""PostgreSQL goes away under the web process and comes back."""

import asyncio
import contextlib
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Origin

from hujiao.app.seed import begin
from hujiao.app.web import WebProcess
from hujiao.identity.passwords import Passwords
from hujiao.kit.db import Database
from hujiao.migrations.run import migrate
from tests.harness.database import RunningCluster, new_cluster
from tests.harness.waiting import until
from tests.integration.api.conftest import QUICK_KIB

NAME = "hujiao_session"
PASSWORD = "for the outage test 1"


@pytest.fixture
def cluster() -> Iterator[RunningCluster]:
    """Of our own: that of the other tests goes on."""
    running = new_cluster()
    try:
        running.start()
        running.cluster.ensure_database("outage")
        migrate(running.cluster.url("outage"))
        yield running
    finally:
        running.remove()


async def test_who_is_signed_in_stays_so_and_all_is_well_again_by_itself(
    cluster: RunningCluster, tmp_path: Path
) -> None:
    url, port = cluster.cluster.url("outage"), cluster.ports.port()
    database, passwords = Database(url), Passwords(memory_kib=QUICK_KIB)
    await begin(database, passwords, admin_password=PASSWORD)
    passwords.close()
    await database.close()
    process = WebProcess(
        url=url,
        floor_socket=tmp_path / "none.sock",
        recordings=tmp_path,
        messages=tmp_path,
        web_dist=tmp_path,
        sip={"n1": "ws://127.0.0.1:9/ws"},
        host="127.0.0.1",
        port=port,
        region="CN",
    )
    stopping = asyncio.Event()
    running = asyncio.create_task(process.run(stopping))
    base = f"http://127.0.0.1:{port}"
    async with httpx.AsyncClient(base_url=base, headers={"X-Hujiao": "1"}, timeout=30) as browser:
        await until(lambda: _status(browser, "/healthz"), timeout_s=60)
        signed_in = {"name": "admin", "password": PASSWORD}
        assert (await browser.post("/api/session", json=signed_in)).status_code == 200
        cookie = f"{NAME}_{port}={browser.cookies[f'{NAME}_{port}']}"
        live = connect(
            f"ws://127.0.0.1:{port}/api/live",
            additional_headers={"Cookie": cookie},
            origin=Origin(base),
            proxy=None,
        )
        async with live as page:
            await asyncio.to_thread(cluster.stop)
            assert (await browser.get("/api/me")).json()["person"]["login"] == "admin"
            assert await _status(browser, "/api/people") == 503
            async with httpx.AsyncClient(base_url=base, timeout=30) as stranger:
                stranger.cookies.set(f"{NAME}_{port}", "made-up")
                assert await _status(stranger, "/api/me") == 503
            await page.send('{"t":"ping"}')
            await asyncio.to_thread(cluster.start)
            await until(lambda: _is(browser, "/api/people", 200), timeout_s=30)
            assert (await browser.delete("/api/session")).status_code == 204
            await asyncio.wait_for(_ended(page), 30)
    stopping.set()
    await asyncio.wait_for(running, 30)


async def _ended(page: ClientConnection) -> None:
    with contextlib.suppress(ConnectionClosed):
        while True:
            await page.recv()


async def _status(browser: httpx.AsyncClient, path: str) -> int:
    try:
        return (await browser.get(path)).status_code
    except httpx.TransportError:
        return 0


async def _is(browser: httpx.AsyncClient, path: str, status: int) -> bool:
    return await _status(browser, path) == status
