"""Fetches the private tree once: lists, closure, download, unpack, lock, rename."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import platform
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from hujiao.telephony.private.apt import SUITE, PrivateApt, machine_mirrors
from hujiao.telephony.private.refusals import PrivateTreeError
from hujiao.telephony.private.tree import LOCK_NAME, PrivateTree

PACKAGES = (
    "asterisk",
    "asterisk-modules",
    "asterisk-core-sounds-en",
    "asterisk-moh-opsound-wav",
    "baresip-core",
    "espeak-ng",
    "libsox-fmt-base",
    "sip-tester",
    "sox",
)
FREE_BYTES_NEEDED = 1_200_000_000
UNPACKERS = 2

Progress = Callable[[str, float], None]
"""Called with a stage (`lists`, `download`, `unpack`) and its fraction from 0.0 to 1.0."""


def _silent(stage: str, fraction: float) -> None:
    return None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Packages of a Debian suite, with what they need apart from those `left_out`."""

    packages: tuple[str, ...]
    suite: str
    left_out: frozenset[str] = frozenset()

    def folder(self, cache: Path, name: str) -> Path:
        """Where the tree of these packages lies or will lie."""
        key = " ".join([self.suite, platform.machine(), *sorted(self.packages)])
        return cache / f"{name}-{hashlib.sha256(key.encode()).hexdigest()[:12]}"


SWITCH = Wanted(PACKAGES, SUITE)


@dataclass(frozen=True, slots=True)
class LockedPackage:
    name: str
    version: str
    architecture: str
    sha256: str


def tree_folder(cache: Path) -> Path:
    """Where the switch's tree lies or will lie."""
    return SWITCH.folder(cache, "switch")


def ensure_tree(
    cache: Path, *, lock: Path | None = None, progress: Progress = _silent
) -> PrivateTree:
    """The tree, fetched if it is not there yet; no network is touched when it is.

    `lock` is an installation's record of what was fetched: its versions are asked for when it
    exists, and it is written when it does not. Several processes may call this at once.
    Raises PrivateTreeError.
    """
    tree = PrivateTree(tree_folder(cache))
    ensure_packages(SWITCH, tree.folder, pins=_pins(lock), progress=progress)
    if lock is not None and not lock.exists():
        lock.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(tree.lock, lock)
    return tree


def ensure_packages(
    wanted: Wanted,
    folder: Path,
    *,
    pins: dict[str, LockedPackage] | None = None,
    progress: Progress = _silent,
) -> None:
    """Puts the packages below `folder/root`, unless they are there. Raises PrivateTreeError."""
    lock = folder / LOCK_NAME
    if lock.exists():
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _alone(folder.with_name(f"{folder.name}.flock")):
        if not lock.exists():
            _fetch(wanted, folder, pins or {}, progress)


def _fetch(
    wanted: Wanted, folder: Path, pins: dict[str, LockedPackage], progress: Progress
) -> None:
    partial = folder.with_name(f"{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    if shutil.disk_usage(partial).free < FREE_BYTES_NEEDED:
        raise PrivateTreeError(
            f"Less than {FREE_BYTES_NEEDED // 1_000_000} MB are free below {folder.parent}.",
            advice="Free some space, or set HUJIAO_CACHE to a folder on a larger disk.",
        )
    progress("lists", 0.0)
    apt = _ready_apt(partial / "apt", wanted)
    names = _exact(apt, wanted, pins)
    progress("lists", 1.0)
    archives = apt.download(names, lambda fraction: progress("download", fraction))
    chosen = [deb for deb in archives if deb.name.partition("_")[0] not in wanted.left_out]
    locked = _unpack(chosen, partial / "root", progress)
    _compare(locked, pins)
    shutil.rmtree(partial / "apt")
    document = {"suite": wanted.suite, "packages": [asdict(row) for row in locked]}
    (partial / LOCK_NAME).write_text(json.dumps(document, indent=1) + "\n")
    shutil.rmtree(folder, ignore_errors=True)
    partial.rename(folder)


def _ready_apt(folder: Path, wanted: Wanted) -> PrivateApt:
    """The first mirror of the machine that carries the suite."""
    refusal: PrivateTreeError | None = None
    apt = PrivateApt(folder)
    for mirror in machine_mirrors():
        apt.prepare(mirror, suite=wanted.suite)
        try:
            apt.update()
            apt.closure(wanted.packages)
        except PrivateTreeError as failure:
            refusal = failure
        else:
            return apt
    raise refusal or PrivateTreeError(
        "The machine's package sources name no Debian mirror.",
        advice="Add one to /etc/apt/sources.list, or point HUJIAO_ASTERISK_NODES at an Asterisk.",
    )


def _exact(apt: PrivateApt, wanted: Wanted, pins: dict[str, LockedPackage]) -> list[str]:
    """The locked versions while the mirror still has them all, else the suite's current ones."""
    exact = [f"{row.name}={row.version}" for row in pins.values()]
    if exact:
        try:
            apt.closure(exact)
        except PrivateTreeError:
            return list(wanted.packages)
    return exact or list(wanted.packages)


def _unpack(archives: Sequence[Path], root: Path, progress: Progress) -> list[LockedPackage]:
    root.mkdir(parents=True)
    # Debian's merged /usr: every package expects these four to lead into it.
    for name in ("bin", "sbin", "lib", "lib64"):
        (root / "usr" / name).mkdir(parents=True, exist_ok=True)
        (root / name).symlink_to(f"usr/{name}")
    locked: list[LockedPackage] = []
    with ThreadPoolExecutor(UNPACKERS, thread_name_prefix="unpack") as workers:
        for done, row in enumerate(workers.map(lambda deb: _unpack_one(deb, root), archives), 1):
            locked.append(row)
            progress("unpack", done / len(archives))
    return sorted(locked, key=lambda row: row.name)


def _unpack_one(archive: Path, root: Path) -> LockedPackage:
    fields = subprocess.run(
        ["dpkg-deb", "--show", "--showformat=${Package}\t${Version}\t${Architecture}", archive],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout.split("\t")
    done = subprocess.run(
        ["dpkg-deb", "--extract", archive, root], capture_output=True, text=True, timeout=300
    )
    if done.returncode:
        raise PrivateTreeError(
            f"{archive.name} could not be unpacked: {done.stderr.strip()[:200]}",
            advice="Check the free disk space, then start again.",
        )
    with archive.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    return LockedPackage(fields[0], fields[1], fields[2], digest)


def _compare(locked: Sequence[LockedPackage], pins: dict[str, LockedPackage]) -> None:
    """The same version under another hash is not the package this installation was locked to."""
    for row in locked:
        pin = pins.get(row.name)
        if pin and pin.version == row.version and pin.sha256 != row.sha256:
            raise PrivateTreeError(
                f"{row.name} {row.version} has another content than the one locked before.",
                advice="Do not use this mirror before you know why.",
            )


def _pins(lock: Path | None) -> dict[str, LockedPackage]:
    if lock is None or not lock.exists():
        return {}
    rows = json.loads(lock.read_text())["packages"]
    return {row["name"]: LockedPackage(**row) for row in rows}


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """One process at a time; the others wait. The kernel frees the lock when a holder dies."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
