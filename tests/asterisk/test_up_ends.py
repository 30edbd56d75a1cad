"""`hujiao up` starts real servers and leaves none behind, however it ends."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from hujiao.telephony.private import PrivateTree
from tests.harness.ports import take_block
from tests.harness.waiting import wait_for

pytestmark = [pytest.mark.asterisk, pytest.mark.timeout(180)]

START_S = 90.0
END_S = 60.0


@pytest.fixture
def up(private_tree: PrivateTree, cache: Path) -> Iterator[subprocess.Popen[bytes]]:
    home = Path(tempfile.mkdtemp(prefix="hujiao-up-"))
    home.chmod(0o755)
    (home / "dist").mkdir()
    (home / "dist" / "index.html").write_text("<!doctype html>")
    ports = take_block()
    environment = {key: value for key, value in os.environ.items() if key != "DATABASE_URL"}
    environment |= {
        "HUJIAO_DATA": str(home / "data"),
        "HUJIAO_CACHE": str(cache),
        "HUJIAO_WEB_DIST": str(home / "dist"),
        "HUJIAO_HTTP_PORT": str(ports.first),
        "HUJIAO_SIP_PORT": str(ports.first + 10),
        "HUJIAO_RTP_PORTS": "{}-{}".format(*ports.rtp),
    }
    with (home / "up.log").open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "hujiao.cli.main", "up"],
            stdout=output,
            stderr=output,
            env=environment,
        )
    yield process
    process.terminate()
    process.wait(timeout=END_S)
    ports.give_back()
    shutil.rmtree(home, ignore_errors=True)


MARKS = {
    "supervisor": "supervisor.supervisord",
    "asterisk": "sbin/asterisk",
    "postgres": "bin/postgres -D",
    "floor": "hujiao.cli.main floor",
    "web": "hujiao.cli.main web",
    "worker": "hujiao.cli.main worker",
}


def running(up: subprocess.Popen[bytes]) -> dict[str, psutil.Process]:
    """Everything below `up`, once all five programs and the supervisor live."""

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
                    found.setdefault(name, process)
        return found if len(found) == len(MARKS) else {}

    return wait_for(all_of_them, timeout_s=START_S, what="all programs run")


def alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def all_gone(processes: dict[str, psutil.Process]) -> bool:
    return not any(alive(process) for process in processes.values())


def test_what_dies_is_started_again_and_ctrl_c_ends_everything(
    up: subprocess.Popen[bytes],
) -> None:
    before = running(up)
    for name in ("asterisk", "postgres", "floor", "web", "worker"):
        before[name].kill()

    def all_new() -> dict[str, psutil.Process]:
        now = running(up)
        fresh = all(now[name].pid != before[name].pid for name in MARKS if name != "supervisor")
        return now if fresh else {}

    after = wait_for(all_new, timeout_s=START_S, what="all five run again")
    up.send_signal(signal.SIGINT)
    assert up.wait(timeout=END_S) == 0
    assert all_gone(after)


def test_nothing_survives_when_up_is_killed(up: subprocess.Popen[bytes]) -> None:
    processes = running(up)
    up.kill()
    wait_for(lambda: all_gone(processes), timeout_s=END_S, what="every program is gone")


def test_nothing_survives_when_the_supervisor_is_killed(up: subprocess.Popen[bytes]) -> None:
    processes = running(up)
    processes["supervisor"].kill()
    wait_for(lambda: all_gone(processes), timeout_s=END_S, what="every program is gone")
    assert up.wait(timeout=END_S) != 0
