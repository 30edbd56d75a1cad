"""What a test of the switch port needs of the world, whether it is real or in memory."""

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from hujiao.telephony.endpoints import Phone, PhoneKind, Trunk
from hujiao.telephony.port import CommandFailed, Event, LegEnded, LegId, NodeName, Switch

E = TypeVar("E")

NODE = NodeName("n1")
TRUNK = "trunk"
CALLER_NUMBER = "13800138000"
PHONES = tuple(
    Phone(name, PhoneKind.SIP, "secret-" + name, display_name="坐席 " + name)
    for name in ("1001", "1002")
)

MUSIC, PROMPT, NOTHING = "music", "prompt", ""


class Party(Protocol):
    """Somebody's end of a line. Waiting methods fail after some seconds."""

    async def is_ringing(self) -> None: ...
    async def is_answered(self) -> None: ...
    async def is_over(self) -> None: ...
    async def answers(self) -> None: ...
    async def is_busy(self) -> None: ...
    async def hangs_up(self) -> None: ...
    async def holds(self, on: bool) -> None: ...
    async def presses(self, digits: str) -> None: ...
    async def was_sent(self, digits: str) -> None: ...
    async def hears(self, *what: "Party | str") -> None:
        """Waits until exactly these parties, `MUSIC` or `PROMPT` are heard."""
        ...


class Stage(Protocol):
    """A switch with one node, a trunk and two phones around it."""

    switch: Switch
    events: list[Event]

    def trunk(self) -> Trunk: ...

    async def caller(self, called: str = "8000") -> Party:
        """A customer calls through the trunk."""
        ...

    async def stranger(self) -> None:
        """Somebody calls whom nobody knows; returns when that is over."""
        ...

    async def agent_dials(self, phone: str, called: str) -> Party: ...

    async def rung(self, phone: str, leg: LegId) -> Party:
        """Waits until the phone is called; it rings but does not answer by itself."""
        ...

    async def trunk_called(self, leg: LegId) -> Party:
        """Waits until a call goes out through the trunk."""
        ...

    async def early_media(self, party: Party) -> None:
        """The called party is heard before it answers."""
        ...

    async def signs_in(self, phone: str) -> None: ...
    async def signs_out(self, phone: str) -> None: ...
    async def time_passes(self, seconds: float) -> None:
        """Let the switch's own timers run. A real clock is only waited for: by what follows."""
        ...

    async def prompts_end(self, leg: LegId) -> None: ...
    def prompt(self) -> str:
        """A short media URI."""
        ...

    def long_prompt(self) -> str: ...
    async def connection_breaks(self) -> None:
        """Returns when the switch has noticed; it stays away until `connection_returns`."""
        ...

    async def connection_returns(self) -> None: ...
    async def node_dies(self) -> None: ...
    async def node_returns(self) -> None: ...
    async def settled(self) -> None:
        """Returns when all that was under way has been told."""
        ...

    async def until(self, condition: Callable[[], Any], what: str = "") -> Any: ...


async def event(stage: Stage, kind: type[E], **fields: object) -> E:
    """The first event of this kind with these fields, now or soon."""

    def found() -> E | None:
        return next(iter(told(stage, kind, **fields)), None)

    result = await stage.until(found, f"{kind.__name__} {fields} in {stage.events}")
    assert isinstance(result, kind)
    return result


def told(stage: Stage, kind: type[E], **fields: object) -> list[E]:
    """All events of this kind with these fields so far."""
    return [
        e
        for e in stage.events
        if isinstance(e, kind) and all(getattr(e, k) == v for k, v in fields.items())
    ]


async def ends_once(stage: Stage, leg: LegId) -> int:
    """The cause of the leg's end, after making sure that it was told once and for the last time."""
    await event(stage, LegEnded, leg=leg)
    await stage.settled()
    ends = told(stage, LegEnded, leg=leg)
    assert len(ends) == 1, ends
    last = [e for e in stage.events if getattr(e, "leg", None) == leg][-1]
    assert last == ends[0], f"{last} was told after the end"
    return int(ends[0].cause)


def refusals(stage: Stage) -> list[CommandFailed]:
    return told(stage, CommandFailed)


def came_before(stage: Stage, first: Event, second: Event) -> bool:
    """The very objects are compared: with a standing clock two events may be equal."""
    order = [id(e) for e in stage.events]
    return order.index(id(first)) < order.index(id(second))
