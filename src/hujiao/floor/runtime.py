"""The floor in its event loop: inputs one after another, timers, and what goes out."""

import asyncio
from typing import Any

from hujiao.events import floor as facts
from hujiao.events.fact import NOBODY
from hujiao.events.ledger import FactSink
from hujiao.floor.commands import Arguments, Commands
from hujiao.floor.config import Configuration
from hujiao.floor.configure import configure, phones_and_trunks
from hujiao.floor.core import Floor
from hujiao.floor.leavers import Leavers
from hujiao.floor.restore import restore
from hujiao.floor.saved import saved_calls, saved_desks, saved_draining
from hujiao.floor.stream import Stream
from hujiao.kit.clock import Clock
from hujiao.kit.log import logger
from hujiao.telephony.port import Event, NodeConnected, Switch

TOLD_WITHIN_S = 0.015
"""What happens within this time goes to the screens in one batch and to the ledger in one unit. An
eye does not notice it; it is what a floor that is killed may forget, and the switch tells the next
one what became of the calls, also of those that are over (`Leavers`)."""

log = logger(__name__)


class Runtime:
    """Feeds one `Floor`. All methods run on the event loop's thread."""

    def __init__(self, *, floor: Floor, switch: Switch, clock: Clock) -> None:
        self.floor = floor
        self.stream = Stream(floor)
        self._switch = switch
        self._commands = Commands(floor)
        self._clock = clock
        self._wake: asyncio.TimerHandle | None = None
        self._wake_ms: int | None = None
        self._telling = False
        self.leavers = Leavers()

    async def start(self, configuration: Configuration, ledger: FactSink) -> None:
        """Take the configuration, go on where the last floor ended, connect to the switch."""
        self.floor.nodes.update(dict.fromkeys(self._switch.nodes(), False))
        await self.configure(configuration)
        self.floor.draining |= saved_draining(ledger)
        self._switch.drain(frozenset(self.floor.draining))
        restore(self.floor, saved_calls(ledger), saved_desks(ledger), self._clock())
        started = facts.FloorStarted(len(configuration.agents), len(configuration.queues))
        self.floor.tell(started, NOBODY, self._clock())
        await self._switch.start(self.on_switch)

    async def configure(self, configuration: Configuration) -> None:
        """Bring a new configuration onto the floor and the switch."""
        configure(self.floor, configuration, self._clock())
        self._after()
        phones, trunks = phones_and_trunks(configuration)
        await self._switch.provision(phones, trunks)

    def on_switch(self, event: Event) -> None:
        """One event of the switch. A fault in a rule costs this event, not the floor."""
        try:
            self.floor.on_switch(event)
        except Exception:
            # Nobody knows what a faulty rule raises, and all other calls go on.
            log.exception("an event could not be handled", kind=type(event).__name__)
        if isinstance(event, NodeConnected):
            self.leavers.hear(event.ended)
        self._after()

    def command(self, name: str, arguments: Arguments) -> dict[str, Any]:
        """One command of a person. Raises a Refusal."""
        try:
            result = self._commands.do(name, arguments, self._clock())
        finally:
            self._after()
        if name == "drain":
            self._switch.drain(frozenset(self.floor.draining))
        former = result.pop("former_tab", "")
        if former:
            self.stream.notice(t="taken_over", agent=arguments.get("agent"), tab=former)
        return result

    def can_take_calls(self) -> bool:
        """Whether at least one node of the switch is connected."""
        return any(self._switch.nodes().values())

    def _after(self) -> None:
        if not self._telling:
            self._telling = True
            asyncio.get_running_loop().call_later(TOLD_WITHIN_S, self.tell)
        due_ms = self.floor.timers.next_ms()
        # One that rings too early is cheaper than one that is moved with every call.
        if due_ms is None or (self._wake_ms is not None and self._wake_ms <= due_ms):
            return
        if self._wake is not None:
            self._wake.cancel()
        delay_s = max(0, due_ms - self._clock()) / 1000
        self._wake_ms = due_ms
        self._wake = asyncio.get_running_loop().call_later(delay_s, self._tick)

    def tell(self) -> None:
        """Ledger and screens get what happened; by itself `TOLD_WITHIN_S` after an input."""
        self._telling = False
        self.floor.save()
        self.stream.publish()

    def _tick(self) -> None:
        self._wake, self._wake_ms = None, None
        try:
            self.floor.tick(self._clock())
        except Exception:
            # As for an event: the timers that are left run at the next tick.
            log.exception("a timer could not be handled")
        self._after()
