"""A house full of calls in every state, whose floors are killed; everybody is where he was."""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from chaos.books import Books, check
from chaos.town import GREETED, MENU, NUMBER, Town, kill, town
from hujiao.kit.clock import now_ms
from hujiao.telephony.private import PrivateTree
from tests.harness.waiting import until

RATE = 60.0
FULL_WITHIN_S = 30.0
AGENT = ("id", "call_id", "state", "since", "until", "handled", "missed")
CALL = ("id", "phase", "agent_id", "arrived_at", "queued_at", "answered_at", "priority")

View = dict[str, Any]
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Guests:
    """How many are in each state when the floors are killed, and how many leave in the gap.

    Whoever calls the same number are tens: a tenth of them is the voiced sample.
    """

    talking: int = 90
    held: int = 15
    wrapping_up: int = 15
    ringing: int = 40
    waiting: int = 80
    greeted: int = 40
    in_menu: int = 40
    leave_talking: int = 8
    leave_waiting: int = 8
    stay_s: int = 18
    """From the switch's answer to the caller's good-bye: a silent phone is given up after 20 s."""
    wrap_up_s: int = 30

    @property
    def answered(self) -> int:
        return self.talking + self.held + self.wrapping_up

    @property
    def calls(self) -> int:
        return self.answered + self.ringing + self.waiting + self.greeted + self.in_menu

    @property
    def phases(self) -> Counter[str]:
        """Of the calls that live then."""
        return Counter(
            talking=self.talking,
            hold=self.held,
            ringing=self.ringing,
            waiting=self.waiting,
            greeting=self.greeted,
            menu=self.in_menu,
        )


@dataclass(slots=True)
class Scene:
    """What the floor says of everybody."""

    calls: dict[str, View] = field(default_factory=dict)
    agents: dict[str, View] = field(default_factory=dict)

    @classmethod
    async def of(cls, place: Town) -> "Scene":
        said = await place.snapshot()
        live = (one for one in said["call"] if one["phase"] != "ended")
        return cls({one["id"]: one for one in live}, {one["id"]: one for one in said["agent"]})

    def inside(self, phase: str) -> list[View]:
        """Calls in this phase in the order of their coming."""
        found = (one for one in self.calls.values() if one["phase"] == phase)
        return sorted(found, key=lambda one: (one["arrived_at"], one["id"]))

    @property
    def phases(self) -> Counter[str]:
        return Counter(one["phase"] for one in self.calls.values())


async def full_house(tree: PrivateTree, guests: Guests, *, seed: int, say: Say) -> Books:
    """All floors are killed, some callers leave meanwhile, and the next floor goes on."""
    async with town(
        tree,
        agents=guests.answered + guests.ringing,
        slow=guests.ringing,
        standby=True,
        seed=seed,
        wrap_up_s=guests.wrap_up_s,
    ) as place:
        began_ms = now_ms()
        loads = _callers(place, guests)
        left = await _fill(place, guests)
        before = await Scene.of(place)
        say(f"killed under {dict(before.phases)}, {guests.wrapping_up} wrapping up")
        left += await _killed_while_some_leave(place, before, guests)
        after = await Scene.of(place)
        said = _differences(before, after, {one["id"] for one in left})
        times = await asyncio.gather(*loads)
        books = await check(place, times, began_ms=began_ms, cut_off=True)
        books.faults += said
        expected = sorted(one["caller"] for one in left)
        ended = sorted(user for one in times for user in one.cut_off)
        books.demand(ended == expected, f"ended by us: {ended}, wanted: {expected}")
        return books


def _callers(place: Town, guests: Guests) -> list[asyncio.Task[Any]]:
    in_queue = guests.answered + guests.ringing + guests.waiting
    stay_ms = guests.stay_s * 1000
    return [
        asyncio.create_task(
            place.call(RATE, count / RATE, talk_ms=stay_ms, series=series, number=number),
            name=f"calls of {number}",
        )
        for series, number, count in (
            ("1", NUMBER, in_queue),
            ("2", GREETED, guests.greeted),
            ("3", MENU, guests.in_menu),
        )
    ]


async def _fill(place: Town, guests: Guests) -> list[View]:
    """Until everybody is where he should be; returns the calls that agents have ended."""

    async def full() -> bool:
        there = (await Scene.of(place)).phases
        return there == guests.phases - Counter(hold=guests.held) + Counter(
            talking=guests.held + guests.wrapping_up
        )

    await until(full, timeout_s=FULL_WITHIN_S, what="the house is full")
    talks = (await Scene.of(place)).inside("talking")
    held, over = talks[: guests.held], talks[guests.held : guests.held + guests.wrapping_up]
    for one in held:
        await place.client.command("hold", agent=one["agent_id"], call=one["id"])
    for one in over:
        await place.client.command("hangup", agent=one["agent_id"], call=one["id"])

    async def settled() -> bool:
        scene = await Scene.of(place)
        states = Counter(one["state"] for one in scene.agents.values())
        return scene.phases == guests.phases and states["wrap_up"] == guests.wrapping_up

    await until(settled, timeout_s=FULL_WITHIN_S, what="some hold, some wrap up")
    return over


async def _killed_while_some_leave(place: Town, before: Scene, guests: Guests) -> list[View]:
    """-9 for every floor; returns the calls whose callers hang up while none lives."""
    leaving = before.inside("talking")[-guests.leave_talking :]
    leaving += before.inside("waiting")[-guests.leave_waiting :]
    pids = [one.pid for one in place.floors]
    for pid in pids:
        kill(pid)
    for one in leaving:
        await asyncio.to_thread(place.node.ari, "DELETE", f"/channels/{one['id']}")
    await place.until_led(not_by=pids[0])
    return leaving


def _differences(before: Scene, after: Scene, left: set[str]) -> list[str]:
    """Whoever is not where he was, in words."""
    faults = []
    for call_id, was in before.calls.items():
        now = after.calls.get(call_id)
        if call_id in left:
            if now is not None:
                faults.append(f"{call_id}, whose caller has left, is {now['phase']}")
        elif now is None:
            faults.append(f"{call_id} ({was['phase']}) is gone")
        else:
            faults += _differ(was, now, CALL)
    order = [one["id"] for one in before.inside("waiting") if one["id"] not in left]
    if [one["id"] for one in after.inside("waiting")] != order:
        faults.append("the waiting are in another order")
    for agent, was in before.agents.items():
        if was["call_id"] not in left and was["state"] != "ringing":
            faults += _differ(was, after.agents[agent], AGENT)
    for one in before.agents.values():
        state = after.agents[one["id"]]["state"]
        if one["state"] == "ringing" and state != "ringing":
            faults.append(f"the phone of {one['id']} does not ring again: {state}")
        if one["state"] == "talking" and one["call_id"] in left and state != "wrap_up":
            faults.append(f"{one['id']}, whose caller has left, is {state}")
    return faults


def _differ(was: View, now: View, fields: tuple[str, ...]) -> list[str]:
    changed = {name: (was[name], now[name]) for name in fields if was[name] != now[name]}
    return [f"{was['id']}: {changed}"] if changed else []
