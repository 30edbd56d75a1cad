"""The whole verification of an installation."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import asdict
from datetime import datetime, timedelta

import orjson

from hujiao.app.places import database_url, node_addresses
from hujiao.app.settings import Settings
from hujiao.app.verify.books import Books, begin
from hujiao.app.verify.live import LiveCheck
from hujiao.app.verify.model import Checked, Difference, Period
from hujiao.app.verify.shelf import ShelfCheck
from hujiao.app.verify.words import in_words, summary
from hujiao.kit.clock import now_ms, to_ms
from hujiao.kit.db import Database

LEDGER_FOLDER = "ledger"
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


def moment_ms(words: str) -> int:
    """`90m`, `24h` or `7d` ago, `now`, or a date or time in ISO 8601 (of this machine's zone).

    Raises ValueError for anything else.
    """
    if words == "now":
        return now_ms()
    if words[:-1].isdigit() and words[-1] in _UNITS:
        ago = timedelta(**{_UNITS[words[-1]]: int(words[:-1])})
        return now_ms() - round(ago.total_seconds() * 1000)
    return to_ms(datetime.fromisoformat(words).astimezone())


async def verify(
    settings: Settings, period: Period, checked: Checked
) -> AsyncGenerator[Difference]:
    """Every difference, as it is found; `checked` counts along.

    Raises sqlalchemy.exc.OperationalError when the database does not answer.
    """
    nodes = node_addresses(settings)
    raw = [settings.recordings_dir, *(one.recordings for one in nodes if one.recordings)]
    database = Database(database_url(settings), pool_size=2)
    try:
        async with database.transaction() as connection:
            await begin(connection)
            books = Books(connection, period, settings.default_region)
            shelf = ShelfCheck(
                connection, period, folder=settings.recordings_dir, raw=raw, now_ms=now_ms()
            )
            for part in (books.differences(checked), shelf.differences(checked)):
                async for one in part:
                    checked.differences += 1
                    yield one
        live = LiveCheck(
            database=database,
            floor_socket=settings.floor_socket,
            nodes=nodes,
            write_aheads=settings.data / LEDGER_FOLDER,
        )
        async with live:
            for one in await live.differences(books.open_calls, checked):
                checked.differences += 1
                yield one
    finally:
        await database.close()


async def told(settings: Settings, period: Period, *, as_json: bool) -> int:
    """Print every difference and the sum; 1 when there is a difference, otherwise 0."""
    checked = Checked()
    async with aclosing(verify(settings, period, checked)) as found:
        async for one in found:
            words = in_words(one, settings.locale)
            if as_json:
                line = {"kind": one.kind, "subject": one.subject, **one.details, "words": words}
                print(orjson.dumps(line).decode(), flush=True)
            else:
                print(words, flush=True)
    counts = asdict(checked)
    in_all = orjson.dumps({"checked": counts}).decode()
    print(in_all if as_json else summary(counts, settings.locale))
    return 1 if checked.differences else 0
