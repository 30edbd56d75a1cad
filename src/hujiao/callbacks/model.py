"""The words of callbacks. Times are milliseconds since epoch."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    LOST_CALL = "lost_call"
    """A caller, or a conversation, was cut off by a fault of ours."""
    MESSAGE = "message"
    """Somebody spoke a message while no floor was there."""


class State(StrEnum):
    OPEN = "open"
    IN_PROGRESS = "in_progress"
    DONE = "done"
    DROPPED = "dropped"


LIVING = (State.OPEN, State.IN_PROGRESS)


class Result(StrEnum):
    """What calling back came to. `CALLED_AGAIN` is never chosen: the customer was faster."""

    REACHED = "reached"
    NOT_REACHED = "not_reached"
    WRONG_NUMBER = "wrong_number"
    NO_NEED = "no_need"
    CALLED_AGAIN = "called_again"


class Why(StrEnum):
    SWITCH_LOST = "switch_lost"
    SYSTEM_FAULT = "system_fault"
    FLOOR_AWAY = "floor_away"


@dataclass(frozen=True, slots=True)
class Callback:
    """A customer to be called back.

    `number` is in stored form, empty when it was withheld. `call_id` is the call that was cut,
    or in which a message was left (none when its switch died before the call was over).
    `agent_id` is who talked when the call was cut, `phase` where it stood. `closed_by` is None when
    it closed itself. `note` says what was agreed, or why it was dropped.
    """

    id: str
    kind: Kind
    state: State
    why: Why
    number: str
    called: str
    happened_at: int
    call_id: str | None = None
    phase: str | None = None
    queue_id: str | None = None
    agent_id: str | None = None
    taken_by: str | None = None
    taken_at: int | None = None
    result: Result | None = None
    note: str = ""
    closed_at: int | None = None
    closed_by: str | None = None
    attempts: int = 0
    message_ms: int | None = None
    """Length of the spoken message, where there is one."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """A call to the customer since. `answered_at` is None when he did not pick up."""

    call_id: str
    at: int
    agent_id: str | None
    answered_at: int | None


@dataclass(frozen=True, slots=True)
class Message:
    """A spoken message. `id` is the switch's name of the call; `file` is below the folder.

    `raw_size` is how much of it had been written when it was taken in. `peaks`: as recordings'.
    """

    id: str
    number: str
    called: str
    left_at: int
    file: str
    size: int
    duration_ms: int
    sha256: str
    peaks: bytes
    raw_size: int


@dataclass(frozen=True, slots=True)
class Sight:
    """Whose callbacks somebody may see: of these queues, of none, and those of his own; or all."""

    person_id: str
    queues: Sequence[str] = ()
    everything: bool = False


@dataclass(frozen=True, slots=True)
class CallbackFilter:
    """What a list is narrowed to; None does not narrow. `q` is looked for in number and note."""

    states: Sequence[State] = ()
    kind: Kind | None = None
    queue_id: str | None = None
    taken_by: str | None = None
    q: str | None = None
    oldest_first: bool = True
