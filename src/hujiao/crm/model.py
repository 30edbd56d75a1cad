"""The words of customer records. Times are milliseconds since epoch."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    NORMAL = "normal"
    VIP = "vip"


@dataclass(frozen=True, slots=True)
class CustomerNumber:
    """`number` is E.164, or the text as given where it is no valid number."""

    id: str
    number: str
    label: str


@dataclass(frozen=True, slots=True)
class Customer:
    id: str
    name: str
    level: Level
    company: str
    address: str
    note: str
    numbers: tuple[CustomerNumber, ...]
    created_at: int
    updated_at: int


@dataclass(frozen=True, slots=True)
class CustomerLabel:
    """As much of a customer as a list of calls shows."""

    id: str
    name: str
    level: Level


@dataclass(frozen=True, slots=True)
class CustomerData:
    """What an editor says about a customer; `numbers` are pairs of number (any format), label."""

    name: str
    level: Level = Level.NORMAL
    company: str = ""
    address: str = ""
    note: str = ""
    numbers: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True, slots=True)
class SharedNumber:
    """Another customer who has the number too."""

    number: str
    id: str
    name: str


@dataclass(frozen=True, slots=True)
class NumberFacts:
    """What a number itself tells. `e164` is None when it is no valid number."""

    e164: str | None
    national: str
    region: str
    carrier: str
