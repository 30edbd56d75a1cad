"""PostgreSQL's own tools, and one moment that all parts of a backup share."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from hujiao.app.backup.manifest import BackupError
from hujiao.events.ledger import LOCK
from hujiao.kit.db import CONNECT_TIMEOUT_S
from hujiao.kit.listen import libpq_url
from hujiao.kit.postgres import wheel_binaries

COMPRESSION = "gzip:3"
"""A third of the time of the default for a tenth more space; the wheel has no other methods."""
ROWS_AT_ONCE = 2_000


@dataclass(frozen=True, slots=True)
class KnownFile:
    """A merged recording as the database has it; `file` is relative to the recordings folder."""

    file: str
    size: int
    sha256: str


@dataclass(slots=True)
class Snapshot:
    """The database at one moment, as long as it is held."""

    id: str
    schema: str
    connection: psycopg.Connection

    def recordings(self) -> Iterator[KnownFile]:
        """All that are merged, by file."""
        query = (
            "SELECT file, size, sha256 FROM recording WHERE state = 'ready' AND file IS NOT NULL"
            " ORDER BY file"
        )
        with self.connection.cursor(name="recordings") as cursor:
            cursor.itersize = ROWS_AT_ONCE
            for file, size, sha256 in cursor.execute(query):
                yield KnownFile(file, int(size or 0), sha256 or "")


@contextmanager
def connected(url: str) -> Iterator[psycopg.Connection]:
    """Raises BackupError when the database does not answer."""
    try:
        connection = psycopg.connect(libpq_url(url), connect_timeout=CONNECT_TIMEOUT_S)
    except psycopg.OperationalError as error:
        raise BackupError(f"The database does not answer: {error}") from error
    with connection:
        yield connection


@contextmanager
def snapshot(url: str) -> Iterator[tuple[Snapshot, psycopg.Connection]]:
    """A snapshot, and the connection that keeps facts from being delivered until it commits.

    So what is copied of the write-ahead before that commit goes on exactly where the snapshot ends:
    no fact is in neither, and what lives belongs to the facts that are told of it.
    """
    with connected(url) as holder, connected(url) as keeper:
        holder.execute(LOCK)
        keeper.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        keeper.read_only = True
        row = keeper.execute(
            "SELECT pg_export_snapshot(), (SELECT version_num FROM alembic_version)"
        ).fetchone()
        assert row is not None
        yield Snapshot(str(row[0]), str(row[1]), keeper), holder


def dump(url: str, taken: Snapshot, target: Path) -> None:
    """Write the whole database as of the snapshot. Raises BackupError."""
    options = ["--format=custom", f"--compress={COMPRESSION}", "--no-owner", "--no-privileges"]
    _run("pg_dump", url, *options, f"--snapshot={taken.id}", f"--file={target}")


def load(url: str, source: Path) -> None:
    """Read a dump into an empty database, all or nothing. Raises BackupError."""
    options = ["--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges"]
    _run("pg_restore", url, *options, str(source))
    with connected(url) as connection:
        connection.autocommit = True
        connection.execute("ANALYZE")


def tables(url: str) -> int:
    """How many tables of ours the database has."""
    with connected(url) as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
        ).fetchone()
    return int(row[0]) if row else 0


def _run(program: str, url: str, *options: str) -> None:
    """The password goes by the environment: a command line can be read by everybody."""
    parts = conninfo_to_dict(libpq_url(url))
    password = parts.pop("password", None)
    environment = {**os.environ, "PGCONNECT_TIMEOUT": str(CONNECT_TIMEOUT_S)}
    if password is not None:
        environment["PGPASSWORD"] = str(password)
    argv = [str(wheel_binaries() / program), f"--dbname={make_conninfo('', **parts)}", *options]
    done = subprocess.run(
        argv, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    if done.returncode:
        said = done.stderr.strip()[-600:] or f"it ended with {done.returncode}"
        raise BackupError(f"{program} failed: {said}")
