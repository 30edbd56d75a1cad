"""`make bench`: everything that docs/benchmarks.md says, measured in a run of 12 minutes."""

import argparse
import asyncio
import sys
import time
from dataclasses import dataclass, field
from typing import Any

from benchmarks import routing
from benchmarks.cpu import stolen_s
from benchmarks.machine import this_machine
from benchmarks.pop import Pops, pops
from benchmarks.report import page
from benchmarks.rig import database, rig
from benchmarks.switch import APP_QUEUE, BARE_FLOOR, FLOOR, Plan, Run, compare
from hujiao.app.settings import REPOSITORY, Settings
from hujiao.telephony.private import PrivateTree, ensure_tree

PAGE = REPOSITORY / "docs" / "benchmarks.md"
PARTS = ("calls", "pop", "routing")


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured. `rates`: calls/s -> seconds."""

    agents: tuple[int, ...]
    rates: dict[float, float]
    rounds: int
    pop: tuple[float, float]
    steps: int
    bare_rates: dict[float, float] = field(default_factory=dict)


FULL = Size(
    agents=(300, 1000),
    rates={20.0: 15.0, 60.0: 12.0, 90.0: 12.0},
    rounds=2,
    pop=(10.0, 20.0),
    steps=routing.STEPS,
    bare_rates={60.0: 12.0},
)
QUICK = Size(agents=(1000,), rates={60.0: 8.0}, rounds=1, pop=(10.0, 5.0), steps=20_000)
POP_AGENTS = 300


def say(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


async def measure_calls(
    tree: PrivateTree, size: Size, parts: list[str]
) -> tuple[list[Run], Pops | None]:
    """Every size of floor on an Asterisk of its own, all contestants in turn."""
    runs: list[Run] = []
    popped: Pops | None = None
    async with database() as cluster:
        for agents in size.agents if "calls" in parts else ():
            systems = (FLOOR, APP_QUEUE)
            if size.bare_rates and agents == max(size.agents):
                systems = (FLOOR, APP_QUEUE, BARE_FLOOR)
            async with rig(tree, cluster, agents=agents) as stand:
                plan = Plan(size.rates, size.rounds, systems, size.bare_rates)
                runs += await compare(stand, plan, say)
        if "pop" in parts:
            rate, duration_s = size.pop
            async with rig(tree, cluster, agents=POP_AGENTS) as stand:
                popped = await pops(stand, rate=rate, duration_s=duration_s)
    return runs, popped


def main() -> None:
    arguments = argparse.ArgumentParser(prog="make bench", description=__doc__)
    arguments.add_argument("--quick", action="store_true", help="one short round, 2 minutes")
    arguments.add_argument("--write", action="store_true", help=f"into docs/{PAGE.name}, too")
    arguments.add_argument("--only", choices=PARTS, action="append", help="parts to measure")
    given = arguments.parse_args()
    size, parts = QUICK if given.quick else FULL, given.only or list(PARTS)
    tree = ensure_tree(Settings().cache)
    machine, started, before_s = this_machine(tree), time.monotonic(), stolen_s()
    routed: dict[str, Any] | None = routing.run(size.steps) if "routing" in parts else None
    runs, popped = asyncio.run(measure_calls(tree, size, parts))
    took_s, lost_s = time.monotonic() - started, stolen_s() - before_s
    text = page(machine, runs, popped, routed, took_s, lost_s)
    sys.stdout.write(text)
    if given.write:
        PAGE.write_text(text)


if __name__ == "__main__":
    main()
