"""`hujiao demo` plays a day on a running installation, and its books agree."""

import re
import signal
from pathlib import Path

import psutil
import pytest

from tests.e2e.conftest import DAY_CALLS
from tests.harness.demo import Demo
from tests.harness.installation import RunningInstallation
from tests.harness.waiting import wait_for

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

DAY_S = 240.0
END_S = 100.0


def test_every_call_of_a_day_is_in_the_books_and_nothing_is_left(
    installation: RunningInstallation, day: Demo
) -> None:
    assert day.process.wait(timeout=DAY_S) == 0, day.said
    day.books_agree(DAY_CALLS)
    assert int(day.figure("answered")) >= 20
    assert "0 active channels" in installation.console("core show channels")
    said = installation.run("ledger", "verify", "--since", day.since)
    assert said.returncode == 0, said.stdout + said.stderr


def test_ctrl_c_hangs_up_signs_out_and_closes_the_books(
    installation: RunningInstallation, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    demo = Demo(installation, tmp_path, "--calls", "60", "--minutes", "0.5", "--agents", "3")
    request.addfinalizer(demo.end)
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
    demo.books_agree(placed)
    assert not any(child.is_running() for child in children)
    assert "0 active channels" in installation.console("core show channels")
