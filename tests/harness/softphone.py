"""baresip as a caller or an agent's SIP phone: says a WAV, records what it hears."""

import asyncio
import itertools
import json
import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hujiao.kit.processes import tethered
from hujiao.telephony.private import PrivateTree
from tests.harness.ports import PortBlock
from tests.harness.sound import Sound, read_sound, tone, write_sound
from tests.harness.waiting import until

SAY_S = 240
"""baresip ends the call when its WAV ends, so it has to be longer than any test."""

Event = dict[str, Any]


@dataclass(slots=True)
class Softphone:
    """A running phone. `events` are baresip's, oldest first."""

    port: int
    folder: Path
    process: asyncio.subprocess.Process
    writer: asyncio.StreamWriter
    reader: asyncio.StreamReader
    events: list[Event] = field(default_factory=list)
    answers: dict[str, Event] = field(default_factory=dict)
    tokens: Any = field(default_factory=itertools.count)
    listener: asyncio.Task[None] | None = None
    past: frozenset[Path] = frozenset()
    """What was heard before the newest call that this phone began."""

    async def command(self, name: str, parameters: str = "") -> str:
        """One baresip command (`dial`, `accept`, `hangup`, `dtmf` keys …); returns its answer."""
        token = str(next(self.tokens))
        message = json.dumps({"command": name, "params": parameters, "token": token}).encode()
        self.writer.write(b"%d:%s," % (len(message), message))
        await self.writer.drain()
        answer = await until(lambda: self.answers.pop(token, None), what=f"answer to {name}")
        return str(answer.get("data", ""))

    async def dial(self, number: str, sip_port: int) -> None:
        """Starts a call; wait for its state with `until_call`."""
        self.past = frozenset(self._heard())
        await self.command("dial", f"sip:{number}@127.0.0.1:{sip_port}")

    async def accept(self) -> None:
        await self.command("accept")

    async def hang_up(self) -> None:
        await self.command("hangup")

    async def press(self, digits: str) -> None:
        """DTMF digits by RFC 4733, one after another."""
        for digit in digits:
            await self.command("sndcode", digit)

    async def until_call(self, state: str, *, timeout_s: float = 10.0) -> Event:
        """The first event `CALL_<state>` after those already waited for, such as ESTABLISHED."""
        found = await self.until_event(lambda e: e["type"] == f"CALL_{state}", timeout_s, state)
        return found

    async def until_event(
        self, fits: Callable[[Event], bool], timeout_s: float = 10.0, what: str = "event"
    ) -> Event:
        """Waits for an event and forgets it and those before it."""

        def find() -> Event | None:
            for index, event in enumerate(self.events):
                if fits(event):
                    del self.events[: index + 1]
                    return event
            return None

        return await until(find, timeout_s=timeout_s, what=f"{what} at softphone {self.port}")

    def heard(self) -> Sound:
        """What the phone heard in its newest call, so far; silence before the first packet."""
        heard = sorted(set(self._heard()) - self.past, key=lambda path: path.stat().st_mtime)
        return read_sound(heard[-1]) if heard else tone(0, 0.01)

    def _heard(self) -> list[Path]:
        return list(self.folder.glob("dump-*-dec.wav"))

    @property
    def log(self) -> str:
        return (self.folder / "output.log").read_text(errors="replace")

    async def stop(self) -> None:
        self.writer.close()
        if self.listener is not None:
            self.listener.cancel()
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    async def listen(self) -> None:
        """Sorts what baresip sends (netstrings of JSON) into events and answers."""
        while True:
            try:
                length = int((await self.reader.readuntil(b":"))[:-1])
                message = json.loads((await self.reader.readexactly(length + 1))[:-1])
            except (asyncio.IncompleteReadError, ConnectionError):
                return
            if message.get("response"):
                self.answers[message.get("token", "")] = message
            else:
                self.events.append(message)


async def start_softphone(
    tree: PrivateTree,
    ports: PortBlock,
    *,
    user: str = "caller",
    number: str = "",
    registrar_port: int | None = None,
    password: str = "",
    answers: bool = False,
    say: Sound | None = None,
    codec: str = "PCMA",
) -> Softphone:
    """A phone on loopback; with `registrar_port` it registers there as `user`/`password`.

    `number` is what its calls show as theirs, where that is another than the account. `answers`
    picks up every call at once. It says `say` (default a 440 Hz tone).
    """
    folder = Path(tempfile.mkdtemp(prefix="hujiao-phone-"))
    port, control = ports.port(), ports.port()
    while control == port + 1:  # baresip listens for SIP over TLS there
        control = ports.port()
    write_sound(say or tone(440, SAY_S), folder / "say.wav")
    (folder / "config").write_text(_config(tree, folder, port, control, ports.rtp))
    # Without a password baresip asks at the console.
    manner = (
        f"auth_user={user};auth_pass={password or 'none'};audio_codecs={codec}"
        f";answermode={'auto' if answers else 'manual'}"
    )
    accounts = _accounts(user, number, port, registrar_port, manner)
    (folder / "accounts").write_text(accounts)
    tool = tree.tool_command("baresip")
    with (folder / "output.log").open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *tethered([*tool.argv, "-f", str(folder)], end="KILL"),
            stdout=output,
            stderr=output,
            stdin=asyncio.subprocess.DEVNULL,
            env={**os.environ, **tool.env},
        )

    async def connect() -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        try:
            return await asyncio.open_connection("127.0.0.1", control)
        except OSError:
            return None

    reader, writer = await until(connect, what="baresip listens for commands")
    phone = Softphone(port, folder, process, writer, reader)
    phone.listener = asyncio.create_task(phone.listen())
    if registrar_port is not None:
        # The event may have come before we listened; the log has it either way.
        await until(lambda: "200 OK" in phone.log, what="registration")
    return phone


def _accounts(user: str, number: str, port: int, registrar: int | None, manner: str) -> str:
    """One line for each. baresip calls with the account whose domain is that of the callee."""
    if registrar is None:
        return f"<sip:{number or user}@127.0.0.1:{port}>;{manner};regint=0\n"
    where = f"127.0.0.1:{registrar}"
    # Calls to whatever number its trunk dials come in here: baresip knows only its own name.
    line = f"<sip:line@127.0.0.1:{port}>;{manner};regint=0\n"
    if not number:
        return f"<sip:{user}@{where}>;{manner};regint=60\n{line}"
    calls = f"<sip:{number}@{where}>;{manner};regint=0\n"
    return f'{calls}<sip:{user}@registrar>;outbound="sip:{where}";{manner};regint=60\n{line}'


def _config(tree: PrivateTree, folder: Path, port: int, control: int, rtp: tuple[int, int]) -> str:
    return f"""\
poll_method epoll
sip_listen 127.0.0.1:{port}
net_interface 127.0.0.1
call_local_timeout 120
call_max_calls 4
audio_path {folder}
audio_source aufile,{folder}/say.wav
audio_player aufile,{folder}/player.wav
audio_alert aufile,{folder}/alert.wav
ausrc_srate 8000
auplay_srate 8000
ausrc_channels 1
auplay_channels 1
rtp_ports {rtp[0]}-{rtp[1]}
module_path {tree.baresip_modules}
module g711.so
module aufile.so
module sndfile.so
module_app account.so
module_app menu.so
module_app ctrl_tcp.so
ctrl_tcp_listen 127.0.0.1:{control}
snd_path {folder}
"""
