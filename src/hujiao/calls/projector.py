"""Keeps the table `contact` equal to what the ledger tells. The only writer of that table."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from hujiao.calls import store
from hujiao.calls.projection import apply
from hujiao.events import follow
from hujiao.events.follow import Entry, Follower
from hujiao.kit.db import Database
from hujiao.kit.numbers import DEFAULT_REGION

READER = "contacts"


async def fold(
    connection: AsyncConnection, facts: Sequence[Entry], region: str = DEFAULT_REGION
) -> None:
    """Bring the contacts that these facts are about up to date. Repeating it changes nothing."""
    told = [(fact.call_id, fact) for fact in facts if fact.call_id is not None]
    before = await store.load_contacts(connection, {call_id for call_id, _ in told})
    after = dict(before)
    for call_id, fact in told:
        contact = apply(after.get(call_id), fact, region)
        if contact is not None:
            after[call_id] = contact
    changed = [contact for call_id, contact in after.items() if contact != before.get(call_id)]
    await store.save_contacts(connection, changed)


def projector(database: Database, region: str = DEFAULT_REGION) -> Follower:
    """The reader that makes contacts; run it in every worker, one at a time gets on."""

    async def fold_here(connection: AsyncConnection, facts: Sequence[Entry]) -> None:
        await fold(connection, facts, region)

    return Follower(database=database, reader=READER, fold=fold_here)


async def rebuild(database: Database, region: str = DEFAULT_REGION) -> int:
    """Make all contacts anew from the first fact. Returns how many facts were read.

    Lists are incomplete while it runs; running projectors may take part.
    """
    async with database.transaction() as connection:
        await follow.restart(connection, READER)
        await store.forget_contacts(connection)
    return await projector(database, region).catch_up()
