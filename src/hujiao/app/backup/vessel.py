"""Where a backup lies: a folder, or one tar file. It gets its name when it is whole."""

import fcntl
import hashlib
import io
import os
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Protocol

from hujiao.app.backup.manifest import MANIFEST, BackupError, Item, Manifest, read, written

CHUNK = 1 << 20
PARTIAL = ".partial"
TAR = ".tar"


class HashingReader(io.RawIOBase):
    """Reads at most `size` bytes, and hashes what was read. A file may grow meanwhile."""

    def __init__(self, file: IO[bytes], size: int) -> None:
        self._file = file
        self._left = size
        self._hash = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        wanted = self._left if size < 0 else min(size, self._left)
        chunk = self._file.read(wanted)
        self._left -= len(chunk)
        self._hash.update(chunk)
        return chunk

    @property
    def sha256(self) -> str:
        """Of all that was read so far."""
        return self._hash.hexdigest()


class Writer(Protocol):
    """A backup that is being made."""

    def add(self, name: str, source: Path) -> Item:
        """Copy a file as long as it is now. Raises FileNotFoundError, OSError."""

    def finish(self, manifest: Manifest) -> None:
        """Write the manifest and give the backup its name."""

    def discard(self) -> None:
        """Leave nothing of it."""


class FolderWriter:
    """A folder; files that the backup `former` has already are linked and take no space."""

    def __init__(self, final: Path, former: Path | None) -> None:
        self._final = final
        self._former = former
        self._partial = final.with_name(f".{final.name}{PARTIAL}")
        self._partial.mkdir(mode=0o700)
        self._lock = os.open(self._partial, os.O_RDONLY)
        fcntl.flock(self._lock, fcntl.LOCK_EX)

    def add(self, name: str, source: Path) -> Item:
        target = self._partial / name
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with source.open("rb") as file:
            status = os.fstat(file.fileno())
            reader = HashingReader(file, status.st_size)
            with target.open("xb") as out:
                os.fchmod(out.fileno(), 0o600)
                shutil.copyfileobj(reader, out, CHUNK)
                if out.tell() != status.st_size:
                    raise BackupError(f"{source} became shorter while it was read")
        return Item(name, status.st_size, reader.sha256, status.st_mode & 0o777)

    def link(self, name: str, size: int, sha256: str, mode: int) -> Item | None:
        """The file of the former backup, when it has one of this size."""
        old = self._former / name if self._former is not None else None
        if old is None or not old.is_file() or old.stat().st_size != size:
            return None
        target = self._partial / name
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            os.link(old, target)
        except OSError:
            return None
        return Item(name, size, sha256, mode)

    def finish(self, manifest: Manifest) -> None:
        path = self._partial / MANIFEST
        path.touch(0o600)
        path.write_bytes(written(manifest))
        os.sync()
        self._partial.rename(self._final)
        os.close(self._lock)

    def discard(self) -> None:
        shutil.rmtree(self._partial, ignore_errors=True)
        os.close(self._lock)


class TarWriter:
    """One tar file, not compressed: what is big in it is compressed already."""

    def __init__(self, final: Path) -> None:
        self._final = final
        self._partial = final.with_name(f".{final.name}{PARTIAL}")
        handle = os.open(self._partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        self._file = os.fdopen(handle, "wb")
        self._tar = tarfile.open(fileobj=self._file, mode="w", format=tarfile.PAX_FORMAT)  # noqa: SIM115

    def add(self, name: str, source: Path) -> Item:
        with source.open("rb") as file:
            status = os.fstat(file.fileno())
            reader = HashingReader(file, status.st_size)
            self._put(name, status.st_size, reader)
        return Item(name, status.st_size, reader.sha256, status.st_mode & 0o777)

    def _put(self, name: str, size: int, content: IO[bytes] | io.RawIOBase) -> None:
        info = tarfile.TarInfo(name)
        info.size, info.mode = size, 0o600
        self._tar.addfile(info, content)

    def finish(self, manifest: Manifest) -> None:
        content = written(manifest)
        self._put(MANIFEST, len(content), io.BytesIO(content))
        self._tar.close()
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._partial.rename(self._final)

    def discard(self) -> None:
        self._file.close()
        self._partial.unlink(missing_ok=True)


@contextmanager
def workshop(folder: Path) -> Iterator[Path]:
    """A folder below `folder` for what is not finished, gone afterwards."""
    path = Path(tempfile.mkdtemp(prefix=".hujiao-", suffix=PARTIAL, dir=folder))
    lock = os.open(path, os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
        os.close(lock)


def sweep(folder: Path) -> None:
    """Remove what killed backups left in `folder`; one that is being made is locked."""
    for path in folder.glob(f".*{PARTIAL}"):
        if not path.is_dir():
            continue
        handle = os.open(path, os.O_RDONLY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(path)
        except BlockingIOError:
            pass
        finally:
            os.close(handle)


class Reader(Protocol):
    """A backup that is there."""

    manifest: Manifest

    def open(self, name: str) -> IO[bytes]:
        """A file of it. Raises BackupError when it is not there."""


class FolderReader:
    """A backup in a folder. Raises BackupError when it has no whole manifest."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        with self.open(MANIFEST) as file:
            self.manifest = read(file.read())

    def open(self, name: str) -> IO[bytes]:
        try:
            return (self._folder / name).open("rb")
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
            raise BackupError(f"The backup is not whole: {name} is missing") from error


class TarReader:
    """A backup in a tar file. Raises BackupError when it has no whole manifest."""

    def __init__(self, tar: tarfile.TarFile) -> None:
        self._tar = tar
        with self.open(MANIFEST) as file:
            self.manifest = read(file.read())

    def open(self, name: str) -> IO[bytes]:
        try:
            found = self._tar.extractfile(name)
        except (KeyError, tarfile.TarError) as error:
            raise BackupError(f"The backup is not whole: {name} is missing") from error
        if found is None:
            raise BackupError(f"The backup is not whole: {name} is no file")
        return found


@contextmanager
def opened(path: Path) -> Iterator[Reader]:
    """The backup at `path`. Raises BackupError when there is none, or it is not whole."""
    if path.is_dir():
        yield FolderReader(path)
        return
    if not path.exists():
        raise BackupError(f"There is no backup at {path}")
    try:
        tar = tarfile.open(path, "r:")  # noqa: SIM115
    except tarfile.TarError as error:
        raise BackupError(f"{path} is no backup, or not whole") from error
    with tar:
        yield TarReader(tar)


def check(reader: Reader, item: Item) -> None:
    """Raises BackupError unless the file is what the manifest says."""
    with reader.open(item.name) as file:
        hashing = HashingReader(file, item.size + 1)
        size = 0
        try:
            while chunk := hashing.read(CHUNK):
                size += len(chunk)
        except (OSError, tarfile.TarError) as error:
            raise BackupError(f"The backup cannot be read: {item.name} ({error})") from error
    if size != item.size or hashing.sha256 != item.sha256:
        raise BackupError(f"The backup is damaged: {item.name} is not what was written")
