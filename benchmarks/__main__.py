"""`make bench`: everything that docs/benchmarks.md says, measured in one run."""

import argparse
import asyncio
import sys
from pathlib import Path
from typing import Any

from benchmarks import routing
from benchmarks.machine import this_machine
from benchmarks.pop import pops
from benchmarks.report import page
from benchmarks.rig import database, rig
from benchmarks.switch import Plan, Run, compare
from hujiao.app.settings import REPOSITORY, Settings
from hujiao.telephony.private import PrivateTree, ensure_tree

PAGE = REPOSITORY / "docs" / "benchmarks.md"
FULL = {20.0: 12.0, 60.0: 12.0, 90.0: 12.0}
QUICK = {60.0: 6.0}
QUICK_STEPS = 20_000


def say(line: str) -> None:
    sys.stderr.write(line + "\n")


async def measure_calls(tree: PrivateTree, *, quick: bool) -> tuple[list[Run], dict[str, Any]]:
    """Both sizes of floor, both contestants in turn."""
    runs: list[Run] = []
    popped: dict[str, Any] = {}
    async with database() as cluster:
        for agents in (300, 1000):
            async with rig(tree, cluster, agents=agents) as stand:
                plan = Plan(rates=QUICK if quick else FULL, rounds=1 if quick else 2)
                runs += await compare(stand, plan, say)
                if agents == 300:
                    stand.empty_queue()
                    popped = await pops(stand)
    return runs, popped


def main() -> None:
    arguments = argparse.ArgumentParser(prog="make bench", description=__doc__)
    arguments.add_argument("--quick", action="store_true", help="one short round, 2 minutes")
    arguments.add_argument("--write", action="store_true", help=f"into {PAGE.name}, too")
    given = arguments.parse_args()
    tree = ensure_tree(Settings().cache)
    machine = this_machine(tree)
    say("routing ...")
    routed = routing.run(QUICK_STEPS) if given.quick else routing.run()
    runs, popped = asyncio.run(measure_calls(tree, quick=given.quick))
    text = page(machine, runs, popped, routed)
    sys.stdout.write(text)
    if given.write:
        Path(PAGE).write_text(text)


if __name__ == "__main__":
    main()
