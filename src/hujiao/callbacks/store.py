"""All SQL of callbacks."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, func, or_, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from hujiao.callbacks.model import (
    LIVING,
    Attempt,
    Callback,
    CallbackFilter,
    Kind,
    Message,
    Result,
    Sight,
    State,
    Why,
)
from hujiao.callbacks.tables import callback, callback_attempt, callback_message
from hujiao.kit.clock import datetime_if_any, ms_if_any, to_datetime, to_ms

_LIVING = callback.c.state.in_([state.value for state in LIVING])
_ATTEMPTS = (
    select(func.count())
    .select_from(callback_attempt)
    .where(callback_attempt.c.callback_id == callback.c.id)
    .scalar_subquery()
)
_LISTED = select(
    callback, _ATTEMPTS.label("attempts"), callback_message.c.duration_ms.label("message_ms")
).outerjoin(callback_message, callback_message.c.callback_id == callback.c.id)


def _callback_of(row: Row[Any]) -> Callback:
    return Callback(
        id=row.id,
        kind=Kind(row.kind),
        state=State(row.state),
        why=Why(row.why),
        number=row.number,
        called=row.called,
        happened_at=to_ms(row.happened_at),
        call_id=row.call_id,
        phase=row.phase,
        queue_id=row.queue_id,
        agent_id=row.agent_id,
        taken_by=row.taken_by,
        taken_at=ms_if_any(row.taken_at),
        result=None if row.result is None else Result(row.result),
        note=row.note,
        closed_at=ms_if_any(row.closed_at),
        closed_by=row.closed_by,
        attempts=row.attempts,
        message_ms=row.message_ms,
    )


# --- opening and closing by itself ---------------------------------------------------------------


async def open_new(connection: AsyncConnection, value: Callback, source: str) -> bool:
    """False when one was opened for this source before."""
    added = await connection.scalar(
        insert(callback)
        .values(
            id=value.id,
            kind=value.kind.value,
            state=value.state.value,
            why=value.why.value,
            source=source,
            call_id=value.call_id,
            number=value.number,
            called=value.called,
            phase=value.phase,
            queue_id=value.queue_id,
            agent_id=value.agent_id,
            happened_at=to_datetime(value.happened_at),
        )
        .on_conflict_do_nothing(index_elements=["source"])
        .returning(callback.c.id)
    )
    return added is not None


async def living_of(connection: AsyncConnection, numbers: Sequence[str]) -> list[Callback]:
    """Open and taken ones of these numbers, oldest first, for nobody else until the end."""
    query = _LISTED.where(_LIVING, callback.c.number.in_(list(numbers)))
    rows = await connection.execute(
        query.order_by(callback.c.happened_at, callback.c.id).with_for_update(of=callback)
    )
    return [_callback_of(row) for row in rows]


async def attempted(connection: AsyncConnection, callback_id: str, attempt: Attempt) -> None:
    """A call to the customer; known ones stay as they are."""
    await connection.execute(
        insert(callback_attempt)
        .values(
            callback_id=callback_id,
            call_id=attempt.call_id,
            at=to_datetime(attempt.at),
            agent_id=attempt.agent_id,
        )
        .on_conflict_do_nothing()
    )


async def attempt_answered(connection: AsyncConnection, call_id: str, at_ms: int) -> None:
    """The customer picked up; who is known to have done so before stays."""
    await connection.execute(
        update(callback_attempt)
        .where(callback_attempt.c.call_id == call_id, callback_attempt.c.answered_at.is_(None))
        .values(answered_at=to_datetime(at_ms))
    )


# --- lists ---------------------------------------------------------------------------------------


def _visible(sight: Sight) -> list[ColumnElement[bool]]:
    if sight.everything:
        return []
    return [
        or_(
            callback.c.queue_id.is_(None),
            callback.c.queue_id.in_(list(sight.queues)),
            callback.c.agent_id == sight.person_id,
            callback.c.taken_by == sight.person_id,
        )
    ]


def _narrowed(wanted: CallbackFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.states:
        found.append(callback.c.state.in_([state.value for state in wanted.states]))
    if wanted.kind is not None:
        found.append(callback.c.kind == wanted.kind.value)
    if wanted.queue_id is not None:
        found.append(callback.c.queue_id == wanted.queue_id)
    if wanted.taken_by is not None:
        found.append(callback.c.taken_by == wanted.taken_by)
    if wanted.q:
        found.append(
            or_(
                callback.c.number.contains(wanted.q, autoescape=True),
                callback.c.note.icontains(wanted.q, autoescape=True),
            )
        )
    return found


async def callbacks(
    connection: AsyncConnection,
    wanted: CallbackFilter,
    sight: Sight,
    *,
    after: tuple[int, str] | None,
    limit: int,
) -> list[Callback]:
    """By when it happened, behind the one `after` (moment, id), of those that may be seen."""
    query = _LISTED.where(*_visible(sight), *_narrowed(wanted)).limit(limit)
    key = tuple_(callback.c.happened_at, callback.c.id)
    if after is not None:
        edge = (to_datetime(after[0]), after[1])
        query = query.where(key > edge if wanted.oldest_first else key < edge)
    if wanted.oldest_first:
        query = query.order_by(callback.c.happened_at, callback.c.id)
    else:
        query = query.order_by(callback.c.happened_at.desc(), callback.c.id.desc())
    return [_callback_of(row) for row in await connection.execute(query)]


async def counts(connection: AsyncConnection, sight: Sight) -> Mapping[str, int]:
    """`open`: to be taken by who asks; `mine`: taken by him."""
    mine = and_(callback.c.state == State.IN_PROGRESS.value, callback.c.taken_by == sight.person_id)
    row = (
        await connection.execute(
            select(
                func.count().filter(callback.c.state == State.OPEN.value).label("open"),
                func.count().filter(mine).label("mine"),
            ).where(_LIVING, *_visible(sight))
        )
    ).one()
    return {"open": row.open, "mine": row.mine}


async def one(
    connection: AsyncConnection, callback_id: str, sight: Sight, *, lock: bool = False
) -> Callback | None:
    """With `lock` for nobody else before the transaction ends."""
    query = _LISTED.where(callback.c.id == callback_id, *_visible(sight))
    if lock:
        query = query.with_for_update(of=callback)
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else _callback_of(row)


async def attempts_of(connection: AsyncConnection, callback_id: str, limit: int) -> list[Attempt]:
    """Newest first."""
    rows = await connection.execute(
        select(callback_attempt)
        .where(callback_attempt.c.callback_id == callback_id)
        .order_by(callback_attempt.c.at.desc(), callback_attempt.c.call_id)
        .limit(limit)
    )
    return [
        Attempt(row.call_id, to_ms(row.at), row.agent_id, ms_if_any(row.answered_at))
        for row in rows
    ]


async def put(connection: AsyncConnection, value: Callback) -> None:
    """Write what people, or the customer himself, changed."""
    await connection.execute(
        update(callback)
        .where(callback.c.id == value.id)
        .values(
            state=value.state.value,
            taken_by=value.taken_by,
            taken_at=datetime_if_any(value.taken_at),
            result=None if value.result is None else value.result.value,
            note=value.note,
            closed_at=datetime_if_any(value.closed_at),
            closed_by=value.closed_by,
        )
    )


# --- messages ------------------------------------------------------------------------------------


def _message_of(row: Row[Any]) -> Message:
    return Message(
        id=row.id,
        number=row.number,
        called=row.called,
        left_at=to_ms(row.left_at),
        file=row.file,
        size=row.size,
        duration_ms=row.duration_ms,
        sha256=row.sha256,
        peaks=row.peaks,
        raw_size=row.raw_size,
    )


async def message_by_id(connection: AsyncConnection, message_id: str) -> Message | None:
    query = select(callback_message).where(callback_message.c.id == message_id)
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else _message_of(row)


async def message_of(connection: AsyncConnection, callback_id: str) -> Message | None:
    query = select(callback_message).where(callback_message.c.callback_id == callback_id)
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else _message_of(row)


async def callback_of_message(connection: AsyncConnection, message_id: str) -> str | None:
    found: str | None = await connection.scalar(
        select(callback_message.c.callback_id).where(callback_message.c.id == message_id)
    )
    return found


async def put_message(connection: AsyncConnection, callback_id: str, value: Message) -> None:
    """Add, or replace by what was written of it since."""
    columns = {**asdict(value), "left_at": to_datetime(value.left_at)}
    statement = insert(callback_message).values(callback_id=callback_id, **columns)
    await connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_=columns))
