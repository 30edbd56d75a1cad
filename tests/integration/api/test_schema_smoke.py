"""Made-up requests for every operation of the OpenAPI description break nothing."""

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis import checks as said

from hujiao.api.app import schema as openapi
from hujiao.app.seed import begin
from hujiao.app.web import WebProcess
from hujiao.identity.passwords import Passwords
from hujiao.kit.db import Database
from tests.harness.database import TEMPLATE, RunningCluster
from tests.harness.ports import take_block
from tests.harness.waiting import wait_for

EXAMPLES = 8
PASSWORD = "for the smoke test 1"
UNAVAILABLE = {"floor_unavailable", "switch_unavailable", "unavailable"}
"""There is no floor here."""


@dataclass(frozen=True, slots=True)
class Running:
    base: str
    cookies: dict[str, str]


class InThread:
    """The web process with an event loop of its own: hypothesis does not await."""

    def __init__(self, url: str, port: int, folder: Path) -> None:
        self._url, self._port, self._folder = url, port, folder
        self._loop = asyncio.new_event_loop()
        self._stopping = asyncio.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    async def _serve(self) -> None:
        database, passwords = Database(self._url), Passwords(memory_kib=64)
        await begin(database, passwords, admin_password=PASSWORD)
        passwords.close()
        await database.close()
        process = WebProcess(
            url=self._url,
            floor_socket=self._folder / "none.sock",
            recordings=self._folder,
            messages=self._folder,
            web_dist=self._folder,
            sip={"n1": "ws://127.0.0.1:9/ws"},
            host="127.0.0.1",
            port=self._port,
            region="CN",
        )
        await process.run(self._stopping)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(timeout=30)


@pytest.fixture(scope="module")
def running(
    postgres: RunningCluster, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Running]:
    url, ports = postgres.copy_of(TEMPLATE), take_block()
    base = f"http://127.0.0.1:{(port := ports.port())}"
    with InThread(url, port, tmp_path_factory.mktemp("web")):
        wait_for(lambda: _answers(base), timeout_s=60.0, what="web answers")
        answer = httpx.post(
            f"{base}/api/session",
            json={"name": "admin", "password": PASSWORD},
            headers={"X-Hujiao": "1"},
        )
        yield Running(base, dict(answer.cookies))
    ports.give_back()
    postgres.drop(url)


def _answers(base: str) -> bool:
    try:
        return httpx.get(f"{base}/healthz").status_code > 0
    except httpx.TransportError:
        return False


def _schema() -> schemathesis.BaseSchema:
    """Without signing out: the other requests need the session."""
    described = schemathesis.openapi.from_dict(openapi("1"))
    # Its exhaustive phase makes 4,000 requests; the random one is bounded by EXAMPLES.
    described.config.phases.coverage.enabled = False
    return described.exclude(method="DELETE", path="/api/session")


schema = _schema()


@schema.parametrize()
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_nothing_made_up_breaks_an_operation(case: schemathesis.Case, running: Running) -> None:
    response = case.call(
        base_url=running.base,
        cookies=running.cookies,
        headers={"X-Hujiao": "1"},
        timeout=20,
    )
    if response.status_code < 400:
        case.validate_response(response, checks=[said.response_schema_conformance])
        return
    if case.path == "/healthz":
        return
    body = response.json()
    assert body.keys() == {"error", "message", "details"}, response.text
    if response.status_code >= 500:
        assert response.status_code == 503, response.text
        assert body["error"] in UNAVAILABLE, response.text
