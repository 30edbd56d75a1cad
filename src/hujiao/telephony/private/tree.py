"""The layout of the unpacked tree, and how a program of it is run."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from hujiao.telephony.private.refusals import PrivateTreeError

LOCK_NAME = "packages.lock.json"
PROGRAM_FOLDERS = ("usr/bin", "usr/sbin", "bin", "sbin")


@dataclass(frozen=True, slots=True)
class Command:
    """A program of the tree: put arguments behind `argv`, run it with `env` added."""

    argv: tuple[str, ...]
    env: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class PrivateTree:
    """`folder` holds `root/` (the unpacked packages) and the lock of what was fetched."""

    folder: Path

    @property
    def root(self) -> Path:
        return self.folder / "root"

    @property
    def lock(self) -> Path:
        return self.folder / LOCK_NAME

    @cached_property
    def libraries(self) -> Path:
        """`usr/lib/<triplet>`."""
        for loader in sorted(self.root.glob("usr/lib/*/ld-linux-*.so.*")):
            return loader.parent
        raise PrivateTreeError(
            f"{self.root} holds no program loader.",
            advice=f"Delete {self.folder} and start again: it will be fetched anew.",
        )

    @cached_property
    def loader(self) -> Path:
        return sorted(self.libraries.glob("ld-linux-*.so.*"))[0]

    @property
    def asterisk_modules(self) -> Path:
        return self.libraries / "asterisk" / "modules"

    @property
    def asterisk_data(self) -> Path:
        return self.root / "usr" / "share" / "asterisk"

    @property
    def baresip_modules(self) -> Path:
        return self.root / "usr" / "lib" / "baresip" / "modules"

    @cached_property
    def versions(self) -> dict[str, str]:
        """Package name to version, from the lock."""
        rows = json.loads(self.lock.read_text())["packages"]
        return {row["name"]: row["version"] for row in rows}

    @property
    def asterisk_version(self) -> str:
        """`22.10.1`, without Debian's epoch and suffix."""
        return self.versions["asterisk"].partition(":")[2].partition("+")[0].partition("-")[0]

    def program(self, name: str) -> Path:
        """Where a program lies. Raises PrivateTreeError when the tree does not carry it."""
        for folder in PROGRAM_FOLDERS:
            path = self.root / folder / name
            if path.exists():
                return path
        raise PrivateTreeError(
            f"The private tree has no program {name}.",
            advice=f"Delete {self.folder} and start again: it will be fetched anew.",
        )

    def tool_command(self, name: str) -> Command:
        """The words before a program's own arguments, and the environment it needs.

        The tree's loader is named outright, for the machine's libc is older than the programs.
        """
        search = ":".join(
            str(self.libraries / part) for part in ("", "asterisk", "pulseaudio", "baresip")
        )
        argv = (str(self.loader), "--library-path", search, str(self.program(name)))
        return Command(argv=argv, env=self._environment())

    def _environment(self) -> dict[str, str]:
        """Paths that libraries of the tree would otherwise seek in the machine's /usr."""
        return {
            "ESPEAK_DATA_PATH": str(self.libraries),
            "TERMINFO_DIRS": f"{self.root}/usr/share/terminfo:{self.root}/usr/lib/terminfo",
            # Where it is not said, glibc looks at the file again for every event's time of day.
            "TZ": os.environ.get("TZ", ":/etc/localtime"),
        }
