"""A whole installation, started by the command a newcomer types, on ports of its own."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from hujiao.app.settings import Settings
from hujiao.app.up.supervise import Supervisor
from hujiao.floor.client import FLOOR
from hujiao.kit.processes import tethered
from hujiao.kit.trust import trust
from tests.harness.ports import PortBlock, take_block
from tests.harness.waiting import wait_for

START_TIMEOUT_S = 180.0
END_TIMEOUT_S = 90.0
READY = "Ctrl-C ends everything."


@dataclass(slots=True)
class RunningInstallation:
    """`passwords` maps a sign-in name (or `test-phone`) to what the first start printed for it."""

    home: Path
    ports: PortBlock
    environment: dict[str, str]
    process: subprocess.Popen[bytes]
    passwords: dict[str, str] = field(default_factory=dict)

    @property
    def settings(self) -> Settings:
        """The settings it runs with."""
        first, last = self.ports.rtp
        return Settings(
            data=self.home / "data",
            http_port=int(self.environment["HUJIAO_HTTP_PORT"]),
            sip_port=int(self.environment["HUJIAO_SIP_PORT"]),
            rtp_ports=(first, last),
            private_nodes=int(self.environment.get("HUJIAO_PRIVATE_NODES", "1")),
        )

    @property
    def base_url(self) -> str:
        return self.settings.base_url

    @property
    def output(self) -> str:
        """What `hujiao up` printed so far."""
        return (self.home / "up.log").read_text(errors="replace")

    def logs(self) -> Path:
        return self.home / "data" / "logs"

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """A command of ours on this installation: `run("ledger", "verify")`."""
        argv = [sys.executable, "-m", "hujiao.cli.main", *words]
        environment = os.environ | self.environment
        return subprocess.run(argv, env=environment, capture_output=True, text=True, timeout=60)

    def console(self, words: str) -> str:
        """The answer of Asterisk's console."""
        return self.run("console", words).stdout

    def restart(self, program: str) -> None:
        """Kills one of its programs (`floor`, `asterisk`, `postgres` …); returns when it is back.

        Back means started, not ready: wait for what you need of it.
        """
        # Killing 0, which a program has while it is started again, would end this very test run.
        before = wait_for(
            lambda: self.pid(program), timeout_s=60, what=f"{program} runs before it is killed"
        )
        os.kill(before, signal.SIGKILL)
        wait_for(
            lambda: self.pid(program) not in (0, before),
            timeout_s=60,
            what=f"{program} is started again",
        )

    def kill_leader(self) -> None:
        """Kills the floor that leads; the one standing by, or its successor, goes on."""
        transport = httpx.HTTPTransport(uds=str(self.settings.floor_socket), verify=trust(FLOOR))
        with httpx.Client(transport=transport, base_url=FLOOR) as client:
            os.kill(client.get("/health").json()["pid"], signal.SIGKILL)

    def pid(self, program: str) -> int:
        """The process id of one of its programs, 0 while it does not run."""
        states = Supervisor(self.settings).states()
        return next(state.pid for state in states if state.name == program)

    def stop(self) -> None:
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(timeout=END_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()  # its programs are tethered to it
            self.process.wait(timeout=END_TIMEOUT_S)

    def remove(self) -> None:
        self.stop()
        self.ports.give_back()
        shutil.rmtree(self.home, ignore_errors=True)


def new_home() -> Path:
    """A folder for an installation, whose data are going to lie in `data` below it."""
    home = Path(tempfile.mkdtemp(prefix="hujiao-up-"))
    home.chmod(0o755)
    return home


def start_installation(
    cache: Path, home: Path | None = None, **variables: str
) -> RunningInstallation:
    """Starts an installation (an empty one without `home`); returns when calls can be taken.

    `variables` are further environment variables, such as HUJIAO_LOCALE="en".
    """
    home = home or new_home()
    ports = take_block()
    environment = {
        "HUJIAO_DATA": str(home / "data"),
        "HUJIAO_CACHE": str(cache),
        "HUJIAO_HTTP_PORT": str(ports.first),
        "HUJIAO_SIP_PORT": str(ports.first + 10),
        "HUJIAO_RTP_PORTS": "{}-{}".format(*ports.rtp),
        "COLUMNS": "200",
        **variables,
    }
    inherited = {k: v for k, v in os.environ.items() if k != "DATABASE_URL"}
    with (home / "up.log").open("wb") as output:
        process = subprocess.Popen(
            tethered([sys.executable, "-m", "hujiao.cli.main", "up"]),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=inherited | environment,
        )
    running = RunningInstallation(home, ports, environment, process)
    try:
        wait_for(lambda: _ready(running), timeout_s=START_TIMEOUT_S, what="hujiao up is ready")
    except AssertionError as failure:
        said = running.output
        running.remove()
        raise AssertionError(f"{failure}\n{said}") from failure
    running.passwords = _passwords(running.output)
    return running


def _ready(running: RunningInstallation) -> bool:
    assert running.process.poll() is None, "hujiao up ended"
    return READY in running.output


def _passwords(output: str) -> dict[str, str]:
    """Reads the table of the first start: sign in as, password, role, phone."""
    rows = [line.split("│") for line in output.splitlines() if line.startswith("│")]
    return {row[1].strip(): row[2].strip() for row in rows if len(row) >= 5}
