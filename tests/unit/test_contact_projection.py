"""A contact is what the facts of its call say, whatever shape the call had."""

from collections.abc import Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from hujiao.calls.projection import Contact, Stay, apply, legs_of
from hujiao.events.follow import Entry

Step = tuple[int, str, dict[str, Any]]
"""Milliseconds after the arrival, type of fact, its data (`agent`, `queue` go to the envelope)."""

START = 1_764_000_000_000
CALL = "n1-1764000000.1"


def facts(*steps: Step) -> list[Entry]:
    return [
        Entry(
            position=100 + number,
            at_ms=START + after_ms,
            type=kind,
            version=1,
            call_id=CALL,
            agent_id=data.get("agent"),
            queue_id=data.get("queue"),
            data={key: value for key, value in data.items() if key not in ("agent", "queue")},
        )
        for number, (after_ms, kind, data) in enumerate(steps)
    ]


def fold(entries: Sequence[Entry]) -> Contact:
    contact: Contact | None = None
    for entry in entries:
        contact = apply(contact, entry)
    assert contact is not None
    return contact


def told(*steps: Step) -> Contact:
    return fold(facts(*steps))


ARRIVED: Step = (
    0,
    "call.arrived",
    {
        "direction": "in",
        "caller": "013800138000",
        "caller_name": "",
        "called": "4008001234",
        "trunk": "t1",
        "node": "n1",
        "leg": CALL,
    },
)
GREETED: Step = (10, "call.greeted", {})
MENU: Step = (10, "menu.entered", {})
CHOSEN: Step = (4_000, "menu.chosen", {"path": "1"})
QUEUED: Step = (4_000, "queue.entered", {"queue": "q1", "priority": 0})
OFFERED: Step = (5_000, "offer.made", {"queue": "q1", "agents": ["a1"]})
ACCEPTED: list[Step] = [
    (9_000, "offer.accepted", {"queue": "q1", "agent": "a1"}),
    (9_000, "queue.left", {"queue": "q1", "agent": "a1", "why": "answered"}),
    (9_000, "call.connected", {"queue": "q1", "agent": "a1"}),
]


def ended(after_ms: int, by: str = "customer", cause: int = 16, phase: str = "talking") -> Step:
    return (after_ms, "call.ended", {"phase": phase, "ended_by": by, "cause": cause})


def test_a_call_is_in_progress_until_it_ends() -> None:
    contact = told(ARRIVED, GREETED, MENU)
    assert contact.result == "in_progress"
    assert contact.arrived_at == START
    assert contact.customer_number == "+8613800138000"
    assert contact.n_facts == 3


def test_a_caller_who_hangs_up_in_the_menu_has_not_waited() -> None:
    contact = told(ARRIVED, GREETED, MENU, ended(3_000, phase="menu"))
    assert contact.result == "abandoned_menu"
    assert (contact.wait_ms, contact.talk_ms, contact.queue_id) == (0, 0, None)
    assert contact.ended_by == "customer"


def test_a_caller_who_gives_up_in_the_queue_has_waited_until_then() -> None:
    contact = told(
        ARRIVED,
        CHOSEN,
        QUEUED,
        (20_000, "queue.left", {"queue": "q1", "why": "abandoned"}),
        ended(20_000, phase="waiting"),
    )
    assert contact.result == "abandoned_queue"
    assert contact.wait_ms == 16_000
    assert contact.menu_path == "1"
    assert contact.stays == (Stay("q1", START + 4_000, START + 20_000, "abandoned"),)


def test_a_caller_who_gives_up_while_it_rings_is_abandoned_and_no_agent_has_missed_it() -> None:
    contact = told(
        ARRIVED,
        QUEUED,
        OFFERED,
        (6_000, "offer.cancelled", {"agent": "a1", "why": "caller_gone"}),
        (6_000, "queue.left", {"queue": "q1", "why": "abandoned"}),
        ended(6_000, phase="ringing"),
    )
    assert contact.result == "abandoned_queue"
    assert contact.agent_id is None
    assert contact.missed_by == ()


def test_an_answered_call_has_wait_talk_and_wrap_up() -> None:
    contact = told(
        ARRIVED,
        QUEUED,
        OFFERED,
        *ACCEPTED,
        (9_001, "recording.started", {"recording": CALL, "node": "n1", "path": CALL}),
        (69_000, "recording.stopped", {"recording": CALL}),
        ended(69_000, by="agent"),
        (69_000, "wrap_up.started", {"agent": "a1", "until_ms": None}),
        (79_000, "note.saved", {"agent": "a1", "disposition_id": "d1"}),
        (84_000, "wrap_up.ended", {"agent": "a1"}),
    )
    assert contact.result == "answered"
    assert contact.agent_id == "a1"
    assert contact.wait_ms == 5_000
    assert contact.talk_ms == 60_000
    assert contact.hold_ms == 0
    assert contact.wrap_up_ms == 15_000
    assert contact.ended_by == "agent"
    assert contact.has_recording


def test_time_on_hold_is_not_talk_time() -> None:
    contact = told(
        ARRIVED,
        QUEUED,
        *ACCEPTED,
        (19_000, "call.held", {"agent": "a1", "by": "agent"}),
        (29_000, "call.resumed", {"agent": "a1", "by": "agent"}),
        (39_000, "call.held", {"agent": "a1", "by": "agent"}),
        ended(44_000),
    )
    assert contact.hold_ms == 15_000
    assert contact.talk_ms == 20_000
    assert contact.held_at is None


def test_a_lost_phone_counts_as_hold_until_it_is_back() -> None:
    contact = told(
        ARRIVED,
        QUEUED,
        *ACCEPTED,
        (19_000, "call.interrupted", {"why": "cause 16"}),
        (24_000, "call.restored", {}),
        ended(29_000),
    )
    assert (contact.hold_ms, contact.talk_ms) == (5_000, 15_000)


def test_a_customer_who_goes_back_to_the_queue_keeps_his_first_answer_and_the_last_agent() -> None:
    contact = told(
        ARRIVED,
        QUEUED,
        *ACCEPTED,
        (19_000, "call.interrupted", {"why": "cause 16"}),
        (39_000, "queue.entered", {"queue": "q1", "priority": 9}),
        (44_000, "queue.left", {"queue": "q1", "why": "answered"}),
        (44_000, "call.connected", {"queue": "q1", "agent": "a2"}),
        ended(54_000),
    )
    assert contact.agent_id == "a2"
    assert contact.answered_at == START + 9_000
    assert contact.wait_ms == 5_000
    assert (contact.hold_ms, contact.talk_ms) == (25_000, 20_000)


def test_each_offer_let_pass_is_counted_for_its_agent() -> None:
    contact = told(
        ARRIVED,
        QUEUED,
        (4_100, "offer.failed", {"agent": "a2", "why": "timeout"}),
        (4_200, "offer.failed", {"agent": "a3", "why": "refused"}),
        (4_300, "offer.failed", {"agent": "a2", "why": "timeout"}),
        *ACCEPTED,
        ended(10_000),
    )
    assert contact.missed_by == ("a2", "a3", "a2")
    assert contact.agent_id == "a1"


def test_an_overflow_is_a_second_stay_and_the_wait_runs_from_the_first() -> None:
    contact = told(
        ARRIVED,
        QUEUED,
        (34_000, "queue.left", {"queue": "q1", "why": "overflowed"}),
        (34_000, "queue.entered", {"queue": "q2", "priority": 0}),
        (44_000, "queue.left", {"queue": "q2", "why": "answered"}),
        (44_000, "call.connected", {"queue": "q2", "agent": "a1"}),
        ended(50_000),
    )
    assert contact.queue_id == "q2"
    assert contact.wait_ms == 40_000
    assert [stay.why for stay in contact.stays] == ["overflowed", "answered"]


def test_a_call_that_overflows_to_nowhere_is_overflowed() -> None:
    contact = told(
        ARRIVED,
        QUEUED,
        (34_000, "queue.left", {"queue": "q1", "why": "overflowed"}),
        ended(36_000, by="system", phase="leaving"),
    )
    assert contact.result == "overflowed"


def test_a_caller_turned_away_by_a_full_queue_was_offered_to_it() -> None:
    contact = told(
        ARRIVED,
        (4_000, "queue.refused", {"queue": "q1", "why": "queue_full"}),
        (4_000, "queue.left", {"queue": "q1", "why": "refused"}),
        ended(9_000, by="system", phase="leaving"),
    )
    assert contact.result == "refused"
    assert contact.wait_ms == 0
    assert contact.stays == (Stay("q1", START + 4_000, START + 4_000, "refused"),)


def test_a_caller_turned_away_after_the_longest_wait_has_one_stay() -> None:
    contact = told(
        ARRIVED,
        QUEUED,
        (64_000, "queue.refused", {"queue": "q1", "why": "max_wait"}),
        (64_000, "queue.left", {"queue": "q1", "why": "refused"}),
        ended(70_000, by="system", phase="leaving"),
    )
    assert contact.result == "refused"
    assert contact.wait_ms == 60_000
    assert len(contact.stays) == 1


def test_a_call_to_an_unknown_number_is_refused() -> None:
    contact = told(ARRIVED, (1, "call.refused", {"why": "unknown"}), ended(2, by="system", cause=1))
    assert contact.result == "refused"


def test_a_waiting_call_that_its_switch_loses_has_failed_and_left_the_queue() -> None:
    contact = told(ARRIVED, QUEUED, ended(30_000, by="system", cause=38, phase="waiting"))
    assert contact.result == "failed"
    assert contact.stays[-1].left_at == START + 30_000
    assert contact.wait_ms == 26_000


DIALLED: list[Step] = [
    (
        0,
        "call.arrived",
        {
            "direction": "out",
            "caller": "4008001234",
            "called": "01065551234",
            "trunk": "t1",
            "node": "n1",
            "leg": "",
            "agent": "a1",
        },
    ),
    (500, "call.dialled", {"agent": "a1", "number": "01065551234", "trunk": "t2"}),
]


def test_an_outbound_call_is_the_agents_from_the_start_and_names_the_customers_number() -> None:
    contact = told(*DIALLED)
    assert contact.direction == "out"
    assert contact.agent_id == "a1"
    assert contact.customer_number == "+861065551234"
    assert contact.trunk == "t2"


def test_an_outbound_call_that_is_answered_talks_from_the_customers_answer() -> None:
    contact = told(
        *DIALLED,
        (10_500, "call.customer_answered", {"agent": "a1"}),
        (10_500, "call.connected", {"agent": "a1"}),
        ended(40_500, by="agent"),
    )
    assert contact.result == "answered"
    assert (contact.wait_ms, contact.talk_ms) == (0, 30_000)


def test_an_outbound_call_tells_why_nobody_answered() -> None:
    assert told(*DIALLED, ended(9_000, cause=17)).result == "busy"
    assert told(*DIALLED, ended(9_000, cause=19)).result == "no_answer"
    assert told(*DIALLED, ended(9_000, by="agent", cause=16)).result == "no_answer"
    assert told(*DIALLED, ended(9_000, cause=21)).result == "refused"
    assert told(*DIALLED, ended(9_000, cause=1)).result == "failed"


def test_an_outbound_call_whose_agent_never_picked_up_has_failed() -> None:
    assert told(DIALLED[0], ended(15_000, by="system", cause=19)).result == "failed"


def test_facts_of_a_call_that_never_arrived_make_no_contact() -> None:
    contact: Contact | None = None
    for entry in facts(QUEUED, ended(5_000)):
        contact = apply(contact, entry)
    assert contact is None


def test_an_end_told_twice_changes_nothing() -> None:
    contact = told(ARRIVED, QUEUED, *ACCEPTED, ended(20_000), ended(90_000, by="agent", cause=38))
    assert contact.ended_at == START + 20_000
    assert contact.ended_by == "customer"


FULL = facts(
    ARRIVED,
    GREETED,
    CHOSEN,
    QUEUED,
    (4_100, "offer.failed", {"agent": "a2", "why": "timeout"}),
    *ACCEPTED,
    (19_000, "call.held", {"by": "agent"}),
    (29_000, "call.resumed", {"by": "agent"}),
    ended(69_000),
    (69_000, "wrap_up.started", {"agent": "a1", "until_ms": None}),
    (84_000, "wrap_up.ended", {"agent": "a1"}),
)


@given(st.lists(st.integers(0, len(FULL)), max_size=6))
def test_facts_told_again_after_a_crash_are_not_counted_twice(restarts: list[int]) -> None:
    contact: Contact | None = None
    done = 0
    for stop in [*restarts, len(FULL)]:
        begin = max(0, min(done, stop) - 3)
        for entry in FULL[begin : max(done, stop)]:
            contact = apply(contact, entry)
        done = max(done, stop)
    assert contact == fold(FULL)


def test_the_legs_of_a_call_are_told_with_their_agents_and_causes() -> None:
    legs = legs_of(
        facts(
            ARRIVED,
            (5_000, "leg.started", {"leg": "L1", "role": "agent", "agent": "a1"}),
            (5_100, "leg.ringing", {"leg": "L1", "agent": "a1"}),
            (9_000, "leg.answered", {"leg": "L1", "agent": "a1"}),
            (20_000, "leg.ended", {"leg": CALL, "role": "customer", "cause": 16, "agent": "a1"}),
            (20_100, "leg.ended", {"leg": "L1", "role": "agent", "cause": 16, "agent": "a1"}),
        )
    )
    assert [(leg.leg, leg.role, leg.agent_id) for leg in legs] == [
        (CALL, "customer", None),
        ("L1", "agent", "a1"),
    ]
    assert legs[1].answered_at == START + 9_000
    assert legs[0].ended_at == START + 20_000
    assert legs[0].cause == 16
