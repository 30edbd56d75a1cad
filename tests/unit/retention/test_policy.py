"""What a policy of retention may say, and which moment it reaches back to."""

from datetime import UTC, datetime

import pytest

from hujiao.kit.clock import to_datetime, to_ms
from hujiao.retention.model import Policy, months_before

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("ledger", "recordings", "code"),
    [
        (0, 0, None),
        (0, 1, None),
        (12, 12, None),
        (36, 6, None),
        (11, 6, "ledger_too_short"),
        (12, 13, "shorter_than_recordings"),
        (24, 0, "shorter_than_recordings"),
    ],
)
def test_facts_are_kept_a_year_at_least_and_as_long_as_their_recordings(
    ledger: int, recordings: int, code: str | None
) -> None:
    assert Policy(ledger, recordings).faults() == ({"ledger_months": code} if code else {})


@pytest.mark.parametrize(
    ("new", "old", "more"),
    [
        ((0, 6), (0, 12), True),
        ((24, 12), (0, 12), True),
        ((0, 12), (0, 0), True),
        ((0, 12), (0, 12), False),
        ((0, 0), (24, 12), False),
        ((36, 12), (24, 12), False),
    ],
)
def test_a_policy_that_deletes_more_is_told_from_one_that_deletes_less(
    new: tuple[int, int], old: tuple[int, int], more: bool
) -> None:
    assert Policy(*new).deletes_more_than(Policy(*old)) is more


@pytest.mark.parametrize(
    ("moment", "months", "before"),
    [
        ("2026-11-22", 12, "2025-11-22"),
        ("2026-03-31", 1, "2026-02-28"),
        ("2024-03-31", 1, "2024-02-29"),
        ("2026-01-15", 1, "2025-12-15"),
        ("2026-01-15", 25, "2023-12-15"),
    ],
)
def test_months_are_those_of_the_calendar(moment: str, months: int, before: str) -> None:
    at_ms = to_ms(datetime.fromisoformat(moment).replace(tzinfo=UTC))
    found = months_before(at_ms, months)
    assert found is not None
    assert f"{to_datetime(found):%Y-%m-%d}" == before


def test_for_ever_reaches_back_to_nothing() -> None:
    assert months_before(to_ms(datetime(2026, 1, 1, tzinfo=UTC)), 0) is None
