"""Putting a backup back, into an empty data folder only, all or nothing."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from alembic.script import ScriptDirectory

from hujiao.app.backup import database
from hujiao.app.backup.make import Progress
from hujiao.app.backup.manifest import DATA, DUMP, BackupError, Item, Manifest
from hujiao.app.backup.vessel import CHUNK, Reader, check, opened
from hujiao.app.places import cluster, database_url
from hujiao.app.settings import Settings
from hujiao.app.up.home import UNFINISHED_RESTORE, UpLock, make_home
from hujiao.app.up.problems import CannotStartError
from hujiao.kit.disk import free_bytes
from hujiao.kit.postgres import PostgresError
from hujiao.kit.processes import Account, hand_over, service_account, tethered
from hujiao.migrations.run import alembic_config

SETTINGS = "settings-of-backup.env"
DATABASE_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 120.0
GROWTH = 6
"""A database takes at most so many times the space of its dump."""


def restore(settings: Settings, path: Path, progress: Progress) -> Manifest:
    """Put the backup at `path` into the empty data folder of `settings`.

    Raises BackupError; then nothing has been left in the data folder.
    """
    try:
        with opened(path) as reader:
            manifest = reader.manifest
            _check_schema(manifest)
            _check_target(settings, manifest)
            _check_files(reader, progress)
            account = service_account(settings.run_as)
            with _home(settings, account) as home:
                _put_files(reader, home, progress)
                _put_database(reader, home, progress)
            return manifest
    except (OSError, PostgresError, CannotStartError) as error:
        raise BackupError(f"The backup cannot be put back: {error}") from error


def _check_schema(manifest: Manifest) -> None:
    known = {one.revision for one in ScriptDirectory.from_config(alembic_config()).walk_revisions()}
    if manifest.schema not in known:
        raise BackupError(
            f"The database of the backup has schema {manifest.schema}, which this program does not"
            f" know: restore it with Hujiao {manifest.program} or newer"
        )


def _check_target(settings: Settings, manifest: Manifest) -> None:
    data = settings.data
    if data.is_dir() and not (data / UNFINISHED_RESTORE).exists() and any(data.iterdir()):
        raise BackupError(f"{data} is not empty: set HUJIAO_DATA to a new folder, or empty it")
    if not settings.embedded_postgres and database.tables(database_url(settings)):
        raise BackupError("The database of DATABASE_URL is not empty: give an empty one")
    dump = sum(item.size for item in manifest.items if item.name == DUMP)
    needed = manifest.size + GROWTH * dump
    free = free_bytes(data)
    if needed > free:
        raise BackupError(
            f"{needed / 1e9:.1f} GB are needed for {data}, {free / 1e9:.1f} GB are free"
        )


def _check_files(reader: Reader, progress: Progress) -> None:
    total, done = reader.manifest.size or 1, 0
    if DUMP not in {item.name for item in reader.manifest.items}:
        raise BackupError("The backup is not whole: it has no database")
    for item in reader.manifest.items:
        check(reader, item)
        done += item.size
        progress("Checking the backup", done / total)


@contextmanager
def _home(settings: Settings, account: Account | None) -> Iterator[Settings]:
    """The data folder, locked and marked; emptied again when anything goes wrong."""
    if (settings.data / UNFINISHED_RESTORE).exists():
        if settings.run_dir.is_dir() and UpLock(settings).held_by_other():
            raise BackupError(f"Another restore into {settings.data} is under way")
        _empty(settings.data)
    make_home(settings, account)
    # The data folder may have become a link.
    settings = settings.model_copy(update={"data": settings.data.resolve()})
    lock = UpLock(settings)
    if not lock.take():
        raise BackupError(f"Hujiao runs on {settings.data}")
    marker = settings.data / UNFINISHED_RESTORE
    with ExitStack() as unfinished:
        unfinished.callback(lock.give_back)
        unfinished.callback(_empty, settings.data)
        marker.touch()
        yield settings
        os.sync()
        marker.unlink()
        unfinished.pop_all()
    lock.give_back()


def _empty(folder: Path) -> None:
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif path.name != UNFINISHED_RESTORE:
            path.unlink()
    (folder / UNFINISHED_RESTORE).unlink(missing_ok=True)


def _put_files(reader: Reader, settings: Settings, progress: Progress) -> None:
    inside = f"{DATA}/"
    items = [item for item in reader.manifest.items if item.name.startswith(inside)]
    total, done = sum(item.size for item in items) or 1, 0
    for item in items:
        _put(reader, item, settings.data / item.name.removeprefix(inside))
        done += item.size
        progress("Putting back files", done / total)
    lines = [f"{name}={value}\n" for name, value in reader.manifest.settings.items()]
    kept = settings.data / SETTINGS
    kept.touch(0o600)
    kept.write_text("".join(lines))


def _put(reader: Reader, item: Item, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with reader.open(item.name) as source, target.open("xb") as out:
        os.fchmod(out.fileno(), item.mode)
        shutil.copyfileobj(source, out, CHUNK)


def _put_database(reader: Reader, settings: Settings, progress: Progress) -> None:
    progress("Putting back the database", 0.0)
    dump = settings.data / DUMP
    item = next(item for item in reader.manifest.items if item.name == DUMP)
    _put(reader, item, dump)
    if settings.embedded_postgres:
        with _running_database(settings):
            database.load(database_url(settings), dump)
    else:
        database.load(database_url(settings), dump)
    dump.unlink()
    progress("Putting back the database", 1.0)


@contextmanager
def _running_database(settings: Settings) -> Iterator[None]:
    """The embedded database, made anew and reachable by its socket only."""
    server = replace(cluster(settings), options={"listen_addresses": ""})
    server.sockets.mkdir(parents=True, exist_ok=True)
    hand_over([server.sockets], server.account)
    server.initialise()
    with (settings.logs_dir / "restore.log").open("wb") as output:
        process = subprocess.Popen(
            tethered(server.argv, account=server.account, end="INT"),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=settings.data,
        )
    try:
        server.wait_ready(DATABASE_TIMEOUT_S)
        server.ensure_database()
        yield
    finally:
        process.send_signal(2)
        try:
            process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
