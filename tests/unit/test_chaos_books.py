"""Whom the books of `make chaos` excuse from having spoken to the agent who picked up for him."""

import math

import pytest

from benchmarks.load import CallTimes
from chaos.books import FORGOTTEN_MS, Gap, Kill, PickedUp, moment, picked_up, put_through

pytestmark = pytest.mark.unit

KILLED_MS, TAKEN_OVER_MS = 100_000, 101_000
GAP = Gap(Kill(KILLED_MS, stood_by=True), TAKEN_OVER_MS)


def spoke(phone: PickedUp, *gaps: Gap, told: bool = False) -> bool:
    return "c1" in put_through({"c1": phone}, {"c1"} if told else set(), gaps)


def test_who_hung_up_in_the_gap_in_which_his_phone_was_picked_up_is_excused() -> None:
    assert not spoke(PickedUp(KILLED_MS + 200, KILLED_MS + 700), GAP)


def test_a_phone_picked_up_just_before_the_kill_is_excused_when_its_caller_left_in_the_gap() -> (
    None
):
    assert not spoke(PickedUp(KILLED_MS - FORGOTTEN_MS, KILLED_MS + 700), GAP)
    assert spoke(PickedUp(KILLED_MS - FORGOTTEN_MS - 1, KILLED_MS + 700), GAP)


def test_who_hung_up_before_his_phone_was_picked_up_in_the_gap_is_excused() -> None:
    assert not spoke(PickedUp(KILLED_MS + 200, KILLED_MS + 100), GAP)


def test_a_caller_who_was_still_there_at_the_take_over_must_have_been_put_through() -> None:
    assert spoke(PickedUp(KILLED_MS + 200, TAKEN_OVER_MS + 1), GAP)


def test_a_caller_who_did_not_hang_up_himself_must_have_been_put_through() -> None:
    assert spoke(PickedUp(KILLED_MS + 200, math.inf), GAP)


def test_a_phone_picked_up_after_the_take_over_must_have_been_put_through() -> None:
    assert spoke(PickedUp(TAKEN_OVER_MS + 1, TAKEN_OVER_MS + 500), GAP)


def test_a_phone_that_was_picked_up_when_its_caller_had_gone_or_was_about_to_is_excused() -> None:
    assert not spoke(PickedUp(100_000, 99_900))
    assert not spoke(PickedUp(100_000, 100_000 + FORGOTTEN_MS))
    assert spoke(PickedUp(100_000, 100_001 + FORGOTTEN_MS))


def test_a_gap_without_a_take_over_excuses_nobody() -> None:
    assert spoke(PickedUp(KILLED_MS + 200, KILLED_MS + 700), Gap(GAP.kill, None))


def test_a_caller_must_have_left_in_the_gap_in_which_the_phone_was_picked_up_not_in_another() -> (
    None
):
    later = Gap(Kill(KILLED_MS + 5_000, stood_by=True), TAKEN_OVER_MS + 5_000)
    assert spoke(PickedUp(KILLED_MS + 200, KILLED_MS + 5_200), GAP, later)


def test_whom_the_ledger_has_told_of_has_spoken_whenever_that_was() -> None:
    assert spoke(PickedUp(KILLED_MS + 200, KILLED_MS + 700), GAP, told=True)


def test_a_fault_tells_when_the_phone_was_picked_up() -> None:
    later = Gap(Kill(KILLED_MS + 5_000, stood_by=True), None)
    phone = PickedUp(KILLED_MS + 200, KILLED_MS + 700)
    assert moment(phone, [GAP, later]) == (
        "picked up 500 ms before he hung up, 200 ms after a kill made up for in 1000 ms"
    )
    assert moment(None, [GAP]) == "never picked up"


def test_phones_and_ends_are_read_from_what_the_callers_and_phones_wrote() -> None:
    times = CallTimes(
        calls=3,
        failed=1,
        offered=[50.0, 50.0, math.inf],
        connected=[60.0, 80.0, math.inf],
        heard=[],
        started_s={"c1": 100.0, "c2": 101.0, "c3": 102.0},
        ended_s={"c1": 105.0, "c3": 107.0},
        cut_off=["c2"],
        errors="",
    )
    assert picked_up([times]) == {
        "c1": PickedUp(100_060.0, 105_000.0),
        "c2": PickedUp(101_080.0, math.inf),
    }
