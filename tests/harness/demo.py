"""A synthetic day on a running installation, and what it says of itself."""

import os
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from tests.harness.installation import RunningInstallation


class Demo:
    """A `hujiao demo` that has begun; `since` says when."""

    def __init__(self, installation: RunningInstallation, folder: Path, *words: str) -> None:
        environment = os.environ | installation.environment
        environment["HUJIAO_ADMIN_PASSWORD"] = installation.passwords["admin"]
        self.since = datetime.now(UTC).isoformat()
        self._log = folder / "demo.log"
        with self._log.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "hujiao.cli.main", "demo", *words],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=environment,
            )

    @property
    def said(self) -> str:
        return self._log.read_text(errors="replace")

    def figure(self, row: str) -> str:
        found = re.search(rf"{row}\s*│\s*(.+?)\s*│", self.said)
        assert found, self.said
        return found[1]

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def books_agree(self, calls: int) -> None:
        """Asserts that so many calls were placed, and that all of them are everywhere."""
        assert "The books agree." in self.said, self.said
        assert self.figure("calls placed by the callers") == str(calls)
        assert self.figure("calls in the ledger") == str(calls)
        assert self.figure("calls in the call list") == str(calls)
        assert self.figure("channels and bridges left") == "0 and 0"
        assert self.figure("agents stuck") == "0"
