"""What is done to the town while people call, and what the books say afterwards."""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import psycopg

from benchmarks.cpu import stolen_s
from benchmarks.load import CallTimes, Shares
from chaos.books import Books, Kill, check
from chaos.town import Town, kill, town
from hujiao.kit.clock import now_ms
from hujiao.telephony.private import PrivateTree
from tests.harness.waiting import until

AGENTS_PER_RATE = 6
"""Agents for each call per second: enough to answer all, few enough that a gap makes a queue."""
TALK_MS = 5_000
BETWEEN_S = (1.5, 4.5)
"""A kill comes at a random moment of this span after the former leader was replaced."""
SECOND_KILL = 0.1
"""How often another of our programs is killed in the same moment."""
LONGEST_TAKEOVER_S = 10.0
CLOSED_WITHIN_MS = 5_000
LOST_S = 4.0
"""What Asterisk, killed, may not have written of a recording: a block of 32 KiB of A-law."""
_ENDS = """
    SELECT call_id, (extract(epoch FROM at) * 1000)::bigint, data->>'cause'
    FROM fact WHERE type = 'call.ended'
"""
_KEPT = """
    SELECT r.id, r.duration_ms FROM recording r
    JOIN fact a ON a.call_id = r.call_id AND a.type = 'call.arrived'
    WHERE a.data->>'caller' LIKE 'v%'
"""

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """`kills` of the leading floor while `rate` people call each second."""

    kills: int
    rate: float
    seed: int
    standby: bool = True
    recorded: bool = False

    @property
    def agents(self) -> int:
        return round(self.rate * AGENTS_PER_RATE)


async def floors_killed(tree: PrivateTree, plan: Plan, say: Say) -> Books:
    """-9 for the leading floor again and again, now and then for another program too."""
    async with town(
        tree, agents=plan.agents, standby=plan.standby, seed=plan.seed, recorded=plan.recorded
    ) as place:
        began_ms = now_ms()
        enough = asyncio.Event()
        longest_s = 60.0 + plan.kills * (BETWEEN_S[1] + LONGEST_TAKEOVER_S)
        calling = asyncio.create_task(
            place.call(plan.rate, longest_s, talk_ms=TALK_MS, enough=enough), name="calls"
        )
        before_s = stolen_s()
        kills = await _kill_leaders(place, plan, say)
        lost_s = stolen_s() - before_s
        enough.set()
        books = await check(place, [await calling], kills, began_ms=began_ms)
        books.stolen_s = lost_s
        return books


async def _kill_leaders(place: Town, plan: Plan, say: Say) -> list[Kill]:
    kills: list[Kill] = []
    while len(kills) < plan.kills:
        await asyncio.sleep(place.chance.uniform(*BETWEEN_S))
        pid = int((await place.health()).get("pid", 0))
        if not pid:
            continue
        also = place.chance.choice(place.programs) if place.chance.random() < SECOND_KILL else None
        stood_by = place.standing() > 1 and (also is None or also.argv != ["floor"])
        at_ms, before_s = now_ms(), stolen_s()
        kill(pid)
        if also is not None:
            kill(also.pid)
        await place.until_led(not_by=pid)
        took_s = (now_ms() - at_ms) / 1000
        stolen = (stolen_s() - before_s) / (took_s * (os.cpu_count() or 1))
        kills.append(Kill(at_ms, stood_by))
        say(f"{len(kills)} of {plan.kills}: led again after {took_s:.3f} s, {stolen:.0%} stolen")
    return kills


@dataclass(frozen=True, slots=True)
class Answers:
    """How long callers waited for an agent's answer, and processor time (s) that the machine's host
    took away meanwhile: then they waited for the machine."""

    p99_ms: float
    stolen_s: float

    def __str__(self) -> str:
        stolen = f" ({self.stolen_s:.1f} s of processor time stolen)" if self.stolen_s > 0.5 else ""
        return f"{self.p99_ms:.0f} ms{stolen}"


async def _called(calling: Awaitable[CallTimes]) -> tuple[CallTimes, Answers]:
    """The calls when all are over, and how they were answered."""
    before_s = stolen_s()
    times = await calling
    return times, Answers(Shares.of(times.connected).p99, stolen_s() - before_s)


async def database_away(
    tree: PrivateTree, *, rate: float, away_s: float, seed: int, say: Say
) -> tuple[Books, Answers, Answers]:
    """PostgreSQL is stopped for a while; the books, and the answers before and meanwhile."""
    agents = round(rate * AGENTS_PER_RATE)
    async with town(tree, agents=agents, standby=True, seed=seed) as place:
        began_ms = now_ms()
        calling = place.call(rate, away_s / 2, talk_ms=TALK_MS, series="1")
        first, before = await _called(calling)
        place.cluster.stop()
        stopped_s = time.monotonic()
        say("PostgreSQL is stopped")
        calling = place.call(rate, away_s - TALK_MS / 1000, talk_ms=TALK_MS, series="2")
        second, meanwhile = await _called(calling)
        say(f"PostgreSQL comes back after {time.monotonic() - stopped_s:.0f} s")
        place.cluster.start()
        books = await check(place, [first, second], began_ms=began_ms)
        return books, before, meanwhile


async def switch_killed(tree: PrivateTree, *, calls: int, seed: int, say: Say) -> Books:
    """Asterisk is killed under so many conversations and comes back; they all end in the books."""
    rate, speak_s = 20.0, 6.0
    async with town(tree, agents=calls + 10, standby=True, seed=seed, recorded=True) as place:
        began_ms = now_ms()
        calling = asyncio.create_task(
            place.call(rate, calls / rate, talk_ms=60_000, series="1"), name="calls"
        )
        await until_talking(place, calls)
        await asyncio.sleep(speak_s)  # something must be said before it can be lost
        place.node.kill()
        say("Asterisk is killed")
        place.node.start()
        returned_ms = now_ms()
        books = await check(place, [await calling], began_ms=began_ms, cut_off=True)
        with psycopg.connect(place.url) as connection:
            ends = connection.execute(_ENDS).fetchall()
            kept = connection.execute(_KEPT).fetchall()
        late = [one for one in ends if one[1] > returned_ms + CLOSED_WITHIN_MS]
        books.demand(len(ends) == calls, f"{len(ends)} of {calls} calls were closed")
        books.demand(not late, f"closed late: {late[:3]}")
        books.demand(all(one[2] for one in ends), "calls without a cause")
        short = [one for one in kept if one[1] < (speak_s - LOST_S) * 1000]
        books.demand(not short, f"recordings that lost more than {LOST_S:g} s: {short[:3]}")
        return books


async def until_talking(place: Town, calls: int) -> None:
    async def talking() -> bool:
        states = await place.states()
        return sum(state == "talking" for state in states.values()) >= calls

    await until(talking, timeout_s=60, what=f"{calls} conversations")
