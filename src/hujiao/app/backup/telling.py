"""What `hujiao backup` and `hujiao restore` say on the terminal."""

import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from rich.console import Console

from hujiao.app.backup.make import backup
from hujiao.app.backup.manifest import BackupError
from hujiao.app.backup.restore import SETTINGS, restore
from hujiao.app.settings import Settings
from hujiao.app.up.telling import Teller

MOST_NAMES = 10


def tell_backup(target: Path, keep: int | None) -> int:
    """The exit code: 0 when the backup is whole."""
    teller = _teller()
    try:
        with teller.progress() as progress:
            made = backup(Settings(), target, keep, progress)
    except BackupError as failure:
        return _failed("No backup was made", failure)
    said = f"{made.path}: {len(made.items)} files, {made.size / 1e6:.1f} MB"
    if made.linked:
        said += f", {made.linked} of them shared with the backup before"
    teller.console.print(said, soft_wrap=True)
    _names(teller, "vanished while it was made", made.missing)
    _names(teller, "are not what was once recorded", made.damaged)
    for path in made.removed:
        teller.console.print(f"Removed the old backup {path.name}")
    return 0


def tell_restore(source: Path) -> int:
    """The exit code: 0 when everything is back."""
    teller = _teller()
    settings = Settings()
    try:
        with teller.progress() as progress:
            manifest = restore(settings, source.absolute(), progress)
    except BackupError as failure:
        return _failed("Nothing was restored", failure)
    teller.console.print(
        f"{settings.data} is as it was at {manifest.made_at}. Start it with: hujiao up",
        soft_wrap=True,
    )
    if manifest.settings:
        where = settings.data / SETTINGS
        teller.console.print(f"The settings of that time are in {where}.", soft_wrap=True)
    return 0


def _teller() -> Teller:
    signal.signal(signal.SIGTERM, _end)
    return Teller()


def _end(number: int, frame: FrameType | None) -> None:
    """Ended as by Ctrl-C: what is unfinished is removed."""
    raise KeyboardInterrupt


def _failed(what: str, failure: BackupError) -> int:
    Console(file=sys.stderr, highlight=False).print(f"{what}: {failure}", soft_wrap=True)
    return 1


def _names(teller: Teller, what: str, names: Sequence[str]) -> None:
    if names:
        shown = ", ".join(names[:MOST_NAMES]) + (", …" if len(names) > MOST_NAMES else "")
        teller.console.print(f"{len(names)} files {what}: {shown}", soft_wrap=True)
