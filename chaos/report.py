"""docs/reliability.md from what was measured."""

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.machine import Machine
from chaos.books import ENDED_WITHIN_MS, Books

_HEAD = """\
# Reliability

Made by `make chaos CHAOS_ARGUMENTS=--write` (seed {seed}); nothing here is written by hand.

{machine}

Programs are killed at random moments while SIPp calls over a real Asterisk and SIPp agents answer,
5 s a call; a tenth of the kills takes another program along (the floor standing by, the worker).
Afterwards what SIPp's callers and phones saw is held against the ledger, the ledger against the
list of calls, recordings and what lives (`hujiao ledger verify`), and every agent must be ready
again. *cut off*: conversations that ended before the caller hung up; *missing*, *doubled*: calls
against the ledger; *overtaken*: callers who waited and saw somebody who came later offered first;
*untimely*: calls that ended in the ledger more than {ended_within_ms} ms from their callers' own
good-bye, whether a floor lived then or not. Under the calls in every state (greeting, menu,
waiting, ringing, talking, held, agents wrapping up) all floors are killed, some callers hang up
meanwhile, and everybody else must be where he was, with the same times; *cut off* there are those
and the calls that agents ended. *stolen* is processor time that the machine's host gave to others:
nothing is excused by it.

| what was done | calls/s | calls | conversations | cut off | missing | doubled | overtaken |\
 untimely | |
|---|--:|--:|--:|--:|--:|--:|--:|--:|---|
"""


@dataclass(frozen=True, slots=True)
class Line:
    """One deed and its books."""

    what: str
    rate: float
    books: Books
    measured: str


def page(lines: Sequence[Line], seed: int, machine: Machine) -> str:
    text = _HEAD.format(seed=seed, machine=machine.sentence, ended_within_ms=ENDED_WITHIN_MS)
    for line in lines:
        books = line.books
        figures = (
            f"{line.rate:g}",
            *(
                f"{value:,}"
                for value in (
                    books.calls,
                    books.connected,
                    books.cut_off,
                    books.missing,
                    books.doubled,
                    books.out_of_order,
                    books.untimely,
                )
            ),
        )
        verdict = "books agree" if not books.faults else f"**{len(books.faults)} faults**"
        text += f"| {line.what} | {' | '.join(figures)} | {line.measured} {verdict} |\n"
    faults = [fault for line in lines for fault in line.books.faults]
    if faults:
        text += "\n" + "".join(f"- {fault}\n" for fault in faults)
    return text
