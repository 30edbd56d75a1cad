"""The whole web application on a real database, asked as a browser would."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from hujiao.agents.service import seats_of
from hujiao.api.app import Parts, create_app
from hujiao.api.sip import SipRelay
from hujiao.callbacks.service import Callbacks
from hujiao.calls.service import CallRecords
from hujiao.crm.regions import NumberRegions
from hujiao.crm.service import CustomerBook
from hujiao.floor.admin import QueueLabels
from hujiao.floor.client import FloorClient
from hujiao.identity import service
from hujiao.identity.model import Role
from hujiao.identity.passwords import Passwords
from hujiao.identity.service import Identity, PersonData
from hujiao.identity.sessions import Sessions
from hujiao.kit.db import Database
from hujiao.recordings.service import Library, RecordingLabels

PASSWORD = "correct horse 9"
QUICK_KIB = 64
"""Memory of the password hash in tests: it is not the hash that is tested."""


@dataclass(slots=True)
class Clock:
    """A clock that tests turn."""

    now: int = 1_790_000_000_000

    def __call__(self) -> int:
        return self.now

    def forward(self, seconds: float) -> None:
        self.now += round(seconds * 1000)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def parts(database: Database, clock: Clock, tmp_path: Path) -> AsyncIterator[Parts]:
    passwords = Passwords(memory_kib=QUICK_KIB)
    sessions = Sessions(database, seats_of=seats_of, clock=clock)
    customers = CustomerBook(regions=NumberRegions())
    floor = FloorClient(tmp_path / "no-floor.sock")
    calls = CallRecords(
        database=database,
        customers=customers,
        queues=QueueLabels(),
        recordings=RecordingLabels(),
    )
    yield Parts(
        data=tmp_path,
        database=database,
        identity=Identity(database, sessions, passwords, clock),
        floor=floor,
        calls=calls,
        customers=customers,
        recordings=Library(calls=calls, folder=tmp_path / "recordings"),
        callbacks=Callbacks(customers=customers, folder=tmp_path / "messages"),
        sip_relay=SipRelay({"n1": "ws://127.0.0.1:9/ws"}),
    )
    await floor.stop()
    passwords.close()


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    folder = tmp_path / "dist"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<title>Hujiao</title>")
    (folder / "assets" / "app-1a2b.js").write_text("export default 1")
    return folder


@pytest.fixture
def app(parts: Parts, dist: Path) -> FastAPI:
    return create_app(parts, web_dist=dist, version="test")


Client = httpx.AsyncClient
NewClient = Callable[..., Client]


@pytest.fixture
async def new_client(app: FastAPI) -> AsyncIterator[NewClient]:
    """`new_client(address=...)`: another browser, not signed in."""
    opened: list[Client] = []

    def make(address: str = "192.0.2.10") -> Client:
        client = Client(
            transport=httpx.ASGITransport(app, client=(address, 40_000)),
            base_url="https://hujiao.test",
            headers={"X-Hujiao": "1"},
        )
        opened.append(client)
        return client

    yield make
    for client in opened:
        await client.aclose()


@pytest.fixture
async def client(new_client: NewClient) -> Client:
    """A browser, not signed in."""
    return new_client()


AddPerson = Callable[..., Awaitable[str]]


@pytest.fixture
def add_person(parts: Parts) -> AddPerson:
    """`await add_person("wang", Role.AGENT)` gives the new person's id."""

    async def add(login: str, role: Role, **more: Any) -> str:
        data = PersonData(login=login, name=more.pop("name", login.title()), role=role, **more)
        async with parts.database.transaction() as connection:
            person = await service.add_person(
                connection, parts.identity.passwords, None, data, PASSWORD
            )
        return person.id

    return add


Enter = Callable[[str], Awaitable[Client]]


@pytest.fixture
def enter(new_client: NewClient) -> Enter:
    """`await enter("wang")` gives a new browser, signed in as somebody who is known."""

    async def sign_in(login: str) -> Client:
        browser = new_client()
        answer = await browser.post("/api/session", json={"name": login, "password": PASSWORD})
        assert answer.status_code == 200, answer.text
        return browser

    return sign_in


SignIn = Callable[..., Awaitable[Client]]


@pytest.fixture
def sign_in(enter: Enter, add_person: AddPerson) -> SignIn:
    """`await sign_in(Role.ADMIN)` gives the browser of a new person of this role."""

    async def sign_in_anew(role: Role, login: str = "", **more: Any) -> Client:
        login = login or f"a-{role.value}".replace("_", "-")
        await add_person(login, role, **more)
        return await enter(login)

    return sign_in_anew


@pytest.fixture
async def admin(sign_in: SignIn) -> Client:
    return await sign_in(Role.ADMIN, "root1")
