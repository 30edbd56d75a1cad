"""What ARI cannot do well, over Asterisk's manager interface.

MixMonitor records a party through transfers and holds. PeerStatus tells phones that come and
go: ARI's subscription to all endpoints leaves a dangling router behind when the connection is
renewed, and the next change of a phone then ends Asterisk (22.10.1, SIGSEGV seen); subscribing
to each endpoint doubles the events of its channels. ContactStatus tells where a phone is, by which
other nodes reach it.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from hujiao.telephony.ari.legs import Leg, Legs
from hujiao.telephony.port import (
    PauseRecording,
    ResumeRecording,
    StartRecording,
    StopRecording,
)

log = logging.getLogger(__name__)

CONNECT_TIMEOUT_S = 5.0
PING_INTERVAL_S = 10.0
"""What was asked before a ping must be answered when the next one is due."""
RETRY_S = 1.0
MAX_WAITING = 1000

Fields = tuple[tuple[str, str], ...]
Done = Callable[[bool, str], None]
"""Called with success and the node's message."""

_FILTERS: tuple[Fields, ...] = tuple(
    (("Action", "Filter"), ("Operation", "Add"), ("Filter", f"Event: {name}"))
    for name in ("PeerStatus", "ContactStatus")
)
"""An event that any of them names comes."""

RecordingCommand = StartRecording | PauseRecording | ResumeRecording | StopRecording


@dataclass(frozen=True, slots=True)
class AmiAddress:
    """Where a node's manager interface listens."""

    host: str
    port: int
    user: str
    password: str


class Ami:
    """A manager connection that sends actions in order and reports what came of each."""

    def __init__(
        self,
        address: AmiAddress,
        on_login: Callable[[], None],
        on_event: Callable[[Mapping[str, str]], None],
    ) -> None:
        """`on_login` is called when events begin to flow, at every connection."""
        self._address = address
        self._on_login = on_login
        self._on_event = on_event
        self._waiting: deque[tuple[Fields, Done]] = deque()
        self._sent: deque[Done] = deque()
        self._wake = asyncio.Event()

    def act(self, fields: Fields, done: Done) -> None:
        """Queue an action; `done` is called in any case, never from inside this call."""
        if len(self._waiting) >= MAX_WAITING:
            loop = asyncio.get_running_loop()
            loop.call_soon(done, False, "too many actions wait for the manager interface")
            return
        self._waiting.append((fields, done))
        self._wake.set()

    async def run(self) -> None:
        """Stay connected until cancelled."""
        while True:
            try:
                await self._serve()
            except (OSError, TimeoutError, asyncio.IncompleteReadError) as trouble:
                log.warning("manager connection: %s", trouble or type(trouble).__name__)
            self._fail_all()
            await asyncio.sleep(RETRY_S)

    async def _serve(self) -> None:
        address = self._address
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            reader, writer = await asyncio.open_connection(address.host, address.port)
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                await reader.readuntil(b"\r\n")
                login = (("Username", address.user), ("Secret", address.password))
                # The filter holds for this session; without it all of class `system` comes.
                await _do(reader, writer, (("Action", "Login"), *login, ("Events", "off")))
                for chosen in _FILTERS:
                    await _do(reader, writer, chosen)
                await _do(reader, writer, (("Action", "Events"), ("EventMask", "system")))
            log.info("manager connection to %s:%s stands", address.host, address.port)
            self._on_login()
            listening = asyncio.create_task(self._listen(reader), name="ami-listen")
            try:
                await self._write(writer, listening)
            finally:
                listening.cancel()
        finally:
            writer.close()

    async def _write(self, writer: asyncio.StreamWriter, listening: asyncio.Task[None]) -> None:
        while not listening.done():
            self._wake.clear()
            while self._waiting:
                fields, done = self._waiting.popleft()
                self._sent.append(done)
                writer.write(_packet(fields))
            await writer.drain()
            waking = asyncio.create_task(self._wake.wait(), name="ami-wake")
            ready, _ = await asyncio.wait(
                (waking, listening),
                timeout=PING_INTERVAL_S,
                return_when=asyncio.FIRST_COMPLETED,
            )
            waking.cancel()
            if not ready:
                if self._sent:
                    raise TimeoutError("no answer")
                self.act((("Action", "Ping"),), _nothing)
        await listening

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        while True:
            answer = await _read(reader)
            if "Response" in answer and self._sent:
                done = self._sent.popleft()
                done(answer["Response"] == "Success", answer.get("Message", ""))
            elif "Event" in answer:
                self._on_event(answer)

    def _fail_all(self) -> None:
        lost = [*self._sent, *(done for _, done in self._waiting)]
        self._sent.clear()
        self._waiting.clear()
        for done in lost:
            done(False, "no manager connection")


class Recorder:
    """Turns recording commands into MixMonitor actions."""

    def __init__(self, legs: Legs, ami: Ami) -> None:
        self._legs = legs
        self._ami = ami

    def run(self, command: RecordingCommand) -> None:
        leg = self._legs.live.get(command.leg)
        if leg is None:
            self._legs.refuse_soon(command, 404, gone=True, reason="no such leg")
        elif not leg.name:
            self._legs.refuse_soon(command, 409, gone=False, reason="the leg is not ready")
        elif isinstance(command, StartRecording) and leg.recording == command.recording:
            return  # a second MixMonitor would write into the same files
        else:
            self._note(command, leg)
            self._ami.act(_action(command, leg), lambda ok, why: self._done(command, ok, why))

    def _note(self, command: RecordingCommand, leg: Leg) -> None:
        if isinstance(command, StartRecording):
            leg.recording = command.recording
        elif isinstance(command, StopRecording):
            leg.recording = ""

    def _done(self, command: RecordingCommand, succeeded: bool, reason: str) -> None:
        if not succeeded:
            leg = self._legs.live.get(command.leg)
            if leg is not None and isinstance(command, StartRecording):
                leg.recording = ""
            gone = "channel" in reason.lower()
            self._legs.refuse(command, 404 if gone else 500, gone=gone, reason=reason)


def _action(command: RecordingCommand, leg: Leg) -> Fields:
    channel = ("Channel", leg.name)
    if isinstance(command, StartRecording):
        name = command.recording
        files = f"r({name}-rx.alaw)t({name}-tx.alaw)i(HUJIAO_RECORDING)"
        return (("Action", "MixMonitor"), channel, ("Options", files))
    if isinstance(command, StopRecording):
        return (("Action", "StopMixMonitor"), channel)
    state = "1" if isinstance(command, PauseRecording) else "0"
    mute = (("Direction", "both"), ("State", state))
    return (("Action", "MixMonitorMute"), channel, *mute)


def _nothing(_succeeded: bool, _reason: str) -> None:
    return None


def _packet(fields: Fields) -> bytes:
    lines = [f"{name}: {value.replace(chr(13), '').replace(chr(10), '')}" for name, value in fields]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


async def _do(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, fields: Fields) -> None:
    """Act while nothing else is under way. Raises ConnectionError when refused."""
    writer.write(_packet(fields))
    answer = await _read(reader)
    while "Response" not in answer:
        answer = await _read(reader)
    if answer["Response"] != "Success":
        raise ConnectionError(f"{fields[0][1]} refused: {answer.get('Message', '')}")


async def _read(reader: asyncio.StreamReader) -> dict[str, str]:
    block = (await reader.readuntil(b"\r\n\r\n")).decode(errors="replace")
    pairs = (line.partition(":") for line in block.split("\r\n") if line)
    return {name: value.strip() for name, _, value in pairs}
