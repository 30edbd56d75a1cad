"""The local file that facts go to first, with what a restarted floor needs to go on."""

import sqlite3
import threading
from dataclasses import dataclass
from pathlib import Path

from hujiao.kit.ids import new_id

LiveRows = dict[tuple[str, str], bytes | None]
"""(kind, id) -> what a restarted floor needs to go on with it; None when it is over."""


@dataclass(slots=True)
class Unit:
    """What one turn of the event loop brought: written together or not at all."""

    facts: list[tuple[int, bytes]]
    live: LiveRows


class WriteAhead:
    """A SQLite file with the facts not yet known to be in PostgreSQL. Safe between threads."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._lock = threading.Lock()
        self._forgotten = 0
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.execute("CREATE TABLE IF NOT EXISTS fact (seq INTEGER PRIMARY KEY, body BLOB)")
        self._db.execute("CREATE TABLE IF NOT EXISTS counter (last_seq INTEGER NOT NULL)")
        self._db.execute("CREATE TABLE IF NOT EXISTS identity (id TEXT PRIMARY KEY)")
        self._db.execute(
            "CREATE TABLE IF NOT EXISTS live"
            " (kind TEXT, id TEXT, body BLOB, PRIMARY KEY (kind, id)) WITHOUT ROWID"
        )

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
        with self._lock:
            self._db.execute("BEGIN")
            try:
                self._db.executemany("INSERT INTO fact VALUES (?, ?)", rows)
                self._db.executemany("INSERT OR REPLACE INTO live VALUES (?, ?, ?)", kept)
                self._db.executemany("DELETE FROM live WHERE kind = ? AND id = ?", gone)
            except sqlite3.Error:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

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
        with self._lock:
            self._db.execute("BEGIN")
            self._db.execute("DELETE FROM counter")
            self._db.execute("INSERT INTO counter VALUES (?)", (up_to,))
            self._db.execute("DELETE FROM fact WHERE seq <= ?", (up_to,))
            self._db.execute("COMMIT")

    def close(self) -> None:
        with self._lock:
            self._db.close()
