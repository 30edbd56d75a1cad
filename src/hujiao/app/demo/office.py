"""What the day needs of the installation: synthetic agents, their team, customers, a line."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any

from hujiao.app.demo.api import Api, DemoError, Value
from hujiao.app.demo.media import Address
from hujiao.app.demo.plan import Customer

LINE = "demo-line"
TEAM = "演示组"
LOGIN = "demo{:02d}"
NAME = "演示坐席 {:02d}"
FIRST_EXTENSION = 1801
MAX_AGENTS = 60


@dataclass(frozen=True, slots=True)
class Seat:
    """A synthetic agent who can sign in."""

    person_id: str
    login: str
    password: str
    extension: str


@dataclass(frozen=True, slots=True)
class Lines:
    """The number that is called; `menu` maps keys to queues."""

    number: str
    menu: dict[str, str]
    queues: tuple[str, ...]


class Office:
    """The administrator at work. What is there from the last day is used again."""

    def __init__(self, api: Api) -> None:
        self._api = api

    async def lines(self, wanted: str = "") -> Lines:
        """The number to call: the wanted one, else the first in use."""
        numbers = [one for one in await self._api.list("/api/numbers") if one["active"]]
        found = [one for one in numbers if wanted in ("", one["number"])]
        if not found:
            raise DemoError(f"There is no number {wanted or 'in use'}: make one under 管理 → 号码.")
        one = found[0]
        queues = dict.fromkeys([one["queue_id"], *one["menu"].values()])
        return Lines(one["number"], one["menu"], tuple(queues))

    async def seats(self, count: int, phones: Address, lines: Lines) -> list[Seat]:
        """Agents with telephones at `phones`; each serves the first queue and some others."""
        team_id = await self._team()
        wanted = await self._skills(lines)
        known = {one["login"]: one for one in await self._api.list("/api/people", q="demo")}
        return [
            await self._seat(index, known, phones, team_id, _served(wanted, index))
            for index in range(count)
        ]

    async def _team(self) -> str:
        for team in await self._api.list("/api/teams"):
            if team["name"] == TEAM:
                return str(team["id"])
        return str((await self._api.do("POST", "/api/teams", name=TEAM))["id"])

    async def _skills(self, lines: Lines) -> list[dict[str, int]]:
        """The skills that the queues ask for, in the queues' order."""
        queues = {one["id"]: one["skills"] for one in await self._api.list("/api/queues")}
        return [queues[queue] for queue in lines.queues]

    async def _seat(
        self,
        index: int,
        known: dict[str, Value],
        phones: Address,
        team_id: str,
        skills: dict[str, int],
    ) -> Seat:
        login, extension = LOGIN.format(index + 1), str(FIRST_EXTENSION + index)
        person: dict[str, Any] = {
            "login": login,
            "name": NAME.format(index + 1),
            "role": "agent",
            "team_id": team_id,
            "active": True,
            "password": secrets.token_urlsafe(18),
            "agent": {
                "extension": extension,
                "phone_kind": "static",
                "contact": f"sip:{extension}@{phones[0]}:{phones[1]}",
                "skills": skills,
            },
        }
        if login in known:
            path = f"/api/people/{known[login]['id']}"
            saved = await self._api.do("PATCH", path, **person)
        else:
            saved = await self._api.do("POST", "/api/people", **person)
        return Seat(saved["id"], login, str(person["password"]), extension)

    async def open_line(self, callers: Address) -> None:
        """Lets calls in from the socket of the synthetic callers, and from nowhere else."""
        line: dict[str, Any] = {
            "name": LINE,
            "kind": "peer",
            "host": callers[0],
            "port": callers[1],
            "codecs": ["alaw"],
            "active": True,
        }
        known = await self._line_id()
        if known:
            await self._api.do("PATCH", f"/api/trunks/{known}", **line)
        else:
            await self._api.do("POST", "/api/trunks", **line)

    async def close_line(self) -> None:
        known = await self._line_id()
        if known:
            await self._api.do("PATCH", f"/api/trunks/{known}", active=False)

    async def _line_id(self) -> str:
        trunks = await self._api.list("/api/trunks")
        return next((str(one["id"]) for one in trunks if one["name"] == LINE), "")

    async def introduce(self, customers: tuple[Customer, ...]) -> None:
        """Puts customers into the records who are not there."""
        for customer in customers:
            found = await self._api.get("/api/customers/lookup", number=customer.number)
            if not found["customers"]:
                await self._api.do(
                    "POST",
                    "/api/customers",
                    name=customer.name,
                    level="vip" if customer.vip else "normal",
                    note="演示客户，并非真人。",
                    numbers=[{"number": customer.number, "label": "手机"}],
                )

    async def words(self, path: str) -> list[str]:
        """The ids of reasons or results that may be chosen."""
        rows = await self._api.list(path)
        fits = [one for one in rows if one["active"] and one.get("direction", "in") != "out"]
        return [str(one["id"]) for one in fits]


def _served(queues: list[dict[str, int]], index: int) -> dict[str, int]:
    """Everybody serves the first queue; two in three serve each other one."""
    skills: dict[str, int] = {}
    for place, asked in enumerate(queues):
        if place == 0 or (index + place) % 3:
            for skill, level in asked.items():
                skills[skill] = max(level, skills.get(skill, 0), 5 + (index + place) % 5)
    return skills
