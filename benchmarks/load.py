"""One load: callers at a fixed rate against agents who answer at once, and what came of it."""

import asyncio
import math
import re
import signal
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from benchmarks import scenarios
from benchmarks.voice import Ear, write_voice
from hujiao.telephony.private import PrivateTree
from tests.harness.ports import PortBlock
from tests.harness.sipp import Sipp, start_sipp
from tests.harness.waiting import until

TALK_MS = 2_000
"""From the switch's answer to the caller's good-bye; a call without an agent by then has failed."""
VOICED_SHARE = 0.1
_END_S = 30.0
_LINE = re.compile(r"^(\w+) ([cv]\d+)(?: (\d+))? .*?(\d+\.\d+)\s*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Shares:
    """Milliseconds. A call that never got there counts as infinitely late."""

    count: int
    p50: float
    p95: float
    p99: float

    @classmethod
    def of(cls, values_ms: Sequence[float]) -> "Shares":
        ordered = sorted(values_ms) or [math.inf]

        def at(share: float) -> float:
            return ordered[min(len(ordered) - 1, int(len(ordered) * share))]

        return cls(len(values_ms), at(0.50), at(0.95), at(0.99))


@dataclass(frozen=True, slots=True)
class CallTimes:
    """Of one load, in milliseconds after the callers' INVITEs; `inf` where it never happened.

    `offered`: the agent's phone has its INVITE. `connected`: it has the ACK to its answer.
    `heard`: the agent's voice reaches the caller (the voiced sample only).
    """

    calls: int
    failed: int
    offered: list[float]
    connected: list[float]
    heard: list[float]
    started_s: dict[str, float]
    """Caller's number -> when the INVITE left, in seconds since the epoch."""
    ended_s: dict[str, float]
    """Caller's number -> when his own good-bye was answered, in seconds since the epoch."""
    cut_off: list[str]
    """Callers who did not come to hang up themselves: somebody else ended their call."""
    errors: str


class Field:
    """Ports and files for loads against one node."""

    def __init__(self, tree: PrivateTree, ports: PortBlock, kept: PortBlock, folder: Path) -> None:
        """`ports` come round again while a load is away; those of `kept` are told to the switch."""
        self._tree = tree
        self._voice = write_voice(folder)
        self._ports = ports
        self.agent_port = kept.port()
        self.trunk_ports = (kept.port(), kept.port())
        """Where callers call from: the silent ones, then the voiced sample."""

    async def run(
        self,
        *,
        target_port: int,
        number: str,
        rate: float,
        duration_s: float,
        ear: Ear,
        talk_ms: int = TALK_MS,
        series: str = "",
        enough: asyncio.Event | None = None,
        phones_ring: bool = False,
    ) -> CallTimes:
        """Calls `number` at `rate` per second until `duration_s` are over or `enough` is set;
        returns when the last call has ended. The agents' phones answer, or only ring."""
        voiced = rate * VOICED_SHARE
        rates = (rate - voiced, voiced)
        phones = await self._phones(ear, ring=phones_ring)
        folders: list[Path] = [phones.folder]
        callers: list[Sipp] = []
        stopping: asyncio.Task[None] | None = None
        try:
            for kind, media, port, part in zip(
                (scenarios.SILENT, scenarios.VOICED),
                (ear.nowhere_port, ear.port),
                self.trunk_ports,
                rates,
                strict=True,
            ):
                one = await start_sipp(
                    self._tree,
                    self._ports,
                    scenarios.callers(kind, media_port=media, talk_ms=talk_ms, series=series),
                    target_port=target_port,
                    number=number,
                    calls=max(1, round(part * duration_s)),
                    rate=round(part, 3),
                    port=port,
                    arguments=("-trace_logs", "-log_file", "calls.log", "-l", "5000"),
                )
                callers.append(one)
                folders.append(one.folder)
            if enough is not None:
                stopping = asyncio.create_task(_stop_calling(callers, enough))
            for one in callers:
                with suppress(TimeoutError):  # calls that never end have failed; logs tell which
                    await one.result(duration_s + talk_ms / 1000 + _END_S)
            await asyncio.sleep(0.3)  # the last BYEs reach the agents
        finally:
            if stopping is not None:
                stopping.cancel()
            errors = "".join(one.errors for one in callers) + phones.errors
            for one in (*callers, phones):
                one.process.kill() if one.process.returncode is None else None
                await one.process.wait()
            logs = "\n".join((folder / "calls.log").read_text() for folder in folders)
            for one in (*callers, phones):
                await one.stop()
        return _times(logs, ear, errors)

    async def _phones(self, ear: Ear, *, ring: bool) -> Sipp:
        answering = scenarios.agents(media_port=ear.nowhere_port, voice=self._voice)
        scenario = scenarios.ringing() if ring else answering
        phones = await start_sipp(
            self._tree,
            self._ports,
            scenario,
            calls=None,
            port=self.agent_port,
            arguments=("-trace_logs", "-log_file", "calls.log"),
        )
        await until(
            lambda: _is_taken(self.agent_port),
            timeout_s=_END_S,
            what=f"the agents' phones listen: {phones.errors}",
        )
        return phones


async def _stop_calling(callers: Sequence[Sipp], enough: asyncio.Event) -> None:
    await enough.wait()
    for one in callers:
        if one.process.returncode is None:
            one.process.send_signal(signal.SIGUSR1)  # no new calls; those that stand go on


def _is_taken(port: int) -> bool:
    """Whether somebody listens on a UDP port; looked up, for trying it would take it."""
    rows = Path("/proc/net/udp").read_text().splitlines()[1:]
    return any(row.split()[1].endswith(f":{port:04X}") for row in rows)


def _times(logs: str, ear: Ear, errors: str) -> CallTimes:
    moments: dict[str, dict[str, float]] = {
        word: {} for word in ("call", "offer", "connected", "media", "end")
    }
    ports: dict[str, int] = {}
    for word, user, port, at in _LINE.findall(logs):
        moments[word].setdefault(user, float(at))
        if word == "media":
            ports[user] = int(port)
    calls = moments["call"]

    def after(word: str) -> list[float]:
        there = moments[word]
        return [(there.get(user, math.inf) - at) * 1000 for user, at in calls.items()]

    heard = []
    for user, at in calls.items():
        if user.startswith(scenarios.VOICED):
            voice = ear.first_after(ports[user], at) if user in ports else None
            heard.append(((voice or math.inf) - at) * 1000)
    connected = after("connected")
    return CallTimes(
        calls=len(calls),
        failed=sum(math.isinf(one) for one in connected),
        offered=after("offer"),
        connected=connected,
        heard=heard,
        started_s=calls,
        ended_s=moments["end"],
        cut_off=[user for user in calls if user not in moments["end"]],
        errors=errors,
    )
