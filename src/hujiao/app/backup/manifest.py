"""What is in a backup: its files with sizes and hashes, and which program made it."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

import orjson
from pydantic import TypeAdapter, ValidationError

FORMAT = 1
MANIFEST = "manifest.json"
DUMP = "database.dump"
DATA = "data"
"""Below it stand files with the names that they have in the data folder."""


class BackupError(RuntimeError):
    """A backup cannot be made, or not be used; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Item:
    """A file of the backup. `name` is relative and has `/` between its parts."""

    name: str
    size: int
    sha256: str
    mode: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """`schema` is the database's revision, `missing` are files that vanished meanwhile."""

    made_at: str
    program: str
    schema: str
    items: Sequence[Item]
    missing: Sequence[str] = ()
    settings: dict[str, str] = field(default_factory=dict)
    format: int = FORMAT

    @property
    def size(self) -> int:
        """Bytes of all files, those that are shared with an older backup too."""
        return sum(item.size for item in self.items)


_MANIFEST: TypeAdapter[Manifest] = TypeAdapter(Manifest)


def written(manifest: Manifest) -> bytes:
    """The manifest as a file, with a hash of itself."""
    body = orjson.dumps(manifest)
    return orjson.dumps({"sha256": hashlib.sha256(body).hexdigest()}) + b"\n" + body


def read(content: bytes) -> Manifest:
    """The manifest of a file. Raises BackupError when it is not whole, changed or too new."""
    head, _, body = content.partition(b"\n")
    try:
        said = orjson.loads(head)["sha256"]
        plain: dict[str, Any] = orjson.loads(body)
        made_as = int(plain["format"])
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError) as error:
        raise BackupError("The manifest of the backup cannot be read: it is not whole") from error
    if said != hashlib.sha256(body).hexdigest():
        raise BackupError("The manifest of the backup was changed after it was made")
    if made_as > FORMAT:
        raise BackupError(
            f"A newer Hujiao ({plain.get('program')}) made this backup: restore it with that one"
        )
    try:
        manifest = _MANIFEST.validate_python(plain)
    except ValidationError as error:
        raise BackupError("The manifest of the backup cannot be understood") from error
    for item in manifest.items:
        _check_name(item.name)
    return manifest


def _check_name(name: str) -> None:
    """A name that leads out of its folder was not written by us."""
    parts = PurePosixPath(name).parts
    if name.startswith("/") or ".." in parts or not parts or "\0" in name:
        raise BackupError(f"The backup names a file outside of itself: {name!r}")
