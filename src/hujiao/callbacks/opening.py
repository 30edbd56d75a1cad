"""The worker's eye on the ledger: who was cut off by us, who called again, who was called back."""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncConnection

from hujiao.callbacks import store
from hujiao.callbacks.model import Attempt, Callback, Kind, Result, State
from hujiao.callbacks.rules import fault_of
from hujiao.calls.service import answered_since
from hujiao.events import callbacks as facts
from hujiao.events.fact import Subject
from hujiao.events.follow import Entry, Follower, facts_named
from hujiao.events.ledger import publish
from hujiao.floor.admin import queue_of_number
from hujiao.kit.db import Database
from hujiao.kit.ids import new_id
from hujiao.kit.numbers import DEFAULT_REGION, number_key

READER = "callbacks"
HEARD = frozenset({"call.ended", "call.connected", "call.dialled", "call.customer_answered"})


def follower(database: Database, region: str = DEFAULT_REGION) -> Follower:
    """The reader that opens callbacks; run it in every worker, one at a time gets on."""

    async def fold_here(connection: AsyncConnection, facts: Sequence[Entry]) -> None:
        await fold(connection, facts, region)

    return Follower(database=database, reader=READER, fold=fold_here)


async def fold(
    connection: AsyncConnection, batch: Sequence[Entry], region: str = DEFAULT_REGION
) -> None:
    """Do what follows from these facts, in their order. Repeating it changes nothing."""
    told = [(fact.call_id, fact) for fact in batch if fact.type in HEARD and fact.call_id]
    told = [(call_id, fact) for call_id, fact in told if _matters(fact)]
    if not told:
        return
    arrivals = await facts_named(connection, "call.arrived", [call_id for call_id, _ in told])
    for call_id, fact in told:
        arrived = arrivals.get(call_id)
        if arrived is None:
            continue
        if fact.type == "call.ended":
            await _call_ended(connection, arrived, fact, region)
        elif fact.type == "call.connected":
            if arrived.data.get("direction") == "in":
                number = number_key(_text(arrived, "caller"), region)
                await customer_answered(connection, number, arrived.at_ms, fact.at_ms)
        elif fact.type == "call.dialled":
            await _called_back(connection, fact, region)
        else:
            await store.attempt_answered(connection, call_id, fact.at_ms)


def _matters(fact: Entry) -> bool:
    """Most calls end as they should: nothing is looked up for them."""
    return fact.type != "call.ended" or fact.data.get("ended_by") == "system"


def _text(fact: Entry, name: str) -> str:
    value = fact.data.get(name)
    return value if isinstance(value, str) else ""


async def _call_ended(
    connection: AsyncConnection, arrived: Entry, ended: Entry, region: str
) -> None:
    direction = _text(arrived, "direction")
    why = fault_of(direction, ended.data)
    if why is None or ended.call_id is None:
        return
    customer, ours = ("called", "caller") if direction == "out" else ("caller", "called")
    queue_id = ended.queue_id
    if queue_id is None and direction == "in":
        queue_id = await queue_of_number(connection, _text(arrived, "called"))
    opened = Callback(
        id=new_id(),
        kind=Kind.LOST_CALL,
        state=State.OPEN,
        why=why,
        number=number_key(_text(arrived, customer), region),
        called=_text(arrived, ours),
        happened_at=ended.at_ms,
        call_id=ended.call_id,
        phase=_text(ended, "phase"),
        queue_id=queue_id,
        agent_id=ended.agent_id,
    )
    await open_callback(connection, opened, f"call:{ended.call_id}")


async def open_callback(connection: AsyncConnection, opened: Callback, source: str) -> bool:
    """Open it, and close it at once when the customer was answered since. False: it was known."""
    if not await store.open_new(connection, opened, source):
        return False
    subject = Subject(opened.call_id, opened.agent_id, opened.queue_id)
    told = facts.CallbackOpened(opened.id, opened.kind.value, opened.why.value)
    await publish(connection, told, subject)
    if opened.number and await answered_since(connection, opened.number, opened.happened_at):
        await _close(connection, opened, opened.happened_at)
    return True


async def customer_answered(
    connection: AsyncConnection, number: str, arrived_ms: int, at_ms: int
) -> None:
    """Who has this number called (at `arrived_ms`) and was answered: what was owed is done.

    A call that had come before something happened says nothing about it: many people may call
    from one number.
    """
    if not number:
        return
    for living in await store.living_of(connection, [number]):
        if living.happened_at <= arrived_ms:
            await _close(connection, living, at_ms)


async def _close(connection: AsyncConnection, living: Callback, at_ms: int) -> None:
    done = replace(
        living, state=State.DONE, result=Result.CALLED_AGAIN, closed_at=at_ms, closed_by=None
    )
    await store.put(connection, done)
    subject = Subject(living.call_id, None, living.queue_id)
    await publish(connection, facts.CallbackDone(living.id, Result.CALLED_AGAIN.value), subject)


async def _called_back(connection: AsyncConnection, dialled: Entry, region: str) -> None:
    number = number_key(_text(dialled, "number"), region)
    if not number or dialled.call_id is None:
        return
    attempt = Attempt(dialled.call_id, dialled.at_ms, dialled.agent_id, None)
    for living in await store.living_of(connection, [number]):
        if living.happened_at <= dialled.at_ms:
            await store.attempted(connection, living.id, attempt)
