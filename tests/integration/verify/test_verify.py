"""`hujiao ledger verify` finds every difference that is made on purpose, and no other."""

import os
from collections.abc import Callable
from dataclasses import replace

import pytest

from hujiao.app.verify import run
from hujiao.app.verify.model import Checked, Difference, Period
from hujiao.app.verify.words import in_words
from hujiao.events import calls as facts
from hujiao.events import floor as floor_facts
from hujiao.events.writeahead import WriteAhead
from hujiao.kit.clock import now_ms, to_datetime
from tests.integration.verify.conftest import HOUR_MS, House, Told, line

pytestmark = pytest.mark.integration

LONG_AGO_S = 3_600


async def found(house: House) -> dict[str, Difference]:
    """Kind -> difference; each has its words in both languages."""
    period = Period(house.begin - HOUR_MS, now_ms())
    checked = Checked()
    differences = [one async for one in run.verify(house.settings, period, checked)]
    assert checked.differences == len(differences)
    for one in differences:
        for locale in ("zh-CN", "en"):
            assert one.subject in in_words(one, locale)
    return {one.kind: one for one in differences}


async def test_books_that_agree_have_no_difference(house: House) -> None:
    await house.settle()
    assert await found(house) == {}


async def test_an_empty_installation_has_no_difference(house: House) -> None:
    house.live, house.channels = {}, []
    assert await found(house) == {}


async def test_how_much_was_looked_at_is_told(house: House, capsys: pytest.CaptureFixture) -> None:
    await house.settle()
    period = Period(house.begin - HOUR_MS, now_ms())
    assert await run.told(house.settings, period, as_json=False) == 0
    said = capsys.readouterr().out
    assert said.startswith("核对了 3 通电话、")
    assert said.endswith("没有差异。\n")
    house.channels.append(line("c9"))
    assert await run.told(house.settings, period, as_json=True) == 1
    lines = capsys.readouterr().out.splitlines()
    assert '"kind":"line_of_nobody","subject":"c9"' in lines[0]
    assert '"differences":1' in lines[-1]


# --- what the ledger says by itself ------------------------------------------------------------


def without(type_name: str, call: str | None = None) -> Callable[[House], None]:
    def spoil(house: House) -> None:
        house.story.remove(house.find(type_name, call))

    return spoil


def again(type_name: str, call: str | None = None) -> Callable[[House], None]:
    def spoil(house: House) -> None:
        one = house.find(type_name, call)
        house.story.insert(house.story.index(one) + 1, replace(one))

    return spoil


def first_a_leg(house: House) -> None:
    one = house.find("call.arrived", "c1")
    ringing = Told(one.at_ms, facts.LegRang("c1.1"), "c1")
    house.story.insert(house.story.index(one), ringing)


def hold_after_end(house: House) -> None:
    one = house.find("leg.ended", "c1")
    house.story.append(Told(one.at_ms, facts.CallHeld("desk"), "c1", "a1", "q1"))


def an_hour_back(house: House) -> None:
    house.find("queue.entered", "c2").at_ms -= HOUR_MS


def a_number_left_out(house: House) -> None:
    house.story[10].seq = 20


def a_number_used_again(house: House) -> None:
    house.story[10].seq = 4


def a_state_from_nowhere(house: House) -> None:
    one = next(one for one in house.story if getattr(one.fact, "state", "") == "wrap_up")
    one.fact = floor_facts.AgentStateChanged("wrap_up", "ready", None)


def a_state_before_the_former(house: House) -> None:
    one = next(one for one in house.story if getattr(one.fact, "state", "") == "busy")
    one.at_ms -= 4_000
    one.call = None


@pytest.mark.parametrize(
    ("spoil", "kinds"),
    [
        (without("call.arrived", "c2"), {"no_arrival": "c2"}),
        (again("call.arrived", "c2"), {"arrived_again": "c2"}),
        (again("call.ended", "c2"), {"ended_again": "c2"}),
        (without("call.ended", "c2"), {"not_ended": "c2"}),
        (first_a_leg, {"before_arrival": "c1"}),
        (hold_after_end, {"after_end": "c1"}),
        (an_hour_back, {"time_goes_back": "c2"}),
        (a_number_left_out, {"numbers_missing": "floor-x"}),
        (a_number_used_again, {"number_doubled": "floor-x"}),
        (a_state_from_nowhere, {"state_broken": "a1"}),
        (a_state_before_the_former, {"state_back": "a1"}),
    ],
    ids=lambda value: "+".join(value) if isinstance(value, dict) else "",
)
async def test_what_is_wrong_in_the_ledger_is_named(
    house: House, spoil: Callable[[House], None], kinds: dict[str, str]
) -> None:
    spoil(house)
    await house.settle()
    assert {kind: one.subject for kind, one in (await found(house)).items()} == kinds


# --- what another book says --------------------------------------------------------------------


def unlist(house: House) -> None:
    house.execute("DELETE FROM contact WHERE id = 'c2'")


def list_wrongly(house: House) -> None:
    house.execute("UPDATE contact SET talk_ms = 1, result = 'busy' WHERE id = 'c1'")


def move_a_reader_back(house: House) -> None:
    house.execute("UPDATE ledger_cursor SET position = 3 WHERE reader = 'recordings'")


def forget_a_row(house: House) -> None:
    house.execute("DELETE FROM recording WHERE id = 'c1'")
    house.file.unlink()


def record_nobody(house: House) -> None:
    house.execute("UPDATE recording SET call_id = 'c8' WHERE id = 'c1'")


def leave_unmerged(house: House) -> None:
    house.execute("UPDATE recording SET state = 'pending', file = NULL WHERE id = 'c1'")
    house.file.unlink()


def leave_unstopped(house: House) -> None:
    house.execute(
        "UPDATE recording SET state = 'pending', file = NULL, stopped_at = NULL WHERE id = 'c1'"
    )
    house.file.unlink()


def fail_the_merge(house: House) -> None:
    house.execute("UPDATE recording SET state = 'failed', problem = 'no sound' WHERE id = 'c1'")
    house.file.unlink()


def lose_a_file(house: House) -> None:
    house.file.unlink()


def cut_a_file(house: House) -> None:
    house.file.write_bytes(b"sou")


def shorten_the_sound(house: House) -> None:
    house.execute("UPDATE recording SET duration_ms = 20000 WHERE id = 'c1'")


def age(path: os.PathLike[str], house: House) -> None:
    written = house.begin / 1000
    os.utime(path, (written, written))


def put_a_file(house: House) -> None:
    path = house.recordings / f"{to_datetime(house.begin):%Y/%m/%d}" / "c7.ogg"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x")
    age(path, house)


def put_raw_sound(house: House) -> None:
    path = house.recordings / "c7-rx.alaw"
    path.write_bytes(b"x")
    age(path, house)


def leave_raw_sound(house: House) -> None:
    path = house.recordings / "c1-tx.alaw"
    path.write_bytes(b"x")
    age(path, house)


def note_more_delivered(house: House) -> None:
    house.execute("UPDATE ledger_source SET last_seq = 99")


def keep_facts_back(house: House) -> None:
    file = WriteAhead(house.settings.data / "ledger" / "floor.sqlite")
    file.identity()
    file.write([(1, b"{}")], {})
    file.close()


def break_the_write_ahead(house: House) -> None:
    (house.settings.data / "ledger" / "old.sqlite").write_bytes(b"no database" * 100)


def leave_a_line(house: House) -> None:
    house.channels.append(line("c2.1"))


def take_all_lines(house: House) -> None:
    house.channels.clear()


def let_a_stranger_live(house: House) -> None:
    house.live["c6"] = "menu"
    house.channels.append(line("c6"))


def end_on_the_floor(house: House) -> None:
    house.live.clear()
    house.channels.clear()


def take_the_floor(house: House) -> None:
    house.settings.floor_socket.unlink()


@pytest.mark.parametrize(
    ("spoil", "kinds"),
    [
        (unlist, {"not_listed": "c2"}),
        (list_wrongly, {"listed_otherwise": "c1"}),
        (move_a_reader_back, {"reader_behind": "recordings"}),
        (forget_a_row, {"not_recorded": "c1"}),
        (record_nobody, {"recording_of_nobody": "c1"}),
        (leave_unmerged, {"not_merged": "c1"}),
        (leave_unstopped, {"not_stopped": "c1"}),
        (fail_the_merge, {"merge_failed": "c1"}),
        (lose_a_file, {"file_missing": "c1"}),
        (cut_a_file, {"file_size": "c1"}),
        (shorten_the_sound, {"length": "c1"}),
        (put_raw_sound, {"raw_unknown": "c7-rx.alaw"}),
        (leave_raw_sound, {"raw_left": "c1-tx.alaw"}),
        (note_more_delivered, {"source_behind": "floor-x"}),
        (keep_facts_back, {"not_delivered": "floor.sqlite"}),
        (break_the_write_ahead, {"write_ahead_broken": "old.sqlite"}),
        (leave_a_line, {"line_of_nobody": "c2.1"}),
        (take_all_lines, {"call_without_line": "c3"}),
        (let_a_stranger_live, {"live_unknown": "c6"}),
        (end_on_the_floor, {"not_ended": "c3"}),
        (take_the_floor, {"floor_away": ""}),
    ],
    ids=lambda value: "+".join(value) if isinstance(value, dict) else "",
)
async def test_what_another_book_says_otherwise_is_named(
    house: House, spoil: Callable[[House], None], kinds: dict[str, str]
) -> None:
    await house.settle()
    spoil(house)
    assert {kind: one.subject for kind, one in (await found(house)).items()} == kinds


@pytest.mark.parametrize(("ended_by", "cause"), [("customer", 0), ("system", 38)])
async def test_a_call_whose_end_was_found_later_may_have_less_sound_than_talk(
    house: House, ended_by: str, cause: int
) -> None:
    """Nobody heard it end: the switch died, or the backup was taken in the middle of it."""
    house.find("call.ended", "c1").fact = facts.CallEnded("talking", ended_by, cause)
    await house.settle()
    shorten_the_sound(house)
    assert await found(house) == {}
    house.execute("UPDATE recording SET state = 'failed', problem = 'no_sound' WHERE id = 'c1'")
    house.file.unlink()
    assert await found(house) == {}


async def test_what_the_policy_removed_is_no_difference(house: House) -> None:
    await house.settle()
    house.execute("UPDATE recording SET state = 'deleted', file = NULL, raw_path = ''")
    house.file.unlink()
    house.execute("UPDATE retention SET ledger_from = now() - interval '1 hour'")
    house.execute("CREATE TABLE kept AS TABLE fact")
    house.execute("TRUNCATE fact")
    house.execute(
        "INSERT INTO fact (source, seq, at, type, version, call_id, agent_id, queue_id, data)"
        " SELECT source, seq, at, type, version, call_id, agent_id, queue_id, data FROM kept"
        " WHERE position > 12 ORDER BY position"
    )
    house.execute("UPDATE ledger_cursor SET position = (SELECT max(position) FROM fact)")
    house.live, house.channels = {}, []
    assert await found(house) == {}


async def test_a_file_without_a_recording_is_named(house: House) -> None:
    await house.settle()
    put_a_file(house)
    differences = await found(house)
    assert list(differences) == ["file_unknown"]
    assert differences["file_unknown"].subject.endswith("/c7.ogg")


async def test_a_call_that_only_the_list_has_is_named(house: House) -> None:
    lost = [one for one in house.story if one.call == "c2"]
    await house.settle()
    house.execute("CREATE TABLE copy AS TABLE fact")
    house.execute("TRUNCATE fact")
    house.execute(
        "INSERT INTO fact (source, seq, at, type, version, call_id, agent_id, queue_id, data)"
        " SELECT source, seq, at, type, version, call_id, agent_id, queue_id, data FROM copy"
        " WHERE call_id IS DISTINCT FROM 'c2' ORDER BY position"
    )
    differences = await found(house)
    assert lost
    assert differences["listed_unknown"].subject == "c2"
