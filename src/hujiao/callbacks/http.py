"""HTTP of callbacks: the list and its badge, one, what is done with it, the message's sound."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Response
from fastapi.requests import HTTPConnection, Request
from fastapi.responses import FileResponse
from pydantic import BaseModel

from hujiao.callbacks.model import Attempt, CallbackFilter, Kind, Result, State, Why
from hujiao.callbacks.service import Callbacks, Shown
from hujiao.identity.http import require
from hujiao.identity.model import Actor, Permission
from hujiao.kit.sound import sound_response, sound_responses
from hujiao.kit.web import Id, Line, Listed, Paging, Text, Transaction

router = APIRouter(prefix="/api", tags=["callbacks"])


def _callbacks(connection: HTTPConnection) -> Callbacks:
    found: Callbacks = connection.app.state.callbacks
    return found


TheCallbacks = Annotated[Callbacks, Depends(_callbacks)]
Sees = Annotated[Actor, Depends(require(Permission.CALLBACKS_WORK, Permission.CALLBACKS_SEE_ALL))]
Works = Annotated[Actor, Depends(require(Permission.CALLBACKS_WORK))]


class CallbackCustomerOut(BaseModel):
    id: str
    name: str
    level: str


class CallbackOut(BaseModel):
    """A customer to be called back; `closed_by` null with a result: it closed itself."""

    id: str
    kind: Kind
    state: State
    why: Why
    number: str
    called: str
    customer: CallbackCustomerOut | None
    happened_at: int
    call_id: str | None
    phase: str | None
    queue_id: str | None
    agent_id: str | None
    agent_name: str | None
    taken_by: str | None
    taken_by_name: str | None
    taken_at: int | None
    result: Result | None
    note: str
    closed_at: int | None
    closed_by: str | None
    closed_by_name: str | None
    attempts: int
    message_ms: int | None

    @classmethod
    def of(cls, shown: Shown) -> "CallbackOut":
        one, customer = shown.callback, shown.customer
        own = {name: getattr(one, name) for name in cls.model_fields if hasattr(one, name)}
        return cls(
            **own,
            customer=CallbackCustomerOut(id=customer.id, name=customer.name, level=customer.level)
            if customer
            else None,
            agent_name=shown.people.get(one.agent_id or ""),
            taken_by_name=shown.people.get(one.taken_by or ""),
            closed_by_name=shown.people.get(one.closed_by or ""),
        )


class AttemptOut(BaseModel):
    call_id: str
    at: int
    agent_id: str | None
    agent_name: str | None
    answered_at: int | None


class CallbackPageOut(BaseModel):
    callback: CallbackOut
    tried: list[AttemptOut]


class CallbackCountsOut(BaseModel):
    """`open`: to be taken; `mine`: taken by who asks."""

    open: int
    mine: int


def callback_filter(
    actor: Sees,
    state: Annotated[list[State] | None, Query(max_length=4)] = None,
    kind: Kind | None = None,
    queue_id: Annotated[str | None, Query(max_length=64)] = None,
    mine: bool = False,
    q: Annotated[str | None, Query(max_length=100)] = None,
    order: Literal["oldest", "newest"] = "oldest",
) -> CallbackFilter:
    return CallbackFilter(
        states=tuple(state or ()),
        kind=kind,
        queue_id=queue_id,
        taken_by=actor.person_id if mine else None,
        q=(q or "").strip() or None,
        oldest_first=order == "oldest",
    )


Wanted = Annotated[CallbackFilter, Depends(callback_filter)]


@router.get("/callbacks")
async def list_callbacks(
    wanted: Wanted, actor: Sees, callbacks: TheCallbacks, transaction: Transaction, page: Paging
) -> Listed[CallbackOut]:
    """By when it happened, the oldest first by default: one's queues' and one's own, or all."""
    found = await callbacks.find(
        transaction, actor, wanted, after=page.after(int, str), limit=page.fetch
    )
    rows, cursor = page.cut(found, lambda shown: (shown.callback.happened_at, shown.callback.id))
    return Listed(items=[CallbackOut.of(shown) for shown in rows], next_cursor=cursor)


@router.get("/callbacks/counts")
async def count_callbacks(
    actor: Sees, callbacks: TheCallbacks, transaction: Transaction
) -> CallbackCountsOut:
    return CallbackCountsOut(**await callbacks.counts(transaction, actor))


@router.get("/callbacks/{callback_id}")
async def get_callback(
    callback_id: Id, actor: Sees, callbacks: TheCallbacks, transaction: Transaction
) -> CallbackPageOut:
    page = await callbacks.page(transaction, actor, callback_id)
    people = page.shown.people
    return CallbackPageOut(
        callback=CallbackOut.of(page.shown),
        tried=[_attempt(one, people.get(one.agent_id or "")) for one in page.attempts],
    )


def _attempt(one: Attempt, name: str | None) -> AttemptOut:
    return AttemptOut(
        call_id=one.call_id,
        at=one.at,
        agent_id=one.agent_id,
        agent_name=name,
        answered_at=one.answered_at,
    )


@router.post("/callbacks/{callback_id}/take")
async def take_callback(
    callback_id: Id, actor: Works, callbacks: TheCallbacks, transaction: Transaction
) -> CallbackOut:
    return CallbackOut.of(await callbacks.take(transaction, actor, callback_id))


@router.post("/callbacks/{callback_id}/give-back")
async def give_callback_back(
    callback_id: Id, actor: Works, callbacks: TheCallbacks, transaction: Transaction
) -> CallbackOut:
    return CallbackOut.of(await callbacks.give_back(transaction, actor, callback_id))


class CallbackResultIn(BaseModel):
    result: Literal["reached", "not_reached", "wrong_number", "no_need"]
    note: Text = ""


@router.post("/callbacks/{callback_id}/done")
async def finish_callback(
    callback_id: Id,
    given: CallbackResultIn,
    actor: Works,
    callbacks: TheCallbacks,
    transaction: Transaction,
) -> CallbackOut:
    result = Result(given.result)
    done = await callbacks.finish(transaction, actor, callback_id, result=result, note=given.note)
    return CallbackOut.of(done)


class CallbackReasonIn(BaseModel):
    reason: Line


@router.post("/callbacks/{callback_id}/drop")
async def drop_callback(
    callback_id: Id,
    given: CallbackReasonIn,
    actor: Works,
    callbacks: TheCallbacks,
    transaction: Transaction,
) -> CallbackOut:
    dropped = await callbacks.drop(transaction, actor, callback_id, reason=given.reason)
    return CallbackOut.of(dropped)


@router.get(
    "/callbacks/{callback_id}/recording",
    response_class=FileResponse,
    responses=sound_responses("Ogg Vorbis, the customer left"),
)
async def get_message(
    callback_id: Id,
    request: Request,
    actor: Sees,
    callbacks: TheCallbacks,
    transaction: Transaction,
) -> Response:
    message, path = await callbacks.message(transaction, actor, callback_id)
    return sound_response(request, path, message.sha256)


class MessagePeaksOut(BaseModel):
    """Loudest sample of equal slices, 0 to 1: the customer left, nobody right."""

    duration_ms: int
    left: list[float]
    right: list[float]


@router.get("/callbacks/{callback_id}/peaks")
async def get_message_peaks(
    callback_id: Id, actor: Sees, callbacks: TheCallbacks, transaction: Transaction
) -> MessagePeaksOut:
    peaks = await callbacks.peaks(transaction, actor, callback_id)
    return MessagePeaksOut(duration_ms=peaks.duration_ms, left=peaks.left, right=peaks.right)
