"""The web process on a real port: WebSockets, their locks, and what ends them."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Origin, Subprotocol

from hujiao.api.sip import MAX_MESSAGE, MAX_PER_SESSION
from hujiao.app.seed import Credential, begin
from hujiao.app.web import WebProcess
from hujiao.identity.passwords import Passwords
from hujiao.kit.db import Database
from tests.harness.ports import PortBlock, take_block
from tests.harness.waiting import until
from tests.integration.api.conftest import QUICK_KIB

PATIENCE_S = 10.0

REGISTER = (
    "REGISTER sip:hujiao SIP/2.0\r\n"
    "Via: SIP/2.0/WS x.invalid;branch=z9hG4bK1\r\n"
    "To: <sip:1001@hujiao>\r\n"
    'From: "Wang" <sip:1001@hujiao>;tag=a1\r\n'
    "CSeq: 1 REGISTER\r\n\r\n"
)


@dataclass(slots=True)
class Switch:
    """Stands for Asterisk's WebSocket: answers each message with `heard <n>`."""

    port: int
    server: Server | None = None
    heard: list[str | bytes] = field(default_factory=list)

    async def start(self) -> None:
        self.server = await serve(
            self._answer, "127.0.0.1", self.port, subprotocols=[Subprotocol("sip")]
        )

    async def _answer(self, socket: ServerConnection) -> None:
        assert socket.subprotocol == "sip"
        async for message in socket:
            self.heard.append(message)
            await socket.send(f"heard {len(self.heard)}")

    async def stop(self) -> None:
        if self.server is not None:
            self.server.close()
            await self.server.wait_closed()


@pytest.fixture
def ports() -> Iterator[PortBlock]:
    block = take_block()
    yield block
    block.give_back()


@pytest.fixture
async def switch(ports: PortBlock) -> AsyncIterator[Switch]:
    switch = Switch(ports.port())
    await switch.start()
    yield switch
    await switch.stop()


@dataclass(slots=True)
class Web:
    base: str
    credentials: dict[str, Credential]
    cookies: dict[str, str] = field(default_factory=dict)

    def browser(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=self.base, headers={"X-Hujiao": "1"})

    async def sign_in(self, login: str) -> tuple[httpx.AsyncClient, str]:
        """The browser and its cookie header."""
        browser = self.browser()
        body = {"name": login, "password": self.credentials[login].password}
        answer = await browser.post("/api/session", json=body)
        assert answer.status_code == 200
        ((name, token),) = browser.cookies.items()
        return browser, f"{name}={token}"

    def socket(self, path: str, cookie: str = "", origin: str = "", sip: bool = True) -> connect:
        return connect(
            self.base.replace("http", "ws") + path,
            additional_headers={"Cookie": cookie} if cookie else None,
            origin=Origin(origin or self.base),
            subprotocols=[Subprotocol("sip")] if sip else None,
            proxy=None,
        )


@pytest.fixture
async def web(
    database: Database, postgres_url: str, switch: Switch, ports: PortBlock, tmp_path: Path
) -> AsyncIterator[Web]:
    passwords = Passwords(memory_kib=QUICK_KIB)
    credentials = {one.login: one for one in await begin(database, passwords)}
    passwords.close()
    port = ports.port()
    process = WebProcess(
        url=postgres_url,
        floor_socket=tmp_path / "no-floor.sock",
        recordings=tmp_path,
        messages=tmp_path,
        web_dist=tmp_path,
        sip={"n1": f"ws://127.0.0.1:{switch.port}/ws"},
        host="127.0.0.1",
        port=port,
        region="CN",
    )
    stopping = asyncio.Event()
    running = asyncio.create_task(process.run(stopping))
    web = Web(f"http://127.0.0.1:{port}", credentials)
    await _answers(web, running)
    yield web
    stopping.set()
    await asyncio.wait_for(running, PATIENCE_S)


async def _answers(web: Web, running: asyncio.Task[None]) -> None:
    async def answers() -> bool:
        if running.done():
            running.result()
        with contextlib.suppress(httpx.TransportError):
            await browser.get("/healthz")
            return True
        return False

    async with web.browser() as browser:
        await until(answers, timeout_s=30.0, what="web answers")


async def closed_with(socket: ClientConnection) -> int:
    with contextlib.suppress(ConnectionClosed):
        async with asyncio.timeout(PATIENCE_S):
            while True:
                await socket.recv()
    assert socket.close_code is not None
    return socket.close_code


@pytest.mark.parametrize("path", ["/api/live", "/api/sip"])
async def test_no_socket_opens_without_a_session_a_role_or_our_own_page(
    web: Web, path: str
) -> None:
    _, admin = await web.sign_in("admin")
    _, agent = await web.sign_in("agent1")
    refused = [
        ("", "", 401),
        (f"{agent.partition('=')[0]}=x", "", 401),
        (agent, "http://evil.example", 403),
    ]
    if path == "/api/sip":
        refused.append((admin, "", 403))
    for cookie, origin, status in refused:
        with pytest.raises(InvalidStatus) as failure:
            await web.socket(path, cookie, origin)
        assert failure.value.response.status_code == status


async def test_sip_goes_through_to_the_switch_and_back(web: Web, switch: Switch) -> None:
    _, cookie = await web.sign_in("agent1")
    async with web.socket("/api/sip", cookie) as phone:
        assert phone.subprotocol == "sip"
        await phone.send(REGISTER)
        assert await asyncio.wait_for(phone.recv(), PATIENCE_S) == "heard 1"
        await phone.send("\r\n\r\n")
        assert await asyncio.wait_for(phone.recv(), PATIENCE_S) == "heard 2"
    assert switch.heard == [REGISTER, "\r\n\r\n"]


async def test_a_page_speaks_for_its_own_phone_only(web: Web, switch: Switch) -> None:
    _, cookie = await web.sign_in("agent1")
    for sent in (REGISTER.replace("1001", "1002"), REGISTER.replace("1001", "test-phone")):
        async with web.socket("/api/sip", cookie) as phone:
            await phone.send(sent)
            assert await closed_with(phone) == 1008
    assert switch.heard == []


async def test_a_message_too_long_is_not_taken(web: Web, switch: Switch) -> None:
    _, cookie = await web.sign_in("agent1")
    async with web.socket("/api/sip", cookie) as phone:
        await phone.send(REGISTER + "x" * MAX_MESSAGE)
        assert await closed_with(phone) == 1009
    assert switch.heard == []


async def test_a_session_has_few_phones(web: Web) -> None:
    _, cookie = await web.sign_in("agent1")
    async with contextlib.AsyncExitStack() as stack:
        for _ in range(MAX_PER_SESSION):
            await stack.enter_async_context(web.socket("/api/sip", cookie))
        with pytest.raises(InvalidStatus) as failure:
            await web.socket("/api/sip", cookie)
        assert failure.value.response.status_code == 429
    async with web.socket("/api/sip", cookie):
        pass


async def test_only_sip_is_spoken_on_the_phone_s_socket(web: Web) -> None:
    _, cookie = await web.sign_in("agent1")
    with pytest.raises(InvalidStatus) as failure:
        await web.socket("/api/sip", cookie, sip=False)
    assert failure.value.response.status_code == 403


async def test_a_switch_that_is_away_is_said_so_and_one_that_goes_closes_the_phone(
    web: Web, switch: Switch
) -> None:
    _, cookie = await web.sign_in("agent1")
    async with web.socket("/api/sip", cookie) as phone:
        await switch.stop()
        assert await closed_with(phone) == 1012
    with pytest.raises(InvalidStatus) as failure:
        await web.socket("/api/sip", cookie)
    assert failure.value.response.status_code == 503


async def test_signing_out_closes_the_phone_and_the_live_page_at_once(web: Web) -> None:
    browser, cookie = await web.sign_in("agent1")
    async with (
        web.socket("/api/sip", cookie) as phone,
        web.socket("/api/live", cookie, sip=False) as live,
    ):
        await browser.delete("/api/session")
        assert await closed_with(phone) == 1008
        await closed_with(live)


async def test_a_person_set_inactive_by_somebody_else_loses_the_phone(web: Web) -> None:
    _, cookie = await web.sign_in("agent1")
    admin, _ = await web.sign_in("admin")
    people = (await admin.get("/api/people", params={"q": "agent1"})).json()["items"]
    async with web.socket("/api/sip", cookie) as phone:
        answer = await admin.patch(f"/api/people/{people[0]['id']}", json={"active": False})
        assert answer.status_code == 200
        assert await closed_with(phone) == 1008


async def test_another_extension_makes_the_phone_connect_anew(web: Web) -> None:
    _, cookie = await web.sign_in("agent1")
    admin, _ = await web.sign_in("admin")
    people = (await admin.get("/api/people", params={"q": "agent1"})).json()["items"]
    async with web.socket("/api/sip", cookie) as phone:
        change = {"agent": {"extension": "1099"}}
        await admin.patch(f"/api/people/{people[0]['id']}", json=change)
        assert await closed_with(phone) == 1012
    async with web.socket("/api/sip", cookie) as phone:
        await phone.send(REGISTER.replace("1001", "1099"))
        assert await asyncio.wait_for(phone.recv(), PATIENCE_S) == "heard 1"


async def test_without_floor_and_switch_the_health_says_which_part_is_missing(web: Web) -> None:
    async with web.browser() as browser:
        answer = await browser.get("/healthz")
    assert answer.status_code == 503
    assert answer.json() == {
        "status": "down",
        "parts": {"database": True, "floor": False, "switch": False, "disk": True},
    }
