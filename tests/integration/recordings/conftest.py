"""A shelf of recordings on a real database and disk."""

from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from hujiao.events import calls as facts
from hujiao.events.fact import Subject
from hujiao.events.ledger import publish
from hujiao.kit.db import Database
from hujiao.recordings import store
from hujiao.recordings.model import Recording
from hujiao.recordings.shelf import Shelf


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "recordings"


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    made = tmp_path / "raw"
    made.mkdir()
    return made


@pytest.fixture
def shelf(database: Database, folder: Path, raw: Path) -> Iterator[Shelf]:
    made = Shelf(database=database, folder=folder, raw=raw, settled_ms=0)
    yield made
    made.close()


Told = Callable[..., Awaitable[None]]


@pytest.fixture
def told(database: Database) -> Told:
    """`await told("c1", stopped=False)`: the ledger tells of a recording."""

    async def tell(call: str, *, agent: str = "a1", stopped: bool = True) -> None:
        subject = Subject(call, agent, "q1")
        async with database.transaction() as connection:
            await publish(connection, facts.RecordingStarted(call, "n1", call), subject)
            if stopped:
                await publish(connection, facts.RecordingStopped(call), subject)

    return tell


Row = Callable[[str], Awaitable[Recording | None]]


@pytest.fixture
def row(database: Database) -> Row:
    async def find(recording: str) -> Recording | None:
        async with database.transaction() as connection:
            return (await store.known(connection, [recording])).get(recording)

    return find
