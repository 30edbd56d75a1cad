"""The words of retention. Times are milliseconds since epoch."""

from calendar import monthrange
from dataclasses import dataclass

from hujiao.kit.clock import to_datetime, to_ms

FOR_EVER = 0
LEAST_LEDGER_MONTHS = 12
MOST_MONTHS = 600
GRACE_MS = 24 * 3_600_000
"""So long after it was set a shorter policy deletes nothing."""


@dataclass(frozen=True, slots=True)
class Policy:
    """Months that things are kept; 0 is for ever."""

    ledger_months: int
    recording_months: int

    def faults(self) -> dict[str, str]:
        """Field -> code of what must not be; empty when all is well."""
        ledger, recordings = self.ledger_months, self.recording_months
        if ledger == FOR_EVER:
            return {}
        if ledger < LEAST_LEDGER_MONTHS:
            return {"ledger_months": "ledger_too_short"}
        if recordings == FOR_EVER or recordings > ledger:
            return {"ledger_months": "shorter_than_recordings"}
        return {}

    def deletes_more_than(self, other: "Policy") -> bool:
        """Whether anything goes earlier by this policy than by the other."""
        return _shorter(self.ledger_months, other.ledger_months) or _shorter(
            self.recording_months, other.recording_months
        )


@dataclass(frozen=True, slots=True)
class Rule:
    """The policy and since when it holds. `ledger_from`: facts before it have been dropped."""

    policy: Policy
    effective_at: int
    ledger_from: int | None = None


@dataclass(frozen=True, slots=True)
class Effect:
    """What a policy would delete at once; None where it deletes nothing for age.

    `months` are the ledger's, `facts` an estimate, `recording_bytes` of merged sound.
    """

    ledger_before: int | None
    months: tuple[str, ...]
    facts: int
    recordings_before: int | None
    recordings: int
    recording_bytes: int


def _shorter(one: int, other: int) -> bool:
    return one != FOR_EVER and (other == FOR_EVER or one < other)


def months_before(at_ms: int, months: int) -> int | None:
    """The moment so many calendar months earlier; None for ever. A 31st may become a 28th."""
    if months == FOR_EVER:
        return None
    moment = to_datetime(at_ms)
    year, month = divmod(moment.year * 12 + moment.month - 1 - months, 12)
    day = min(moment.day, monthrange(year, month + 1)[1])
    return to_ms(moment.replace(year=year, month=month + 1, day=day))
