"""Callbacks on a real database: calls told to the ledger, read by the worker's readers."""

import os
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from hujiao.callbacks import opening, store
from hujiao.callbacks.letterbox import Letterbox
from hujiao.callbacks.model import Callback, CallbackFilter, Sight
from hujiao.events import calls as facts
from hujiao.events.fact import Subject
from hujiao.kit.db import Database
from tests.integration.api.told import Teller
from tests.integration.recordings.sounds import write_tone

CUSTOMER = "13800138000"
STORED = "+8613800138000"
LONG_AGO = 1_764_000_000

Follow = Callable[[], Awaitable[None]]
All = Callable[[], Awaitable[list[Callback]]]


@pytest.fixture
def teller(database: Database) -> Teller:
    return Teller(database)


async def cut(
    teller: Teller,
    call: str,
    *,
    phase: str = "waiting",
    ended_by: str = "system",
    cause: int = 38,
    queue: str | None = "q1",
    agent: str | None = None,
    caller: str = CUSTOMER,
    direction: str = "in",
    called: str = "4008001234",
) -> None:
    """A call that ends in `phase`, by default because its switch died."""
    subject = Subject(call, agent, queue)
    arrived = facts.CallArrived(direction, caller, "", called, "t1", "n1", call)
    await teller.tell((arrived, Subject(call)), (facts.CallEnded(phase, ended_by, cause), subject))


@pytest.fixture
def follow(database: Database) -> Follow:
    """Let the reader come to the end of the ledger."""

    async def catch_up() -> None:
        await opening.follower(database).catch_up()

    return catch_up


@pytest.fixture
def everything(database: Database) -> All:
    """All callbacks there are, oldest first."""

    async def find() -> list[Callback]:
        async with database.transaction() as connection:
            return await store.callbacks(
                connection,
                CallbackFilter(),
                Sight("", everything=True),
                after=None,
                limit=1000,
            )

    return find


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    made = tmp_path / "spool"
    made.mkdir()
    return made


@pytest.fixture
def letterbox(database: Database, spool: Path, tmp_path: Path) -> Letterbox:
    return Letterbox(database=database, spool=spool, folder=tmp_path / "messages", settled_ms=0)


def speak(
    spool: Path,
    name: str = "n1-1790000000.7",
    *,
    at: int = LONG_AGO,
    caller: str = CUSTOMER,
    called: str = "4008001234",
    seconds: float = 3.0,
) -> Path:
    """A message as the switch leaves it, last written to long ago."""
    path = spool / f"{name}_{at}_{caller}_{called}.alaw"
    write_tone(path, hz=440, level=0.5, seconds=seconds)
    os.utime(path, (LONG_AGO, LONG_AGO))
    return path
