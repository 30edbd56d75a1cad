"""The database: one metadata for all tables, one engine per process, one transaction each."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import MetaData, text
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

DATABASE_AWAY = (OperationalError, InterfaceError, PoolTimeoutError, OSError)
"""What is raised while the database cannot be asked."""

CONNECT_TIMEOUT_S = 5
STATEMENT_TIMEOUT_MS = 30_000


def sqlalchemy_url(url: str) -> str:
    """The same address for SQLAlchemy's psycopg 3 dialect."""
    scheme, _, rest = url.partition("://")
    if scheme in ("postgres", "postgresql"):
        return f"postgresql+psycopg://{rest}"
    return url


class Database:
    """Owns the connection pool of one process."""

    def __init__(self, url: str, *, pool_size: int = 10) -> None:
        self.engine: AsyncEngine = create_async_engine(
            sqlalchemy_url(url),
            pool_size=pool_size,
            max_overflow=pool_size,
            pool_timeout=CONNECT_TIMEOUT_S,
            pool_pre_ping=True,
            connect_args={
                "connect_timeout": CONNECT_TIMEOUT_S,
                "options": f"-c statement_timeout={STATEMENT_TIMEOUT_MS} -c timezone=UTC",
            },
        )

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        """A connection in a transaction: committed at the end, rolled back on any error."""
        async with self.engine.begin() as connection:
            yield connection

    async def close(self) -> None:
        await self.engine.dispose()


async def notify(connection: AsyncConnection, channel: str, payload: str = "") -> None:
    """Tell listeners of `channel` when the transaction commits."""
    await connection.execute(
        text("SELECT pg_notify(:channel, :payload)"), {"channel": channel, "payload": payload}
    )


async def serialise(connection: AsyncConnection, name: str) -> None:
    """Let one transaction at a time pass for this name; held until the transaction ends."""
    await connection.execute(
        text("SELECT pg_advisory_xact_lock(hashtext(:name))"), {"name": f"hujiao_{name}"}
    )


async def alone(connection: AsyncConnection, name: str) -> bool:
    """Whether nobody else does what has this name; nobody can until the transaction ends."""
    held = await connection.scalar(
        text("SELECT pg_try_advisory_xact_lock(hashtext(:name))"), {"name": f"hujiao_{name}"}
    )
    return bool(held)
