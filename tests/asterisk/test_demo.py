"""`hujiao demo` plays a day on a running installation, and its books agree."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest

from tests.harness.installation import RunningInstallation
from tests.harness.waiting import wait_for

pytestmark = [pytest.mark.asterisk, pytest.mark.timeout(300)]

DAY_S = 240.0
END_S = 100.0


class Demo:
    """A running `hujiao demo`."""

    def __init__(self, installation: RunningInstallation, folder: Path, *words: str) -> None:
        environment = os.environ | installation.environment
        environment["HUJIAO_ADMIN_PASSWORD"] = installation.passwords["admin"]
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


@pytest.fixture
def demos() -> Iterator[list[Demo]]:
    started: list[Demo] = []
    yield started
    for demo in started:
        demo.end()


def books_agree(demo: Demo, calls: int) -> None:
    assert "The books agree." in demo.said, demo.said
    assert demo.figure("calls placed by the callers") == str(calls)
    assert demo.figure("calls in the ledger") == str(calls)
    assert demo.figure("calls in the call list") == str(calls)
    assert demo.figure("channels and bridges left") == "0 and 0"
    assert demo.figure("agents stuck") == "0"


def test_every_call_of_a_day_is_in_the_books_and_nothing_is_left(
    installation: RunningInstallation, tmp_path: Path, demos: list[Demo]
) -> None:
    begin = datetime.now(UTC).isoformat()
    demo = Demo(installation, tmp_path, "--calls", "40", "--minutes", "0.6")
    demos.append(demo)
    assert demo.process.wait(timeout=DAY_S) == 0, demo.said
    books_agree(demo, 40)
    assert int(demo.figure("answered")) >= 20
    assert "0 active channels" in installation.console("core show channels")
    said = installation.run("ledger", "verify", "--since", begin)
    assert said.returncode == 0, said.stdout + said.stderr


def test_ctrl_c_hangs_up_signs_out_and_closes_the_books(
    installation: RunningInstallation, tmp_path: Path, demos: list[Demo]
) -> None:
    demo = Demo(installation, tmp_path, "--calls", "60", "--minutes", "0.5", "--agents", "3")
    demos.append(demo)
    line = r"active call"

    def calls_live() -> bool:
        assert demo.process.poll() is None, demo.said
        found = re.search(rf"(\d+) {line}", installation.console("core show channels"))
        return found is not None and int(found[1]) >= 5

    wait_for(calls_live, timeout_s=DAY_S, what="five calls live")
    children = psutil.Process(demo.process.pid).children(recursive=True)
    demo.process.send_signal(signal.SIGINT)
    assert demo.process.wait(timeout=END_S) == 0, demo.said
    placed = int(demo.figure("calls placed by the callers"))
    assert 5 <= placed < 60
    books_agree(demo, placed)
    assert not any(child.is_running() for child in children)
    assert "0 active channels" in installation.console("core show channels")
