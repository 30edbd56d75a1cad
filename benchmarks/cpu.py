"""CPU time of processes as the kernel counts it: user and system, all threads, in seconds."""

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

_TICK_S = 1 / os.sysconf("SC_CLK_TCK")


def process_s(pid: int) -> float:
    """User and system time of one process since it began; threads that ended are counted in."""
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) * _TICK_S


def tree_s(pid: int) -> float:
    """The same for a process and its children; children that ended are counted in."""
    total = 0.0
    root = psutil.Process(pid)
    for process in [root, *root.children(recursive=True)]:
        with suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            total += times.user + times.system
            total += times.children_user + times.children_system
    return total


def busy_s() -> float:
    """What all processes of this machine have used together, stolen time included."""
    times = psutil.cpu_times()
    return times.user + times.nice + times.system + times.irq + times.softirq + times.steal


def stolen_s() -> float:
    """What the machine's host gave to others while somebody here wanted to run."""
    return float(psutil.cpu_times().steal)


@dataclass(frozen=True, slots=True)
class Meter:
    """CPU seconds at one moment. `floor` is 0 while there is none."""

    asterisk: float
    floor: float
    database: float
    machine: float

    @classmethod
    def read(cls, *, asterisk: int, database: int, floor: int | None) -> "Meter":
        return cls(
            process_s(asterisk),
            process_s(floor) if floor is not None else 0.0,
            tree_s(database),
            busy_s(),
        )

    def since(self, before: "Meter") -> "Meter":
        return Meter(
            self.asterisk - before.asterisk,
            self.floor - before.floor,
            self.database - before.database,
            self.machine - before.machine,
        )
