"""All SQL of people, teams, sessions and the audit trail."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, delete, func, insert, or_, select, text, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from hujiao.identity.model import (
    AuditEntry,
    Locale,
    Origin,
    Person,
    PersonId,
    Role,
    Session,
    SessionId,
    TeamId,
)
from hujiao.identity.rules import IDLE_S
from hujiao.identity.tables import audit, person, session, team
from hujiao.kit.clock import to_datetime, to_ms

LIVING = person.c.deleted_at.is_(None)

_PERSON = (
    person.c.id,
    person.c.login,
    person.c.name,
    person.c.role,
    person.c.team_id,
    person.c.locale,
    person.c.active,
)


def person_of(row: Any) -> Person:
    return Person(
        id=PersonId(row.id),
        login=row.login,
        name=row.name,
        role=Role(row.role),
        team_id=TeamId(row.team_id) if row.team_id else None,
        locale=Locale(row.locale),
        active=row.active,
    )


# --- people -------------------------------------------------------------------------------------


async def person_by_id(connection: AsyncConnection, person_id: str) -> Person | None:
    row = (
        await connection.execute(select(*_PERSON).where(person.c.id == person_id, LIVING))
    ).one_or_none()
    return person_of(row) if row else None


@dataclass(frozen=True, slots=True)
class Credentials:
    person: Person
    password_hash: str


async def credentials(connection: AsyncConnection, login: str) -> Credentials | None:
    row = (
        await connection.execute(
            select(*_PERSON, person.c.password_hash).where(person.c.login == login, LIVING)
        )
    ).one_or_none()
    return Credentials(person_of(row), row.password_hash) if row else None


async def people(
    connection: AsyncConnection,
    *,
    after: tuple[Any, ...] | None,
    limit: int,
    search: str = "",
    team_id: str | None = None,
    role: str | None = None,
) -> Sequence[Person]:
    """By name, then id. `search` is a part of the name or login."""
    query = select(*_PERSON).where(LIVING).order_by(person.c.name, person.c.id).limit(limit)
    if search:
        query = query.where(
            or_(
                person.c.name.icontains(search, autoescape=True),
                person.c.login.icontains(search, autoescape=True),
            )
        )
    if team_id:
        query = query.where(person.c.team_id == team_id)
    if role:
        query = query.where(person.c.role == role)
    if after:
        query = query.where(tuple_(person.c.name, person.c.id) > tuple_(*after))
    return [person_of(row) for row in await connection.execute(query)]


async def login_owner(connection: AsyncConnection, login: str) -> str | None:
    found: str | None = await connection.scalar(
        select(person.c.id).where(person.c.login == login, LIVING)
    )
    return found


async def add_person(connection: AsyncConnection, value: Person, password_hash: str) -> None:
    await connection.execute(
        insert(person).values(**_columns(value), id=value.id, password_hash=password_hash)
    )


async def change_person(connection: AsyncConnection, value: Person) -> None:
    await connection.execute(
        update(person).where(person.c.id == value.id).values(**_columns(value))
    )


def _columns(value: Person) -> dict[str, Any]:
    return {
        "login": value.login,
        "name": value.name,
        "role": value.role.value,
        "team_id": value.team_id,
        "locale": value.locale.value,
        "active": value.active,
    }


async def set_password_hash(
    connection: AsyncConnection, person_id: str, password_hash: str
) -> None:
    await connection.execute(
        update(person).where(person.c.id == person_id).values(password_hash=password_hash)
    )


async def set_locale(connection: AsyncConnection, person_id: str, locale: Locale) -> None:
    await connection.execute(
        update(person).where(person.c.id == person_id).values(locale=locale.value)
    )


async def mark_deleted(connection: AsyncConnection, person_id: str) -> None:
    await connection.execute(
        update(person)
        .where(person.c.id == person_id)
        .values(deleted_at=func.now(), active=False, team_id=None)
    )


async def other_admins(connection: AsyncConnection, person_id: str) -> int:
    """How many active administrators there are besides this person."""
    return int(
        await connection.scalar(
            select(func.count())
            .select_from(person)
            .where(
                person.c.role == Role.ADMIN.value,
                person.c.active,
                person.c.id != person_id,
                LIVING,
            )
        )
        or 0
    )


async def has_people(connection: AsyncConnection) -> bool:
    return bool(await connection.scalar(select(select(person.c.id).exists())))


# --- teams --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Team:
    id: TeamId
    name: str
    leader_id: PersonId | None


def _team_of(row: Any) -> Team:
    return Team(TeamId(row.id), row.name, PersonId(row.leader_id) if row.leader_id else None)


async def teams(
    connection: AsyncConnection, *, after: tuple[Any, ...] | None, limit: int
) -> Sequence[Team]:
    query = select(team).order_by(team.c.name, team.c.id).limit(limit)
    if after:
        query = query.where(tuple_(team.c.name, team.c.id) > tuple_(*after))
    return [_team_of(row) for row in await connection.execute(query)]


async def team_by(connection: AsyncConnection, *, id: str = "", name: str = "") -> Team | None:
    where = team.c.id == id if id else team.c.name == name
    row = (await connection.execute(select(team).where(where))).one_or_none()
    return _team_of(row) if row else None


async def put_team(connection: AsyncConnection, value: Team, *, new: bool) -> None:
    values = {"name": value.name, "leader_id": value.leader_id}
    if new:
        await connection.execute(insert(team).values(id=value.id, **values))
    else:
        await connection.execute(update(team).where(team.c.id == value.id).values(**values))


async def delete_team(connection: AsyncConnection, team_id: str) -> None:
    await connection.execute(delete(team).where(team.c.id == team_id))


async def teams_led_by(connection: AsyncConnection, person_id: str) -> Sequence[Team]:
    rows = await connection.execute(select(team).where(team.c.leader_id == person_id))
    return [_team_of(row) for row in rows]


# --- sessions -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LiveSession:
    """A session that was valid when it was read, and whose it is."""

    session: Session
    person: Person


def _live(now_ms: int) -> Select[Any]:
    return (
        select(
            *_PERSON,
            session.c.id.label("session_id"),
            session.c.created_at,
            session.c.seen_at,
            session.c.expires_at,
            session.c.address,
            session.c.device,
        )
        .join(person, person.c.id == session.c.person_id)
        .where(
            LIVING,
            person.c.active,
            session.c.expires_at > to_datetime(now_ms),
            session.c.seen_at > to_datetime(now_ms - IDLE_S * 1000),
        )
    )


def _session_of(row: Any) -> Session:
    return Session(
        id=SessionId(row.session_id),
        person_id=PersonId(row.id),
        created_ms=to_ms(row.created_at),
        seen_ms=to_ms(row.seen_at),
        expires_ms=to_ms(row.expires_at),
        address=row.address,
        device=row.device,
    )


async def live_session(
    connection: AsyncConnection, token_hash: str, now_ms: int
) -> LiveSession | None:
    row = (
        await connection.execute(_live(now_ms).where(session.c.token_hash == token_hash))
    ).one_or_none()
    return LiveSession(_session_of(row), person_of(row)) if row else None


async def live_sessions(
    connection: AsyncConnection, session_ids: Sequence[str], now_ms: int
) -> dict[str, LiveSession]:
    """Those of the given sessions that are valid, by id."""
    rows = await connection.execute(_live(now_ms).where(session.c.id.in_(session_ids)))
    return {row.session_id: LiveSession(_session_of(row), person_of(row)) for row in rows}


async def sessions_of(
    connection: AsyncConnection, person_id: str, now_ms: int
) -> Sequence[Session]:
    rows = await connection.execute(
        _live(now_ms).where(session.c.person_id == person_id).order_by(session.c.id.desc())
    )
    return [_session_of(row) for row in rows]


async def add_session(
    connection: AsyncConnection,
    *,
    session_id: str,
    token_hash: str,
    person_id: str,
    origin: Origin,
    now_ms: int,
    expires_ms: int,
) -> None:
    await connection.execute(
        insert(session).values(
            id=session_id,
            token_hash=token_hash,
            person_id=person_id,
            created_at=to_datetime(now_ms),
            seen_at=to_datetime(now_ms),
            expires_at=to_datetime(expires_ms),
            address=origin.address,
            device=origin.device,
        )
    )


async def session_owner(connection: AsyncConnection, session_id: str) -> str | None:
    found: str | None = await connection.scalar(
        select(session.c.person_id).where(session.c.id == session_id)
    )
    return found


async def delete_sessions(
    connection: AsyncConnection,
    *,
    session_id: str | None = None,
    person_id: str | None = None,
    keep: str | None = None,
) -> int:
    """Delete one session, or all of a person but `keep`. Returns how many."""
    query = delete(session)
    if session_id is not None:
        query = query.where(session.c.id == session_id)
    else:
        query = query.where(session.c.person_id == person_id)
        if keep is not None:
            query = query.where(session.c.id != keep)
    return (await connection.execute(query)).rowcount


async def touch_sessions(connection: AsyncConnection, seen: Mapping[str, int]) -> None:
    """Write when sessions were last used: id -> milliseconds since the epoch."""
    await connection.execute(
        text(
            "UPDATE session SET seen_at = greatest(session.seen_at, to_timestamp(s.ms / 1000.0))"
            " FROM unnest(CAST(:ids AS text[]), CAST(:times AS bigint[])) AS s(id, ms)"
            " WHERE session.id = s.id"
        ),
        {"ids": list(seen), "times": list(seen.values())},
    )


async def delete_dead_sessions(connection: AsyncConnection, now_ms: int) -> None:
    await connection.execute(
        delete(session).where(
            or_(
                session.c.expires_at < to_datetime(now_ms),
                session.c.seen_at < to_datetime(now_ms - IDLE_S * 1000),
            )
        )
    )


# --- audit --------------------------------------------------------------------------------------


async def add_audit(connection: AsyncConnection, entry: AuditEntry) -> None:
    await connection.execute(
        insert(audit).values(
            id=entry.id,
            at=to_datetime(entry.at_ms),
            person_id=entry.person_id,
            person_name=entry.person_name,
            action=entry.action,
            object_kind=entry.object_kind,
            object_id=entry.object_id,
            details=entry.details,
            address=entry.address,
        )
    )


@dataclass(frozen=True, slots=True)
class AuditFilter:
    person_id: str | None = None
    action: str | None = None
    object_kind: str | None = None
    object_id: str | None = None
    from_ms: int | None = None
    to_ms: int | None = None


async def audit_entries(
    connection: AsyncConnection, wanted: AuditFilter, *, after: str | None, limit: int
) -> Sequence[AuditEntry]:
    """Newest first."""
    query = select(audit).order_by(audit.c.id.desc()).limit(limit)
    for column, value in (
        (audit.c.person_id, wanted.person_id),
        (audit.c.action, wanted.action),
        (audit.c.object_kind, wanted.object_kind),
        (audit.c.object_id, wanted.object_id),
    ):
        if value is not None:
            query = query.where(column == value)
    if wanted.from_ms is not None:
        query = query.where(audit.c.at >= to_datetime(wanted.from_ms))
    if wanted.to_ms is not None:
        query = query.where(audit.c.at < to_datetime(wanted.to_ms))
    if after:
        query = query.where(audit.c.id < after)
    return [
        AuditEntry(
            id=row.id,
            at_ms=to_ms(row.at),
            person_id=row.person_id,
            person_name=row.person_name,
            action=row.action,
            object_kind=row.object_kind,
            object_id=row.object_id,
            details=row.details,
            address=row.address,
        )
        for row in await connection.execute(query)
    ]
