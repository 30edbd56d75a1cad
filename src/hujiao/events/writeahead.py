"""The local file that facts go to first, with what a restarted floor needs to go on."""

import os
import signal
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from hujiao.kit.ids import new_id
from hujiao.kit.log import logger

log = logger(__name__)

SAME_START_S = 0.1
LOCKED_S = 1.0
"""How long a writer may hold the file before its process is taken for paused."""

LiveRows = dict[tuple[str, str], bytes | None]
"""(kind, id) -> what a restarted floor needs to go on with it; None when it is over."""


@dataclass(slots=True)
class Unit:
    """What one turn of the event loop brought: written together or not at all."""

    facts: list[tuple[int, bytes]]
    """Facts as JSON, parted by commas, each under the number of its last."""
    live: LiveRows


_KEEP = "INSERT INTO live VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET body = excluded.body"


class NotLeadingError(Exception):
    """Another process with a higher epoch writes this file by now."""


class WriteAhead:
    """A SQLite file with the facts not yet known to be in PostgreSQL. Safe between threads.

    Of all processes that open it only the one with the highest epoch writes: a floor that was
    paused while another took over can add nothing to what that one has read.
    """

    def __init__(self, path: Path, epoch: int | None = None) -> None:
        """`epoch` None: one higher than the last. Raises NotLeadingError."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(
            path, timeout=LOCKED_S, check_same_thread=False, isolation_level=None
        )
        self._lock = threading.Lock()
        self._forgotten = 0
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.execute(
            "CREATE TABLE IF NOT EXISTS lead"
            " (id INTEGER PRIMARY KEY CHECK (id = 1),"
            " epoch INTEGER, boot TEXT, pid INTEGER, started REAL)"
        )
        self.alone = False
        """The process that led before is known to be gone."""
        self._epoch = self._take_lead(epoch)
        self._db.execute("CREATE TABLE IF NOT EXISTS fact (seq INTEGER PRIMARY KEY, body BLOB)")
        self._db.execute("CREATE TABLE IF NOT EXISTS counter (last_seq INTEGER NOT NULL)")
        self._db.execute("CREATE TABLE IF NOT EXISTS identity (id TEXT PRIMARY KEY)")
        self._db.execute(
            "CREATE TABLE IF NOT EXISTS live"
            " (kind TEXT, id TEXT, body BLOB, PRIMARY KEY (kind, id)) WITHOUT ROWID"
        )

    def _take_lead(self, epoch: int | None) -> int:
        try:
            return self._write_lead(epoch)
        except sqlite3.OperationalError:
            # Paused in the middle of writing, it would hold the file for as long as it sleeps.
            self._end_last_writer()
            return self._write_lead(epoch)

    def _write_lead(self, epoch: int | None) -> int:
        with self._db:  # committed at its end, rolled back on any error
            self._db.execute("BEGIN IMMEDIATE")
            row = self._db.execute("SELECT epoch, boot, pid, started FROM lead").fetchone()
            last = int(row[0]) if row else 0
            self.alone = row is not None and _process(*row[1:]) is None and row[1] == _boot()
            mine = last + 1 if epoch is None else epoch
            if mine < last:
                raise NotLeadingError(f"epoch {last} leads")
            me = psutil.Process()
            self._db.execute(
                "INSERT OR REPLACE INTO lead VALUES (1, ?, ?, ?, ?)",
                (mine, _boot(), me.pid, me.create_time()),
            )
        return mine

    def _end_last_writer(self) -> None:
        row = self._db.execute("SELECT boot, pid, started FROM lead").fetchone()
        holder = _process(*row) if row is not None else None
        if holder is None or holder.pid == os.getpid():
            return
        log.error("a paused floor holds the write-ahead and is ended", pid=holder.pid)
        with suppress(psutil.NoSuchProcess, psutil.TimeoutExpired):
            holder.send_signal(signal.SIGKILL)
            holder.wait(LOCKED_S)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """A transaction of the leader, all or nothing. Raises NotLeadingError."""
        with self._lock, self._db:
            self._db.execute("BEGIN IMMEDIATE")
            (epoch,) = self._db.execute("SELECT epoch FROM lead").fetchone()
            if epoch != self._epoch:
                raise NotLeadingError(f"epoch {epoch} leads, ours is {self._epoch}")
            yield

    def identity(self) -> str:
        """Told once for each file ever made: the numbers of two files are never mixed up."""
        with self._lock:
            self._db.execute(
                "INSERT INTO identity SELECT ? WHERE NOT EXISTS (SELECT 1 FROM identity)",
                (new_id(),),
            )
            row = self._db.execute("SELECT id FROM identity").fetchone()
        return str(row[0])

    def last_seq(self) -> int:
        """The highest number ever given here; 0 for a new file."""
        with self._lock:
            row = self._db.execute(
                "SELECT max((SELECT coalesce(max(seq), 0) FROM fact),"
                " (SELECT coalesce(max(last_seq), 0) FROM counter))"
            ).fetchone()
        return int(row[0])

    def write(self, facts: list[tuple[int, bytes]], live: LiveRows) -> None:
        """Facts and what lives after them, all or nothing.

        Facts given together make one row under the number of the last: a row each would cost
        more than all else that is done with them here.
        """
        rows = [(facts[-1][0], b",".join(body for _, body in facts))] if facts else []
        gone = [key for key, body in live.items() if body is None]
        kept = [(*key, body) for key, body in live.items() if body is not None]
        with self._writing():
            self._db.executemany("INSERT INTO fact VALUES (?, ?)", rows)
            self._db.executemany(_KEEP, kept)
            self._db.executemany("DELETE FROM live WHERE kind = ? AND id = ?", gone)

    def living(self, kind: str) -> list[bytes]:
        """All that was kept of this kind and not let go."""
        with self._lock:
            query = "SELECT body FROM live WHERE kind = ? ORDER BY id"
            return [row[0] for row in self._db.execute(query, (kind,)).fetchall()]

    def next(self, after: int, limit: int) -> list[tuple[int, bytes]]:
        """Forget what PostgreSQL has, which is all up to `after`, and read what follows."""
        if after > self._forgotten:
            self.forget(after)
            self._forgotten = after
        return self.read(after, limit)

    def read(self, after: int, limit: int) -> list[tuple[int, bytes]]:
        """Rows of facts, parted by commas, each under the number of its last."""
        with self._lock:
            return self._db.execute(
                "SELECT seq, body FROM fact WHERE seq > ? ORDER BY seq LIMIT ?", (after, limit)
            ).fetchall()

    def forget(self, up_to: int) -> None:
        """Remove what PostgreSQL has, remembering the number."""
        with self._writing():
            self._db.execute("DELETE FROM counter")
            self._db.execute("INSERT INTO counter VALUES (?)", (up_to,))
            self._db.execute("DELETE FROM fact WHERE seq <= ?", (up_to,))

    def close(self) -> None:
        with self._lock:
            self._db.close()


def _boot() -> str:
    """Tells this run of this machine from every other."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def _process(boot: str, pid: int, started: float) -> psutil.Process | None:
    """The very process that was noted, if it lives; a number is given to others later."""
    try:
        process = psutil.Process(pid)
        same = abs(process.create_time() - started) < SAME_START_S
        gone = process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return None
    return process if same and not gone and boot == _boot() else None
