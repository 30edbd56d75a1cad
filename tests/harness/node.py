"""A real private Asterisk for tests: free ports, a folder of its own, logs kept on failure."""

import os
import shutil
import signal
import subprocess
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx

from hujiao.kit.processes import Account, hand_over, let_read, service_account, tethered
from hujiao.kit.trust import trust
from hujiao.telephony.config import (
    Installation,
    NodeAddress,
    NodeSettings,
    prepare_folders,
    render,
)
from hujiao.telephony.private import PrivateTree
from tests.harness.ports import PortBlock, take_block
from tests.harness.waiting import wait_for

START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 20.0


@dataclass(slots=True)
class RunningNode:
    """An Asterisk that runs until `stop`. `address` is what the floor connects to."""

    settings: NodeSettings
    account: Account | None
    ports: PortBlock
    process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> NodeAddress:
        return self.settings.address

    @property
    def name(self) -> str:
        return self.settings.name

    @property
    def sip_port(self) -> int:
        return self.settings.sip_port

    @property
    def recordings(self) -> Path:
        return self.settings.recordings

    @property
    def messages(self) -> str:
        """What Asterisk wrote into its log so far."""
        path = self.settings.logs / "messages.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def start(self) -> None:
        """Starts (again) and returns when ARI answers and the node takes calls."""
        self.settings.logs.mkdir(parents=True, exist_ok=True)
        with (self.settings.home / "output.log").open("ab") as output:
            self.process = subprocess.Popen(
                tethered(self.settings.argv, account=self.account, end="KILL"),
                stdout=output,
                stderr=output,
                stdin=subprocess.DEVNULL,
                cwd=self.settings.home,
                env={**os.environ, "HOME": str(self.settings.var), **self._environment()},
            )
        wait_for(self._ready, timeout_s=START_TIMEOUT_S, what=f"Asterisk {self.name} answers ARI")

    def _ready(self) -> bool:
        assert self.process is not None
        if self.process.poll() is not None:
            output = (self.settings.home / "output.log").read_text(errors="replace")
            raise AssertionError(f"Asterisk ended: {output[-2000:]}{self.messages[-2000:]}")
        try:
            if self.ari("GET", "/asterisk/info").status_code != 200:
                return False
        except httpx.TransportError:
            return False
        return "fully booted" in self.console("core waitfullybooted")

    def _environment(self) -> dict[str, str]:
        return self.settings.installation.command.env

    def ari(self, method: str, path: str, **more: Any) -> httpx.Response:
        """One ARI request over HTTP, `path` without `/ari`."""
        return httpx.request(
            method,
            f"{self.address.ari_url}/ari{path}",
            auth=(self.address.ari_user, self.address.ari_password),
            timeout=10.0,
            verify=trust(self.address.ari_url),
            **more,
        )

    def console(self, words: str) -> str:
        """The answer of Asterisk's console to `words`."""
        done = subprocess.run(
            self.settings.console(words), capture_output=True, text=True, timeout=30
        )
        return done.stdout

    def kill(self) -> None:
        """Ends it as a crash would: no goodbye to anybody."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """Ends it in order; its folder stays."""
        self._end(signal.SIGTERM)

    def _end(self, number: int) -> None:
        if self.process is None:
            return
        self.process.send_signal(number)
        try:
            self.process.wait(timeout=STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(timeout=STOP_TIMEOUT_S)
        self.process = None

    def remove(self) -> None:
        self.stop()
        self.ports.give_back()
        shutil.rmtree(self.settings.home, ignore_errors=True)


def new_node(tree: PrivateTree, sounds: Path, music: Path, **changes: Any) -> RunningNode:
    """A node made and not started; `changes` are fields of NodeSettings."""
    ports = take_block()
    # Not pytest's tmp_path: Asterisk runs as an account that cannot enter root's folders.
    home = Path(tempfile.mkdtemp(prefix="hujiao-node-"))
    home.chmod(0o755)
    settings = NodeSettings(
        name="n1",
        installation=Installation.of_tree(tree),
        home=home,
        run=home / "run",
        logs=home / "logs",
        recordings=home / "recordings",
        sounds=sounds,
        music=music,
        ari_port=ports.port(),
        ari_password="ari-secret",
        ami_port=ports.port(),
        ami_password="ami-secret",
        sip_port=ports.port(),
        rtp_ports=ports.rtp,
    )
    settings = replace(settings, **changes)
    account = service_account()
    let_read([settings.home, *render(settings, settings.etc), settings.etc], account)
    hand_over(prepare_folders(settings), account)
    return RunningNode(settings, account, ports)
