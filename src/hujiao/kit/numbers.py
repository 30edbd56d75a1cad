"""Telephone numbers as the switch, people and files write them, brought to one form."""

from functools import lru_cache

import phonenumbers

DEFAULT_REGION = "CN"
SHORTEST_INTERNATIONAL = 9
"""Fewer digits than this are never read as a number with its country code."""


def e164(raw: str, region: str = DEFAULT_REGION) -> str | None:
    """`+<country><number>` of a number in any format, or None when it is not a valid one.

    Understood in `region`: with +, 00 or the bare country code before it, with or without the
    trunk 0, also a 0 put before a mobile number, spaces and dashes, `sip:` and `tel:` addresses.
    """
    return _e164(raw.strip(), region)


def number_key(raw: str, region: str = DEFAULT_REGION) -> str:
    """What a number is stored and searched by: E.164, else the trimmed text as it came."""
    return e164(raw, region) or bare(raw)


def bare(raw: str) -> str:
    """The user part of a `sip:` or `tel:` address; other text unchanged but trimmed."""
    text = raw.strip()
    scheme, colon, rest = text.partition(":")
    if colon and scheme.lower() in ("sip", "sips", "tel"):
        text = rest
    return text.partition("@")[0].partition(";")[0].strip()


def digits_of(raw: str) -> str:
    """Only the digits, full-width ones included."""
    return phonenumbers.normalize_digits_only(raw)


@lru_cache(maxsize=8192)
def _e164(raw: str, region: str) -> str | None:
    text = bare(raw)
    if not any(character.isdigit() for character in text):
        return None
    national = _valid(text, region)
    if national is None and not text.startswith("+"):
        digits = digits_of(text)
        if len(digits) >= SHORTEST_INTERNATIONAL and not digits.startswith("0"):
            return _valid(f"+{digits}", region)
    return national


def _valid(text: str, region: str) -> str | None:
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
