"""Which trunk carries a dialled number, and which number of ours was called. Pure."""

import re
from collections.abc import Mapping

from hujiao.calls.model import Destination, Greeting
from hujiao.floor.config import NumberSettings, TrunkSettings

_SEPARATORS = re.compile(r"[\s().\-/]")
_DIALLABLE = re.compile(r"\+?[0-9]{3,20}")


def diallable(typed: str) -> str | None:
    """The digits to dial, with a leading plus if there was one; None when it is no number."""
    digits = _SEPARATORS.sub("", typed)
    return digits if _DIALLABLE.fullmatch(digits) else None


def destination(
    number: str, trunks: Mapping[str, TrunkSettings], *, recorded: bool
) -> Destination | None:
    """The trunk whose longest allowed prefix fits; None when no trunk may carry the number."""
    digits = number.lstrip("+")
    best: tuple[int, str] | None = None
    for trunk in trunks.values():
        for prefix in trunk.prefixes:
            if digits.startswith(prefix) and (best is None or (-len(prefix), trunk.name) < best):
                best = (-len(prefix), trunk.name)
    if best is None:
        return None
    trunk = trunks[best[1]]
    return Destination(
        number=number,
        endpoint=f"PJSIP/{number}@{trunk.name}",
        trunk=trunk.name,
        caller_number=trunk.caller_number,
        recorded=recorded,
    )


def called_number(called: str, numbers: Mapping[str, NumberSettings]) -> NumberSettings | None:
    """The public number that was called, whether or not the trunk sends plus or country code."""
    for form in (called, called.lstrip("+"), called.lstrip("+").removeprefix("86")):
        if form in numbers:
            return numbers[form]
    return None


def greeting_of(number: NumberSettings) -> Greeting:
    """What the callers of a public number hear, and where their keys lead."""
    return Greeting(
        language=number.language,
        prompt=number.greeting_prompt,
        menu=number.menu,
        default_queue=number.queue_id,
        timeout_ms=number.menu_timeout_s * 1000,
    )
