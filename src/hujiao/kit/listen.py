"""PostgreSQL notifications: a connection of its own that comes back by itself."""

import asyncio
from collections.abc import Callable

import psycopg
from psycopg import sql
from sqlalchemy import make_url

from hujiao.kit.db import CONNECT_TIMEOUT_S, sqlalchemy_url
from hujiao.kit.log import logger

FIRST_RETRY_S = 0.2
LAST_RETRY_S = 5.0
QUIET_CHECK_S = 30.0

log = logger(__name__)


def libpq_url(url: str) -> str:
    """The address for psycopg itself, whatever dialect the given one names."""
    return (
        make_url(sqlalchemy_url(url))
        .set(drivername="postgresql")
        .render_as_string(hide_password=False)
    )


async def listen(
    url: str,
    channels: tuple[str, ...],
    *,
    on_notify: Callable[[str, str], None],
    on_connect: Callable[[], None],
) -> None:
    """Call `on_notify(channel, payload)` for every notification, until cancelled.

    `on_connect` is called after each (re)connection: what was notified before it may have been
    missed, so the listener has to look for itself.
    """
    retry_s = FIRST_RETRY_S
    while True:
        try:
            connection = await psycopg.AsyncConnection.connect(
                libpq_url(url), autocommit=True, connect_timeout=CONNECT_TIMEOUT_S
            )
            async with connection:
                for channel in channels:
                    await connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))
                retry_s = FIRST_RETRY_S
                on_connect()
                while True:
                    async for notice in connection.notifies(timeout=QUIET_CHECK_S):
                        on_notify(notice.channel, notice.payload)
                    await connection.execute("SELECT 1")  # a dead peer is noticed only by writing
        except (psycopg.Error, OSError) as error:
            log.warning("no notifications", channels=channels, reason=type(error).__name__)
        await asyncio.sleep(retry_s)
        retry_s = min(retry_s * 2, LAST_RETRY_S)
