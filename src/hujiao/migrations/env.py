"""Runs migrations on the connection that `run.migrate` hands over."""

from alembic import context
from sqlalchemy import Connection

connection: Connection | None = context.config.attributes.get("connection")
if connection is None:
    raise RuntimeError("run migrations by hujiao.migrations.migrate, not by the alembic command")
context.configure(connection=connection, target_metadata=None)
context.run_migrations()
