"""Queues, numbers and trunks as administrated, and the pure rules about them.

What is said about a trunk ends up in the switch's configuration: every field is held to a character
class that leaves no way to put a line, an option or a second value into it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from hujiao.agents.rules import EXTENSION
from hujiao.kit.hosts import is_host
from hujiao.kit.numbers import digits_of
from hujiao.routing.model import Strategy

TRUNK_NAME = re.compile(r"[a-z][a-z0-9-]{1,30}")
RESERVED_TRUNK_NAMES = frozenset(
    {
        "agent",
        "agents",
        "anonymous",
        "from-trunk",
        "global",
        "hold",
        "hujiao",
        "system",
        "transport-tcp",
        "transport-udp",
        "transport-ws",
    }
)
USERNAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,62}")
SECRET = re.compile(r"[A-Za-z0-9._~!@$%^*()+=-]{8,64}")
CODECS = ("alaw", "ulaw", "g722", "opus", "gsm")
PUBLIC_NUMBER = re.compile(r"\+?[0-9]{2,20}")
CALLER_NUMBER = re.compile(r"\+?[0-9]{3,20}")
PREFIX = re.compile(r"[0-9]{1,15}")
MAX_OVERFLOW_STEPS = 50


class TrunkKind(StrEnum):
    PEER = "peer"
    """A carrier or gateway at a known address."""
    ACCOUNT = "account"
    """A gateway or a phone that signs in to us."""


class Language(StrEnum):
    ZH = "zh"
    EN = "en"


@dataclass(frozen=True, slots=True)
class Queue:
    """See `routing.model.QueueConfig` for what the figures mean."""

    id: str
    name: str
    strategy: Strategy = Strategy.LONGEST_IDLE
    skills: Mapping[str, int] = field(default_factory=dict)
    priority: int = 0
    ageing_s: int = 60
    ring_timeout_s: int = 20
    wrap_up_s: int = 15
    max_waiting: int | None = None
    max_wait_s: int | None = None
    overflow_to: str | None = None
    sl_threshold_s: int = 20
    announce_every_s: int = 30
    music: str = "default"
    level_relax_after_s: int | None = None
    recorded: bool = True
    active: bool = True


@dataclass(frozen=True, slots=True)
class Number:
    """A public number. `menu` maps a key to a queue; `queue_id` is where everybody else goes."""

    id: str
    number: str
    name: str
    queue_id: str
    language: Language = Language.ZH
    greeting_prompt: str = "greeting"
    menu: Mapping[str, str] = field(default_factory=dict)
    menu_timeout_s: int = 6
    active: bool = True


@dataclass(frozen=True, slots=True)
class Trunk:
    """A line to the world. `name` is its endpoint's name in the switch."""

    id: str
    name: str
    kind: TrunkKind
    host: str = ""
    port: int = 5060
    username: str = ""
    secret: str = ""
    register: bool = False
    codecs: tuple[str, ...] = ("alaw", "ulaw")
    caller_number: str = ""
    prefixes: tuple[str, ...] = ()
    active: bool = True


def plain_number(typed: str) -> str:
    """Digits, with a plus if there was one, as the switch sends a number; empty for no number."""
    digits = digits_of(typed)
    text = f"+{digits}" if typed.strip().startswith(("+", "\uff0b")) else digits
    rest = re.sub(r"[\s()./\-\u2010-\u2015\uff08\uff09+\uff0b]", "", typed)
    return text if len(rest) == len(digits) and PUBLIC_NUMBER.fullmatch(text) else ""


def trunk_faults(trunk: Trunk) -> dict[str, str]:
    """What is wrong with a trunk: field -> code; empty when nothing is."""
    faults: dict[str, str] = {}
    if not TRUNK_NAME.fullmatch(trunk.name):
        faults["name"] = "bad_trunk_name"
    elif trunk.name in RESERVED_TRUNK_NAMES:
        faults["name"] = "reserved_name"
    if trunk.kind == TrunkKind.PEER and not is_host(trunk.host):
        faults["host"] = "bad_host" if trunk.host else "missing"
    if trunk.kind == TrunkKind.ACCOUNT and trunk.host:
        faults["host"] = "only_for_peer"
    if trunk.kind == TrunkKind.ACCOUNT and trunk.register:
        faults["register"] = "only_for_peer"
    signs_in = trunk.kind == TrunkKind.ACCOUNT or trunk.register
    if trunk.username and not USERNAME.fullmatch(trunk.username):
        faults["username"] = "bad_username"
    elif trunk.kind == TrunkKind.ACCOUNT and EXTENSION.fullmatch(trunk.username):
        faults["username"] = "like_an_extension"
    elif signs_in and not trunk.username:
        faults["username"] = "missing"
    if trunk.secret and not SECRET.fullmatch(trunk.secret):
        faults["secret"] = "bad_secret"  # noqa: S105  a fault, not a secret
    elif signs_in and not trunk.secret:
        faults["secret"] = "missing"  # noqa: S105
    if not trunk.codecs or not set(trunk.codecs) <= set(CODECS):
        faults["codecs"] = "bad_codecs"
    if trunk.caller_number and not CALLER_NUMBER.fullmatch(trunk.caller_number):
        faults["caller_number"] = "bad_number"
    if not all(PREFIX.fullmatch(prefix) for prefix in trunk.prefixes):
        faults["prefixes"] = "bad_prefix"
    return faults


def overflows_in_a_circle(
    start: str, first: str | None, overflow: Mapping[str, str | None]
) -> bool:
    """Whether a caller sent on from queue `start` to `first` would come back to it."""
    step = first
    for _ in range(MAX_OVERFLOW_STEPS):
        if step is None:
            return False
        if step == start:
            return True
        step = overflow.get(step)
    return True
