"""All SQL of recordings."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Row, case, func, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from hujiao.kit.clock import datetime_if_any, ms_if_any, to_datetime, to_ms
from hujiao.recordings.model import Merged, Recording, State
from hujiao.recordings.tables import recording

_UNFINISHED = recording.c.state.in_((State.PENDING.value, State.MERGING.value))
_UNSHOWN = ("peaks", "job_at", "deleted_at")
_SHOWN = tuple(column for column in recording.c if column.name not in _UNSHOWN)


def _recording_of(row: Row[Any]) -> Recording:
    return Recording(
        id=row.id,
        call_id=row.call_id,
        node=row.node,
        raw_path=row.raw_path,
        state=State(row.state),
        started_at=to_ms(row.started_at),
        stopped_at=ms_if_any(row.stopped_at),
        file=row.file,
        size=row.size,
        duration_ms=row.duration_ms,
        sha256=row.sha256,
        problem=row.problem,
        tries=row.tries,
    )


async def add(connection: AsyncConnection, value: Recording) -> None:
    """A recording that is known already stays as it is."""
    values = {
        "id": value.id,
        "call_id": value.call_id,
        "node": value.node,
        "raw_path": value.raw_path,
        "state": value.state.value,
        "started_at": to_datetime(value.started_at),
        "stopped_at": datetime_if_any(value.stopped_at),
    }
    await connection.execute(insert(recording).values(values).on_conflict_do_nothing())


async def stop(connection: AsyncConnection, recording_id: str, at_ms: int) -> None:
    """The raw files grow no more. A later stop (the call was recorded again) wins."""
    await connection.execute(
        update(recording)
        .where(recording.c.id == recording_id)
        .values(stopped_at=to_datetime(at_ms))
    )


async def known(connection: AsyncConnection, ids: Iterable[str]) -> dict[str, Recording]:
    """Those of the given ids that have a row, by id."""
    rows = await connection.execute(select(*_SHOWN).where(recording.c.id.in_(list(ids))))
    return {row.id: _recording_of(row) for row in rows}


async def of_calls(connection: AsyncConnection, call_ids: Sequence[str]) -> list[Recording]:
    """Oldest first."""
    rows = await connection.execute(
        select(*_SHOWN)
        .where(recording.c.call_id.in_(list(call_ids)))
        .order_by(recording.c.started_at, recording.c.id)
    )
    return [_recording_of(row) for row in rows]


async def peaks_of(connection: AsyncConnection, recording_id: str) -> bytes:
    found: bytes | None = await connection.scalar(
        select(recording.c.peaks).where(recording.c.id == recording_id)
    )
    return found or b""


async def begun_between(
    connection: AsyncConnection,
    since_ms: int,
    until_ms: int,
    *,
    after: tuple[int, str] | None,
    limit: int,
) -> list[Recording]:
    """Recordings begun then, oldest first, behind `after` (start, id). `until_ms` is exclusive."""
    order = (recording.c.started_at, recording.c.id)
    query = select(*_SHOWN).where(
        recording.c.started_at >= to_datetime(since_ms),
        recording.c.started_at < to_datetime(until_ms),
    )
    if after is not None:
        query = query.where(tuple_(*order) > (to_datetime(after[0]), after[1]))
    return [
        _recording_of(row) for row in await connection.execute(query.order_by(*order).limit(limit))
    ]


# --- merging -------------------------------------------------------------------------------------


async def due(connection: AsyncConnection, *, limit: int) -> list[str]:
    """Stopped recordings whose merge nobody has asked for."""
    rows = await connection.execute(
        select(recording.c.id)
        .where(_UNFINISHED, recording.c.stopped_at.is_not(None), recording.c.job_at.is_(None))
        .order_by(recording.c.started_at)
        .limit(limit)
    )
    return list(rows.scalars())


async def asked(connection: AsyncConnection, ids: Sequence[str], at_ms: int) -> None:
    """The merge of these was asked for."""
    await connection.execute(
        update(recording).where(recording.c.id.in_(list(ids))).values(job_at=to_datetime(at_ms))
    )


async def ask_again(connection: AsyncConnection, before_ms: int, *, failed_too: bool) -> int:
    """Recordings asked for before then and still unfinished become due; how many.

    With `failed_too` also those given up, which get all their tries anew.
    """
    over = (State.READY.value, State.DELETED.value)
    state = recording.c.state.not_in(over) if failed_too else _UNFINISHED
    left = (
        select(recording.c.id)
        .where(state, recording.c.job_at < to_datetime(before_ms))
        .with_for_update(skip_locked=True)
    )
    given_up = recording.c.state == State.FAILED.value
    done = await connection.execute(
        update(recording)
        .where(recording.c.id.in_(left))
        .values(
            job_at=None,
            state=State.PENDING.value,
            tries=case((given_up, 0), else_=recording.c.tries),
        )
    )
    return int(done.rowcount)


async def growing(connection: AsyncConnection, before_ms: int) -> list[Recording]:
    """Recordings begun before then that nobody has told the end of."""
    rows = await connection.execute(
        select(*_SHOWN).where(
            _UNFINISHED,
            recording.c.stopped_at.is_(None),
            recording.c.started_at < to_datetime(before_ms),
        )
    )
    return [_recording_of(row) for row in rows]


async def hold(connection: AsyncConnection, recording_id: str) -> Recording | None:
    """The recording, for nobody else until the transaction ends; None while somebody has it."""
    query = select(*_SHOWN).where(recording.c.id == recording_id)
    row = (await connection.execute(query.with_for_update(skip_locked=True))).one_or_none()
    return None if row is None else _recording_of(row)


async def put_state(
    connection: AsyncConnection,
    recording_id: str,
    state: State,
    *,
    tries: int,
    problem: str | None = None,
) -> None:
    """Where the merge stands; one that is ready or deleted stays so."""
    over = (State.READY.value, State.DELETED.value)
    await connection.execute(
        update(recording)
        .where(recording.c.id == recording_id, recording.c.state.not_in(over))
        .values(state=state.value, tries=tries, problem=problem)
    )


async def finish(connection: AsyncConnection, recording_id: str, merged: Merged) -> None:
    """It can be listened to: what the merge made of it."""
    await connection.execute(
        update(recording)
        .where(recording.c.id == recording_id)
        .values(
            state=State.READY.value,
            file=merged.file,
            size=merged.size,
            duration_ms=merged.duration_ms,
            sha256=merged.sha256,
            peaks=merged.peaks,
            problem=None,
        )
    )


# --- deleting ------------------------------------------------------------------------------------

_DELETABLE = recording.c.state.in_((State.READY.value, State.FAILED.value))


async def older_than(connection: AsyncConnection, before_ms: int) -> tuple[int, int]:
    """How many recordings begun before then may be deleted, and their size in bytes."""
    query = select(func.count(), func.coalesce(func.sum(recording.c.size), 0)).where(
        _DELETABLE, recording.c.started_at < to_datetime(before_ms)
    )
    count, size = (await connection.execute(query)).one()
    return int(count), int(size)


async def mark_deleted(
    connection: AsyncConnection, before_ms: int, at_ms: int, *, limit: int
) -> list[Recording]:
    """Let the oldest recordings begun before then be deleted; their sound is still there."""
    old = (
        select(recording.c.id)
        .where(_DELETABLE, recording.c.started_at < to_datetime(before_ms))
        .order_by(recording.c.started_at, recording.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    rows = await connection.execute(
        update(recording)
        .where(recording.c.id.in_(old))
        .values(state=State.DELETED.value, deleted_at=to_datetime(at_ms), peaks=None)
        .returning(*_SHOWN)
    )
    return [_recording_of(row) for row in rows]


async def deleted_with_sound(connection: AsyncConnection, *, limit: int) -> list[Recording]:
    """Deleted recordings whose files have still to go, for nobody else until the transaction ends.

    Both their names are empty afterwards.
    """
    rows = await connection.execute(
        select(*_SHOWN)
        .where(recording.c.state == State.DELETED.value, recording.c.raw_path != "")
        .order_by(recording.c.started_at, recording.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return [_recording_of(row) for row in rows]


async def sound_is_gone(connection: AsyncConnection, ids: Sequence[str]) -> None:
    """Forget the names of files that were removed; the rows stay."""
    await connection.execute(
        update(recording).where(recording.c.id.in_(list(ids))).values(file=None, raw_path="")
    )
