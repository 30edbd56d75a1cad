"""What a node notes of customers who leave, for a floor that was not there (extensions.conf)."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping

from hujiao.telephony.ari.events import endpoint_of
from hujiao.telephony.ari.link import Answer, Order, encoded
from hujiao.telephony.port import Cause, EndedLeg, LegArrived, LegId, NodeName, Origin
from hujiao.telephony.spelling import SPELT_NUMBER

_LOCAL = (";1", ";2")
_ENDINGS = (*(f"{number:02x}" for number in range(256)), *_LOCAL)
"""How names of channels end: their number among those of their kind, or a half of a Local one."""

_NOTE = re.compile(
    r"(?P<leg>[0-9A-Za-z._-]{1,120}) (?P<cause>[0-9]{1,3}) (?P<ended>[0-9]{13})"
    rf"(?: (?P<caller>{SPELT_NUMBER}) (?P<called>{SPELT_NUMBER})"
    r" (?P<channel>[0-9A-Za-z/_.-]{1,80}))?"
)
_SECOND = re.compile(r"-(?P<came>[0-9]{10})\.[0-9]+").search

Ask = Callable[[Order], Awaitable[Answer]]


async def read(ask: Ask, node: NodeName, aliases: Mapping[str, str]) -> dict[LegId, EndedLeg]:
    """All notes there are. `aliases`: names of gateways' channels -> endpoints.

    Raises TimeoutError.
    """
    variables = (encoded(f"ENDED_{ending}") for ending in _ENDINGS)
    orders = (Order("GET", f"asterisk/variable?variable={variable}") for variable in variables)
    answers = await asyncio.gather(*(ask(order) for order in orders))
    texts = (answer.body["value"] for answer in answers if answer.status == 200)
    return {note.leg: note for text in texts for note in notes_of(text, node, aliases)}


def notes_of(text: str, node: NodeName, aliases: Mapping[str, str]) -> list[EndedLeg]:
    """The notes of one variable; what was cut off, or anybody else wrote there, is left out."""
    found = (_NOTE.fullmatch(part) for part in text.split("|")[:-1])
    return [_note(match, node, aliases) for match in found if match is not None]


def _note(found: re.Match[str], node: NodeName, aliases: Mapping[str, str]) -> EndedLeg:
    leg, ended_ms = LegId(found["leg"]), int(found["ended"])
    # None is told with a BYE (22.10.1).
    cause = int(found["cause"]) or Cause.NORMAL
    if found["channel"] is None:
        return EndedLeg(leg, ended_ms, cause)
    second = _SECOND(leg)
    # The id of a caller's channel holds the second in which it was made, and nothing else does.
    came_ms = min(int(second["came"]) * 1000, ended_ms) if second else ended_ms
    endpoint = endpoint_of(found["channel"])
    arrival = LegArrived(
        at_ms=came_ms,
        node=node,
        leg=leg,
        origin=Origin.TRUNK,
        endpoint=aliases.get(endpoint, endpoint),
        caller_number=found["caller"],
        caller_name="",
        called_number=found["called"],
    )
    return EndedLeg(leg, ended_ms, cause, arrival)
