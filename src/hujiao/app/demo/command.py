"""The command line of `hujiao demo`, and what it says."""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from hujiao.app.demo.api import DemoError
from hujiao.app.demo.board import Board
from hujiao.app.demo.books import Books
from hujiao.app.demo.callers import Callers
from hujiao.app.demo.day import Demo, Wishes
from hujiao.app.demo.house import House, own_house, running_house
from hujiao.app.demo.office import MAX_AGENTS
from hujiao.app.demo.plan import Day

QUIET_LINE_S = 10.0
"""Between two lines of progress when nobody watches a terminal."""
SHOWN_FAULTS = 20

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def demo(
    calls: Annotated[int, typer.Option(min=1, max=20_000, help="calls to be placed")] = 100,
    minutes: Annotated[float, typer.Option(min=0.1, help="the time they come in")] = 5.0,
    rate: Annotated[float, typer.Option(min=0.0, help="calls a minute, instead of it")] = 0.0,
    agents: Annotated[int, typer.Option(min=1, max=MAX_AGENTS, help="who answer")] = 12,
    seed: Annotated[int, typer.Option(help="another seed, another day")] = 1,
    admin: Annotated[str, typer.Option(help="the administrator's sign-in name")] = "admin",
    number: Annotated[str, typer.Option(help="the number to call (default: the first)")] = "",
) -> None:
    """Let synthetic callers call and synthetic agents answer, over SIP.

    Plays on the running installation; starts one of its own in data-demo when none runs. Signs in
    as the administrator with HUJIAO_ADMIN_PASSWORD. Ctrl-C ends the day early and cleanly.
    """
    wishes = Wishes(calls, calls / rate if rate else minutes, agents, seed, admin, number)
    console = Console(highlight=False, soft_wrap=True)
    try:
        books = asyncio.run(_demo(wishes, console))
    except DemoError as failure:
        console.print(f"[red]The demo cannot go on:[/red] {failure}")
        raise typer.Exit(2) from None
    if books is None:
        raise typer.Exit(130)
    _tell(books, console)
    raise typer.Exit(0 if books.agree else 1)


async def _demo(wishes: Wishes, console: Console) -> Books | None:
    """None when it was ended before it began."""
    ending = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, ending.set)
    house = await _unless(ending, _house(console))
    if house is None:
        return None
    began = time.monotonic()
    try:
        await house.until_healthy()
        books = await Demo(house, wishes, console.print).run(ending, Progress(console).show)
    finally:
        if house.process is not None:
            console.print("Ending the installation …")
        await house.leave()
    console.print(f"The day took {time.monotonic() - began:.0f} s.")
    return books


async def _unless(ending: asyncio.Event, opening: asyncio.Task[House]) -> House | None:
    """The house, or None when the demo was asked to end first."""
    asked = asyncio.create_task(ending.wait(), name="demo asked to end")
    await asyncio.wait((opening, asked), return_when=asyncio.FIRST_COMPLETED)
    asked.cancel()
    if opening.done():
        return opening.result()
    opening.cancel()
    await asyncio.wait((opening,))
    return None


def _house(console: Console) -> asyncio.Task[House]:
    running = running_house("")

    async def opened() -> House:
        if running is None:
            return await own_house(console.print)
        if not running.password:
            running.password = _ask_password()
        return running

    return asyncio.create_task(opened(), name="demo house opens")


def _ask_password() -> str:
    if not sys.stdin.isatty():
        raise DemoError("give the administrator's password in HUJIAO_ADMIN_PASSWORD.")
    return str(typer.prompt("The administrator's password", hide_input=True))


class Progress:
    """One line that says how the day goes."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._began = time.monotonic()
        self._said_at = 0.0

    def show(self, callers: Callers, board: Board, day: Day) -> None:
        """Draws the line anew in a terminal, or prints one now and then."""
        now = time.monotonic()
        watched = self._console.is_terminal
        if not watched and now - self._said_at < QUIET_LINE_S:
            return
        self._said_at = now
        waiting = sum(queue["waiting"] for queue in board.queues.values())
        words = (
            f"{now - self._began:5.0f} s  placed {len(callers.placed)}/{len(day.callers)}  "
            f"on the line {callers.living}  waiting {waiting} (most {board.longest_queue})"
        )
        states = [one["state"] for one in board.agents.values() if one["state"] != "offline"]
        talking = sum(state in ("talking", "hold") for state in states)
        words += f"  agents talking {talking}/{len(states)}"
        self._console.print(words, end="\r" if watched else "\n")


def _tell(books: Books, console: Console) -> None:
    table = Table("the books", "", title_justify="left")
    table.add_row("calls placed by the callers", str(books.placed))
    table.add_row("calls in the ledger", str(books.in_ledger))
    table.add_row("calls in the call list", str(books.in_list))
    for result, count in books.results.most_common():
        table.add_row(f"  {result}", str(count))
    if books.waits_ms:
        middle = books.waits_ms[len(books.waits_ms) // 2] / 1000
        table.add_row("wait of the answered, median", f"{middle:.1f} s")
        table.add_row("wait of the answered, longest", f"{books.waits_ms[-1] / 1000:.1f} s")
    table.add_row("channels and bridges left", f"{books.channels} and {books.bridges}")
    table.add_row("agents stuck", str(len(books.stuck)))
    console.print(table)
    if books.agree:
        console.print("[green]The books agree.[/green]")
        return
    console.print(f"[red]The books disagree[/red] in {len(books.faults)} points:")
    for fault in books.faults[:SHOWN_FAULTS]:
        console.print(f"  {fault}")
