"""Facts of what was removed because it was old. Published by `retention`."""

from hujiao.events.fact import Fact
from hujiao.kit.values import value


@value
class RecordingDeleted(Fact):
    """The sound is gone. `why`: retention."""

    type = "recording.deleted"
    recording: str
    why: str


@value
class FactsDropped(Fact):
    """The facts of a month left the ledger. `month` is `2026_01`, of UTC."""

    type = "ledger.dropped"
    month: str
    facts: int
