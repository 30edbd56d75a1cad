"""All SQL of contacts, their notes and dispositions."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, fields
from typing import Any

import orjson
from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Row,
    Select,
    Text,
    any_,
    delete,
    false,
    func,
    or_,
    select,
    text,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from hujiao.calls.projection import Contact, Stay
from hujiao.calls.record import (
    AgentDay,
    CallFilter,
    Disposition,
    Note,
    QueueDay,
    RecordedCall,
    Sight,
)
from hujiao.calls.tables import contact, contact_note, disposition
from hujiao.identity.tables import person
from hujiao.kit.clock import to_datetime, to_ms

LIKE_ESCAPE = "\\"

_MOMENTS = frozenset(
    {
        "arrived_at",
        "queued_at",
        "dialled_at",
        "answered_at",
        "ended_at",
        "held_at",
        "wrap_up_at",
    }
)
_FIELDS = tuple(field.name for field in fields(Contact))


def containing(fragment: str) -> str:
    """A LIKE pattern for text that holds `fragment` literally."""
    for special in (LIKE_ESCAPE, "%", "_"):
        fragment = fragment.replace(special, LIKE_ESCAPE + special)
    return f"%{fragment}%"


# --- the projection ------------------------------------------------------------------------------


def _contact_of(row: Row[Any]) -> Contact:
    values = {name: getattr(row, name) for name in _FIELDS}
    for name in _MOMENTS:
        if values[name] is not None:
            values[name] = to_ms(values[name])
    values["stays"] = tuple(Stay(**stay) for stay in values["stays"])
    values["missed_by"] = tuple(values["missed_by"])
    return Contact(**values)


def _row_of(one: Contact) -> dict[str, Any]:
    values = {name: getattr(one, name) for name in _FIELDS}
    for name in _MOMENTS:
        if values[name] is not None:
            values[name] = to_datetime(values[name])
    values["stays"] = [asdict(stay) for stay in one.stays]
    values["missed_by"] = list(one.missed_by)
    return values


async def load_contacts(connection: AsyncConnection, ids: Iterable[str]) -> dict[str, Contact]:
    rows = await connection.execute(select(contact).where(contact.c.id.in_(list(ids))))
    return {row.id: _contact_of(row) for row in rows}


async def save_contacts(connection: AsyncConnection, contacts: Sequence[Contact]) -> None:
    """Write contacts as they are now, over what was there."""
    if not contacts:
        return
    statement = insert(contact)
    changed = {name: statement.excluded[name] for name in _FIELDS if name != "id"}
    statement = statement.on_conflict_do_update(index_elements=["id"], set_=changed)
    await connection.execute(statement, [_row_of(one) for one in contacts])


async def forget_contacts(connection: AsyncConnection) -> None:
    """Empty the projection; notes stay."""
    await connection.execute(delete(contact))


# --- lists ---------------------------------------------------------------------------------------


def _listed() -> Select[Any]:
    return select(
        contact,
        person.c.name.label("agent_name"),
        person.c.team_id.label("agent_team_id"),
        contact_note.c.text.label("note_text"),
        contact_note.c.disposition_id.label("note_disposition_id"),
        contact_note.c.customer_id.label("note_customer_id"),
        contact_note.c.person_id.label("note_person_id"),
        contact_note.c.saved_at.label("note_saved_at"),
    ).select_from(
        contact.outerjoin(contact_note, contact_note.c.call_id == contact.c.id).outerjoin(
            person, person.c.id == contact.c.agent_id
        )
    )


def _recorded_call(row: Row[Any]) -> RecordedCall:
    note = None
    if row.note_saved_at is not None:
        note = Note(
            text=row.note_text,
            disposition_id=row.note_disposition_id,
            customer_id=row.note_customer_id,
            person_id=row.note_person_id,
            saved_at=to_ms(row.note_saved_at),
        )
    return RecordedCall(_contact_of(row), row.agent_name, row.agent_team_id, note)


def _of_team(team_id: str) -> ColumnElement[bool]:
    """Talked to by a member, or let pass by one."""
    member = person.alias("member")
    concerned = or_(member.c.id == contact.c.agent_id, member.c.id == any_(contact.c.missed_by))
    return select(1).where(member.c.team_id == team_id, concerned).exists()


def _visible(sight: Sight) -> ColumnElement[bool] | None:
    if sight.everything:
        return None
    own = contact.c.agent_id == sight.person_id
    return or_(own, _of_team(sight.team_id)) if sight.team_id else own


def _narrowed(wanted: CallFilter) -> list[ColumnElement[bool]]:
    c, note = contact.c, contact_note.c
    conditions: list[ColumnElement[bool]] = []
    if wanted.from_ms is not None:
        conditions.append(c.arrived_at >= to_datetime(wanted.from_ms))
    if wanted.until_ms is not None:
        conditions.append(c.arrived_at < to_datetime(wanted.until_ms))
    for column, value in (
        (c.direction, wanted.direction),
        (c.queue_id, wanted.queue_id),
        (c.agent_id, wanted.agent_id),
        (c.result, wanted.result),
        (note.disposition_id, wanted.disposition_id),
    ):
        if value is not None:
            conditions.append(column == value)
    if wanted.stayed_in is not None:
        conditions.append(_stayed(wanted.stayed_in, wanted.stay))
    if wanted.team_id is not None:
        conditions.append(_of_team(wanted.team_id))
    if wanted.number is not None:
        conditions.append(_has_number(wanted.number))
    if wanted.customer_id is not None:
        conditions.append(_of_customers([wanted.customer_id], wanted.customer_numbers))
    if wanted.q:
        conditions.append(_mentions(wanted))
    return conditions


def _stayed(queue_id: str, why: str | None) -> ColumnElement[bool]:
    """As `queues_since` counts: by stays, so a call that overflowed is in both queues."""
    stay = func.jsonb_to_recordset(contact.c.stays).table_valued(
        Column("queue_id", Text), Column("left_at", BigInteger), Column("why", Text)
    )
    stay = stay.render_derived(name="stay", with_types=True)
    over = (stay.c.queue_id == queue_id) & stay.c.left_at.is_not(None)
    if why is not None:
        over = over & (stay.c.why == why)
    return select(1).select_from(stay).where(over).exists()


def _has_number(number: str) -> ColumnElement[bool]:
    if number.startswith("+"):
        return contact.c.customer_number == number
    return contact.c.customer_number.like(containing(number), escape=LIKE_ESCAPE)


def _of_customers(ids: Sequence[str], numbers: Sequence[str]) -> ColumnElement[bool]:
    """Noted as theirs, or from their numbers and not noted as somebody else's."""
    noted = contact_note.c.customer_id
    if not ids:
        return false()
    if not numbers:
        return noted.in_(ids)
    return or_(noted.in_(ids), noted.is_(None) & contact.c.customer_number.in_(numbers))


def _mentions(wanted: CallFilter) -> ColumnElement[bool]:
    pattern = containing(wanted.q or "")
    columns = (
        contact.c.customer_number,
        contact.c.caller,
        contact.c.called,
        contact_note.c.text,
        person.c.name,
    )
    return or_(
        *(column.ilike(pattern, escape=LIKE_ESCAPE) for column in columns),
        _of_customers(wanted.q_customers, wanted.q_numbers),
    )


async def find_calls(
    connection: AsyncConnection,
    wanted: CallFilter,
    sight: Sight,
    *,
    after: tuple[int, str] | None,
    limit: int,
) -> list[RecordedCall]:
    """Newest arrivals first unless asked otherwise, behind the call `after` (arrival, id)."""
    query = _listed().where(*_narrowed(wanted))
    visible = _visible(sight)
    if visible is not None:
        query = query.where(visible)
    order = tuple_(contact.c.arrived_at, contact.c.id)
    if after is not None:
        place = (to_datetime(after[0]), after[1])
        query = query.where(order > place if wanted.oldest_first else order < place)
    columns = (contact.c.arrived_at, contact.c.id)
    query = query.order_by(*(c.asc() if wanted.oldest_first else c.desc() for c in columns))
    return [_recorded_call(row) for row in await connection.execute(query.limit(limit))]


async def find_call(connection: AsyncConnection, call_id: str, sight: Sight) -> RecordedCall | None:
    """The call, or None when there is none or it is not to be seen."""
    query = _listed().where(contact.c.id == call_id)
    visible = _visible(sight)
    if visible is not None:
        query = query.where(visible)
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else _recorded_call(row)


async def recent_calls(
    connection: AsyncConnection,
    customer_ids: Sequence[str],
    numbers: Sequence[str],
    *,
    limit: int,
) -> list[RecordedCall]:
    """The newest calls of these customers or numbers, whoever took them."""
    condition = or_(
        contact.c.customer_number.in_(list(numbers)),
        contact_note.c.customer_id.in_(list(customer_ids)),
    )
    query = _listed().where(condition)
    query = query.order_by(contact.c.arrived_at.desc(), contact.c.id.desc()).limit(limit)
    return [_recorded_call(row) for row in await connection.execute(query)]


async def answered_since(connection: AsyncConnection, number: str, since_ms: int) -> str | None:
    """An inbound call of this number (as stored) that came since then and was answered."""
    found: str | None = await connection.scalar(
        select(contact.c.id)
        .where(
            contact.c.customer_number == number,
            contact.c.arrived_at >= to_datetime(since_ms),
            contact.c.direction == "in",
            contact.c.answered_at.is_not(None),
        )
        .limit(1)
    )
    return found


async def people_names(connection: AsyncConnection, ids: Sequence[str]) -> dict[str, str]:
    """Names by person id; people who were deleted keep theirs."""
    rows = await connection.execute(
        select(person.c.id, person.c.name).where(person.c.id.in_(list(ids)))
    )
    return {row.id: row.name for row in rows}


async def save_note(connection: AsyncConnection, call_id: str, note: Note) -> None:
    values = {
        "text": note.text,
        "disposition_id": note.disposition_id,
        "customer_id": note.customer_id,
        "person_id": note.person_id,
        "saved_at": to_datetime(note.saved_at),
    }
    statement = insert(contact_note).values(call_id=call_id, **values)
    await connection.execute(
        statement.on_conflict_do_update(index_elements=["call_id"], set_=values)
    )


# --- dispositions --------------------------------------------------------------------------------

_LIVING = disposition.c.deleted_at.is_(None)


def _disposition(row: Row[Any]) -> Disposition:
    return Disposition(
        id=row.id,
        name=row.name,
        name_en=row.name_en,
        active=row.active,
        order=row.position,
        direction=row.direction,
    )


async def disposition_by_id(connection: AsyncConnection, disposition_id: str) -> Disposition | None:
    """One that was not deleted."""
    query = select(disposition).where(disposition.c.id == disposition_id, _LIVING)
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else _disposition(row)


async def dispositions(
    connection: AsyncConnection, *, after: tuple[int, str] | None, limit: int
) -> list[Disposition]:
    """In the order they are shown, behind `after` (order, id)."""
    query = select(disposition).where(_LIVING)
    if after is not None:
        query = query.where(tuple_(disposition.c.position, disposition.c.id) > after)
    query = query.order_by(disposition.c.position, disposition.c.id).limit(limit)
    return [_disposition(row) for row in await connection.execute(query)]


async def disposition_named(connection: AsyncConnection, name: str) -> str | None:
    """The id of the one that has this name."""
    found: str | None = await connection.scalar(
        select(disposition.c.id).where(disposition.c.name == name, _LIVING)
    )
    return found


async def put_disposition(connection: AsyncConnection, wanted: Disposition) -> None:
    values = {
        "name": wanted.name,
        "name_en": wanted.name_en,
        "active": wanted.active,
        "position": wanted.order,
        "direction": wanted.direction,
    }
    statement = insert(disposition).values(id=wanted.id, **values)
    await connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_=values))


async def mark_disposition_deleted(connection: AsyncConnection, disposition_id: str) -> None:
    await connection.execute(
        update(disposition).where(disposition.c.id == disposition_id).values(deleted_at=func.now())
    )


# --- the day -------------------------------------------------------------------------------------

_QUEUE_DAY = text(
    """
    SELECT stay.queue_id,
        count(*) FILTER (WHERE left_at IS NOT NULL) AS offered,
        count(*) FILTER (WHERE why = 'answered') AS answered,
        count(*) FILTER (WHERE why = 'abandoned') AS abandoned,
        count(*) FILTER (WHERE why = 'answered' AND
            left_at - entered_at <= 1000 * target.threshold_s) AS answered_within,
        round(avg(left_at - entered_at) FILTER (WHERE why = 'answered')) AS asa_ms,
        max(coalesce(left_at, :now_ms) - entered_at) AS longest_wait_ms
    FROM contact
    CROSS JOIN LATERAL jsonb_to_recordset(contact.stays)
        AS stay(queue_id text, entered_at bigint, left_at bigint, why text)
    LEFT JOIN (
        SELECT key AS queue_id, value::int AS threshold_s
        FROM jsonb_each_text(CAST(:thresholds_s AS jsonb))
    ) AS target ON target.queue_id = stay.queue_id
    WHERE contact.arrived_at >= :since AND contact.queued_at IS NOT NULL
        AND (CAST(:queue_id AS text) IS NULL OR stay.queue_id = :queue_id)
    GROUP BY stay.queue_id
    ORDER BY stay.queue_id
    """
)

_AGENT_DAY = text(
    """
    SELECT agent_id, sum(answered) AS answered, sum(dialled) AS dialled, sum(missed) AS missed,
        sum(talk_ms) AS talk_ms, sum(wrap_up_ms) AS wrap_up_ms
    FROM (
        SELECT agent_id, (result = 'answered' AND direction = 'in')::int AS answered,
            (result = 'answered' AND direction = 'out')::int AS dialled,
            0 AS missed, talk_ms, wrap_up_ms
        FROM contact WHERE arrived_at >= :since AND agent_id IS NOT NULL
            AND (CAST(:queue_id AS text) IS NULL OR queue_id = :queue_id)
        UNION ALL
        SELECT unnest(missed_by), 0, 0, 1, 0, 0
        FROM contact WHERE arrived_at >= :since
            AND (CAST(:queue_id AS text) IS NULL OR queue_id = :queue_id)
    ) AS work
    WHERE CAST(:team_id AS text) IS NULL
        OR agent_id IN (SELECT id FROM person WHERE team_id = :team_id)
    GROUP BY agent_id
    ORDER BY agent_id
    """
)


async def queues_since(
    connection: AsyncConnection,
    since_ms: int,
    *,
    now_ms: int,
    thresholds_s: Mapping[str, int],
    queue_id: str | None,
) -> list[QueueDay]:
    rows = await connection.execute(
        _QUEUE_DAY,
        {
            "since": to_datetime(since_ms),
            "now_ms": now_ms,
            "thresholds_s": orjson.dumps(dict(thresholds_s)).decode(),
            "queue_id": queue_id,
        },
    )
    return [
        QueueDay(
            queue_id=row.queue_id,
            offered=row.offered,
            answered=row.answered,
            abandoned=row.abandoned,
            answered_within=row.answered_within,
            asa_ms=None if row.asa_ms is None else int(row.asa_ms),
            longest_wait_ms=row.longest_wait_ms,
        )
        for row in rows
    ]


async def agents_since(
    connection: AsyncConnection, since_ms: int, *, queue_id: str | None, team_id: str | None
) -> list[AgentDay]:
    rows = await connection.execute(
        _AGENT_DAY,
        {"since": to_datetime(since_ms), "queue_id": queue_id, "team_id": team_id},
    )
    return [
        AgentDay(
            agent_id=row.agent_id,
            answered=int(row.answered),
            dialled=int(row.dialled),
            missed=int(row.missed),
            talk_ms=int(row.talk_ms),
            wrap_up_ms=int(row.wrap_up_ms),
        )
        for row in rows
    ]
