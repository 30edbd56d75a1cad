"""Starting programs that must not outlive us and must not run as root."""

from __future__ import annotations

import os
import pwd
import stat
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

EndSignal = Literal["TERM", "INT", "QUIT", "KILL"]
PREFERRED_ACCOUNTS = ("hujiao", "nobody")


@dataclass(frozen=True, slots=True)
class Account:
    """A system account; `extra_groups` beyond its own are never given."""

    name: str
    uid: int
    gid: int


def service_account(name: str = "") -> Account | None:
    """The account that servers run as when we are root, or None when we are not.

    `name` wins; else the account `hujiao` where the machine has one, else `nobody`.
    Raises KeyError when a named account does not exist.
    """
    if os.geteuid() != 0:
        return None
    if name:
        return _account(name)
    for candidate in PREFERRED_ACCOUNTS:
        try:
            return _account(candidate)
        except KeyError:
            continue
    raise KeyError(" or ".join(PREFERRED_ACCOUNTS))


def _account(name: str) -> Account:
    entry = pwd.getpwnam(name)
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def tethered(
    argv: Sequence[str], *, account: Account | None = None, end: EndSignal = "TERM"
) -> tuple[str, ...]:
    """The command line that runs `argv` as `account` and gets `end` when its parent dies.

    util-linux's setpriv does both; the parent-death signal is set after the change of account,
    which would clear it.
    """
    words = ["setpriv", "--pdeathsig", end]
    if account is not None:
        words += ["--reuid", str(account.uid), "--regid", str(account.gid), "--clear-groups"]
        words += ["--no-new-privs"]
    return (*words, "--", *argv)


def hand_over(paths: Iterable[Path], account: Account | None) -> None:
    """Makes `account` the owner of files and folders. No-op for None."""
    if account is None:
        return
    for path in paths:
        os.chown(path, account.uid, account.gid)


def let_read(paths: Iterable[Path], account: Account | None) -> None:
    """Lets the group of `account` read files that stay ours. No-op for None."""
    if account is None:
        return
    for path in paths:
        os.chown(path, -1, account.gid)


def unreachable_for(path: Path, account: Account | None) -> Path | None:
    """The first folder on the way to `path` that `account` may not enter, or None."""
    if account is None:
        return None
    for folder in [*reversed(path.parents), path]:
        if not folder.exists():
            return None
        mode = folder.stat()
        if mode.st_uid == account.uid:
            allowed = mode.st_mode & stat.S_IXUSR
        elif mode.st_gid == account.gid:
            allowed = mode.st_mode & stat.S_IXGRP
        else:
            allowed = mode.st_mode & stat.S_IXOTH
        if folder.is_dir() and not allowed:
            return folder
    return None
