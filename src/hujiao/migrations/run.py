"""Bring a database to the newest schema."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, NullPool, create_engine, text

from hujiao.events.partitions import MAKE_AHEAD
from hujiao.kit.db import CONNECT_TIMEOUT_S, sqlalchemy_url

FOLDER = Path(__file__).parent


def alembic_config(connection: Connection | None = None) -> Config:
    """Alembic's configuration without an ini file; commands run on `connection`."""
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def migrate(url: str, revision: str = "head") -> None:
    """Apply what is missing and make the ledger's next partitions.

    Blocks; two processes may call it at once.

    Raises sqlalchemy.exc.OperationalError when the database cannot be reached.
    """
    engine = create_engine(
        sqlalchemy_url(url),
        poolclass=NullPool,
        connect_args={"connect_timeout": CONNECT_TIMEOUT_S},
    )
    with engine.connect() as connection, connection.begin():
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('hujiao_migrate'))"))
        command.upgrade(alembic_config(connection), revision)
        connection.execute(MAKE_AHEAD)
