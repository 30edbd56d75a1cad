"""Pure decisions about customers: what finds them, which of a customer's numbers are the same."""

import unicodedata
from collections.abc import Iterable
from itertools import pairwise

from hujiao.kit.numbers import DEFAULT_REGION, digits_of, number_key

FEWEST_DIGITS_SEARCHED = 3
_PUNCTUATION_OF_NUMBERS = frozenset("+-() ./\u00a0\u3000")


def grams(*texts: str) -> list[str]:
    """All characters and pairs of neighbours, by word; what an array index can search inside of.

    Two texts agree when one's grams hold all of the other's: `grams("张小明")` hold
    `grams("小明")`. Case and width do not matter.
    """
    found: set[str] = set()
    for one in texts:
        for word in unicodedata.normalize("NFKC", one).casefold().split():
            found.update(word)
            found.update(first + second for first, second in pairwise(word))
    return sorted(found)


def digits_wanted(q: str) -> str | None:
    """The digits that `q` asks for when it looks like (a part of) a number."""
    text = unicodedata.normalize("NFKC", q).strip()
    # In E.164 there is no trunk zero.
    digits = digits_of(text).lstrip("0")
    if len(digits) < FEWEST_DIGITS_SEARCHED:
        return None
    rest = [c for c in text if not c.isdigit() and c not in _PUNCTUATION_OF_NUMBERS]
    return None if rest else digits


def distinct_numbers(
    numbers: Iterable[tuple[str, str]], region: str = DEFAULT_REGION
) -> list[tuple[str, str]]:
    """Numbers as they are stored, each once (the first label wins), empty ones left out."""
    kept: dict[str, str] = {}
    for raw, label in numbers:
        key = number_key(raw, region)
        if key and key not in kept:
            kept[key] = label
    return list(kept.items())
