"""Who is cut off by us is called back: once, and not when he was answered since."""

import pytest

from hujiao.callbacks import opening
from hujiao.callbacks.model import Kind, Result, State, Why
from hujiao.events.follow import restart
from hujiao.kit.db import Database
from tests.integration.api.told import Teller, fact_types
from tests.integration.callbacks.conftest import CUSTOMER, STORED, All, Follow, cut

pytestmark = pytest.mark.integration


async def test_a_waiting_and_a_talking_caller_of_a_lost_switch_become_two_callbacks(
    teller: Teller, follow: Follow, everything: All
) -> None:
    await cut(teller, "c1", phase="waiting")
    await cut(teller, "c2", phase="talking", agent="a1", caller="02166668888")
    await follow()
    waiting, talking = await everything()
    assert (waiting.kind, waiting.why, waiting.state) == (
        Kind.LOST_CALL,
        Why.SWITCH_LOST,
        State.OPEN,
    )
    assert (waiting.number, waiting.called, waiting.call_id) == (STORED, "4008001234", "c1")
    assert (waiting.phase, waiting.queue_id, waiting.agent_id) == ("waiting", "q1", None)
    assert (talking.number, talking.phase, talking.agent_id) == ("+862166668888", "talking", "a1")


@pytest.mark.parametrize("phase", ["greeting", "menu", "ringing", "hold", "reconnecting"])
async def test_every_place_where_a_caller_still_wants_something_counts(
    teller: Teller, follow: Follow, everything: All, phase: str
) -> None:
    await cut(teller, "c1", phase=phase, cause=16)
    await follow()
    (opened,) = await everything()
    assert (opened.phase, opened.why) == (phase, Why.SYSTEM_FAULT)


async def test_calls_that_people_end_or_that_we_turn_away_are_nobodys_callbacks(
    teller: Teller, follow: Follow, everything: All
) -> None:
    await cut(teller, "c1", phase="waiting", ended_by="customer", cause=16)
    await cut(teller, "c2", phase="talking", ended_by="agent", cause=16)
    await cut(teller, "c3", phase="leaving", cause=16)
    await cut(teller, "c4", phase="arriving", cause=1)
    await cut(teller, "c5", phase="dialing", direction="out", caller="4008001234", called=CUSTOMER)
    await follow()
    assert await everything() == []


async def test_a_customer_whom_we_had_called_is_called_back_on_his_own_number(
    teller: Teller, follow: Follow, everything: All
) -> None:
    await cut(teller, "c1", phase="talking", direction="out", caller="4008001234", called=CUSTOMER)
    await follow()
    (opened,) = await everything()
    assert (opened.number, opened.called) == (STORED, "4008001234")


async def test_a_ledger_read_again_from_its_first_fact_opens_nothing_twice(
    database: Database, teller: Teller, follow: Follow, everything: All
) -> None:
    await cut(teller, "c1")
    await teller.dialled("c2", agent="a1")
    await follow()
    before = await everything()
    async with database.transaction() as connection:
        await restart(connection, opening.READER)
    await follow()
    assert await everything() == before
    assert [one.attempts for one in before] == [1]
    assert (await fact_types(database, "c1")).count("callback.opened") == 1


async def test_it_closes_itself_when_the_customer_calls_again_and_is_answered(
    database: Database, teller: Teller, follow: Follow, everything: All
) -> None:
    await cut(teller, "c1")
    await follow()
    await teller.abandoned("c2")
    await follow()
    assert [one.state for one in await everything()] == [State.OPEN]
    await teller.answered("c3", agent="a1", caller="+86 138 0013 8000")
    await follow()
    (closed,) = await everything()
    assert (closed.state, closed.result, closed.closed_by) == (
        State.DONE,
        Result.CALLED_AGAIN,
        None,
    )
    assert "callback.done" in await fact_types(database, "c1")


async def test_it_is_closed_at_once_when_the_reader_comes_later_than_the_next_call(
    teller: Teller, follow: Follow, everything: All
) -> None:
    await cut(teller, "c1")
    await teller.answered("c2", agent="a1")
    await follow()
    assert [one.result for one in await everything()] == [Result.CALLED_AGAIN]


async def test_another_call_of_the_number_that_came_before_says_nothing_about_it(
    database: Database, teller: Teller, follow: Follow, everything: All
) -> None:
    """Many people may call from one number: only who called afterwards can be the same."""
    await teller.answered("c0", agent="a1")
    await cut(teller, "c1")
    await follow()
    async with database.transaction() as connection:
        await restart(connection, opening.READER)
    await follow()
    assert [one.state for one in await everything()] == [State.OPEN]


async def test_a_withheld_number_closes_nothing(
    teller: Teller, follow: Follow, everything: All
) -> None:
    await cut(teller, "c1", caller="")
    await teller.answered("c2", agent="a1", caller="")
    await follow()
    assert [(one.number, one.state) for one in await everything()] == [("", State.OPEN)]


async def test_calls_to_the_customer_are_counted_as_attempts(
    teller: Teller, follow: Follow, everything: All
) -> None:
    await cut(teller, "c1")
    await follow()
    await teller.dialled("c2", agent="a1")
    await teller.dialled("c3", agent="a1")
    await teller.dialled("c4", agent="a1", number="13900139000")
    await follow()
    (opened,) = await everything()
    assert (opened.attempts, opened.state) == (2, State.OPEN)
