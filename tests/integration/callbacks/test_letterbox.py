"""Messages that callers left while no floor was there: taken in once, whatever happens."""

import asyncio
import os
from pathlib import Path

import pytest
import soundfile
from sqlalchemy import text

from hujiao.callbacks import store
from hujiao.callbacks.letterbox import Letterbox
from hujiao.callbacks.model import Kind, Result, State, Why
from hujiao.callbacks.rules import raw_message
from hujiao.events.versions import NewerFactError
from hujiao.kit.db import Database
from hujiao.recordings.sound import WORKSHOP
from tests.harness.waiting import until
from tests.integration.api.told import Teller
from tests.integration.callbacks.conftest import LONG_AGO, STORED, All, speak
from tests.integration.recordings.sounds import RATE_HZ, amplitude_at

pytestmark = pytest.mark.integration

MESSAGE = "n1-1790000000.7"


def kept(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*.ogg") if ".unfinished" not in path.parts)


async def facts_told(database: Database) -> list[str]:
    async with database.transaction() as connection:
        rows = await connection.execute(text("SELECT type FROM fact ORDER BY position"))
        return list(rows.scalars())


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def mode(folder: Path) -> int:
    return folder.stat().st_mode & 0o777


async def test_a_message_becomes_a_work_item_with_its_sound(
    database: Database, letterbox: Letterbox, spool: Path, tmp_path: Path, everything: All
) -> None:
    speak(spool)
    assert await letterbox.take_in() == 1
    (opened,) = await everything()
    assert (opened.kind, opened.why, opened.state) == (Kind.MESSAGE, Why.FLOOR_AWAY, State.OPEN)
    assert (opened.number, opened.called) == (STORED, "4008001234")
    assert (opened.happened_at, opened.message_ms) == (LONG_AGO * 1000, 3_000)
    (file,) = kept(tmp_path / "messages")
    sound, rate = soundfile.read(file)
    assert (rate, len(sound)) == (RATE_HZ, 3 * RATE_HZ)
    assert amplitude_at(sound[:, 0], 440) == pytest.approx(0.5, abs=0.05)
    assert abs(sound[:, 1]).max() < 0.01
    assert names(spool) == []
    assert await facts_told(database) == ["message.left", "callback.opened"]


async def test_a_message_is_taken_in_once_by_many_workers_and_after_a_death_between(
    database: Database, letterbox: Letterbox, spool: Path, tmp_path: Path, everything: All
) -> None:
    raw = speak(spool)
    content = raw.read_bytes()
    other = Letterbox(database=database, spool=spool, folder=tmp_path / "messages", settled_ms=0)
    taken = await asyncio.gather(letterbox.take_in(), other.take_in())
    assert sorted(taken) == [0, 1]
    speak(spool).write_bytes(content)  # as if it had died before it removed the file
    assert await letterbox.take_in() == 0
    assert len(await everything()) == 1
    assert names(spool) == []
    assert (await facts_told(database)).count("message.left") == 1


async def test_what_still_grows_is_left_alone_and_what_has_grown_is_taken_in_again(
    database: Database, letterbox: Letterbox, spool: Path, tmp_path: Path, everything: All
) -> None:
    patient = Letterbox(
        database=database,
        spool=spool,
        folder=tmp_path / "messages",
        clock=lambda: LONG_AGO * 1000 + 4_000,
    )
    speak(spool, seconds=2)
    assert await patient.take_in() == 0
    assert await letterbox.take_in() == 1
    speak(spool, seconds=5)
    assert await letterbox.take_in() == 0
    assert [one.message_ms for one in await everything()] == [5_000]
    assert len(kept(tmp_path / "messages")) == 1


async def test_a_caller_who_was_answered_since_needs_no_call(
    database: Database, letterbox: Letterbox, spool: Path, everything: All
) -> None:
    await Teller(database).answered("c1", agent="a1")
    speak(spool)
    await letterbox.take_in()
    assert [one.result for one in await everything()] == [Result.CALLED_AGAIN]


async def test_a_message_without_a_number_is_kept_all_the_same(
    letterbox: Letterbox, spool: Path, everything: All
) -> None:
    speak(spool, caller="", called="")
    await letterbox.take_in()
    assert [(one.number, one.message_ms) for one in await everything()] == [("", 3_000)]


async def test_files_that_are_no_messages_are_not_touched(
    letterbox: Letterbox, spool: Path, everything: All
) -> None:
    strange = ["notes.txt", "a_1_2_3.alaw", "n1-1.2_9_..%2f_1.alaw"]
    for name in strange:
        (spool / name).write_bytes(b"\x55" * 8000)
    (spool / f"{MESSAGE}_1_2_3.alaw").symlink_to("/etc/hostname")
    assert await letterbox.take_in() == 0
    assert len(names(spool)) == 4
    assert await everything() == []


async def test_a_full_spool_is_closed_until_there_is_room(
    database: Database, spool: Path, tmp_path: Path
) -> None:
    letterbox = Letterbox(
        database=database,
        spool=spool,
        folder=tmp_path / "messages",
        settled_ms=0,
        full_bytes=20_000,
    )
    speak(spool)
    assert not letterbox.guard()
    assert mode(spool) == 0o555
    await letterbox.take_in()
    assert letterbox.guard()
    assert mode(spool) == 0o755


async def test_a_message_known_to_the_database_has_its_shape(
    database: Database, letterbox: Letterbox, spool: Path
) -> None:
    speak(spool)
    await letterbox.take_in()
    async with database.transaction() as connection:
        message = await store.message_by_id(connection, MESSAGE)
    assert message is not None
    assert len(message.peaks) == 1600
    assert max(message.peaks[:800]) > 100 > max(message.peaks[800:])


def test_the_name_of_a_file_tells_who_called() -> None:
    told = raw_message("n1-1790000000.7_1764000000_+8613800138000_4008001234.alaw")
    assert told is not None
    assert (told.id, told.left_at) == ("n1-1790000000.7", 1_764_000_000_000)
    assert (told.caller, told.called) == ("+8613800138000", "4008001234")
    named = raw_message("n1-1790000000.7_1764000000_anonymous_*55#.alaw")
    assert named is not None
    assert (named.caller, named.called) == ("anonymous", "*55#")
    for name in ("n1-1.2_1__.alaw/..", "../n1-1.2_1__.alaw", "n1-1.2_1_13;rm_.alaw"):
        assert raw_message(name) is None


async def test_what_a_killed_worker_left_half_made_is_removed_and_what_is_being_made_stays(
    letterbox: Letterbox, tmp_path: Path
) -> None:
    workshop = tmp_path / "messages" / WORKSHOP
    workshop.mkdir(parents=True)
    old, fresh = workshop / "old.ogg", workshop / "fresh.ogg"
    old.touch()
    fresh.touch()
    os.utime(old, (LONG_AGO, LONG_AGO))
    looking = asyncio.create_task(letterbox.look_after())
    await until(lambda: not old.exists(), what="the old one is removed")
    assert fresh.exists()
    looking.cancel()


async def test_a_fact_of_a_newer_program_holds_messages_up_and_ends_no_worker(
    database: Database, letterbox: Letterbox, spool: Path, everything: All
) -> None:
    raw = speak(spool)
    async with database.transaction() as connection:
        await connection.execute(
            text(
                "INSERT INTO fact (source, seq, at, type, version, call_id, data)"
                " VALUES ('floor', 1, now(), 'call.arrived', 99, :call, '{}')"
            ),
            {"call": MESSAGE},
        )
    with pytest.raises(NewerFactError):
        await letterbox.take_in()
    looking = asyncio.create_task(letterbox.look_after())
    assert (await asyncio.wait({looking}, timeout=1.0))[0] == set(), "it goes on"
    assert raw.exists()
    assert await everything() == []
    looking.cancel()
