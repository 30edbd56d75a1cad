"""The short forms of `make chaos`: floors die under calls, and all books agree."""

import pytest

from chaos.deeds import Plan, floors_killed
from chaos.house import Guests, full_house
from hujiao.telephony.private import PrivateTree

pytestmark = [pytest.mark.asterisk, pytest.mark.timeout(240)]


async def test_floors_killed_under_calls_end_none_and_lose_none(private_tree: PrivateTree) -> None:
    said: list[str] = []
    books = await floors_killed(private_tree, Plan(kills=4, rate=10, seed=7), said.append)
    assert books.faults == [], said
    assert books.calls > 50
    assert len(books.taken_over_ms) + len(books.restarted_ms) == 4


async def test_callers_in_every_state_are_where_they_were_after_all_floors_were_killed(
    private_tree: PrivateTree,
) -> None:
    guests = Guests(
        talking=6,
        held=2,
        wrapping_up=2,
        ringing=5,
        waiting=5,
        greeted=10,
        in_menu=10,
        leave_talking=2,
        leave_waiting=2,
        wrap_up_s=15,
    )
    said: list[str] = []
    books = await full_house(private_tree, guests, seed=7, say=said.append)
    assert books.faults == [], said
    assert books.calls == guests.calls
