"""Facts of what was removed because it was old. Published by `retention`."""

from dataclasses import dataclass

from hujiao.events.fact import Fact


@dataclass(frozen=True, slots=True)
class RecordingDeleted(Fact):
    """The sound is gone. `why`: retention."""

    type = "recording.deleted"
    recording: str
    why: str


@dataclass(frozen=True, slots=True)
class FactsDropped(Fact):
    """The facts of a month left the ledger. `month` is `2026_01`, of UTC."""

    type = "ledger.dropped"
    month: str
    facts: int
