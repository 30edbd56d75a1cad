"""Keeps a floor that was replaced from acting: one node, one leader.

A floor writes its epoch into a variable of every node it connects to and goes on asking for it.
Its right to act at a node ends `LEASE_S` after the last question that was answered with its own
epoch; commands that come later wait for the next answer. A new leader that finds another's epoch
writes its own and waits that long, unless it knows that the other's process is gone. So a floor
that was paused, or cut off from the database, can do nothing at a node once another has taken over
there, whatever its clock says.

Asterisk itself is no fence: a socket whose application was taken over can still send requests
(22.10.1).
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from hujiao.telephony.ari.link import LOST, Answer, Order
from hujiao.telephony.port import Command

log = logging.getLogger(__name__)

LEASE_S = 1.0
CONFIRM_S = 0.3
MAX_HELD = 10_000
"""Commands that may wait for the node's word."""

_VARIABLE = "HUJIAO_EPOCH"
_READ = Order("GET", f"asterisk/variable?variable={_VARIABLE}")

Ask = Callable[[Order], Awaitable[Answer]]


class SupersededError(Exception):
    """Another floor leads this node."""


@dataclass(frozen=True, slots=True)
class Leader:
    """A floor's claim. `epoch` grows from leader to leader; `superseded` is called once or more
    when a node knows a higher one. `alone`: the process that led before is known to be gone."""

    epoch: int
    superseded: Callable[[], None]
    alone: bool = False


class Fence:
    """The right to act at one node."""

    def __init__(self, leader: Leader, send: Callable[[Command], None]) -> None:
        """`send` carries out what was held back."""
        self._leader = leader
        self._send = send
        self._until = 0.0
        self._held: list[Command] = []
        self._waiting: list[asyncio.Future[bool]] = []
        self._asked = asyncio.Event()

    @property
    def is_open(self) -> bool:
        return time.monotonic() < self._until

    def hold(self, command: Command) -> bool:
        """Keep a command until the node confirmed us. False when too many wait."""
        if len(self._held) >= MAX_HELD:
            return False
        self._held.append(command)
        self._asked.set()
        return True

    async def opened(self) -> bool:
        """Wait for the node's word; False when the connection ended first."""
        if self.is_open:
            return True
        future: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        self._asked.set()
        return await future

    async def look(self, ask: Ask) -> bool:
        """Whether a lower floor may still act here. To be asked before connecting, which would push
        a higher one out. Raises as `take`."""
        epoch = await _epoch(ask)
        self._refuse_higher(epoch)
        return 0 < epoch < self._leader.epoch and not self._leader.alone

    async def take(self, ask: Ask, *, others: bool) -> None:
        """Claim the node after connecting. With `others` connected, wait until their right ended.

        Raises SupersededError, and ConnectionError when the node does not answer.
        """
        self._until = 0.0
        self._refuse_higher(await _epoch(ask))
        write = f"asterisk/variable?variable={_VARIABLE}&value={self._leader.epoch}"
        if (await ask(Order("POST", write))).status != 204:
            raise ConnectionError("the node takes no claim")
        if others:
            await asyncio.sleep(LEASE_S)
        await self._confirm(ask)

    async def keep(self, ask: Ask) -> None:
        """Go on asking until the connection ends. Raises as `take`."""
        while True:
            try:
                async with asyncio.timeout(CONFIRM_S):
                    await self._asked.wait()
            except TimeoutError:
                pass
            self._asked.clear()
            await self._confirm(ask)

    def close(self) -> list[Command]:
        """The connection ended; returns what was never sent."""
        self._until = 0.0
        held, self._held = self._held, []
        self._tell_waiting(False)
        return held

    async def _confirm(self, ask: Ask) -> None:
        asked_s = time.monotonic()
        epoch = await _epoch(ask)
        self._refuse_higher(epoch)
        if epoch != self._leader.epoch:
            raise ConnectionError("the node forgot who leads")
        self._until = asked_s + LEASE_S
        while self._held and self.is_open:
            self._send(self._held.pop(0))
        if self.is_open:
            self._tell_waiting(True)

    def _tell_waiting(self, is_open: bool) -> None:
        waiting, self._waiting = self._waiting, []
        for future in waiting:
            if not future.done():
                future.set_result(is_open)

    def _refuse_higher(self, epoch: int) -> None:
        if epoch > self._leader.epoch:
            log.error("another floor leads: epoch %d, ours is %d", epoch, self._leader.epoch)
            self._leader.superseded()
            raise SupersededError(f"epoch {epoch} leads")


async def _epoch(ask: Ask) -> int:
    answer = await ask(_READ)
    if answer.status == LOST or not isinstance(answer.body, dict):
        raise ConnectionError("the node does not say who leads")
    value = str(answer.body.get("value", ""))
    return int(value) if value.isdecimal() else 0
