"""What a switch is told of the phones and trunks it shall know."""

from dataclasses import dataclass
from enum import StrEnum


class PhoneKind(StrEnum):
    BROWSER = "browser"
    SIP = "sip"
    STATIC = "static"
    """Reached at a fixed `contact`, without registration (a desk gateway, a load generator)."""


@dataclass(frozen=True, slots=True)
class Phone:
    """An agent's phone. `endpoint` is the extension and the SIP user name."""

    endpoint: str
    kind: PhoneKind
    secret: str
    display_name: str = ""
    contact: str = ""


@dataclass(frozen=True, slots=True)
class Trunk:
    """A line to the world.

    Either a peer at `host:port` (recognised by its address, optionally registered to with
    `username`/`secret`), or, with an empty host, an account that a gateway or a single SIP phone
    signs in with (`username`/`secret`).
    """

    endpoint: str
    host: str = ""
    port: int = 5060
    username: str = ""
    secret: str = ""
    register: bool = False
    codecs: tuple[str, ...] = ("alaw", "ulaw")
    caller_number: str = ""
