"""The machine and the programs that a result belongs to."""

import os
import platform
from dataclasses import dataclass
from pathlib import Path

from hujiao.kit.postgres import MAJOR
from hujiao.telephony.private import PrivateTree


@dataclass(frozen=True, slots=True)
class Machine:
    """`load_average` is that of the last minute before the run: a quiet machine has under 0.5."""

    processor: str
    cores: int
    memory_gb: int
    kernel: str
    python: str
    asterisk: str
    postgresql: str
    sipp: str
    load_average: float

    @property
    def sentence(self) -> str:
        """All of it, as the pages say it."""
        return (
            f"{self.processor}, {self.cores} cores, {self.memory_gb} GB, kernel {self.kernel};"
            f" Python {self.python}, Asterisk {self.asterisk}, PostgreSQL {self.postgresql},"
            f" SIPp {self.sipp}. Load average before the run: {self.load_average}."
        )


def this_machine(tree: PrivateTree) -> Machine:
    """Described before anything is measured."""
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return Machine(
        processor=_processor(),
        cores=len(os.sched_getaffinity(0)),
        memory_gb=round(pages / 2**30),
        kernel=platform.release(),
        python=platform.python_version(),
        asterisk=tree.asterisk_version,
        postgresql=str(MAJOR),
        sipp=tree.versions.get("sip-tester", "?"),
        load_average=round(os.getloadavg()[0], 2),
    )


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
