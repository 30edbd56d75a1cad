"""Results as a page to read: docs/benchmarks.md is written by nothing else."""

from collections.abc import Sequence
from typing import Any

from benchmarks.machine import Machine
from benchmarks.switch import APP_QUEUE, FLOOR, Run, middle, shown

CPU_TARGETS = {1000: 0.75, 300: 0.9}
"""Agents -> our CPU per call against app_queue's, at 60 calls/s."""
CPU_TARGET_RATE = 60.0


def page(machine: Machine, runs: Sequence[Run], pops: dict[str, Any], routing: Any) -> str:
    """The whole document."""
    return "\n".join(
        [
            "# Benchmarks",
            "",
            "Made by `make bench`; nothing here is written by hand.",
            "",
            f"{machine.processor}, {machine.cores} cores, {machine.memory_gb} GB, kernel"
            f" {machine.kernel}; Python {machine.python}, Asterisk {machine.asterisk},"
            f" PostgreSQL {machine.postgresql}, SIPp {machine.sipp}. Load average before the run:"
            f" {machine.load_average}.",
            "",
            *_calls(runs),
            *_verdicts(runs),
            *_pop(pops),
            *_routing(routing),
        ]
    )


def _calls(runs: Sequence[Run]) -> list[str]:
    rows = [
        "## Our floor against app_queue",
        "",
        "The same SIPp callers and phones on the same Asterisk in one run; `longest_idle` against"
        " `leastrecent`; ledger on, recording off, no wrap-up. CPU is user and system time of the"
        " processes in ms per call, the median of the rounds; PostgreSQL works for the floor only"
        " and is shown apart. Times are ms after the caller's INVITE, p50/p95/p99 of the median"
        " round: *offered* = the agent's phone has its INVITE, *connected* = it has the ACK to its"
        " answer, *heard* = the agent's voice is at the caller.",
        "",
        "| agents | calls/s | | calls | failed | CPU | Asterisk | floor | PostgreSQL | offered"
        " | connected | heard | others' share of the machine |",
        "|--:|--:|---|--:|--:|--:|--:|--:|--:|---|---|---|--:|",
    ]
    for group in grouped(runs):
        first = group[0]
        best = sorted(group, key=lambda run: run.connected.p99)[len(group) // 2]
        rows.append(
            f"| {first.agents} | {first.rate:.0f} | {first.system}"
            f" | {sum(run.calls for run in group)} | {sum(run.failed for run in group)}"
            f" | **{middle([run.cpu_ms for run in group]):.1f}**"
            f" | {middle([run.asterisk_ms for run in group]):.1f}"
            f" | {middle([run.floor_ms for run in group]):.1f}"
            f" | {middle([run.database_ms for run in group]):.1f}"
            f" | {_ms(best.offered)} | {_ms(best.connected)} | {_ms(best.heard)}"
            f" | {max(run.others_share for run in group):.0%} |"
        )
    return [*rows, ""]


def grouped(runs: Sequence[Run]) -> list[list[Run]]:
    """Rounds of the same load together, in the order of the table."""
    groups: dict[tuple[int, float, str], list[Run]] = {}
    for run in runs:
        groups.setdefault((run.agents, run.rate, run.system), []).append(run)
    return [groups[key] for key in sorted(groups)]


def _ms(shares: Any) -> str:
    return "/".join(shown(value) for value in (shares.p50, shares.p95, shares.p99))


def ratios(runs: Sequence[Run]) -> dict[tuple[int, float], float]:
    """(agents, calls/s) -> our CPU per call divided by app_queue's."""
    cpu = {
        (g[0].agents, g[0].rate, g[0].system): middle([run.cpu_ms for run in g])
        for g in grouped(runs)
    }
    return {
        (agents, rate): ours / cpu[agents, rate, APP_QUEUE]
        for (agents, rate, system), ours in cpu.items()
        if system == FLOOR and (agents, rate, APP_QUEUE) in cpu
    }


def _verdicts(runs: Sequence[Run]) -> list[str]:
    lines = ["CPU per call against app_queue's:", ""]
    for (agents, rate), ratio in sorted(ratios(runs).items()):
        target = CPU_TARGETS.get(agents) if rate == CPU_TARGET_RATE else None
        judged = ""
        if target is not None:
            judged = f" (target ≤ {target}: {'met' if ratio <= target else 'missed'})"
        lines.append(f"- {agents} agents, {rate:.0f} calls/s: **{ratio:.2f}**{judged}")
    return [*lines, ""]


def _pop(pops: dict[str, Any]) -> list[str]:
    if not pops:
        return []
    return [
        "## From INVITE to the screen",
        "",
        "Without IVR, measured where `web` reads the floor: the entity of the call with the agent"
        " it is offered to. The browser gets it from there over its open WebSocket.",
        "",
        f"p50 {pops['p50']:.0f} ms, p95 {pops['p95']:.0f} ms, p99 {pops['p99']:.0f} ms over"
        f" {pops['calls']} calls at {pops['rate']:.0f}/s (target p95 ≤ 300 ms:"
        f" {'met' if pops['p95'] <= 300 else 'missed'}).",
        "",
    ]


def _routing(result: Any) -> list[str]:
    if not result:
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
    verdict = "met" if result["met"] else "missed"
    return [
        *lines,
        "",
        f"Target: p99 ≤ {result['target_p99_us']} µs on the mixed floor: {verdict}.",
        "",
    ]
