"""Our floor against app_queue: the same calls, the same Asterisk, the same run."""

import asyncio
import math
import os
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from benchmarks.cpu import Meter
from benchmarks.load import CallTimes, Shares
from benchmarks.rig import FLOOR_NUMBER, QUEUE_NUMBER, Rig, RunningFloor
from benchmarks.voice import Ear

FLOOR = "floor"
APP_QUEUE = "app_queue"
BARE_FLOOR = "floor, no ledger"
Say = Callable[[str], None]
WARM_UP_RATE, WARM_UP_S = 20.0, 2.0
SETTLE_S = 0.5
"""What the ledger still ships after the last call belongs to the calls."""


@dataclass(frozen=True, slots=True)
class Run:
    """One load of one contestant. CPU in milliseconds per call."""

    system: str
    agents: int
    rate: float
    calls: int
    failed: int
    asterisk_ms: float
    floor_ms: float
    database_ms: float
    others_share: float
    """Share of the machine that neither the contestants nor the load generators used."""
    times: CallTimes

    @property
    def cpu_ms(self) -> float:
        return self.asterisk_ms + self.floor_ms


@dataclass(slots=True)
class Plan:
    """What is run: rate -> seconds. The floor without its ledger runs at `bare_rates` only."""

    rates: dict[float, float]
    rounds: int
    systems: tuple[str, ...] = (FLOOR, APP_QUEUE)
    bare_rates: dict[float, float] = field(default_factory=dict)
    done: list[Run] = field(default_factory=list)


async def compare(rig: Rig, plan: Plan, say: Say) -> list[Run]:
    """All contestants in turn, `rounds` times. The floor is away while app_queue works."""
    for _ in range(plan.rounds):
        for system in plan.systems:
            if system == APP_QUEUE:
                if not plan.done:  # the phones are pushed by the floor
                    async with rig.floor():
                        pass
                rig.fill_queue()
                await _rates(rig, plan, plan.rates, system, None, say)
                continue
            rig.empty_queue()
            with_ledger = system == FLOOR
            async with rig.floor(with_ledger=with_ledger) as floor:
                rates = plan.rates if with_ledger else plan.bare_rates
                await _rates(rig, plan, rates, system, floor, say)
    return plan.done


async def _rates(
    rig: Rig,
    plan: Plan,
    rates: dict[float, float],
    system: str,
    floor: RunningFloor | None,
    say: Say,
) -> None:
    await one_load(rig, system, floor, WARM_UP_RATE, WARM_UP_S)
    for rate, duration_s in rates.items():
        run = await one_load(rig, system, floor, rate, duration_s)
        plan.done.append(run)
        say(line(run))


async def one_load(
    rig: Rig, system: str, floor: RunningFloor | None, rate: float, duration_s: float
) -> Run:
    ear = Ear()
    ear.start()
    try:
        before = _meter(rig, floor)
        mine, started = os.times(), time.monotonic()
        times = await rig.field.run(
            target_port=rig.node.sip_port,
            number=QUEUE_NUMBER if system == APP_QUEUE else FLOOR_NUMBER,
            rate=rate,
            duration_s=duration_s,
            ear=ear,
        )
        await rig.until_quiet()
        await asyncio.sleep(SETTLE_S)
        used = _meter(rig, floor).since(before)
        after, took_s = os.times(), time.monotonic() - started
    finally:
        ear.stop()
    load_s = sum(after[:4]) - sum(mine[:4])
    others = used.machine - used.asterisk - used.floor - used.database - load_s
    return Run(
        system=system,
        agents=rig.agents,
        rate=rate,
        calls=times.calls,
        failed=times.failed,
        asterisk_ms=used.asterisk / times.calls * 1000,
        floor_ms=used.floor / times.calls * 1000,
        database_ms=used.database / times.calls * 1000,
        others_share=max(0.0, others / took_s / len(os.sched_getaffinity(0))),
        times=times,
    )


def _meter(rig: Rig, floor: RunningFloor | None) -> Meter:
    return Meter.read(
        asterisk=rig.asterisk_pid,
        database=rig.database_pid,
        floor=floor.process.pid if floor is not None else None,
    )


def line(run: Run) -> str:
    """One run in one line, for whoever watches."""
    return (
        f"{run.system:16} {run.agents:5} agents {run.rate:3.0f}/s {run.calls:5} calls"
        f" {run.failed:4} failed | CPU/call {run.cpu_ms:6.2f} ms (Asterisk {run.asterisk_ms:5.2f},"
        f" floor {run.floor_ms:5.2f}, PostgreSQL {run.database_ms:5.2f})"
        f" | offered {spread(run.times.offered)} | connected {spread(run.times.connected)}"
        f" | heard {spread(run.times.heard)} | others {run.others_share:4.0%}"
    )


def spread(values_ms: list[float]) -> str:
    """p50/p95/p99."""
    shares = Shares.of(values_ms)
    return "/".join(shown(value) for value in (shares.p50, shares.p95, shares.p99))


def shown(value_ms: float) -> str:
    """Milliseconds for a table; ∞ when it did not happen."""
    return "∞" if math.isinf(value_ms) else f"{value_ms:.0f}"


def middle(values: list[float]) -> float:
    """The median, which one disturbed run does not move."""
    return statistics.median(values)
