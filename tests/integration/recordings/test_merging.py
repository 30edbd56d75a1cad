"""Two raw voices become one stereo file, once, whatever happens in between."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
import soundfile

from hujiao.kit.db import Database
from hujiao.recordings import sound, store
from hujiao.recordings.model import Recording, State
from hujiao.recordings.shelf import MAX_TRIES, NotSettledError, Shelf
from tests.integration.recordings.sounds import (
    CENTRE_HZ,
    CENTRE_LEVEL,
    CUSTOMER_HZ,
    CUSTOMER_LEVEL,
    amplitude_at,
    raw_files,
    write_pair,
    write_tone,
)

pytestmark = pytest.mark.integration

Told = Callable[..., Awaitable[None]]
Row = Callable[[str], Awaitable[Recording | None]]


def only_file(folder: Path) -> Path:
    (path,) = [path for path in folder.rglob("*") if path.is_file()]
    return path


def block(folder: Path) -> None:
    folder.write_text("a file where a folder should be")


def unblock(folder: Path) -> None:
    folder.unlink()


async def test_the_customer_is_left_and_the_centre_right_at_their_levels(
    shelf: Shelf, told: Told, row: Row, folder: Path, raw: Path
) -> None:
    write_pair(raw, "c1")
    await told("c1")
    await shelf.follower().catch_up()
    assert await shelf.merge("c1")
    found = await row("c1")
    assert found is not None
    assert found.state is State.READY
    assert found.duration_ms == 4_000
    both, rate = soundfile.read(only_file(folder))
    assert rate == 8_000
    assert both.shape == (32_000, 2)
    left, right = both[:, 0], both[:, 1]
    assert amplitude_at(left, CUSTOMER_HZ) == pytest.approx(CUSTOMER_LEVEL, rel=0.05)
    assert amplitude_at(right, CENTRE_HZ) == pytest.approx(CENTRE_LEVEL, rel=0.05)
    assert amplitude_at(left, CENTRE_HZ) < 0.01
    assert amplitude_at(right, CUSTOMER_HZ) < 0.01


async def test_the_merged_file_is_known_by_size_and_hash_and_the_raw_files_are_gone(
    shelf: Shelf, told: Told, row: Row, folder: Path, raw: Path
) -> None:
    write_pair(raw, "c1")
    await told("c1")
    await shelf.follower().catch_up()
    await shelf.merge("c1")
    found = await row("c1")
    assert found is not None
    assert found.file is not None
    path = folder / found.file
    assert path == only_file(folder)
    assert path.stat().st_size == found.size
    assert sound._sync(path) == (found.size, found.sha256)
    assert raw_files(raw) == []


async def test_the_shorter_voice_is_filled_up_with_silence(
    shelf: Shelf, told: Told, folder: Path, raw: Path
) -> None:
    write_pair(raw, "c1", seconds=4.0, centre_seconds=1.0)
    await told("c1")
    await shelf.follower().catch_up()
    await shelf.merge("c1")
    both, _ = soundfile.read(only_file(folder))
    assert len(both) == 32_000
    assert amplitude_at(both[:8_000, 1], CENTRE_HZ) > 0.1
    assert abs(both[9_000:, 1]).max() < 0.02


async def test_peaks_draw_both_voices(
    shelf: Shelf, told: Told, database: Database, raw: Path
) -> None:
    write_pair(raw, "c1", seconds=4.0, centre_seconds=2.0)
    await told("c1")
    await shelf.follower().catch_up()
    await shelf.merge("c1")
    async with database.transaction() as connection:
        peaks = await store.peaks_of(connection, "c1")
    left, right = peaks[: sound.PEAKS], peaks[sound.PEAKS :]
    assert len(left) == len(right) == sound.PEAKS
    assert min(left) / 255 == pytest.approx(CUSTOMER_LEVEL, abs=0.03)
    assert max(right) / 255 == pytest.approx(CENTRE_LEVEL, abs=0.03)
    assert max(right[sound.PEAKS // 2 + 1 :]) == 0


@pytest.mark.parametrize("frames", [1, 159, 8_001])
def test_a_recording_of_any_length_keeps_its_length(tmp_path: Path, frames: int) -> None:
    write_tone(tmp_path / "l", hz=440, level=0.5, seconds=frames / 8_000)
    made = sound.merge(tmp_path / "l", tmp_path / "no", tmp_path / "o.ogg", tmp_path / "w")
    assert soundfile.info(tmp_path / "o.ogg").frames == frames
    assert made.duration_ms == frames // 8


async def test_two_merges_of_one_recording_at_once_make_one_file(
    shelf: Shelf, told: Told, database: Database, folder: Path, raw: Path
) -> None:
    write_pair(raw, "c1", seconds=60)
    await told("c1")
    await shelf.follower().catch_up()
    other = Shelf(database=database, folder=folder, raw=raw, settled_ms=0)
    done = await asyncio.gather(shelf.merge("c1"), other.merge("c1"))
    other.close()
    assert sorted(done) == [False, True]
    only_file(folder)
    assert raw_files(raw) == []


async def test_a_recording_that_may_still_grow_is_left_alone(
    database: Database, told: Told, row: Row, folder: Path, raw: Path
) -> None:
    shelf = Shelf(database=database, folder=folder, raw=raw)
    write_tone(raw / "c1-rx.alaw", hz=440, level=0.5, seconds=1)
    await told("c1")
    await shelf.follower().catch_up()
    with pytest.raises(NotSettledError):
        await shelf.merge("c1")
    found = await row("c1")
    assert found is not None
    assert (found.state, found.tries) == (State.PENDING, 0)
    assert raw_files(raw) == ["c1-rx.alaw"]


async def test_a_merge_that_keeps_failing_is_given_up_and_the_sound_is_kept(
    shelf: Shelf, told: Told, row: Row, folder: Path, raw: Path
) -> None:
    write_pair(raw, "c1")
    await told("c1")
    await shelf.follower().catch_up()
    block(folder)
    for _ in range(MAX_TRIES - 1):
        with pytest.raises(OSError, match="recordings"):
            await shelf.merge("c1")
    assert not await shelf.merge("c1")
    found = await row("c1")
    assert found is not None
    assert found.state is State.FAILED
    assert found.problem
    assert len(raw_files(raw)) == 2
    unblock(folder)
    await shelf.asked(["c1"])
    await shelf.tidy(at_start=True)
    assert await shelf.due() == ["c1"]
    assert await shelf.merge("c1")


async def test_a_call_without_any_sound_has_failed_at_once(
    shelf: Shelf, told: Told, row: Row
) -> None:
    await told("c1")
    await shelf.follower().catch_up()
    assert not await shelf.merge("c1")
    found = await row("c1")
    assert found is not None
    assert (found.state, found.problem) == (State.FAILED, "no_sound")


async def test_raw_files_that_nobody_knows_become_a_recording(
    shelf: Shelf, row: Row, folder: Path, raw: Path
) -> None:
    write_pair(raw, "n1-1764000000.7", seconds=2)
    (raw / "notes.txt").write_text("not ours")
    await shelf.tidy(at_start=True)
    assert await shelf.due() == ["n1-1764000000.7"]
    found = await row("n1-1764000000.7")
    assert found is not None
    assert found.started_at == 1_763_999_998_000
    assert await shelf.merge("n1-1764000000.7")
    only_file(folder)


async def test_a_recording_whose_end_nobody_told_is_taken_up_when_its_files_rest(
    database: Database, told: Told, folder: Path, raw: Path
) -> None:
    later = 1_900_000_000_000
    shelf = Shelf(database=database, folder=folder, raw=raw, clock=lambda: later)
    write_pair(raw, "c1")
    await told("c1", stopped=False)
    await shelf.follower().catch_up()
    assert await shelf.due() == []
    await shelf.tidy()
    assert await shelf.due() == ["c1"]


async def test_raw_files_left_by_a_worker_killed_after_the_merge_are_removed(
    shelf: Shelf, told: Told, folder: Path, raw: Path
) -> None:
    write_pair(raw, "c1")
    await told("c1")
    await shelf.follower().catch_up()
    await shelf.merge("c1")
    before = only_file(folder).read_bytes()
    write_pair(raw, "c1")
    await shelf.tidy()
    assert raw_files(raw) == []
    assert only_file(folder).read_bytes() == before


async def test_a_recordings_name_that_leaves_its_folder_is_refused(
    shelf: Shelf, told: Told, row: Row
) -> None:
    await told("../../etc/passwd")
    await shelf.follower().catch_up()
    assert await row("../../etc/passwd") is None
