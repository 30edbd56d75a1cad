"""The agents: a telephone that rings and is answered, and a desk at which states are set."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field

import httpx

from hujiao.app.demo.api import Api, RefusedError
from hujiao.app.demo.board import Board
from hujiao.app.demo.callers import until_any
from hujiao.app.demo.media import Media
from hujiao.app.demo.office import Seat
from hujiao.app.demo.plan import BREAK_S, RING_S, WRAP_UP_S, Caller
from hujiao.app.demo.sip import Line, Telephone
from hujiao.app.demo.voices import Voices

BUSY_SHARE = 0.03
NO_ANSWER_SHARE = 0.03
NOTE_SHARE = 0.6
BREAK_SHARE = 0.06
BACK_AFTER_S = 3.0
"""An agent set not ready by calls he missed looks up after so long."""
CUSTOMER_ENDS_S = 30.0
"""How much longer the agent waits when it is the customer who wants to end the talk."""
UNPLANNED_TALK_S = 10.0
NOTE_TRIES = 5
NOTE_RETRY_S = 1.0
NOTES = (
    "客户咨询订单进度，已告知预计三天内送达。",
    "核对账单，差额已说明，客户表示理解。",
    "客户反映包裹破损，已登记补发。",
    "咨询营业时间与网点地址，已答复。",
    "客户要求开具发票，已转财务处理。",
    "来电询问会员积分，已指导线上查询。",
    "客户情绪激动，已安抚并登记投诉。",
    "需在明天上午回访确认。",
)


@dataclass(frozen=True, slots=True)
class Words:
    """What may be chosen at a desk, and what the callers want."""

    reasons: list[str]
    results: list[str]
    callers: Mapping[str, Caller]
    voices: Voices


@dataclass(slots=True)
class Agent:
    """One synthetic agent. `api` is his own session."""

    seat: Seat
    api: Api
    board: Board
    words: Words
    chance: random.Random
    lines: list[Line] = field(default_factory=list)
    on_break: bool = False

    async def begin(self) -> None:
        await self.api.sign_in(self.seat.login, self.seat.password)
        await self.api.do("POST", "/api/desk/sign-in")
        await self._set_state("ready")

    async def end(self) -> None:
        """Signs out and leaves his session; what is in hand is ended first by the callers."""
        with suppress(RefusedError, httpx.TransportError):
            await self.api.do("POST", "/api/desk/sign-out")
        with suppress(RefusedError, httpx.TransportError):
            await self.api.do("DELETE", "/api/session")
        await self.api.close()

    # --- the telephone ---

    async def answer(self, line: Line, media: Media) -> None:
        """Lets it ring for a while, talks, hangs up when the talk is over."""
        self.lines.append(line)
        mood = self.chance.random()
        if mood < BUSY_SHARE:
            line.refuse(486)
            return
        line.ring()
        if mood < BUSY_SHARE + NO_ANSWER_SHARE:
            await line.ended.wait()
            return
        if await until_any(self.chance.uniform(*RING_S), line.ended):
            return
        line.accept()
        await until_any(BACK_AFTER_S, line.answered, line.ended)
        if line.far_media is None or line.ended.is_set():
            return
        caller = self.words.callers.get(line.caller)
        talk_s = caller.talk_s if caller else UNPLANNED_TALK_S
        if caller and caller.hangs_up:
            talk_s += CUSTOMER_ENDS_S
        stream = media.add(line.far_media)
        stream.speech = self.words.voices.speech(self.words.voices.agent)
        try:
            await until_any(talk_s, line.ended)
        finally:
            line.hang_up()
            media.remove(stream)

    # --- the desk ---

    async def work(self) -> None:
        """Sets states, writes notes and takes breaks until cancelled."""
        moved = self.board.moved(self.seat.person_id)
        while True:
            await moved.wait()
            moved.clear()
            me = self.board.agents.get(self.seat.person_id)
            if me is None:
                continue
            try:
                if me["state"] == "wrap_up" and me["call_id"]:
                    await self._wrap_up(me["call_id"])
                elif me["state"] == "not_ready":
                    await self._come_back()
            except RefusedError:  # a call came or went in the same moment
                continue
            except httpx.TransportError:  # the web process is being started again
                await asyncio.sleep(BACK_AFTER_S)
                moved.set()

    async def _wrap_up(self, call_id: str) -> None:
        wrap_up_s = self.chance.uniform(*WRAP_UP_S)
        self.on_break = bool(self.words.reasons) and self.chance.random() < BREAK_SHARE
        if self.on_break:
            await self._set_state("not_ready", self.chance.choice(self.words.reasons))
        if self.chance.random() < NOTE_SHARE:
            await self._write_note(call_id)
        await asyncio.sleep(wrap_up_s)
        await self.api.do("POST", f"/api/desk/calls/{call_id}/wrap-up-done")

    async def _write_note(self, call_id: str) -> None:
        result = self.chance.choice(self.words.results) if self.words.results else None
        for _ in range(NOTE_TRIES):  # the list learns of the call a moment later
            try:
                await self.api.do(
                    "PUT",
                    f"/api/calls/{call_id}/note",
                    text=self.chance.choice(NOTES),
                    disposition_id=result,
                )
            except RefusedError as refusal:
                if refusal.status != 404:
                    raise
                await asyncio.sleep(NOTE_RETRY_S)
            else:
                return

    async def _come_back(self) -> None:
        away_s = self.chance.uniform(*BREAK_S) if self.on_break else BACK_AFTER_S
        self.on_break = False
        await asyncio.sleep(away_s)
        await self._set_state("ready")

    async def _set_state(self, state: str, reason: str | None = None) -> None:
        await self.api.do("POST", "/api/desk/state", state=state, reason_id=reason)


class Agents:
    """All agents of a day, their telephones on one socket."""

    def __init__(self, agents: list[Agent], telephone: Telephone, media: Media) -> None:
        self.all = agents
        self._media = media
        self._by_extension = {agent.seat.extension: agent for agent in agents}
        self._tasks: set[asyncio.Task[None]] = set()
        telephone.on_call = self._rings

    async def begin(self) -> None:
        """Signs them in one after another, as passwords are costly to check."""
        for agent in self.all:
            await agent.begin()
            self._keep(asyncio.create_task(agent.work(), name=f"desk {agent.seat.login}"))

    def _rings(self, line: Line) -> None:
        agent = self._by_extension.get(line.number)
        if agent is None:
            line.refuse(486)
            return
        task = asyncio.create_task(agent.answer(line, self._media), name=f"phone {line.number}")
        self._keep(task)

    def _keep(self, task: asyncio.Task[None]) -> None:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def end(self) -> None:
        """Stops working and signs everybody out."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(agent.end() for agent in self.all))
