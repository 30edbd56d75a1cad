"""The books: what the telephones, the ledger, the call list and the switch say of the same day."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import httpx
from sqlalchemy import text

from hujiao.app.demo.agents import Agent
from hujiao.app.demo.api import Api, Value
from hujiao.app.demo.board import Board
from hujiao.app.demo.callers import Placed
from hujiao.app.demo.office import LINE
from hujiao.app.demo.sip import Line
from hujiao.app.places import database_url
from hujiao.app.settings import Settings
from hujiao.kit.db import Database
from hujiao.kit.trust import trust
from hujiao.telephony.config import NodeAddress

SETTLE_S = 30.0
LOOK_AGAIN_S = 0.5
TOUCH_S = 1.0
"""What two sides do within so short a time of each other may be told in either order."""

_FACTS = text(
    """
    SELECT call_id, type, data FROM fact
    WHERE at >= to_timestamp(:since / 1000.0) AND call_id IN (
        SELECT call_id FROM fact
        WHERE at >= to_timestamp(:since / 1000.0) AND type = 'call.arrived'
          AND data ->> 'trunk' = :line)
    ORDER BY position
    """
)


@dataclass(slots=True)
class Told:
    """A call as the ledger tells it."""

    caller: str
    arrived: int = 0
    ended: int = 0
    connected: int = 0
    ended_by: str = ""


@dataclass(slots=True)
class Books:
    """The day's sums. `faults` says in words where two books disagree; empty when all is well."""

    placed: int = 0
    in_ledger: int = 0
    in_list: int = 0
    results: Counter[str] = field(default_factory=Counter)
    waits_ms: list[int] = field(default_factory=list)
    channels: int = 0
    bridges: int = 0
    stuck: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    @property
    def agree(self) -> bool:
        return not self.faults


async def ledger(database: Database, since_ms: int) -> dict[str, Told]:
    """The demo's calls since a time, by call id."""
    calls: dict[str, Told] = {}
    async with database.transaction() as connection:
        for call_id, kind, data in await connection.execute(
            _FACTS, {"since": since_ms, "line": LINE}
        ):
            told = calls.setdefault(call_id, Told(""))
            if kind == "call.arrived":
                told.arrived += 1
                told.caller = data["caller"]
            elif kind == "call.ended":
                told.ended += 1
                told.ended_by = data["ended_by"]
            elif kind == "call.connected":
                told.connected += 1
    return calls


@dataclass(frozen=True, slots=True)
class Bookkeeper:
    """Closes the books after the last call. `since_ms` is when the day began."""

    settings: Settings
    api: Api
    board: Board
    node: NodeAddress
    since_ms: int

    async def close(self, placed: list[Placed], agents: list[Agent], alone: bool) -> Books:
        """Waits until everybody has written down what there is, at most SETTLE_S.

        `alone`: the switch carried nothing before, so nothing at all may be left on it.
        """
        database = Database(database_url(self.settings), pool_size=1)
        deadline = asyncio.get_running_loop().time() + SETTLE_S
        try:
            while True:
                books = await self._look(database, placed, agents, alone)
                if books.agree or asyncio.get_running_loop().time() > deadline:
                    return books
                await asyncio.sleep(LOOK_AGAIN_S)
        finally:
            await database.close()

    async def _look(
        self, database: Database, placed: list[Placed], agents: list[Agent], alone: bool
    ) -> Books:
        told = await ledger(database, self.since_ms)
        numbers = {one.caller.number for one in placed}
        listed = [
            one
            for one in await self.api.list("/api/calls", **{"from": self.since_ms})
            if one["caller"] in numbers
        ]
        books = Books(placed=len(placed), in_ledger=len(told), in_list=len(listed))
        books.results = Counter(one["result"] for one in listed)
        books.waits_ms = sorted(one["wait_ms"] for one in listed if one["result"] == "answered")
        lines = [line for agent in agents for line in agent.lines]
        books.faults += disagreements(placed, lines, told, {one["id"]: one for one in listed})
        await self._look_at_switch(books, alone)
        self._look_at_agents(books, agents)
        return books

    async def _look_at_switch(self, books: Books, alone: bool) -> None:
        signed = (self.node.ari_user, self.node.ari_password)
        async with httpx.AsyncClient(
            base_url=f"{self.node.ari_url}/ari",
            auth=signed,
            verify=trust(self.node.ari_url),
            trust_env=False,
        ) as ari:
            channels = (await ari.get("/channels")).raise_for_status().json()
            bridges = (await ari.get("/bridges")).raise_for_status().json()
        left = [one for one in channels if alone or f"/{LINE}-" in one["name"]]
        orphans = [one for one in bridges if alone or not one["channels"]]
        books.channels, books.bridges = len(left), len(orphans)
        if left:
            names = ", ".join(one["name"] for one in left[:5])
            books.faults.append(f"{len(left)} channels are left on the switch: {names}")
        if orphans:
            books.faults.append(f"{len(orphans)} bridges are left on the switch")

    def _look_at_agents(self, books: Books, agents: list[Agent]) -> None:
        for agent in agents:
            shown = self.board.agents.get(agent.seat.person_id)
            if shown is not None and (shown["state"] != "offline" or shown["call_id"]):
                books.stuck.append(f"{agent.seat.login} is {shown['state']}")
        if books.stuck:
            books.faults.append("agents are stuck: " + ", ".join(books.stuck))


def disagreements(
    placed: Iterable[Placed],
    agent_lines: Iterable[Line],
    told: Mapping[str, Told],
    listed: Mapping[str, Value],
) -> list[str]:
    """Compares every call as caller, agents' phones, ledger and list know it."""
    faults: list[str] = []
    by_number: defaultdict[str, list[str]] = defaultdict(list)
    for call_id, call in told.items():
        by_number[call.caller].append(call_id)
    phones: defaultdict[str, list[Line]] = defaultdict(list)
    for line in agent_lines:
        if line.answered.is_set():
            phones[line.caller].append(line)
    for one in placed:
        number = one.caller.number
        ids = by_number.pop(number, [])
        if len(ids) != 1:
            faults.append(f"{number} called once, the ledger has {len(ids)} calls")
            continue
        said = _about(one.line, phones.pop(number, []), told[ids[0]], listed.get(ids[0]))
        faults += [f"{number} ({ids[0]}): {word}" for word in said]
    faults += [f"nobody placed {ids[0]}" for ids in by_number.values()]
    faults += [f"an agent talked with {number}, who never called" for number in phones]
    return faults


def _about(line: Line, phones: list[Line], told: Told, listed: Value | None) -> list[str]:
    said: list[str] = []
    if told.arrived != 1 or told.ended != 1:
        said.append(f"arrived {told.arrived} times, ended {told.ended} times in the ledger")
    if listed is None:
        return [*said, "not in the call list"]
    if (told.connected > 0) != (listed["result"] == "answered"):
        said.append(f"connected {told.connected} times, listed as {listed['result']}")
    if told.connected and not phones:
        said.append("connected in the ledger, but no agent's phone was answered")
    if not told.connected and any(_length(phone) > TOUCH_S for phone in phones):
        said.append("an agent's phone talked, but the ledger knows of no connection")
    if line.status != 200:
        said.append(f"the caller was not answered: {line.status}")
    agent_ended = any(
        abs(phone.ended_at - line.ended_at) < TOUCH_S for phone in phones if phone.ended_by == "us"
    )
    if line.ended_by == "us" and told.ended_by != "customer":
        if not line.crossed and not agent_ended:
            said.append(f"the caller hung up, the ledger says {told.ended_by}")
    elif line.ended_by == "them" and told.ended_by == "customer":
        said.append("the switch hung up, the ledger says the customer did")
    elif line.ended_by == "lost":
        said.append("the switch did not answer the caller")
    return said


def _length(phone: Line) -> float:
    return phone.ended_at - phone.answered_at if phone.ended.is_set() else 0.0
