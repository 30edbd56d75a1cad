"""The one place that reads the time of day."""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], int]
"""Returns milliseconds since the Unix epoch."""


class SteadyClock:
    """The time of day, which never goes back while a process lives.

    A clock set forward is followed. One set back is not: time goes on at its own pace until the
    program is started again, so that nothing that was due waits for the time to come round a second
    time, and no duration is negative.
    """

    def __init__(
        self,
        wall: Callable[[], int] = time.time_ns,
        pace: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        """Both give nanoseconds."""
        self._wall, self._pace = wall, pace
        self._ahead = wall() - pace()
        self._lock = threading.Lock()

    def __call__(self) -> int:
        """Milliseconds since the Unix epoch."""
        pace = self._pace()
        ahead = self._wall() - pace
        if ahead > self._ahead:
            with self._lock:
                self._ahead = max(ahead, self._ahead)
        return (pace + self._ahead) // 1_000_000


now_ms: Clock = SteadyClock()


def to_datetime(at_ms: int) -> datetime:
    """An aware UTC datetime for milliseconds since the Unix epoch."""
    return datetime.fromtimestamp(at_ms / 1000, UTC)


def to_ms(moment: datetime) -> int:
    """Milliseconds since the Unix epoch of an aware datetime."""
    return round(moment.timestamp() * 1000)


def datetime_if_any(at_ms: int | None) -> datetime | None:
    """As `to_datetime`; None for what has not happened."""
    return None if at_ms is None else to_datetime(at_ms)


def ms_if_any(moment: datetime | None) -> int | None:
    """As `to_ms`; None for what has not happened."""
    return None if moment is None else to_ms(moment)
