"""`hujiao up` starts real servers and leaves none behind, however it ends."""

import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.harness.installation import new_home, start_installation
from tests.harness.waiting import wait_for

pytestmark = [pytest.mark.asterisk, pytest.mark.timeout(180)]

START_S = 90.0
END_S = 60.0


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """Where each start finds what the last end has left, whatever end that was."""
    home = new_home()
    yield home
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
def up(cache: Path, home: Path) -> Iterator[subprocess.Popen[bytes]]:
    """`hujiao up`, ready to take calls."""
    running = start_installation(cache, home)
    yield running.process
    running.stop()
    running.ports.give_back()


MARKS = {
    "supervisor": "supervisor.supervisord",
    "asterisk": "sbin/asterisk",
    "postgres": "bin/postgres -D",
    "floor": "hujiao.app.program floor",
    "web": "hujiao.app.program web",
    "worker": "hujiao.app.program worker",
}


PAIRED = {"floor", "web"}
PROGRAMS = len(MARKS) + len(PAIRED)


def running(up: subprocess.Popen[bytes]) -> dict[str, psutil.Process]:
    """Everything below `up`, once the supervisor, five programs and two spares live."""

    def all_of_them() -> dict[str, psutil.Process]:
        assert up.poll() is None, "up ended"
        found: dict[str, psutil.Process] = {}
        for process in psutil.Process(up.pid).children(recursive=True):
            try:
                words = " ".join(process.cmdline())
            except psutil.Error:  # ended while we looked
                continue
            for name, mark in MARKS.items():
                if mark in words and "setpriv" not in words:
                    spare = name in found and name in PAIRED
                    found.setdefault(f"{name}-2" if spare else name, process)
        return found if len(found) == PROGRAMS else {}

    return wait_for(all_of_them, timeout_s=START_S, what="all programs run")


def alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def survivors(processes: dict[str, psutil.Process]) -> set[str]:
    return {name for name, process in processes.items() if alive(process)}


def until_all_gone(processes: dict[str, psutil.Process]) -> None:
    try:
        wait_for(lambda: not survivors(processes), timeout_s=END_S, what="every program is gone")
    except AssertionError as failure:
        raise AssertionError(f"{failure}: {survivors(processes)} lives on") from failure


def test_what_dies_is_started_again_and_ctrl_c_ends_everything(
    up: subprocess.Popen[bytes],
) -> None:
    before = running(up)
    for name in before.keys() - {"supervisor"}:
        before[name].kill()

    def all_new() -> dict[str, psutil.Process]:
        now = running(up)
        old = {before[name].pid for name in before if name != "supervisor"}
        return now if not old & {process.pid for process in now.values()} else {}

    after = wait_for(all_new, timeout_s=START_S, what="all of them run again")
    up.send_signal(signal.SIGINT)
    assert up.wait(timeout=END_S) == 0
    assert survivors(after) == set()


def test_nothing_survives_when_up_is_killed(up: subprocess.Popen[bytes]) -> None:
    processes = running(up)
    up.kill()
    until_all_gone(processes)


def test_nothing_survives_when_the_supervisor_is_killed(up: subprocess.Popen[bytes]) -> None:
    processes = running(up)
    processes["supervisor"].kill()
    until_all_gone(processes)
    assert up.wait(timeout=END_S) != 0
