"""HTTP of recorded calls: the list, one call, its story and note, result codes, the day."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Depends, Path, Query
from fastapi.requests import HTTPConnection
from pydantic import BaseModel, Field

from hujiao.calls import dispositions, store
from hujiao.calls.projection import LegSpan
from hujiao.calls.record import CallFilter, Disposition
from hujiao.calls.service import CallRecords, ShownCall
from hujiao.identity.http import EditsConfig, SignedIn, require
from hujiao.identity.model import Actor, Permission
from hujiao.kit.patch import Patch
from hujiao.kit.web import Id, Line, Listed, Name, Paging, Text, Transaction

LATEST_MS = 253_402_300_799_000
"""The last second of the year 9999, the latest a database can be asked for."""
MAX_ORDER = 1_000_000

router = APIRouter(prefix="/api")


def _records(connection: HTTPConnection) -> CallRecords:
    found: CallRecords = connection.app.state.calls
    return found


TheCalls = Annotated[CallRecords, Depends(_records)]
SeesCalls = Annotated[
    Actor,
    Depends(require(Permission.CALLS_SEE_OWN, Permission.CALLS_SEE_TEAM, Permission.CALLS_SEE_ALL)),
]
SeesBoard = Annotated[Actor, Depends(require(Permission.BOARD_SEE))]
CallIdPath = Annotated[str, Path(min_length=1, max_length=120)]
Moment = Annotated[int | None, Query(ge=0, le=LATEST_MS)]
IdQuery = Annotated[str | None, Query(max_length=64)]
Result = Literal[
    "answered",
    "abandoned_queue",
    "abandoned_menu",
    "overflowed",
    "refused",
    "no_answer",
    "busy",
    "failed",
    "in_progress",
]


# --- the list -----------------------------------------------------------------------------------


class CustomerLabelOut(BaseModel):
    id: str
    name: str
    level: str


class CallOut(BaseModel):
    """A call as a record. `wait_ms` is from the first queue to the answer, inbound only."""

    id: str
    direction: str
    caller: str
    called: str
    customer_number: str
    customer: CustomerLabelOut | None
    queue_id: str | None
    agent_id: str | None
    agent_name: str | None
    arrived_at: int
    queued_at: int | None
    answered_at: int | None
    ended_at: int | None
    wait_ms: int
    talk_ms: int
    hold_ms: int
    wrap_up_ms: int
    result: str
    ended_by: str | None
    cause: int | None
    disposition_id: str | None
    note: str
    has_recording: bool
    n_facts: int

    @classmethod
    def of(cls, shown: ShownCall) -> "CallOut":
        return cls(**call_fields(shown))


def call_fields(shown: ShownCall) -> dict[str, Any]:
    contact, note, customer = shown.call.contact, shown.call.note, shown.customer
    own = {name: getattr(contact, name) for name in CallOut.model_fields if hasattr(contact, name)}
    return {
        **own,
        "customer": CustomerLabelOut(id=customer.id, name=customer.name, level=customer.level)
        if customer
        else None,
        "agent_name": shown.call.agent_name,
        "disposition_id": note.disposition_id if note else None,
        "note": note.text if note else "",
    }


def call_filter(
    from_ms: Annotated[int | None, Query(alias="from", ge=0, le=LATEST_MS)] = None,
    until_ms: Annotated[int | None, Query(alias="to", ge=0, le=LATEST_MS)] = None,
    direction: Literal["in", "out"] | None = None,
    queue_id: IdQuery = None,
    agent_id: IdQuery = None,
    team_id: IdQuery = None,
    result: Result | None = None,
    disposition_id: IdQuery = None,
    number: Annotated[str | None, Query(max_length=40)] = None,
    customer_id: IdQuery = None,
    stayed_in: IdQuery = None,
    stay: Literal["answered", "abandoned", "overflowed", "refused"] | None = None,
    q: Annotated[str | None, Query(max_length=100)] = None,
    order: Literal["newest", "oldest"] = "newest",
) -> CallFilter:
    """`from` and `to` (exclusive) bound the arrival, in milliseconds since epoch.

    `stayed_in` and `stay` open a figure of the day: the calls that left this queue, and how.
    """
    return CallFilter(
        from_ms=from_ms,
        until_ms=until_ms,
        direction=direction,
        queue_id=queue_id,
        agent_id=agent_id,
        team_id=team_id,
        result=result,
        disposition_id=disposition_id,
        number=(number or "").strip() or None,
        customer_id=customer_id,
        stayed_in=stayed_in,
        stay=stay,
        oldest_first=order == "oldest",
        q=(q or "").strip() or None,
    )


Wanted = Annotated[CallFilter, Depends(call_filter)]


@router.get("/calls", tags=["calls"])
async def list_calls(
    wanted: Wanted, actor: SeesCalls, calls: TheCalls, transaction: Transaction, page: Paging
) -> Listed[CallOut]:
    """By arrival, newest first by default: one's own, one's team's or all, as the role allows."""
    found = await calls.find(
        transaction, actor, wanted, after=page.after(int, str), limit=page.fetch
    )
    rows, cursor = page.cut(
        found, lambda shown: (shown.call.contact.arrived_at, shown.call.contact.id)
    )
    return Listed(items=[CallOut.of(shown) for shown in rows], next_cursor=cursor)


# --- one call -----------------------------------------------------------------------------------


class LegOut(BaseModel):
    leg: str
    role: str
    agent_id: str | None
    started_at: int | None
    answered_at: int | None
    ended_at: int | None
    cause: int | None

    @classmethod
    def of(cls, span: LegSpan) -> "LegOut":
        return cls(**{name: getattr(span, name) for name in cls.model_fields})


class StayOut(BaseModel):
    """One stay in a queue; `why` it ended, null while it lasts."""

    queue_id: str
    entered_at: int
    left_at: int | None
    why: str | None


class RecordingOut(BaseModel):
    id: str
    state: str
    duration_ms: int | None


class CallPageOut(CallOut):
    caller_name: str
    trunk: str
    node: str
    menu_path: str
    stays: list[StayOut]
    missed_by: list[str]
    legs: list[LegOut]
    recording: RecordingOut | None


@router.get("/calls/{call_id}", tags=["calls"])
async def get_call(
    call_id: CallIdPath, actor: SeesCalls, calls: TheCalls, transaction: Transaction
) -> CallPageOut:
    page = await calls.page(transaction, actor, call_id)
    contact, recording = page.shown.call.contact, page.recording
    return CallPageOut(
        **call_fields(page.shown),
        caller_name=contact.caller_name,
        trunk=contact.trunk,
        node=contact.node,
        menu_path=contact.menu_path,
        stays=[
            StayOut(
                queue_id=stay.queue_id,
                entered_at=stay.entered_at,
                left_at=stay.left_at,
                why=stay.why,
            )
            for stay in contact.stays
        ],
        missed_by=list(contact.missed_by),
        legs=[LegOut.of(span) for span in page.legs],
        recording=RecordingOut(
            id=recording.id, state=recording.state, duration_ms=recording.duration_ms
        )
        if recording
        else None,
    )


class FactOut(BaseModel):
    position: int
    at: int
    type: str
    version: int
    agent_id: str | None
    queue_id: str | None
    data: dict[str, Any]


class StoryOut(BaseModel):
    """What happened, in order. `people` and `queues` name every id that the facts mention."""

    facts: list[FactOut]
    people: dict[str, str]
    queues: dict[str, str]


@router.get("/calls/{call_id}/story", tags=["calls"])
async def get_story(
    call_id: CallIdPath, actor: SeesCalls, calls: TheCalls, transaction: Transaction
) -> StoryOut:
    story = await calls.story(transaction, actor, call_id)
    return StoryOut(
        facts=[
            FactOut(
                position=fact.position,
                at=fact.at_ms,
                type=fact.type,
                version=fact.version,
                agent_id=fact.agent_id,
                queue_id=fact.queue_id,
                data=dict(fact.data),
            )
            for fact in story.facts
        ],
        people=dict(story.people),
        queues=dict(story.queues),
    )


class NoteIn(BaseModel):
    text: Text = ""
    disposition_id: Id | None = None
    customer_id: Id | None = None


@router.put("/calls/{call_id}/note", tags=["calls"])
async def put_note(
    call_id: CallIdPath,
    note: NoteIn,
    actor: SeesCalls,
    calls: TheCalls,
    transaction: Transaction,
) -> CallOut:
    """Own call, or any that a leader sees."""
    shown = await calls.save_note(
        transaction,
        actor,
        call_id,
        text=note.text,
        disposition_id=note.disposition_id,
        customer_id=note.customer_id,
    )
    return CallOut.of(shown)


# --- result codes -------------------------------------------------------------------------------


class DispositionIn(BaseModel):
    name: Name
    name_en: Line = ""
    active: bool = True
    order: int = Field(default=0, ge=0, le=MAX_ORDER)
    direction: Literal["in", "out", "both"] = "both"


class DispositionOut(DispositionIn):
    id: str

    @classmethod
    def of(cls, code: Disposition) -> "DispositionOut":
        return cls.model_validate(code, from_attributes=True)


def _disposition(disposition_id: str, given: DispositionIn) -> Disposition:
    return Disposition(
        id=disposition_id,
        name=given.name,
        name_en=given.name_en,
        active=given.active,
        order=given.order,
        direction=given.direction,
    )


@router.get("/dispositions", tags=["dispositions"])
async def list_dispositions(
    _actor: SignedIn, transaction: Transaction, page: Paging
) -> Listed[DispositionOut]:
    found = await store.dispositions(transaction, after=page.after(int, str), limit=page.fetch)
    rows, cursor = page.cut(found, lambda code: (code.order, code.id))
    return Listed(items=[DispositionOut.of(code) for code in rows], next_cursor=cursor)


@router.post("/dispositions", tags=["dispositions"], status_code=201)
async def add_disposition(
    given: DispositionIn, actor: EditsConfig, transaction: Transaction
) -> DispositionOut:
    return DispositionOut.of(await dispositions.add(transaction, actor, _disposition("", given)))


@router.patch("/dispositions/{disposition_id}", tags=["dispositions"])
async def change_disposition(
    disposition_id: Id,
    patch: Annotated[Patch[DispositionIn], Body()],
    actor: EditsConfig,
    transaction: Transaction,
) -> DispositionOut:
    before = await dispositions.living(transaction, disposition_id)
    given = patch.over(DispositionIn.model_validate(before, from_attributes=True))
    put = await dispositions.change(transaction, actor, _disposition(disposition_id, given))
    return DispositionOut.of(put)


@router.delete("/dispositions/{disposition_id}", tags=["dispositions"], status_code=204)
async def remove_disposition(
    disposition_id: Id, actor: EditsConfig, transaction: Transaction
) -> None:
    await dispositions.remove(transaction, actor, disposition_id)


# --- the day ------------------------------------------------------------------------------------


class QueueDayOut(BaseModel):
    """Stays that are over. `service_level` = answered within `threshold_s` / offered (SL3)."""

    queue_id: str
    offered: int
    answered: int
    abandoned: int
    answered_within: int
    threshold_s: int
    service_level: float | None
    asa_ms: int | None
    longest_wait_ms: int | None


class AgentDayOut(BaseModel):
    agent_id: str
    answered: int
    dialled: int
    missed: int
    talk_ms: int
    wrap_up_ms: int


class DayOut(BaseModel):
    since: int
    queues: list[QueueDayOut]
    agents: list[AgentDayOut]


@router.get("/board/today", tags=["board"])
async def today(actor: SeesBoard, calls: TheCalls, queue_id: IdQuery = None) -> DayOut:
    """Sums since midnight from the ledger's projection, at most two seconds old."""
    day = await calls.today(actor, queue_id)
    return DayOut(
        since=day.since_ms,
        queues=[
            QueueDayOut(
                queue_id=queue.queue_id,
                offered=queue.offered,
                answered=queue.answered,
                abandoned=queue.abandoned,
                answered_within=queue.answered_within,
                threshold_s=day.thresholds_s.get(queue.queue_id, 0),
                service_level=queue.service_level,
                asa_ms=queue.asa_ms,
                longest_wait_ms=queue.longest_wait_ms,
            )
            for queue in day.queues
        ],
        agents=[AgentDayOut.model_validate(agent, from_attributes=True) for agent in day.agents],
    )
