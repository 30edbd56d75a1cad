"""Taking a backup while everything runs."""

import fcntl
import importlib.metadata
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from hujiao.app.backup import database
from hujiao.app.backup.database import Snapshot
from hujiao.app.backup.manifest import DATA, DUMP, MANIFEST, BackupError, Item, Manifest
from hujiao.app.backup.vessel import TAR, FolderWriter, TarWriter, Writer, sweep, workshop
from hujiao.app.places import database_url
from hujiao.app.settings import Settings

PREFIX = "hujiao-"
LINKS = ".backup-"
"""Folder in the recordings: what is merged while we copy goes on living there."""
LOCK = "backup.lock"
PLAIN = ("secrets.json", "asterisk.lock.json")
FOLDERS = ("sounds", "tls", "messages")
RAW = ".alaw"
"""Sound as the switch writes it."""
WRITE_AHEADS = "ledger"
NEVER_KEPT = frozenset({"HUJIAO_ADMIN_PASSWORD"})

Progress = Callable[[str, float], None]
"""Called with a stage and its fraction, 0.0 to 1.0."""


@dataclass(slots=True)
class Backup:
    """What was made. `linked` files take no space, `missing` ones vanished meanwhile.

    `damaged` recordings are not what was once merged.
    """

    path: Path
    items: list[Item] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    damaged: list[str] = field(default_factory=list)
    linked: int = 0
    removed: list[Path] = field(default_factory=list)

    @property
    def size(self) -> int:
        """Bytes of all files, linked ones too."""
        return sum(item.size for item in self.items)


def backup(settings: Settings, target: Path, keep: int | None, progress: Progress) -> Backup:
    """Make a backup: a new folder in `target`, or the file `target` when it ends in .tar.

    Of the backups in `target` the newest `keep` stay. Raises BackupError; nothing of an unfinished
    one is left.
    """
    target = target.absolute()
    if target.is_relative_to(settings.data.resolve()):
        raise BackupError("A backup inside of the data folder dies with it: choose another place")
    try:
        with _alone(settings):
            return _Taking(settings, target, progress).take(keep)
    except (OSError, sqlite3.Error) as error:
        raise BackupError(f"The backup cannot be written: {error}") from error


@contextmanager
def _alone(settings: Settings) -> Iterator[None]:
    settings.run_dir.mkdir(parents=True, exist_ok=True)
    with (settings.run_dir / LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BackupError("Another backup of this installation is being made") from error
        yield


class _Taking:
    def __init__(self, settings: Settings, target: Path, progress: Progress) -> None:
        self._settings = settings
        self._target = target
        self._progress = progress
        self._into_file = target.suffix == TAR
        self._folder = target.parent if self._into_file else target

    def take(self, keep: int | None) -> Backup:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        sweep(self._folder)
        writer, made = self._writer()
        links = self._settings.recordings_dir / f"{LINKS}{os.getpid()}"
        with workshop(self._folder) as work, ExitStack() as unfinished:
            unfinished.callback(writer.discard)
            try:
                self._fill(writer, made, work, links)
                unfinished.pop_all()
            finally:
                shutil.rmtree(links, ignore_errors=True)
        if keep is not None and not self._into_file:
            made.removed = _rotate(self._folder, keep)
        return made

    def _writer(self) -> tuple[Writer, Backup]:
        if self._into_file:
            return TarWriter(self._target), Backup(self._target)
        former = backups_in(self._folder)
        name = f"{PREFIX}{datetime.now(UTC):%Y%m%d-%H%M%S}"
        path = self._folder / name
        if path.exists():
            raise BackupError(f"{path} is there already")
        return FolderWriter(path, former[-1] if former else None), Backup(path)

    def _fill(self, writer: Writer, made: Backup, work: Path, links: Path) -> None:
        url, raw = database_url(self._settings), dict[str, Path]()
        self._make_links(links)
        # Once before, for what is merged between the snapshot and the second look.
        raw.update(self._link_raw(links, self._settings.recordings_dir))
        with database.snapshot(url) as (taken, holder):
            self._copy_write_aheads(work)
            raw.update(self._link_raw(links, self._settings.recordings_dir))
            raw.update(self._link_raw(links, self._settings.message_spool))
            holder.commit()
            self._progress("The database", 0.0)
            database.dump(url, taken, work / DUMP)
            made.items.append(writer.add(DUMP, work / DUMP))
            (work / DUMP).unlink()
            self._progress("The database", 1.0)
            for path in sorted((work / WRITE_AHEADS).glob("*")):
                made.items.append(writer.add(f"{DATA}/{WRITE_AHEADS}/{path.name}", path))
            self._add_plain(writer, made)
            for name, path in sorted(raw.items()):
                self._add(writer, made, name, path)
            self._add_recordings(writer, made, taken)
            schema = taken.schema
        manifest = Manifest(
            made_at=datetime.now(UTC).isoformat(timespec="seconds"),
            program=importlib.metadata.version("hujiao"),
            schema=schema,
            items=made.items,
            missing=made.missing,
            settings=_environment(),
        )
        writer.finish(manifest)

    def _copy_write_aheads(self, work: Path) -> None:
        target = work / WRITE_AHEADS
        target.mkdir()
        for path in (self._settings.data / WRITE_AHEADS).glob("*.sqlite"):
            with (
                closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as source,
                closing(sqlite3.connect(target / path.name)) as copy,
            ):
                source.backup(copy)
                # The copy belongs to no process, least of all to one that goes on with the other.
                copy.execute("UPDATE lead SET pid = 0")
                copy.commit()

    def _make_links(self, links: Path) -> None:
        self._settings.recordings_dir.mkdir(parents=True, exist_ok=True)
        for old in self._settings.recordings_dir.glob(f"{LINKS}*"):
            shutil.rmtree(old)
        links.mkdir(mode=0o700)

    def _link_raw(self, links: Path, folder: Path) -> Iterator[tuple[str, Path]]:
        """Hold on to what grows or waits to be taken in: that removes only the other name.

        Yields names in the data folder with the files to be read.
        """
        held = links / folder.name
        held.mkdir(exist_ok=True)
        for entry in os.scandir(folder) if folder.is_dir() else ():
            if entry.is_file() and entry.name.endswith(RAW):
                path = Path(entry.path)
                with suppress(FileNotFoundError):  # taken in a moment ago
                    yield path.relative_to(self._settings.data).as_posix(), _linked(path, held)

    def _add_plain(self, writer: Writer, made: Backup) -> None:
        data, spool = self._settings.data, self._settings.message_spool
        names = [name for name in PLAIN if (data / name).is_file()]
        for folder in FOLDERS:
            found = [path for path in sorted((data / folder).rglob("*")) if path.is_file()]
            names += [
                path.relative_to(data).as_posix()
                for path in found
                if not path.is_relative_to(spool)
            ]
        for name in names:
            self._add(writer, made, name, data / name)

    def _add(self, writer: Writer, made: Backup, name: str, path: Path) -> Item | None:
        try:
            item = writer.add(f"{DATA}/{name}", path)
        except FileNotFoundError:
            made.missing.append(name)
            return None
        made.items.append(item)
        return item

    def _add_recordings(self, writer: Writer, made: Backup, taken: Snapshot) -> None:
        """The rows of the snapshot say which: merged files never change."""
        known = list(taken.recordings())
        total = sum(one.size for one in known) or 1
        done = 0
        self._progress("The recordings", 0.0)
        for one in known:
            name = f"recordings/{one.file}"
            path = self._settings.data / name
            linked = None
            if isinstance(writer, FolderWriter) and path.exists():
                linked = writer.link(f"{DATA}/{name}", one.size, one.sha256, 0o644)
            if linked is not None:
                made.items.append(linked)
                made.linked += 1
            else:
                copied = self._add(writer, made, name, path)
                if copied is not None and copied.sha256 != one.sha256:
                    made.damaged.append(name)
            done += one.size
            self._progress("The recordings", done / total)
        self._progress("The recordings", 1.0)


def _linked(path: Path, folder: Path) -> Path:
    """Another name of the same file; the file itself where the disk knows no second names."""
    link = folder / path.name
    try:
        os.link(path, link)
    except FileExistsError:  # held already
        return link
    except FileNotFoundError:
        raise
    except OSError:
        return path
    return link


def _environment() -> dict[str, str]:
    """The settings in force; secrets among them, as in the rest of the backup."""
    return {
        name: value
        for name, value in sorted(os.environ.items())
        if (name.startswith("HUJIAO_") or name == "DATABASE_URL") and name not in NEVER_KEPT
    }


def backups_in(folder: Path) -> list[Path]:
    """Whole backups in `folder`, oldest first."""
    return sorted(path.parent for path in folder.glob(f"{PREFIX}*/{MANIFEST}"))


def _rotate(folder: Path, keep: int) -> list[Path]:
    old = backups_in(folder)[:-keep]
    for path in old:
        # Its manifest goes first: half a backup is not taken for a whole one.
        (path / MANIFEST).unlink()
        shutil.rmtree(path)
    return old
