"""The words of verifying."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field

from hujiao.events.follow import Entry

Value = str | int


@dataclass(frozen=True, slots=True)
class Difference:
    """Two books that do not agree. `subject` is what it is about, mostly an id."""

    kind: str
    subject: str
    details: Mapping[str, Value] = field(default_factory=dict)

    @property
    def key(self) -> tuple[str, str]:
        """Tells whether it is the same difference the next time one looks."""
        return self.kind, self.subject


Differences = AsyncIterator[Difference]


@dataclass(frozen=True, slots=True)
class Line:
    """A fact with who wrote it and under which number."""

    entry: Entry
    source: str
    seq: int


@dataclass(frozen=True, slots=True)
class Period:
    """`until_ms` is exclusive; both milliseconds since epoch."""

    since_ms: int
    until_ms: int


@dataclass(slots=True)
class Checked:
    """How much was looked at."""

    facts: int = 0
    calls: int = 0
    recordings: int = 0
    files: int = 0
    live_calls: int = 0
    channels: int = 0
    differences: int = 0
