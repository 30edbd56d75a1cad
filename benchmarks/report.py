"""Results as a page to read: docs/benchmarks.md is written by nothing else."""

from collections.abc import Callable, Sequence
from typing import Any

from benchmarks.load import TALK_MS, Shares
from benchmarks.machine import Machine
from benchmarks.pop import Pops
from benchmarks.switch import APP_QUEUE, BARE_FLOOR, FLOOR, Run, middle, shown, spread

CPU_TARGETS = {1000: 0.75, 300: 0.9}
"""Agents -> our CPU per call against app_queue's, at 60 calls/s."""
CPU_TARGET_RATE = 60.0
HELD = (1000, 90.0)
POP_TARGET_MS = 300
QUIET_SHARE = 0.1
ORDER = (FLOOR, APP_QUEUE, BARE_FLOOR)

METHOD = f"""\
Both contestants run on the same Asterisk with the same PJSIP endpoints, the same callers (SIPp)
and the same phones (SIPp behind static contacts), in turn; the number called decides who
distributes the call. Ours is `longest_idle`, app_queue's is `leastrecent`. A call: INVITE, the
switch answers, the call is put to an agent, whose phone answers at once; the caller hangs up
{TALK_MS / 1000:.0f} s after the switch's answer; no wrap-up time. Waiting callers hear
music, of ours those who wait longer than 200 ms. Our ledger is on and writes to a PostgreSQL that
syncs to disk; one reader takes the floor's stream, as `web` does; recording is off. app_queue is
as it comes, with its queue log, but is spared the 500 ms that `Answer()` waits for sound. While
app_queue works, the floor is not connected.

CPU is user and system time of whole processes, from the kernel, divided by the calls. PostgreSQL
works for the floor only and is shown apart. Times are in ms after the caller's INVITE: *offered*,
the agent's phone has its INVITE; *connected*, it has the ACK to its answer; *heard*, the first
packet of the agent's voice is at the caller (measured for one call in ten, whose agents send
sound). Percentiles are p50/p95/p99 over the calls of all rounds; a call that had no agent when its
caller hung up has failed and counts as infinitely late (∞). *Others* is what the rest of the
machine used and its host took meanwhile: load generators and contestants share its cores, so above
{QUIET_SHARE:.0%} waiting times say little, and CPU times are high for both.
"""


def page(
    machine: Machine,
    runs: Sequence[Run],
    pops: Pops | None,
    routing: dict[str, Any] | None,
    took_s: float,
    lost_s: float,
) -> str:
    """The whole document. `lost_s`: processor time that the machine's host gave to others."""
    return "\n".join(
        [
            "# Benchmarks",
            "",
            "Made by `make bench` (`.venv/bin/python -m benchmarks --write`); nothing here is"
            " written by hand.",
            "",
            f"{machine.sentence} The run took {took_s / 60:.0f} min;"
            f" the host took {lost_s:.0f} s of processor time away meanwhile.",
            "",
            *_targets(runs, pops, routing),
            *_calls(runs),
            *_ledger(runs),
            *_pop(pops),
            *_routing(routing),
        ]
    )


def grouped(runs: Sequence[Run]) -> dict[tuple[int, float, str], list[Run]]:
    """Rounds of the same load together, in the order of the table."""
    groups: dict[tuple[int, float, str], list[Run]] = {}
    for run in sorted(runs, key=lambda run: (run.agents, run.rate, ORDER.index(run.system))):
        groups.setdefault((run.agents, run.rate, run.system), []).append(run)
    return groups


def pooled(group: Sequence[Run], of: Callable[[Run], list[float]]) -> list[float]:
    """The times of all rounds."""
    return [value for run in group for value in of(run)]


def p99(group: Sequence[Run]) -> float:
    """The slowest hundredth of answers, all rounds together."""
    return Shares.of(pooled(group, lambda run: run.times.connected)).p99


def pairs(runs: Sequence[Run]) -> list[tuple[int, float, list[Run], list[Run]]]:
    """Agents, calls/s, our rounds and app_queue's."""
    groups = grouped(runs)
    return [
        (agents, rate, ours, groups[agents, rate, APP_QUEUE])
        for (agents, rate, system), ours in groups.items()
        if system == FLOOR and (agents, rate, APP_QUEUE) in groups
    ]


def ratio(ours: Sequence[Run], theirs: Sequence[Run]) -> float:
    """Our CPU per call divided by app_queue's, each the median of its rounds."""
    return middle([run.cpu_ms for run in ours]) / middle([run.cpu_ms for run in theirs])


# --- the targets


def _targets(runs: Sequence[Run], pops: Pops | None, routing: dict[str, Any] | None) -> list[str]:
    rows: list[tuple[str, str, bool]] = []
    for agents, rate, ours, theirs in pairs(runs):
        limit = CPU_TARGETS.get(agents)
        if limit is not None and rate == CPU_TARGET_RATE:
            what = f"CPU per call, {agents} agents, {rate:.0f}/s: ≤ {limit} × app_queue"
            is_met = ratio(ours, theirs) <= limit
            rows.append((what, f"{ratio(ours, theirs):.2f} ×", is_met))
    for agents, rate, ours, theirs in pairs(runs):
        what = f"p99 of the answer, {agents} agents, {rate:.0f}/s: ≤ app_queue's"
        found = f"{shown(p99(ours))} ms against {shown(p99(theirs))} ms"
        rows.append((what, found, p99(ours) <= p99(theirs)))
    held = grouped(runs).get((*HELD, FLOOR))
    if held:
        calls, failed = sum(run.calls for run in held), sum(run.failed for run in held)
        what = f"{HELD[1]:.0f} calls/s held at {HELD[0]} agents"
        rows.append((what, f"{failed} of {calls} failed", failed == 0))
    if pops is not None:
        what = f"INVITE to screen pop, p95: ≤ {POP_TARGET_MS} ms"
        found = f"{shown(pops.browser.p95)} ms"
        rows.append((what, found, pops.browser.p95 <= POP_TARGET_MS))
    if routing is not None:
        what = f"routing step, p99: ≤ {routing['target_p99_us']:.0f} µs"
        rows.append((what, f"{routing['mixed']['all']['p99_us']:.0f} µs", routing["met"]))
    return [
        "| target | measured | |",
        "|---|---|---|",
        *(f"| {what} | {found} | {_verdict(is_met)} |" for what, found, is_met in rows),
        "",
    ]


def _verdict(is_met: bool) -> str:
    return "met" if is_met else "**missed**"


# --- the tables


def _calls(runs: Sequence[Run]) -> list[str]:
    groups = grouped(runs)
    if not groups:
        return []
    rows = ["## Our floor against app_queue", "", METHOD]
    rows += [
        "| agents | calls/s | | calls | failed | CPU/call | of the rounds | Asterisk | floor"
        " | PostgreSQL | offered | connected | heard | others |",
        "|--:|--:|---|--:|--:|--:|---|--:|--:|--:|---|---|---|--:|",
    ]
    for (agents, rate, system), group in groups.items():
        if system == BARE_FLOOR:
            continue
        each = ", ".join(f"{run.cpu_ms:.1f}" for run in group)
        rows.append(
            f"| {agents} | {rate:.0f} | {system}"
            f" | {sum(run.calls for run in group)} | {sum(run.failed for run in group)}"
            f" | **{middle([run.cpu_ms for run in group]):.1f} ms** | {each}"
            f" | {middle([run.asterisk_ms for run in group]):.1f}"
            f" | {middle([run.floor_ms for run in group]):.1f}"
            f" | {middle([run.database_ms for run in group]):.1f}"
            f" | {spread(pooled(group, lambda run: run.times.offered))}"
            f" | {spread(pooled(group, lambda run: run.times.connected))}"
            f" | {spread(pooled(group, lambda run: run.times.heard))}"
            f" | {max(run.others_share for run in group):.0%} |"
        )
    rows.append("")
    rows += [
        f"- {agents} agents, {rate:.0f} calls/s: our CPU per call is"
        f" **{ratio(ours, theirs):.2f} ×** app_queue's"
        for agents, rate, ours, theirs in pairs(runs)
    ]
    return [*rows, ""]


def _ledger(runs: Sequence[Run]) -> list[str]:
    groups = grouped(runs)
    rows = []
    for (agents, rate, system), group in groups.items():
        written = groups.get((agents, rate, FLOOR))
        if system == BARE_FLOOR and written:
            bare_ms = middle([run.floor_ms for run in group])
            with_ms = middle([run.floor_ms for run in written])
            rows.append(
                f"At {agents} agents and {rate:.0f} calls/s the floor needs {with_ms:.2f} ms of CPU"
                f" per call with the ledger and {bare_ms:.2f} ms without: its facts cost"
                f" **{with_ms - bare_ms:.2f} ms** there, and"
                f" {middle([run.database_ms for run in written]):.2f} ms in PostgreSQL."
            )
    return ["## The ledger", "", *rows, ""] if rows else []


def _pop(pops: Pops | None) -> list[str]:
    if pops is None:
        return []
    rows = (("the floor's stream", pops.floor), ("the browser's WebSocket", pops.browser))
    return [
        "## From INVITE to the screen",
        "",
        f"Without IVR, {pops.floor.count} calls at {pops.rate:.0f}/s: the call with its agent"
        " arrives where `web` reads the floor, and at the end of a browser's `/api/live`. ms.",
        "",
        "| at | p50 | p95 | p99 |",
        "|---|--:|--:|--:|",
        *(f"| {at} | {shown(s.p50)} | {shown(s.p95)} | {shown(s.p99)} |" for at, s in rows),
        "",
    ]


def _routing(result: dict[str, Any] | None) -> list[str]:
    if result is None:
        return []
    lines = [
        "## Routing",
        "",
        "Processor time per step at 10,000 agents × 10,000 waiting × 50 queues, all strategies"
        " mixed, µs. *universal* is the worst floor: everybody fits every queue. *disturbed* is"
        " how much slower a fixed piece of work ran than at its own best meanwhile.",
        "",
        "| floor | p50 | p95 | p99 | max | disturbed |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    for name in ("mixed", "universal"):
        steps = result[name]["all"]
        lines.append(
            f"| {name} | {steps['p50_us']:.0f} | {steps['p95_us']:.0f} | {steps['p99_us']:.0f}"
            f" | {steps['max_us']:.0f} | {result[name]['disturbance']:.2f} |"
        )
    return [*lines, ""]
