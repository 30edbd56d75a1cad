"""The words of calls as records: what lists, pages and boards show of them.

Times are milliseconds since epoch, durations milliseconds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from hujiao.calls.projection import Contact


@dataclass(frozen=True, slots=True)
class Sight:
    """Whose calls somebody may see: his own, also those of `team_id`, or all.

    A call is of the agent who talked; the leader of a team sees also what his agents let pass.
    """

    person_id: str
    team_id: str | None = None
    everything: bool = False


@dataclass(frozen=True, slots=True)
class CallFilter:
    """What a list of calls is narrowed to; None does not narrow. `until_ms` is exclusive.

    `number` is E.164 or a run of digits anywhere in the customer's number. `customer_numbers`
    belong to `customer_id`. `q` is looked for in numbers, notes and agents' names, and finds the
    calls of `q_customers` and `q_numbers` too. `stayed_in` keeps the calls that a figure of the day
    counts: those with a stay in this queue that is over, and ended as `stay` says.
    """

    from_ms: int | None = None
    until_ms: int | None = None
    direction: str | None = None
    queue_id: str | None = None
    agent_id: str | None = None
    team_id: str | None = None
    result: str | None = None
    disposition_id: str | None = None
    number: str | None = None
    customer_id: str | None = None
    customer_numbers: Sequence[str] = ()
    stayed_in: str | None = None
    stay: str | None = None
    oldest_first: bool = False
    q: str | None = None
    q_customers: Sequence[str] = ()
    q_numbers: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Note:
    """What the agent wrote about a call."""

    text: str
    disposition_id: str | None
    customer_id: str | None
    person_id: str
    saved_at: int


@dataclass(frozen=True, slots=True)
class RecordedCall:
    """A contact with what people added to it."""

    contact: Contact
    agent_name: str | None
    agent_team_id: str | None
    note: Note | None


@dataclass(frozen=True, slots=True)
class Disposition:
    """A result code. `direction`: in, out or both."""

    id: str
    name: str
    name_en: str
    active: bool
    order: int
    direction: str


@dataclass(frozen=True, slots=True)
class QueueDay:
    """A queue since `since`, by stays that are over: offered = answered + abandoned + the rest.

    `service_level` is SL3: answered within the threshold / offered, by interval of arrival, the
    clock from entering the queue to the answer; None when nothing was offered. `asa_ms` is the
    mean wait of the answered.
    """

    queue_id: str
    offered: int = 0
    answered: int = 0
    abandoned: int = 0
    answered_within: int = 0
    asa_ms: int | None = None
    longest_wait_ms: int | None = None

    @property
    def service_level(self) -> float | None:
        return self.answered_within / self.offered if self.offered else None


@dataclass(frozen=True, slots=True)
class AgentDay:
    """An agent since `since`. `answered` counts inbound, `dialled` answered outbound calls."""

    agent_id: str
    answered: int = 0
    dialled: int = 0
    missed: int = 0
    talk_ms: int = 0
    wrap_up_ms: int = 0


# --- what this slice asks of slices that it may not import ---------------------------------------


class CustomerLabel(Protocol):
    @property
    def id(self) -> str: ...

    @property
    def name(self) -> str: ...

    @property
    def level(self) -> str: ...


class QueueLabel(Protocol):
    """`sl_threshold_s`: an answer within so many seconds is in time."""

    @property
    def name(self) -> str: ...

    @property
    def sl_threshold_s(self) -> int: ...


@dataclass(frozen=True, slots=True)
class RecordingLabel:
    """`state`: pending, merging, ready or failed."""

    id: str
    state: str
    duration_ms: int | None


class Customers(Protocol):
    """The customers behind calls. `crm.service.CustomerBook` is one."""

    async def labels(
        self, connection: AsyncConnection, ids: Sequence[str]
    ) -> Mapping[str, CustomerLabel]: ...

    async def labels_by_number(
        self, connection: AsyncConnection, numbers: Sequence[str]
    ) -> Mapping[str, CustomerLabel]: ...

    async def numbers_of(
        self, connection: AsyncConnection, customer_ids: Sequence[str]
    ) -> Sequence[str]: ...

    async def ids_matching(self, connection: AsyncConnection, q: str) -> Sequence[str]: ...


class Queues(Protocol):
    """Names and targets of all queues, deleted ones too."""

    async def labels(self, connection: AsyncConnection) -> Mapping[str, QueueLabel]: ...


class Recordings(Protocol):
    """What became of the recordings of calls."""

    async def labels(
        self, connection: AsyncConnection, call_ids: Sequence[str]
    ) -> Mapping[str, RecordingLabel]: ...
