"""Which ends of calls are our fault, and what a file of the switch's is called. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hujiao.callbacks.model import Why
from hujiao.telephony.spelling import SPELT_NUMBER

Q850_NETWORK_OUT_OF_ORDER = 38
TALKED = frozenset({"talking", "hold", "reconnecting"})
CUT = TALKED | {"greeting", "menu", "waiting", "ringing"}
"""Where a customer still wanted something of us."""

SUFFIX = ".alaw"
_FILE = re.compile(
    r"^(?P<id>[0-9A-Za-z-]{1,64}\.[0-9]{1,12})_(?P<at>[0-9]{1,12})"
    rf"_(?P<caller>{SPELT_NUMBER})_(?P<called>{SPELT_NUMBER})\.alaw$"
)


def fault_of(direction: str, ended: Mapping[str, Any]) -> Why | None:
    """Why the customer of a call that ended so has to be called back; None when he has not."""
    if ended.get("ended_by") != "system":
        return None
    if ended.get("phase") not in (TALKED if direction == "out" else CUT):
        return None
    lost = ended.get("cause") == Q850_NETWORK_OUT_OF_ORDER
    return Why.SWITCH_LOST if lost else Why.SYSTEM_FAULT


@dataclass(frozen=True, slots=True)
class RawMessage:
    """What the name of a recorded message tells. Times are milliseconds since epoch."""

    file: str
    id: str
    left_at: int
    caller: str
    called: str


def raw_message(file: str) -> RawMessage | None:
    """None for a file that the dialplan did not name."""
    found = _FILE.match(file)
    if found is None:
        return None
    return RawMessage(file, found["id"], int(found["at"]) * 1000, found["caller"], found["called"])
