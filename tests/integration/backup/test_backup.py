"""A backup taken while everything runs comes back whole, or nothing of it does."""

import asyncio
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg
import pytest

from hujiao.app.backup import database as tools
from hujiao.app.backup import make
from hujiao.app.backup.make import Backup, backup, backups_in
from hujiao.app.backup.manifest import DUMP, MANIFEST, BackupError, read, written
from hujiao.app.backup.restore import restore
from hujiao.app.settings import Settings
from hujiao.app.up.home import UNFINISHED_RESTORE, UpLock, make_home
from hujiao.app.up.problems import CannotStartError
from hujiao.events.calls import MenuDigit
from hujiao.events.fact import Subject
from hujiao.events.ledger import Ledger
from hujiao.kit.db import Database
from hujiao.kit.ids import new_id
from hujiao.kit.processes import service_account
from tests.harness.database import RunningCluster

pytestmark = pytest.mark.integration

SOUND = os.urandom(200_000)
RECORDING = "2026/01/02/c1.ogg"
ADD = """
INSERT INTO recording (id, call_id, node, raw_path, state, started_at, file, size, sha256)
VALUES (%s, 'c1', 'n1', 'c1', 'ready', now(), %s, %s, %s)
"""


def quiet(_stage: str, _fraction: float) -> None:
    return None


@dataclass(slots=True)
class Place:
    """An installation with a database of its own; a new one has nothing in either."""

    settings: Settings

    @property
    def data(self) -> Path:
        return self.settings.data

    def query(self, sql: str, *values: object) -> list[tuple[object, ...]]:
        with psycopg.connect(self.settings.given_database_url, autocommit=True) as connection:
            cursor = connection.execute(sql, values)
            return list(cursor.fetchall()) if cursor.description else []

    def backup(self, target: Path, keep: int | None = None) -> Backup:
        return backup(self.settings, target, keep, quiet)

    def restore(self, source: Path) -> None:
        restore(self.settings, source, quiet)

    def is_untouched(self) -> bool:
        files = list(self.data.iterdir()) if self.data.exists() else []
        return not files and tools.tables(self.settings.given_database_url) == 0

    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "HUJIAO_DATA": str(self.data),
            "DATABASE_URL": self.settings.given_database_url,
        }


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Below it everybody may pass, as the servers' account must."""
    for folder in (tmp_path, *tmp_path.parents):
        with suppress(PermissionError):
            folder.chmod(folder.stat().st_mode | 0o055)
    return tmp_path


@pytest.fixture
def place(postgres_url: str, home: Path) -> Place:
    """A running installation: people's secrets, a sound, a merged and a growing recording."""
    made = Place(Settings(data=home / "data", given_database_url=postgres_url))
    files = {
        "secrets.json": b"{}",
        "sounds/zh/greeting.wav": b"hello",
        f"recordings/{RECORDING}": SOUND,
        "recordings/c2-rx.alaw": b"growing",
        "messages/m1.ogg": b"call me",
        "messages/spool/m2.alaw": b"call me, too",
    }
    for name, content in files.items():
        path = made.data / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    made.query(ADD, "c1", RECORDING, len(SOUND), _sha256(SOUND))
    return made


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def other(postgres: RunningCluster, home: Path) -> Iterator[Place]:
    """Where a backup may be put."""
    name = f"empty_{new_id()}"
    postgres.cluster.ensure_database(name)
    url = postgres.cluster.url(name)
    yield Place(Settings(data=home / "other", given_database_url=url))
    postgres.drop(url)


@pytest.mark.parametrize("target", ["backups", "one.tar"])
def test_everything_comes_back(place: Place, other: Place, home: Path, target: str) -> None:
    made = place.backup(home / target)
    assert made.path.stat().st_mode & 0o077 == 0, "secrets are inside"
    other.restore(made.path)
    for name in ("secrets.json", "sounds/zh/greeting.wav", f"recordings/{RECORDING}"):
        assert (other.data / name).read_bytes() == (place.data / name).read_bytes()
    assert (other.data / "recordings" / "c2-rx.alaw").read_bytes() == b"growing"
    assert (other.data / "messages" / "m1.ogg").read_bytes() == b"call me"
    assert (other.data / "messages" / "spool" / "m2.alaw").read_bytes() == b"call me, too"
    assert other.query("SELECT file FROM recording") == [(RECORDING,)]
    assert not (other.data / UNFINISHED_RESTORE).exists()
    other.query("SELECT make_fact_partitions(2)")


def test_recordings_of_the_backup_before_take_no_space_again(place: Place, home: Path) -> None:
    first = place.backup(home / "backups").path
    former = first.with_name("hujiao-20260101-000000")
    first.rename(former)
    second = place.backup(home / "backups")
    assert second.linked == 1
    name = f"data/recordings/{RECORDING}"
    assert (second.path / name).samefile(former / name)


def test_only_the_newest_are_kept(place: Place, other: Place, home: Path) -> None:
    folder = home / "backups"
    first = place.backup(folder).path
    for day in (1, 2, 3):
        copy = folder / f"hujiao-2026010{day}-000000"
        subprocess.run(["cp", "-al", str(first), str(copy)], check=True)
    first.rename(folder / "hujiao-20260104-000000")
    newest = place.backup(folder, keep=2)
    assert backups_in(folder) == [folder / "hujiao-20260104-000000", newest.path]
    assert [path.name[-15:-7] for path in newest.removed] == ["20260101", "20260102", "20260103"]
    other.restore(newest.path)


def test_what_is_merged_meanwhile_is_in_the_backup_as_it_was(
    place: Place, other: Place, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = place.data / "recordings" / "c2-rx.alaw"
    dump = tools.dump

    def dump_while_merging(*words: object) -> None:
        raw.unlink()
        dump(*words)  # type: ignore[arg-type]

    monkeypatch.setattr(make.database, "dump", dump_while_merging)
    other.restore(place.backup(home / "backups").path)
    assert (other.data / "recordings" / "c2-rx.alaw").read_bytes() == b"growing"
    assert list((place.data / "recordings").glob(f"{make.LINKS}*")) == []


def test_what_is_merged_just_after_the_snapshot_is_in_the_backup_as_it_was(
    place: Place, other: Place, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshot = tools.snapshot

    @contextmanager
    def merged_then(url: str) -> Iterator[object]:
        with snapshot(url) as taken:
            (place.data / "recordings" / "c2-rx.alaw").unlink()
            yield taken

    monkeypatch.setattr(make.database, "snapshot", merged_then)
    other.restore(place.backup(home / "backups").path)
    assert (other.data / "recordings" / "c2-rx.alaw").read_bytes() == b"growing"


def test_files_that_vanished_and_files_that_changed_are_told(place: Place, home: Path) -> None:
    place.query(ADD, "c3", "2026/01/02/c3.ogg", 5, "")
    (place.data / "recordings" / RECORDING).write_bytes(b"x" * len(SOUND))
    made = place.backup(home / "backups")
    assert made.missing == ["recordings/2026/01/02/c3.ogg"]
    assert made.damaged == [f"recordings/{RECORDING}"]
    assert read((made.path / MANIFEST).read_bytes()).missing == made.missing


async def test_no_fact_is_lost_between_the_database_and_the_write_ahead(
    place: Place, other: Place, home: Path
) -> None:
    """Facts are written and delivered all the time while the backup is made."""
    database = Database(place.settings.given_database_url, pool_size=2)
    path = Path("ledger") / "floor.sqlite"
    ledger = Ledger(database=database, path=place.data / path, source="floor")
    await ledger.start()
    taking = asyncio.create_task(asyncio.to_thread(place.backup, home / "backups"))
    written_facts = 0
    while not taking.done():
        written_facts += 1
        ledger.append(MenuDigit(str(written_facts)), Subject(call="c1"), at_ms=written_facts)
        ledger.commit()
        await asyncio.sleep(0.002)  # some hundred facts a second, as on a busy floor
    made = await taking
    await ledger.stop()
    await database.close()
    await asyncio.to_thread(other.restore, made.path)
    restored = Database(other.settings.given_database_url, pool_size=2)
    again = Ledger(database=restored, path=other.data / path, source="floor")
    await again.start()
    again.append(MenuDigit("last"), Subject(call="c1"), at_ms=written_facts + 1)
    await again.flush()
    await again.stop()
    await restored.close()
    told = other.query("SELECT seq, data ->> 'digit' FROM fact ORDER BY position")
    assert [seq for seq, _ in told] == list(range(1, len(told) + 1))
    assert [digit for _, digit in told[:-1]] == [str(seq) for seq, _ in told[:-1]]
    assert told[-1][1] == "last"


# --- bad backups -------------------------------------------------------------------------------


def cut_the_dump(path: Path) -> None:
    dump = path / DUMP
    dump.write_bytes(dump.read_bytes()[:-100])


def change_a_recording(path: Path) -> None:
    recording = path / "data" / "recordings" / RECORDING
    content = bytearray(recording.read_bytes())
    content[1000] ^= 1
    recording.write_bytes(content)


def lose_a_recording(path: Path) -> None:
    (path / "data" / "recordings" / RECORDING).unlink()


def lose_the_manifest(path: Path) -> None:
    (path / MANIFEST).unlink()


def cut_the_manifest(path: Path) -> None:
    manifest = path / MANIFEST
    manifest.write_bytes(manifest.read_bytes()[:-50])


def change_the_manifest(path: Path) -> None:
    manifest = path / MANIFEST
    manifest.write_bytes(manifest.read_bytes().replace(b'"missing":[]', b'"missing":["x"]'))


def make_it_newer(path: Path) -> None:
    manifest = path / MANIFEST
    manifest.write_bytes(written(replace(read(manifest.read_bytes()), format=99)))


def make_the_schema_newer(path: Path) -> None:
    manifest = path / MANIFEST
    manifest.write_bytes(written(replace(read(manifest.read_bytes()), schema="9999")))


def lead_out_of_it(path: Path) -> None:
    manifest = path / MANIFEST
    known = read(manifest.read_bytes())
    first = replace(known.items[0], name="data/../../etc/passwd")
    manifest.write_bytes(written(replace(known, items=[first, *known.items[1:]])))


def spoil_the_dump(path: Path) -> None:
    """Every hash is right, yet PostgreSQL does not understand the dump."""
    dump, manifest = path / DUMP, path / MANIFEST
    dump.write_bytes(b"PGDMP" + os.urandom(1000))
    known = read(manifest.read_bytes())
    items = [
        replace(one, size=1005, sha256=_sha256(dump.read_bytes())) if one.name == DUMP else one
        for one in known.items
    ]
    manifest.write_bytes(written(replace(known, items=items)))


@pytest.mark.parametrize(
    ("spoil", "word"),
    [
        (cut_the_dump, "damaged: database.dump"),
        (change_a_recording, "damaged: data/recordings"),
        (lose_a_recording, "not whole: data/recordings"),
        (lose_the_manifest, "not whole: manifest.json"),
        (cut_the_manifest, "it is not whole"),
        (change_the_manifest, "changed after it was made"),
        (make_it_newer, "A newer Hujiao"),
        (make_the_schema_newer, "schema 9999"),
        (lead_out_of_it, "outside of itself"),
        (spoil_the_dump, "pg_restore failed"),
    ],
)
def test_a_bad_backup_is_refused_and_leaves_nothing(
    place: Place, other: Place, home: Path, spoil: Callable[[Path], None], word: str
) -> None:
    path = place.backup(home / "backups").path
    spoil(path)
    with pytest.raises(BackupError, match=word):
        other.restore(path)
    assert other.is_untouched()


def test_a_truncated_tar_is_refused_and_leaves_nothing(
    place: Place, other: Place, home: Path
) -> None:
    path = place.backup(home / "one.tar").path
    whole = path.read_bytes()
    for size in (0, 100, len(whole) // 2, len(whole) - 12_000):
        path.write_bytes(whole[:size])
        with pytest.raises(BackupError):
            other.restore(path)
        assert other.is_untouched()


def test_a_place_that_holds_something_is_refused(place: Place, other: Place, home: Path) -> None:
    path = place.backup(home / "backups").path
    with pytest.raises(BackupError, match="is not empty"):
        place.restore(path)
    elsewhere = Place(place.settings.model_copy(update={"data": home / "third"}))
    with pytest.raises(BackupError, match="DATABASE_URL is not empty"):
        elsewhere.restore(path)
    assert not elsewhere.data.exists()


def test_a_restore_that_was_killed_is_not_started_and_begins_anew(
    place: Place, other: Place, home: Path
) -> None:
    path = place.backup(home / "backups").path
    (other.data / "recordings").mkdir(parents=True)
    for name in (UNFINISHED_RESTORE, "secrets.json", "recordings/half"):
        (other.data / name).write_bytes(b"half")
    with pytest.raises(CannotStartError, match="half a restored backup"):
        make_home(other.settings, service_account())
    other.restore(path)
    assert (other.data / "secrets.json").read_bytes() == b"{}"
    assert not (other.data / "recordings" / "half").exists()


def test_a_restore_that_is_under_way_is_left_alone_by_a_second(
    place: Place, other: Place, home: Path
) -> None:
    path = place.backup(home / "backups").path
    make_home(other.settings, service_account())
    first = UpLock(other.settings)
    assert first.take()
    (other.data / UNFINISHED_RESTORE).touch()
    (other.data / "secrets.json").write_bytes(b"half")
    with pytest.raises(BackupError, match="under way"):
        other.restore(path)
    assert (other.data / "secrets.json").read_bytes() == b"half"
    first.give_back()
    other.restore(path)
    assert (other.data / "secrets.json").read_bytes() == b"{}"


# --- no room, no database ----------------------------------------------------------------------

LITTLE_ROOM = 'ulimit -f 100; exec "$@"'
"""No file may get larger than 50 or 100 kB: to a program the same as a full disk."""


def in_little_room(place: Place, *words: str) -> subprocess.CompletedProcess[str]:
    argv = ["sh", "-c", LITTLE_ROOM, "sh", sys.executable, "-m", "hujiao.cli.main", *words]
    return subprocess.run(argv, env=place.environment(), capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("target", ["backups", "backups/one.tar"])
def test_a_full_disk_leaves_no_backup_that_looks_whole(
    place: Place, home: Path, target: str
) -> None:
    done = in_little_room(place, "backup", str(home / target))
    assert done.returncode == 1, done.stdout
    assert "No backup was made" in done.stderr
    assert list((home / "backups").iterdir()) == []
    assert list((place.data / "recordings").glob(f"{make.LINKS}*")) == []


def test_a_full_disk_leaves_nothing_of_a_restore(place: Place, other: Place, home: Path) -> None:
    path = place.backup(home / "backups").path
    done = in_little_room(other, "restore", str(path))
    assert done.returncode == 1, done.stdout
    assert "Nothing was restored" in done.stderr
    assert other.is_untouched()


def test_a_database_that_is_away_is_told(place: Place, home: Path) -> None:
    away = place.settings.model_copy(
        update={"given_database_url": "postgresql://nobody@127.0.0.1:1/none"}
    )
    with pytest.raises(BackupError, match="database does not answer"):
        backup(away, home / "backups", None, quiet)
    assert list((home / "backups").iterdir()) == []


def test_one_backup_at_a_time_and_never_inside_of_the_data(place: Place, home: Path) -> None:
    with make._alone(place.settings), pytest.raises(BackupError, match="Another backup"):
        place.backup(home / "backups")
    with pytest.raises(BackupError, match="inside of the data folder"):
        place.backup(place.data / "backups")


def test_what_a_killed_backup_left_is_swept_away(place: Place, home: Path) -> None:
    folder = home / "backups"
    (folder / ".hujiao-20260101-000000.partial").mkdir(parents=True)
    (place.data / "recordings" / f"{make.LINKS}1").mkdir()
    place.backup(folder)
    assert [path.name[:7] for path in folder.iterdir()] == ["hujiao-"]
    assert list((place.data / "recordings").glob(f"{make.LINKS}*")) == []


def test_the_settings_of_that_time_are_kept_without_the_first_password(
    place: Place, other: Place, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUJIAO_SIP_PORT", "5999")
    monkeypatch.setenv("HUJIAO_ADMIN_PASSWORD", "correct horse 9")
    path = place.backup(home / "backups").path
    assert "correct horse" not in json.dumps(read((path / MANIFEST).read_bytes()).settings)
    other.restore(path)
    kept = other.data / "settings-of-backup.env"
    assert "HUJIAO_SIP_PORT=5999\n" in kept.read_text()
    assert kept.stat().st_mode & 0o077 == 0
