"""`make chaos`: programs are killed while people call, and all books are compared afterwards."""

import argparse
import asyncio
import statistics
import sys
from collections.abc import Sequence

from benchmarks.machine import this_machine
from chaos.books import Books
from chaos.deeds import Plan, database_away, floors_killed, switch_killed
from chaos.house import RATE, Guests, full_house
from chaos.report import Line, page
from hujiao.app.settings import REPOSITORY, Settings
from hujiao.telephony.private import PrivateTree, ensure_tree

PAGE = REPOSITORY / "docs" / "reliability.md"
DEEDS = ("floors", "alone", "house", "database", "switch")
ALONE_KILLS = 20
TAKEN_OVER_WITHIN_MS = 2_000
RESTARTED_WITHIN_MS = 5_000
AWAY_S = 60.0
CALLS = 100


def say(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


def main() -> None:
    arguments = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    arguments.add_argument("--kills", type=int, default=200, help="of the leading floor")
    arguments.add_argument("--rate", type=float, default=20.0, help="calls per second")
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--only", choices=DEEDS, action="append", help="what is done")
    arguments.add_argument("--write", action="store_true", help=f"into docs/{PAGE.name}, too")
    given = arguments.parse_args()
    tree = ensure_tree(Settings().cache)
    machine = this_machine(tree)
    lines = [asyncio.run(_do(one, tree, given)) for one in given.only or DEEDS]
    text = page(lines, given.seed, machine)
    print(text)
    if given.write:
        PAGE.write_text(text)
    raise SystemExit(any(line.books.faults for line in lines))


async def _do(deed: str, tree: PrivateTree, given: argparse.Namespace) -> Line:
    say(f"-- {deed}")
    if deed == "floors":
        books = await floors_killed(tree, Plan(given.kills, given.rate, given.seed), say)
        what = f"{given.kills} × kill -9 of the leading floor, one standing by"
        took = _took(books, books.taken_over_ms, TAKEN_OVER_WITHIN_MS, _nobody_stood_by(books))
        return Line(what, given.rate, books, took)
    if deed == "alone":
        plan = Plan(min(given.kills, ALONE_KILLS), given.rate, given.seed, standby=False)
        books = await floors_killed(tree, plan, say)
        what = f"{plan.kills} × kill -9 of the only floor"
        took = _took(books, books.restarted_ms, RESTARTED_WITHIN_MS)
        return Line(what, given.rate, books, took)
    if deed == "house":
        guests = Guests()
        books = await full_house(tree, guests, seed=given.seed, say=say)
        what = f"kill -9 of all floors under {guests.calls} calls in every state"
        return Line(what, RATE, books, "everybody where he was:" if not books.faults else "")
    if deed == "database":
        books, before, away = await database_away(
            tree, rate=given.rate, away_s=AWAY_S, seed=given.seed, say=say
        )
        books.demand(away.p99_ms <= 2 * before.p99_ms, f"p99 of the answer: {away}, was {before}")
        return Line(
            f"PostgreSQL stopped for {AWAY_S:.0f} s",
            given.rate,
            books,
            f"p99 of the answer {before} before, {away} meanwhile (limit: twice)",
        )
    books = await switch_killed(tree, calls=CALLS, seed=given.seed, say=say)
    return Line(f"kill -9 of Asterisk under {CALLS} conversations", given.rate, books, "")


def _took(books: Books, took_ms: Sequence[int], limit_ms: int, beside: str = "") -> str:
    """The first event was handled so long after the kills; the slowest may take `limit_ms`."""
    slowest_ms = max(took_ms, default=0)
    books.demand(bool(took_ms) and slowest_ms <= limit_ms, f"slowest take-over: {slowest_ms} ms")
    median_ms = statistics.median(took_ms or [0])
    words = f"taken over after {median_ms:.0f} ms (median), {slowest_ms} ms at most"
    return f"{words} (limit {limit_ms} ms){beside}; {books.stolen_s:.0f} s stolen;"


def _nobody_stood_by(books: Books) -> str:
    """Of the kills that took the floor standing by along."""
    both = books.restarted_ms
    if not both:
        return ""
    slowest_ms = max(both)
    books.demand(slowest_ms <= RESTARTED_WITHIN_MS, f"slowest without a standby: {slowest_ms} ms")
    words = f"{len(both)} × nobody stood by: {slowest_ms} ms at most"
    return f"; {words} (limit {RESTARTED_WITHIN_MS} ms)"


if __name__ == "__main__":
    main()
