"""The demo's books find every call on which telephones, ledger and list disagree."""

import pytest

from hujiao.app.demo.books import Told, disagreements
from hujiao.app.demo.callers import Placed
from hujiao.app.demo.plan import Caller
from hujiao.app.demo.sip import EndedBy, Line, Telephone

pytestmark = pytest.mark.unit

NUMBER = "19900000001"
CALLER = Caller(0.0, NUMBER, "", (), 1.0, None, 10.0, 5.0, False)
SERVER = ("127.0.0.1", 5160)


def line(ended_by: EndedBy, *, at: float = 20.0, talked_s: float = 10.0) -> Line:
    """A line that was answered and has ended."""
    made = Line(Telephone(SERVER, SERVER), "id", "4001", NUMBER, "", "", "", outgoing=True)
    made.status = 200
    made.answered.set()
    made.ended.set()
    made.ended_by, made.ended_at, made.answered_at = ended_by, at, at - talked_s
    return made


def told(**changes: object) -> dict[str, Told]:
    call = Told(NUMBER, arrived=1, ended=1, connected=1, ended_by="agent")
    for name, value in changes.items():
        setattr(call, name, value)
    return {"n1-1": call}


ANSWERED = {"n1-1": {"id": "n1-1", "result": "answered"}}
PLACED = [Placed(CALLER, line("them"))]
PHONE = [line("us")]


def test_a_call_all_tell_alike_is_no_fault() -> None:
    assert disagreements(PLACED, PHONE, told(), ANSWERED) == []


@pytest.mark.parametrize(
    ("ledger", "word"),
    [
        ({}, "the ledger has 0 calls"),
        ({**told(), "n1-2": told()["n1-1"]}, "the ledger has 2 calls"),
        (told(ended=0), "ended 0 times"),
        (told(connected=0), "listed as answered"),
        (told(ended_by="customer"), "the ledger says the customer did"),
    ],
)
def test_a_ledger_that_tells_otherwise_is_a_fault(ledger: dict[str, Told], word: str) -> None:
    assert any(word in fault for fault in disagreements(PLACED, PHONE, ledger, ANSWERED))


def test_a_call_missing_in_the_list_is_a_fault() -> None:
    assert "not in the call list" in disagreements(PLACED, PHONE, told(), {})[0]


def test_a_talk_no_phone_knows_of_is_a_fault() -> None:
    assert "no agent's phone" in disagreements(PLACED, [], told(), ANSWERED)[0]


def test_a_talk_the_ledger_does_not_know_of_is_a_fault() -> None:
    lost = {"n1-1": {"id": "n1-1", "result": "abandoned_queue"}}
    faults = disagreements(PLACED, PHONE, told(connected=0), lost)
    assert any("knows of no connection" in fault for fault in faults)


def test_an_answer_at_the_very_end_may_be_told_either_way() -> None:
    lost = {"n1-1": {"id": "n1-1", "result": "abandoned_queue"}}
    placed = [Placed(CALLER, line("us"))]
    phone = [line("them", talked_s=0.1)]
    gone = told(connected=0, ended_by="customer")
    assert disagreements(placed, phone, gone, lost) == []


def test_a_call_nobody_placed_is_a_fault() -> None:
    assert disagreements([], [], told(), ANSWERED) == ["nobody placed n1-1"]
