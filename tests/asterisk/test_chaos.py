"""The short form of `make chaos`: floors die under calls, and all books agree."""

import pytest

from chaos.deeds import Plan, floors_killed
from hujiao.telephony.private import PrivateTree

pytestmark = [pytest.mark.asterisk, pytest.mark.timeout(240)]


async def test_floors_killed_under_calls_end_none_and_lose_none(private_tree: PrivateTree) -> None:
    said: list[str] = []
    books = await floors_killed(private_tree, Plan(kills=4, rate=10, seed=7), said.append)
    assert books.faults == [], said
    assert books.calls > 50
    assert len(books.taken_over_ms) + len(books.restarted_ms) == 4
