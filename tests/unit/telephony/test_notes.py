"""What a node noted of customers who left, as the next floor reads it."""

from hujiao.telephony.ari.notes import notes_of
from hujiao.telephony.port import Cause, EndedLeg, LegArrived, LegId, NodeName, Origin

NODE = NodeName("n1")
CALLED = "019a-7.2 17 1764000001500"
CALLER = "n1-1764000000.12 0 1764000001500 13800138000 4001 PJSIP/gw-0-0000002a"


def test_who_was_called_is_noted_with_cause_and_time() -> None:
    assert notes_of(f"{CALLED}|", NODE, {}) == [EndedLeg(LegId("019a-7.2"), 1_764_000_001_500, 17)]


def test_a_caller_is_noted_with_his_number_and_his_trunk_by_its_own_name() -> None:
    (note,) = notes_of(f"{CALLER}|", NODE, {"gw-0": "gateway"})
    assert (note.cause, note.ended_ms) == (Cause.NORMAL, 1_764_000_001_500)
    assert note.arrival == LegArrived(
        at_ms=1_764_000_000_000,
        node=NODE,
        leg=LegId("n1-1764000000.12"),
        origin=Origin.TRUNK,
        endpoint="gateway",
        caller_number="13800138000",
        caller_name="",
        called_number="4001",
    )


def test_a_caller_without_a_number_at_a_line_without_one_is_noted() -> None:
    (note,) = notes_of("n1-1764000000.12 16 1764000001500   PJSIP/gw-1|", NODE, {})
    assert note.arrival is not None
    assert (note.arrival.caller_number, note.arrival.called_number) == ("", "")


def test_a_caller_whom_his_gateway_names_keeps_the_name() -> None:
    (note,) = notes_of(CALLER.replace("13800138000", "desk*12") + "|", NODE, {})
    assert note.arrival is not None
    assert note.arrival.caller_number == "desk*12"


def test_nobody_comes_after_he_left_whatever_the_seconds_say() -> None:
    (note,) = notes_of(CALLER.replace("1764000001500", "1763999999000") + "|", NODE, {})
    assert note.arrival is not None
    assert note.arrival.at_ms == note.ended_ms


def test_a_note_that_was_cut_off_or_is_none_costs_only_itself() -> None:
    text = f"{CALLER}|nonsense|{CALLED}|{CALLER[:40]}"
    assert [note.leg for note in notes_of(text, NODE, {})] == ["n1-1764000000.12", "019a-7.2"]
    assert notes_of("", NODE, {}) == []
