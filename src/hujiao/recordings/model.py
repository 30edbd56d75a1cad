"""The words of recordings. Times are milliseconds since epoch."""

import re
from dataclasses import dataclass
from enum import StrEnum

SAFE_NAME = re.compile(r"^[0-9A-Za-z_-][0-9A-Za-z._-]{0,119}$")
"""What a recording may be called: its name becomes the name of files."""


class State(StrEnum):
    PENDING = "pending"
    """Growing, or waiting to be merged."""
    MERGING = "merging"
    READY = "ready"
    FAILED = "failed"
    """`problem` says why; raw files that exist are kept."""
    DELETED = "deleted"
    """Too old by the policy of retention; `raw_path` is empty when the sound is gone."""


@dataclass(frozen=True, slots=True)
class Recording:
    """Both voices of a call. `file` is relative to the recordings folder; None until merged."""

    id: str
    call_id: str
    node: str
    raw_path: str
    state: State
    started_at: int
    stopped_at: int | None = None
    file: str | None = None
    size: int | None = None
    duration_ms: int | None = None
    sha256: str | None = None
    problem: str | None = None
    tries: int = 0


@dataclass(frozen=True, slots=True)
class Merged:
    """What a merge made. `peaks`: loudest sample of each slice, one byte each, left then right."""

    file: str
    size: int
    duration_ms: int
    sha256: str
    peaks: bytes


@dataclass(frozen=True, slots=True)
class Peaks:
    """The loudest sample of each slice, 0 to 1, of customer (left) and centre (right)."""

    duration_ms: int
    left: list[float]
    right: list[float]

    @classmethod
    def of(cls, duration_ms: int, kept: bytes) -> "Peaks":
        """From the form that is kept: one byte each, left then right."""
        heights = [round(byte / 255, 3) for byte in kept]
        half = len(heights) // 2
        return cls(duration_ms, heights[:half], heights[half:])
