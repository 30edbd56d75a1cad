"""Who can sign in and which numbers can be called, for the end of every start."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from hujiao.app.places import database_url
from hujiao.app.settings import Settings
from hujiao.floor import store as floor_store
from hujiao.identity import service as identity
from hujiao.kit.db import Database

MOST_PEOPLE = 8


@dataclass(frozen=True, slots=True)
class Summary:
    """`logins` are the first few sign-in names with their roles, `numbers` all active ones."""

    logins: tuple[str, ...]
    more_people: bool
    numbers: tuple[str, ...]


def summary(settings: Settings) -> Summary:
    """Reads it from the database, which has to be up."""
    return asyncio.run(_summary(settings))


async def _summary(settings: Settings) -> Summary:
    database = Database(database_url(settings), pool_size=1)
    try:
        async with database.transaction() as connection:
            people = await identity.people(connection, after=None, limit=MOST_PEOPLE + 1)
            numbers = await floor_store.numbers(connection)
    finally:
        await database.close()
    active = [f"{person.login} ({person.role})" for person in people if person.active]
    return Summary(
        tuple(active[:MOST_PEOPLE]),
        len(people) > MOST_PEOPLE,
        tuple(f"{one.number} ({one.name})" for one in numbers if one.active),
    )
