"""What everybody says of the same calls: SIPp, ledger, list of calls, recordings."""

import asyncio
import math
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import psycopg

from benchmarks.load import CallTimes
from chaos.town import Town
from hujiao.app.verify.model import Checked, Period
from hujiao.app.verify.run import verify
from hujiao.app.verify.words import in_words
from hujiao.kit.clock import now_ms

SETTLE_S = 120.0
FORGOTTEN_MS = 30
"""A phone picked up so shortly before a kill, or before its caller hung up, leaves the floor no
time to put anybody through."""
ENDED_WITHIN_MS = 500
"""So far the ledger's end of a call may be from the caller's own good-bye, on a busy machine."""
SHOWN = 10

_PER_CALL = """
    SELECT a.data->>'caller', f.type, count(*)
    FROM fact a JOIN fact f ON f.call_id = a.call_id
    WHERE a.type = 'call.arrived' AND f.type IN ('call.arrived', 'call.connected', 'call.ended')
    GROUP BY a.data->>'caller', a.position, f.type
"""
_WAITS = """
    SELECT e.call_id, e.arrived, e.entered, min(o.at) AS offered
    FROM (SELECT q.call_id, min(a.at) AS arrived, min(q.at) AS entered
          FROM fact q JOIN fact a ON a.call_id = q.call_id AND a.type = 'call.arrived'
          WHERE q.type = 'queue.entered' GROUP BY q.call_id) e
    JOIN fact o ON o.call_id = e.call_id AND o.type = 'offer.made'
    GROUP BY e.call_id, e.arrived, e.entered
    ORDER BY offered, e.arrived
"""
_CAME_UP = """
    SELECT (extract(epoch FROM at) * 1000)::bigint FROM fact
    WHERE type = 'node.connected' AND (extract(epoch FROM at) * 1000)::bigint >= %s
    ORDER BY at LIMIT 1
"""
_ENDED = """
    SELECT a.data->>'caller', extract(epoch FROM f.at)::float8
    FROM fact a JOIN fact f ON f.call_id = a.call_id
    WHERE a.type = 'call.arrived' AND f.type = 'call.ended'
"""
_SPOKE = """
    SELECT a.data->>'caller' FROM fact a JOIN fact f ON f.call_id = a.call_id
    WHERE a.type = 'call.arrived' AND f.type = 'call.connected'
"""


@dataclass(frozen=True, slots=True)
class Kill:
    """When a leader was killed (ms since epoch), and whether a floor that stood by lived on."""

    at_ms: int
    stood_by: bool


@dataclass(frozen=True, slots=True)
class PickedUp:
    """When a phone was picked up and when its caller hung up, in ms since epoch. `inf`: he did not,
    somebody else ended his call."""

    at_ms: float
    ended_ms: float

    @property
    def too_late(self) -> bool:
        """Its caller had gone, or was about to."""
        return self.ended_ms - self.at_ms <= FORGOTTEN_MS


@dataclass(frozen=True, slots=True)
class Gap:
    """No floor led from a kill until the next one knew the node; None: none ever did."""

    kill: Kill
    taken_over_ms: int | None

    def excuses(self, phone: PickedUp) -> bool:
        """Whether the phone was picked up in this gap and its caller gone before anybody led."""
        if self.taken_over_ms is None:
            return False
        in_gap = self.kill.at_ms - FORGOTTEN_MS <= phone.at_ms <= self.taken_over_ms
        return in_gap and phone.ended_ms <= self.taken_over_ms


@dataclass(slots=True)
class Books:
    """Counts of one run; `faults` holds each disagreement in words: none when all is well."""

    calls: int = 0
    connected: int = 0
    cut_off: int = 0
    missing: int = 0
    doubled: int = 0
    out_of_order: int = 0
    untimely: int = 0
    """Calls that ended in the ledger at another time than their callers hung up."""
    faults: list[str] = field(default_factory=list)
    taken_over_ms: list[int] = field(default_factory=list)
    """From each kill to the node being reconciled by the next leader, who stood by."""
    restarted_ms: list[int] = field(default_factory=list)
    """The same where nobody stood by, and a floor had to be started first."""
    stolen_s: float = 0.0
    """Processor time that the machine's host gave to others meanwhile."""

    def demand(self, fine: bool, what: str) -> None:
        if not fine:
            self.faults.append(what)


async def check(
    town: Town,
    loads: Sequence[CallTimes],
    kills: Sequence[Kill] = (),
    *,
    began_ms: int,
    cut_off: bool = False,
) -> Books:
    """Wait until everything is delivered, then compare. `cut_off`: calls had to end."""
    books = Books()
    await town.until_led()
    await _settled(books, "channels are left", lambda: _channels(town))
    await _settled(books, "calls are left on the floor", lambda: _live_calls(town))
    called = Counter(caller for times in loads for caller in times.started_s)
    ended = [caller for times in loads for caller in times.cut_off]
    books.calls, books.cut_off = called.total(), len(ended)
    books.demand(cut_off or not ended, f"conversations ended by us: {ended[:SHOWN]}")
    await _verified(town, books, began_ms)
    with psycopg.connect(town.url) as connection:
        gaps = [Gap(kill, _taken_over(connection, kill)) for kill in kills]
        told = {str(row[0]) for row in connection.execute(_SPOKE)}
        phones = picked_up(loads)
        spoken = put_through(phones, told, gaps)
        books.connected = spoken.total()
        _compare(connection, books, called, spoken, lambda caller: moment(phones.get(caller), gaps))
        _order(connection, books)
        _ends(connection, books, loads)
        _takeovers(books, gaps)
    await _all_ready(town, books)
    return books


async def _settled(books: Books, what: str, left: Callable[[], Awaitable[int]]) -> None:
    deadline = time.monotonic() + SETTLE_S
    while count := await left():
        if time.monotonic() > deadline:
            books.faults.append(f"{what}: {count}")
            return
        await asyncio.sleep(0.2)


async def _channels(town: Town) -> int:
    return len(town.node.ari("GET", "/channels").json())


async def _live_calls(town: Town) -> int:
    return int((await town.health()).get("calls", -1))


async def _verified(town: Town, books: Books, began_ms: int) -> None:
    """What `hujiao ledger verify` says; facts and recordings on their way are waited for."""
    deadline = time.monotonic() + SETTLE_S
    period = Period(began_ms, now_ms() + 60_000)
    while True:
        found = [in_words(one, "en") async for one in verify(town.settings, period, Checked())]
        if not found:
            return
        if time.monotonic() > deadline:
            books.faults += found[:SHOWN]
            return
        await asyncio.sleep(2.0)


def _taken_over(connection: psycopg.Connection[Any], kill: Kill) -> int | None:
    row = connection.execute(_CAME_UP, (kill.at_ms,)).fetchone()
    return int(row[0]) if row else None


def picked_up(loads: Sequence[CallTimes]) -> dict[str, PickedUp]:
    """By caller."""
    return {
        caller: PickedUp(at_s * 1000 + after_ms, times.ended_s.get(caller, math.inf) * 1000)
        for times in loads
        for (caller, at_s), after_ms in zip(times.started_s.items(), times.connected, strict=True)
        if not math.isinf(after_ms)
    }


def put_through(
    picked_up: Mapping[str, PickedUp], told: Collection[str], gaps: Sequence[Gap]
) -> Counter[str]:
    """Callers whose phone was picked up and who spoke to an agent; of `told` the ledger says so.

    Only a floor puts through, and it takes some ms: whoever hangs up while it does, or in the very
    gap in which a phone was picked up for him, may have spoken to nobody, as the ledger says then.
    """
    return Counter(
        caller
        for caller, phone in picked_up.items()
        if caller in told or not (phone.too_late or any(gap.excuses(phone) for gap in gaps))
    )


def moment(phone: PickedUp | None, gaps: Sequence[Gap]) -> str:
    """When a phone was picked up, in words that help to find out why nothing came of it."""
    if phone is None:
        return "never picked up"
    words = f"picked up {phone.ended_ms - phone.at_ms:.0f} ms before he hung up"
    for gap in reversed(gaps):
        if gap.kill.at_ms - FORGOTTEN_MS <= phone.at_ms:
            words += f", {phone.at_ms - gap.kill.at_ms:.0f} ms after a kill"
            if gap.taken_over_ms is not None:
                words += f" made up for in {gap.taken_over_ms - gap.kill.at_ms} ms"
            break
    return words


def _compare(
    connection: psycopg.Connection[Any],
    books: Books,
    called: Counter[str],
    spoken: Counter[str],
    when: Callable[[str], str],
) -> None:
    counts: dict[str, Counter[str]] = {
        kind: Counter() for kind in ("call.arrived", "call.connected", "call.ended")
    }
    for caller, kind, count in connection.execute(_PER_CALL):
        counts[kind][caller] += count
    arrived, ended = counts["call.arrived"], counts["call.ended"]
    books.missing = (called - arrived).total()
    books.doubled = (arrived - called).total()
    books.demand(not books.missing, f"not in the ledger: {list(called - arrived)[:SHOWN]}")
    books.demand(not books.doubled, f"twice in the ledger: {list(arrived - called)[:SHOWN]}")
    books.demand(ended == arrived, f"ends: {list((ended - arrived) + (arrived - ended))[:SHOWN]}")
    other = (counts["call.connected"] - spoken) + (spoken - counts["call.connected"])
    known = counts["call.connected"]
    told = [
        f"{one} ({known[one]} in the ledger, {spoken[one]} on the phones; {when(one)})"
        for one in list(other)[:SHOWN]
    ]
    books.demand(not told, f"conversations: {told}")


def _order(connection: psycopg.Connection[Any], books: Books) -> None:
    """Of two who waited at the same time, who came first is offered first."""
    waits = connection.execute(_WAITS).fetchall()
    latest: list[tuple[Any, Any, str]] = []
    """(arrived, offered, call) of those offered, in the order of offers."""
    for call, arrived, entered, offered in waits:
        ahead = [one for one in latest[-200:] if one[0] > arrived and entered < one[1] < offered]
        if ahead:
            books.out_of_order += 1
            if books.out_of_order <= SHOWN:
                books.faults.append(f"{call} was overtaken by {ahead[0][2]}")
        latest.append((arrived, offered, call))


def _ends(connection: psycopg.Connection[Any], books: Books, loads: Sequence[CallTimes]) -> None:
    """Whether a floor was there to hear him or not, a call ends when the caller hangs up."""
    hung_up_s = {caller: at_s for times in loads for caller, at_s in times.ended_s.items()}
    apart_ms = {
        caller: round((ended_s - hung_up_s[caller]) * 1000)
        for caller, ended_s in connection.execute(_ENDED)
        if caller in hung_up_s
    }
    untimely = [one for one, apart in apart_ms.items() if abs(apart) > ENDED_WITHIN_MS]
    books.untimely = len(untimely)
    told = [f"{one} ({apart_ms[one]} ms)" for one in untimely[:SHOWN]]
    books.demand(not untimely, f"ended at another time than their callers hung up: {told}")


def _takeovers(books: Books, gaps: Sequence[Gap]) -> None:
    for gap in gaps:
        if gap.taken_over_ms is None:
            books.faults.append("nobody took over after a kill")
            continue
        took = books.taken_over_ms if gap.kill.stood_by else books.restarted_ms
        took.append(gap.taken_over_ms - gap.kill.at_ms)


async def _all_ready(town: Town, books: Books) -> None:
    async def stuck() -> int:
        states = await town.states()
        return sum(states.get(one) != "ready" for one in town.agents)

    await _settled(books, "agents are not ready", stuck)
