"""One day from the first sign-in to the closed books."""

from __future__ import annotations

import asyncio
import random
import ssl
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from typing import Any

import httpx

from hujiao.app.demo.agents import Agent, Agents, Words
from hujiao.app.demo.api import Api, DemoError, unchecked_trust
from hujiao.app.demo.board import Board
from hujiao.app.demo.books import Bookkeeper, Books
from hujiao.app.demo.callers import Callers
from hujiao.app.demo.house import House
from hujiao.app.demo.media import Address, Media
from hujiao.app.demo.office import LINE, Office, Seat
from hujiao.app.demo.plan import Day, plan_day
from hujiao.app.demo.sip import Telephone
from hujiao.app.demo.voices import speak_voices
from hujiao.app.places import node_addresses
from hujiao.app.settings import Settings
from hujiao.app.up.run import local_url
from hujiao.kit.clock import now_ms
from hujiao.kit.trust import trust
from hujiao.telephony.config import NodeAddress

PROVISION_S = 30.0
QUIET_S = 60.0
PROVISION_LOOK_S = 0.2

Show = Callable[[Callers, Board, Day], None]


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the command was asked for."""

    calls: int
    minutes: float
    agents: int
    seed: int
    admin: str = "admin"
    number: str = ""


class Demo:
    """Everything a day needs, opened on the way in and closed on the way out."""

    def __init__(self, house: House, wishes: Wishes, say: Callable[[str], None]) -> None:
        self._settings = house.settings
        self._password = house.password
        self._wishes = wishes
        self._say = say
        self._node = _private_node(house.settings)

    async def run(self, ending: asyncio.Event, show: Show) -> Books:
        """Lives through the day, or until `ending` is set. Raises DemoError."""
        async with AsyncExitStack() as stack:
            return await self._run(stack, ending, show)

    async def _run(self, stack: AsyncExitStack, ending: asyncio.Event, show: Show) -> Books:
        wishes, trust = self._wishes, unchecked_trust()
        url = local_url(self._settings)
        api = await _opened(stack, Api(url, trust))
        await api.sign_in(wishes.admin, self._password)
        stack.push_async_callback(_quietly, lambda: api.do("DELETE", "/api/session"))
        office, board = Office(api), Board(api)
        lines = await office.lines(wishes.number)
        day = plan_day(
            calls=wishes.calls,
            minutes=wishes.minutes,
            agents=wishes.agents,
            seed=wishes.seed,
            menu=lines.menu,
        )
        voices = await asyncio.to_thread(speak_voices, self._settings)
        callers_phone, callers_media = await self._telephone(stack)
        agents_phone, agents_media = await self._telephone(stack)
        self._say("Preparing agents, customers and a line …")
        seats = await office.seats(wishes.agents, agents_phone.address, lines)
        await office.introduce(day.customers)
        await office.open_line(callers_phone.address)
        stack.push_async_callback(_quietly, office.close_line)
        alone = await self._is_provisioned(callers_phone.address, agents_phone.address, seats)
        _start(stack, board.run(), "demo board")
        words = Words(
            await office.words("/api/reasons"),
            await office.words("/api/dispositions"),
            {caller.number: caller for caller in day.callers},
            voices,
        )
        agents = Agents(self._agents(seats, board, words, url, trust), agents_phone, agents_media)
        callers = Callers(callers_phone, callers_media, board, voices, lines.number)
        since_ms = now_ms()
        try:
            await agents.begin()
            self._say(
                f"{wishes.agents} agents are signed in; {wishes.calls} calls to {lines.number} "
                f"within {wishes.minutes:g} minutes. The board: {self._settings.base_url}/board"
            )
            await self._live_through(callers, board, day, ending, show)
            await board.until(lambda: _is_quiet(agents, board), QUIET_S)
        finally:
            await agents.end()
        keeper = Bookkeeper(self._settings, api, board, self._node, since_ms)
        return await keeper.close(callers.placed, agents.all, alone)

    async def _telephone(self, stack: AsyncExitStack) -> tuple[Telephone, Media]:
        host, server = _addresses(self._settings)
        media = Media(host)
        stack.callback(media.close)
        telephone = await Telephone.open(host, server, media.address)
        stack.callback(telephone.close)
        _start(stack, media.run(), "demo voices")
        return telephone, media

    def _agents(
        self, seats: list[Seat], board: Board, words: Words, url: str, trust: ssl.SSLContext
    ) -> list[Agent]:
        chance = random.Random(self._wishes.seed)  # noqa: S311 - moods, not secrets
        return [
            Agent(seat, Api(url, trust), board, words, random.Random(chance.random()))  # noqa: S311
            for seat in seats
        ]

    async def _live_through(
        self, callers: Callers, board: Board, day: Day, ending: asyncio.Event, show: Show
    ) -> None:
        living = asyncio.create_task(callers.live_through(day), name="demo callers")
        asked = asyncio.create_task(ending.wait(), name="demo ending")
        try:
            while not living.done() and not asked.done():
                show(callers, board, day)
                await asyncio.wait(
                    (living, asked), timeout=1.0, return_when=asyncio.FIRST_COMPLETED
                )
            if not living.done():
                self._say("Ending: everybody hangs up …")
                living.cancel()
            with suppress(asyncio.CancelledError):
                await living
        finally:
            living.cancel()
            asked.cancel()

    async def _is_provisioned(self, callers: Address, phones: Address, seats: list[Seat]) -> bool:
        """Waits until the switch knows the line and the telephones; whether it is idle.

        Raises DemoError when it does not in time.
        """
        wanted = [("identify", LINE, f"{callers[0]}:{callers[1]}")]
        wanted += [("aor", seat.extension, f"{phones[0]}:{phones[1]}") for seat in seats]
        signed = (self._node.ari_user, self._node.ari_password)
        async with httpx.AsyncClient(
            base_url=f"{self._node.ari_url}/ari",
            auth=signed,
            verify=trust(self._node.ari_url),
            trust_env=False,
        ) as ari:
            try:
                async with asyncio.timeout(PROVISION_S):
                    for kind, name, address in wanted:
                        while not await _knows(ari, kind, name, address):  # noqa: ASYNC110
                            await asyncio.sleep(PROVISION_LOOK_S)
            except TimeoutError as late:
                raise DemoError(f"The switch was not told of {name}; see floor.log.") from late
            return not (await ari.get("/channels")).raise_for_status().json()


async def _knows(ari: httpx.AsyncClient, kind: str, name: str, address: str) -> bool:
    answer = await ari.get(f"/asterisk/config/dynamic/res_pjsip/{kind}/{name}")
    return answer.status_code == 200 and address in answer.text


def _is_quiet(agents: Agents, board: Board) -> bool:
    """Nobody of ours has a call or its wrap-up in hand."""
    shown = (board.agents.get(agent.seat.person_id) for agent in agents.all)
    return all(one is None or not one["call_id"] for one in shown)


def _private_node(settings: Settings) -> NodeAddress:
    if not settings.private_asterisk:
        raise DemoError("The demo plays on the Asterisk that `hujiao up` runs, not on other nodes.")
    return node_addresses(settings)[0]


def _addresses(settings: Settings) -> tuple[str, Address]:
    """Where our telephones are, and where the switch's SIP is."""
    bind = settings.sip_bind_in_use
    host = "127.0.0.1" if bind in ("0.0.0.0", "::") else bind  # noqa: S104
    return host, (host, settings.sip_port)


async def _opened(stack: AsyncExitStack, api: Api) -> Api:
    stack.push_async_callback(api.close)
    return api


async def _quietly(do: Callable[[], Awaitable[object]]) -> None:
    """Cleaning up goes as far as it goes: the installation may be gone."""
    with suppress(DemoError, httpx.TransportError):
        await do()


def _start(stack: AsyncExitStack, work: Coroutine[Any, Any, None], name: str) -> None:
    task = asyncio.create_task(work, name=name)

    async def stop() -> None:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    stack.push_async_callback(stop)
