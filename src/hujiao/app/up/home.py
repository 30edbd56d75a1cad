"""The data folder: made, kept to ourselves, and put where the servers' account can reach it."""

from __future__ import annotations

import fcntl
import hashlib
import os
from pathlib import Path

from hujiao.app.settings import Settings
from hujiao.app.up.problems import refuse
from hujiao.kit.processes import Account, unreachable_for

SYSTEM_HOME = Path("/var/lib/hujiao")
UP_LOCK = "up.lock"
UNFINISHED_RESTORE = ".restoring"
"""Stands in a data folder as long as a backup is being put back into it."""


def make_home(settings: Settings, account: Account | None) -> None:
    """Makes the data folder. Raises CannotStartError when it cannot be used.

    Started by root, the database and Asterisk run as `account`. Below a folder which that account
    may not enter (`/root`, as a rule) the data folder becomes a link into /var/lib/hujiao.
    """
    data = settings.data
    if (data / UNFINISHED_RESTORE).exists():
        raise refuse(
            "data",
            f"{data} is half a restored backup: `hujiao restore` was ended in the middle.",
            "Run the same `hujiao restore` again; it begins anew by itself.",
        )
    closed = unreachable_for(data.resolve(), account)
    if closed is not None:
        if data.exists() and any(data.iterdir()):
            name = account.name if account else ""
            raise refuse(
                "data",
                f"The database and Asterisk run as {name}, who may not enter {closed}.",
                "Move the data folder to /var/lib or /srv, or set HUJIAO_RUN_AS to its owner.",
            )
        _link_home(data)
    try:
        data.mkdir(parents=True, exist_ok=True)
        (data / ".write-test").touch()
        (data / ".write-test").unlink()
    except OSError as failure:
        raise refuse(
            "data",
            f"{data} cannot be written to: {failure.strerror}.",
            "Set HUJIAO_DATA to a folder that belongs to this account.",
        ) from failure
    _close_to_others(settings, account)


def _link_home(data: Path) -> None:
    digest = hashlib.sha256(os.fsencode(data)).hexdigest()[:8]
    home = SYSTEM_HOME / f"{data.parent.name or 'root'}-{digest}"
    home.mkdir(parents=True, exist_ok=True)
    if data.is_dir() and not data.is_symlink():
        data.rmdir()
    data.parent.mkdir(parents=True, exist_ok=True)
    data.symlink_to(home)


def _close_to_others(settings: Settings, account: Account | None) -> None:
    """Recordings and secrets are nobody else's; the servers' account may pass through."""
    folders = [settings.data.resolve(), settings.run_dir, settings.logs_dir]
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
        if folder.stat().st_uid != os.geteuid():
            raise refuse(
                "data",
                f"{folder} belongs to another account.",
                "Start with the account that made it, or set HUJIAO_DATA to a new folder.",
            )
        if account is not None:
            os.chown(folder, -1, account.gid)
        folder.chmod(0o700 if account is None else 0o750)


class UpLock:
    """Held as long as `hujiao up` runs on a data folder; the kernel frees it with the process."""

    def __init__(self, settings: Settings) -> None:
        self._path = settings.run_dir / UP_LOCK
        self._descriptor: int | None = None

    def take(self) -> bool:
        """False when another `hujiao up` holds it."""
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        self._descriptor = descriptor
        return True

    def held_by_other(self) -> bool:
        """Whether an installation runs here, without taking the lock."""
        if not self._path.exists() or not self.take():
            return self._path.exists()
        self.give_back()
        return False

    def give_back(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
