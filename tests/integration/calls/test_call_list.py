"""The list of calls: a figure of the board opens to what it counts; pages follow in order."""

from dataclasses import replace
from typing import Literal

import pytest

from hujiao.calls import store
from hujiao.calls.projection import Contact, Stay
from hujiao.calls.record import CallFilter, Sight
from hujiao.kit.db import Database

pytestmark = pytest.mark.integration

MIDNIGHT = 1_764_000_000_000
ALL = Sight("p1", everything=True)


def contact(call: str, *stays: Stay) -> Contact:
    return Contact(
        id=call,
        direction="in",
        caller="13800138000",
        caller_name="",
        called="4008001234",
        customer_number="+8613800138000",
        trunk="t1",
        node="n1",
        arrived_at=MIDNIGHT + 1000,
        queue_id=stays[-1].queue_id if stays else None,
        queued_at=stays[0].entered_at if stays else None,
        stays=stays,
    )


def stay(queue: str, why: str | None, waited_ms: int = 9000) -> Stay:
    entered = MIDNIGHT + 2000
    return Stay(queue, entered, None if why is None else entered + waited_ms, why)


async def test_every_figure_of_a_queue_counts_the_calls_it_opens(database: Database) -> None:
    made = [
        contact("answered", stay("q1", "answered")),
        contact("late", stay("q1", "answered", 60_000)),
        contact("abandoned", stay("q1", "abandoned")),
        contact("moved on", stay("q1", "overflowed"), stay("q2", "answered")),
        contact("turned away", stay("q1", "refused", 0)),
        contact("still waiting", stay("q1", None)),
        contact("elsewhere", stay("q2", "abandoned")),
        contact("in the menu"),
    ]
    async with database.transaction() as connection:
        await store.save_contacts(connection, made)
        days = await store.queues_since(
            connection,
            MIDNIGHT,
            now_ms=MIDNIGHT + 100_000,
            thresholds_s={"q1": 20, "q2": 20},
            queue_id=None,
        )

        async def opened(queue: str, why: Literal["answered", "abandoned"] | None) -> set[str]:
            wanted = CallFilter(from_ms=MIDNIGHT, stayed_in=queue, stay=why)
            found = await store.find_calls(connection, wanted, ALL, after=None, limit=50)
            return {call.contact.id for call in found}

        for day in days:
            assert len(await opened(day.queue_id, None)) == day.offered
            assert len(await opened(day.queue_id, "answered")) == day.answered
            assert len(await opened(day.queue_id, "abandoned")) == day.abandoned
        assert await opened("q1", None) == {
            "answered",
            "late",
            "abandoned",
            "moved on",
            "turned away",
        }
        assert await opened("q2", "answered") == {"moved on"}


async def test_pages_follow_each_other_in_both_orders(database: Database) -> None:
    made = [replace(contact(f"c{n}"), arrived_at=MIDNIGHT + n // 2) for n in range(7)]
    async with database.transaction() as connection:
        await store.save_contacts(connection, made)
        for oldest_first in (False, True):
            wanted = CallFilter(oldest_first=oldest_first)
            read: list[str] = []
            after: tuple[int, str] | None = None
            while page := await store.find_calls(connection, wanted, ALL, after=after, limit=3):
                read += [call.contact.id for call in page]
                after = (page[-1].contact.arrived_at, page[-1].contact.id)
            assert read == sorted((call.id for call in made), reverse=not oldest_first)
