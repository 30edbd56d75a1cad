"""The installation the day takes place in: the running one, or one started for it alone."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import sys
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx

from hujiao.app.demo.api import DemoError, unchecked_trust
from hujiao.app.settings import Settings
from hujiao.app.up.checks import taken_ports
from hujiao.app.up.home import UpLock
from hujiao.app.up.run import local_url
from hujiao.kit.processes import tethered

OWN_DATA = "data-demo"
KEPT = "demo.json"
READY_LINE = "Ctrl-C ends everything."
END_S = 120.0
HEALTH_TRIES_S = 60.0
STEP = 10
STEPS = 20

Say = Callable[[str], None]


@dataclass(slots=True)
class House:
    """A running installation; `process` is ours to end, None when it ran before."""

    settings: Settings
    password: str
    process: asyncio.subprocess.Process | None = None
    _reading: asyncio.Task[None] | None = None

    async def leave(self) -> None:
        if self.process is None:
            return
        if self.process.returncode is None:
            self.process.terminate()
            try:
                await asyncio.wait_for(self.process.wait(), END_S)
            except TimeoutError:
                self.process.kill()  # its programs are tethered to it
                await self.process.wait()
        if self._reading is not None:
            await self._reading

    async def until_healthy(self) -> None:
        """Raises DemoError when no calls can be taken."""
        url = f"{local_url(self.settings)}/healthz"
        deadline = asyncio.get_running_loop().time() + HEALTH_TRIES_S
        async with httpx.AsyncClient(verify=unchecked_trust(), trust_env=False) as http:
            while True:
                try:
                    answer = await http.get(url)
                    if answer.status_code == 200:
                        return
                    said = answer.text
                except httpx.TransportError as failure:
                    said = str(failure)
                if asyncio.get_running_loop().time() > deadline:
                    raise DemoError(f"The installation takes no calls: {said}")
                await asyncio.sleep(0.3)


def running_house(password: str) -> House | None:
    """The installation that runs on the data folder of the environment, if one does."""
    settings = Settings()
    if not settings.run_dir.exists() or not UpLock(settings).held_by_other():
        return None
    return House(settings, password or settings.admin_password)


async def own_house(say: Say) -> House:
    """Starts an installation for the demo. Raises DemoError when it does not come up."""
    settings, environment = _free_settings(_own_data())
    data = settings.data
    house = House(settings, _password(data))
    environment["HUJIAO_ADMIN_PASSWORD"] = house.password
    say(f"No installation runs: starting one in {data} …")
    house.process = await asyncio.create_subprocess_exec(
        *tethered([sys.executable, "-m", "hujiao.cli.main", "up"]),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env=environment,
        start_new_session=True,  # Ctrl-C reaches us alone, and we end it after the day
    )
    async with AsyncExitStack() as unready:
        unready.push_async_callback(house.leave)
        await _until_ready(house.process, say)
        unready.pop_all()
    assert house.process.stdout is not None
    house._reading = asyncio.create_task(_read_on(house.process.stdout), name="demo house")
    _keep_password(data, house.password)
    return house


async def _until_ready(process: asyncio.subprocess.Process, say: Say) -> None:
    assert process.stdout is not None
    while line := await process.stdout.readline():
        words = line.decode(errors="replace").rstrip()
        if words:
            say(f"  {words}")
        if READY_LINE in words:
            return
    raise DemoError(f"The installation did not start (code {await process.wait()}).")


async def _read_on(output: asyncio.StreamReader) -> None:
    while await output.readline():
        pass


def _free_settings(data: Path) -> tuple[Settings, dict[str, str]]:
    """The environment's ports, or the next ones that are free."""
    base = Settings()
    for step in range(0, STEP * STEPS, STEP):
        first, last = base.rtp_ports
        width = last - first + 1
        low = first + width * (step // STEP) % (60000 - first)
        numbers = {
            "HUJIAO_DATA": str(data),
            "HUJIAO_HTTP_PORT": str(base.http_port + step),
            "HUJIAO_SIP_PORT": str(base.sip_port + step),
            "HUJIAO_RTP_PORTS": f"{low}-{min(low + width - 1, 65535)}",
        }
        settings = Settings(
            data=data,
            http_port=base.http_port + step,
            sip_port=base.sip_port + step,
            rtp_ports=(low, min(low + width - 1, 65535)),
        )
        if not taken_ports(settings):
            return settings, {**os.environ, **numbers}
    raise DemoError("No free ports were found; set HUJIAO_HTTP_PORT and HUJIAO_SIP_PORT.")


def _own_data() -> Path:
    return Path(os.environ.get("HUJIAO_DEMO_DATA") or OWN_DATA).expanduser().resolve()


def _password(data: Path) -> str:
    kept = data / KEPT
    if kept.exists():
        return str(json.loads(kept.read_text())["admin"])
    if given := os.environ.get("HUJIAO_ADMIN_PASSWORD"):
        return given
    if (data / "secrets.json").exists():
        raise DemoError(f"Nobody knows the password of {data}: delete that folder.")
    return secrets.token_urlsafe(18)


def _keep_password(data: Path, password: str) -> None:
    kept = data / KEPT
    kept.touch(0o600)
    kept.write_text(json.dumps({"admin": password}) + "\n")
