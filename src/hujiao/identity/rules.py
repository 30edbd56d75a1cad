"""Pure decisions about passwords, expiry, rank and how often somebody may try to sign in."""

import ipaddress
import unicodedata
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass

from hujiao.identity.model import RANK, Role

MIN_PASSWORD_CHARS = 10
MAX_PASSWORD_CHARS = 128
MIN_DISTINCT_CHARS = 5
SHORTEST_LOGIN_FORBIDDEN_INSIDE = 4

IDLE_S = 2 * 3600
"""A session nobody used and no open desk kept alive for so long is over."""
LIFETIME_S = 16 * 3600
"""The longest a session lives: a long shift, and nobody stays signed in for ever."""

WINDOW_S = 15 * 60
FIRST_WAIT_S = 30
LONGEST_WAIT_S = 15 * 60
PAIR_LIMIT = 5
LOGIN_LIMIT = 30
ADDRESS_LIMIT = 50
MAX_KEYS = 20_000

_RUNS = ("0123456789", "abcdefghijklmnopqrstuvwxyz", "qwertyuiopasdfghjklzxcvbnm")
_COMMON = ("password", "passw0rd", "woaini", "admin", "welcome", "letmein", "hujiao", "iloveyou")
_COMMON_REST_CHARS = 6


def normalised_password(password: str) -> str:
    """The same text however a keyboard composed it."""
    return unicodedata.normalize("NFKC", password)


def password_fault(password: str, login: str) -> str | None:
    """Why this password may not be used, as a stable code; None when it may."""
    text = normalised_password(password)
    folded = text.casefold()
    if len(text) < MIN_PASSWORD_CHARS:
        return "password_too_short"
    if len(text) > MAX_PASSWORD_CHARS:
        return "password_too_long"
    if len(login) >= SHORTEST_LOGIN_FORBIDDEN_INSIDE and login.casefold() in folded:
        return "password_has_login"
    if len(set(folded)) < MIN_DISTINCT_CHARS or _mostly_run(folded) or _mostly_common(folded):
        return "password_too_simple"
    return None


def _mostly_run(text: str) -> bool:
    """Twice around the keyboard or the alphabet, forwards or backwards."""
    rows = [row * 2 for run in _RUNS for row in (run, run[::-1])]
    return any(text in row for row in rows)


def _mostly_common(text: str) -> bool:
    """A word everybody tries first, with a few characters around it."""
    return any(word in text and len(text) - len(word) <= _COMMON_REST_CHARS for word in _COMMON)


def may_edit(editor: Role, before: Role | None, after: Role) -> bool:
    """Who edits people stays above them; only administrators make or change their equals."""
    if editor == Role.ADMIN:
        return True
    highest = max(RANK[after], RANK[before] if before else 0)
    return highest < RANK[editor]


def is_live(now_ms: int, seen_ms: int, expires_ms: int) -> bool:
    return now_ms < expires_ms and now_ms - seen_ms < IDLE_S * 1000


def address_key(address: str) -> str:
    """An IPv4 address, or the /64 that a single IPv6 subscriber usually has."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped:
            return str(ip.ipv4_mapped)
        return str(ipaddress.ip_network((ip, 64), strict=False))
    return str(ip)


@dataclass(slots=True)
class _Tries:
    count: int
    last_ms: int


class Throttle:
    """Counts failed sign-ins per account, per address and per both; bounded in memory.

    An attempt counts as failed from its start, so that a burst of parallel ones counts fully;
    success takes it back. Somebody else's failures at an account slow its owner down only when they
    come from many addresses.
    """

    def __init__(self) -> None:
        self._tries: OrderedDict[str, _Tries] = OrderedDict()

    def attempt(self, login: str, address: str, now_ms: int) -> int:
        """Seconds to wait before another attempt; 0 lets this one pass and counts it."""
        keys = list(self._keys(login, address))
        wait_ms = max(self._wait_ms(key, limit, now_ms) for key, limit in keys)
        if wait_ms > 0:
            return -(-wait_ms // 1000)
        for key, _ in keys:
            self._count(key, now_ms)
        return 0

    def succeeded(self, login: str, address: str) -> None:
        """The attempt was not a failure: the pair starts afresh."""
        (pair, _), *others = self._keys(login, address)
        self._tries.pop(pair, None)
        for key, _ in others:
            tries = self._tries.get(key)
            if tries:
                tries.count -= 1

    def _keys(self, login: str, address: str) -> Iterable[tuple[str, int]]:
        place = address_key(address)
        yield f"pair\0{login}\0{place}", PAIR_LIMIT
        yield f"login\0{login}", LOGIN_LIMIT
        yield f"address\0{place}", ADDRESS_LIMIT

    def _wait_ms(self, key: str, limit: int, now_ms: int) -> int:
        tries = self._tries.get(key)
        if tries is None or tries.count < limit:
            return 0
        doublings = min(tries.count - limit, 10)
        wait_s = min(FIRST_WAIT_S * 2**doublings, LONGEST_WAIT_S)
        return int(max(0, tries.last_ms + wait_s * 1000 - now_ms))

    def _count(self, key: str, now_ms: int) -> None:
        tries = self._tries.get(key)
        if tries is None or now_ms - tries.last_ms > WINDOW_S * 1000:
            tries = self._tries[key] = _Tries(0, now_ms)
        tries.count += 1
        tries.last_ms = now_ms
        self._tries.move_to_end(key)
        while len(self._tries) > MAX_KEYS:
            self._tries.popitem(last=False)
