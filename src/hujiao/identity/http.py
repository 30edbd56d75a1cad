"""HTTP of identity: who asks (`require`), signing in and out, oneself, teams, the audit trail."""

from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Query, Response
from fastapi.requests import HTTPConnection, Request
from pydantic import BaseModel, Field

from hujiao.identity import service, store, teams
from hujiao.identity.model import Actor, Locale, Origin, Permission, Role, Session
from hujiao.identity.service import Identity
from hujiao.identity.sessions import NotSignedIn, Sessions
from hujiao.kit.log import bind
from hujiao.kit.patch import Patch
from hujiao.kit.refusal import Forbidden
from hujiao.kit.web import Id, Listed, Name, Paging, Transaction

COOKIE = "hujiao_session"
SECURE_SCHEMES = ("https", "wss")
MAX_PASSWORD_INPUT = 1000
LATEST_MS = 253_402_300_799_000
"""The last second of the year 9999, the latest a database can be asked for."""


# --- who asks -----------------------------------------------------------------------------------


def address_of(connection: HTTPConnection) -> str:
    """The network address that the request comes from."""
    return connection.client.host if connection.client else ""


def cookie_name(connection: HTTPConnection) -> str:
    """With the port in it: browsers keep one set of cookies for all ports of a host."""
    port = connection.url.port
    return f"{COOKIE}_{port}" if port else COOKIE


async def current_actor(connection: HTTPConnection) -> Actor:
    """Who is signed in on this HTTP request or WebSocket. Raises NotSignedIn."""
    token = connection.cookies.get(cookie_name(connection))
    if not token:
        raise NotSignedIn("Sign in first")
    identity: Identity = connection.app.state.identity
    actor = await identity.sessions.actor(token)
    bind(person=actor.person_id)
    return replace(actor, address=address_of(connection))


class Require:
    """A dependency: the actor, if he may do at least one of these."""

    def __init__(self, *permissions: Permission) -> None:
        self.permissions = permissions

    async def __call__(self, connection: HTTPConnection) -> Actor:
        actor = await current_actor(connection)
        if self.permissions and not any(actor.may(one) for one in self.permissions):
            raise Forbidden("Your role may not do this", needs=list(self.permissions))
        return actor


def require(*permissions: Permission) -> Require:
    """`actor: Annotated[Actor, Depends(require(Permission.X))]`; several mean any one of them."""
    if not permissions:
        raise ValueError("name a permission, or use signed_in or public")
    return Require(*permissions)


signed_in = Require()
"""A dependency: anybody with a session."""


def public() -> None:
    """A dependency that marks a route which needs no session."""


def _identity(connection: HTTPConnection) -> Identity:
    found: Identity = connection.app.state.identity
    return found


def _sessions(connection: HTTPConnection) -> Sessions:
    return _identity(connection).sessions


SignedIn = Annotated[Actor, Depends(signed_in)]
TheIdentity = Annotated[Identity, Depends(_identity)]
LiveSessions = Annotated[Sessions, Depends(_sessions)]
"""For WebSockets: `with sessions.watch(actor) as watch: ... await watch.wait()`."""

SeesConfig = Annotated[Actor, Depends(require(Permission.CONFIG_SEE))]
EditsConfig = Annotated[Actor, Depends(require(Permission.CONFIG_EDIT))]

router = APIRouter(prefix="/api")


# --- the session --------------------------------------------------------------------------------


class Credentials(BaseModel):
    name: str = Field(max_length=200)
    password: str = Field(max_length=MAX_PASSWORD_INPUT)


class PersonOut(BaseModel):
    id: str
    login: str
    name: str
    role: Role
    team_id: str | None
    locale: Locale


class SeatOut(BaseModel):
    extension: str
    phone_kind: str


class Me(BaseModel):
    """The signed-in person, what he may do and his phone."""

    person: PersonOut
    permissions: list[Permission]
    agent: SeatOut | None
    features: dict[str, Any]


@router.post("/session", tags=["session"], dependencies=[Depends(public)])
async def sign_in(
    credentials: Credentials, request: Request, response: Response, identity: TheIdentity
) -> Me:
    origin = Origin(address_of(request), request.headers.get("user-agent", ""))
    opened = await identity.sign_in(
        credentials.name,
        credentials.password,
        origin,
        old_token=request.cookies.get(cookie_name(request)),
    )
    response.set_cookie(
        cookie_name(request),
        opened.token,
        httponly=True,
        samesite="strict",
        secure=request.url.scheme in SECURE_SCHEMES,
        path="/",
    )
    return await _me(identity, opened.actor, opened.token)


@router.delete("/session", tags=["session"], status_code=204)
async def sign_out(
    actor: SignedIn,
    request: Request,
    response: Response,
    transaction: Transaction,
    sessions: LiveSessions,
) -> None:
    await service.end_session(transaction, actor, actor.session_id)
    sessions.forget(session_id=actor.session_id)
    response.delete_cookie(cookie_name(request), path="/", httponly=True, samesite="strict")


@router.get("/me", tags=["session"])
async def me(request: Request, actor: SignedIn, identity: TheIdentity) -> Me:
    """Answered from memory while the database is away: a desk can be reloaded in a call."""
    return await _me(identity, actor, request.cookies[cookie_name(request)])


async def _me(identity: Identity, actor: Actor, token: str) -> Me:
    person, seat = await identity.person_and_seat(actor, token)
    return Me(
        person=PersonOut(
            id=person.id,
            login=person.login,
            name=person.name,
            role=person.role,
            team_id=person.team_id,
            locale=person.locale,
        ),
        permissions=sorted(actor.permissions),
        agent=SeatOut(extension=seat.extension, phone_kind=seat.phone_kind) if seat else None,
        features={"calls_xlsx": _sees_others(actor)},
    )


def _sees_others(actor: Actor) -> bool:
    return actor.may(Permission.CALLS_SEE_TEAM) or actor.may(Permission.CALLS_SEE_ALL)


class PasswordChange(BaseModel):
    old: str = Field(max_length=MAX_PASSWORD_INPUT)
    new: str = Field(max_length=MAX_PASSWORD_INPUT)


@router.put("/me/password", tags=["session"], status_code=204)
async def change_password(
    change: PasswordChange, actor: SignedIn, transaction: Transaction, identity: TheIdentity
) -> None:
    await service.change_own_password(transaction, identity, actor, change.old, change.new)


class LocaleChange(BaseModel):
    locale: Locale


@router.put("/me/locale", tags=["session"], status_code=204)
async def change_locale(change: LocaleChange, actor: SignedIn, transaction: Transaction) -> None:
    await service.change_own_locale(transaction, actor, change.locale)


class SessionOut(BaseModel):
    id: str
    person_id: str
    created_at: int
    seen_at: int
    expires_at: int
    address: str
    device: str
    current: bool

    @classmethod
    def of(cls, session: Session, actor: Actor) -> "SessionOut":
        return cls(
            id=session.id,
            person_id=session.person_id,
            created_at=session.created_ms,
            seen_at=session.seen_ms,
            expires_at=session.expires_ms,
            address=session.address,
            device=session.device,
            current=session.id == actor.session_id,
        )


@router.get("/sessions", tags=["session"])
async def list_sessions(
    actor: SignedIn,
    transaction: Transaction,
    the: TheIdentity,
    person_id: Annotated[Id | None, Query()] = None,
) -> Listed[SessionOut]:
    """One's own sessions, or those of a person of lower rank."""
    owner_id = person_id or actor.person_id
    found = await service.sessions_of(transaction, actor, owner_id, the.clock())
    return Listed(items=[SessionOut.of(one, actor) for one in found])


@router.delete("/sessions/{session_id}", tags=["session"], status_code=204)
async def end_session(
    session_id: Id, actor: SignedIn, transaction: Transaction, sessions: LiveSessions
) -> None:
    await service.end_session(transaction, actor, session_id)
    sessions.forget(session_id=session_id)


# --- teams --------------------------------------------------------------------------------------


class TeamIn(BaseModel):
    name: Name
    leader_id: Id | None = None


class TeamOut(BaseModel):
    id: str
    name: str
    leader_id: str | None

    @classmethod
    def of(cls, team: store.Team) -> "TeamOut":
        return cls(id=team.id, name=team.name, leader_id=team.leader_id)


@router.get("/teams", tags=["teams"])
async def list_teams(
    _actor: Annotated[Actor, Depends(require(Permission.CONFIG_SEE, Permission.BOARD_SEE))],
    transaction: Transaction,
    page: Paging,
) -> Listed[TeamOut]:
    found = await store.teams(transaction, after=page.after(str, str), limit=page.fetch)
    rows, cursor = page.cut(found, lambda team: (team.name, team.id))
    return Listed(items=[TeamOut.of(team) for team in rows], next_cursor=cursor)


@router.post("/teams", tags=["teams"], status_code=201)
async def add_team(team: TeamIn, actor: EditsConfig, transaction: Transaction) -> TeamOut:
    put = await teams.put_team(transaction, actor, name=team.name, leader_id=team.leader_id)
    return TeamOut.of(put)


@router.patch("/teams/{team_id}", tags=["teams"])
async def change_team(
    team_id: Id,
    patch: Annotated[Patch[TeamIn], Body()],
    actor: EditsConfig,
    transaction: Transaction,
) -> TeamOut:
    before = await teams.living_team(transaction, team_id)
    team = patch.over(TeamIn(name=before.name, leader_id=before.leader_id))
    put = await teams.put_team(
        transaction, actor, team_id=team_id, name=team.name, leader_id=team.leader_id
    )
    return TeamOut.of(put)


@router.delete("/teams/{team_id}", tags=["teams"], status_code=204)
async def remove_team(team_id: Id, actor: EditsConfig, transaction: Transaction) -> None:
    await teams.remove_team(transaction, actor, team_id)


# --- audit --------------------------------------------------------------------------------------


class AuditOut(BaseModel):
    id: str
    at: int
    person_id: str | None
    person_name: str
    action: str
    object_kind: str
    object_id: str
    details: dict[str, Any]
    ip: str


Moment = Annotated[int | None, Query(ge=0, le=LATEST_MS)]
Word = Annotated[str | None, Query(pattern=r"^[a-z_.]{1,60}$")]


@router.get("/audit", tags=["audit"])
async def list_audit(
    _actor: Annotated[Actor, Depends(require(Permission.AUDIT_SEE))],
    transaction: Transaction,
    page: Paging,
    person_id: Annotated[Id | None, Query()] = None,
    action: Word = None,
    object_kind: Word = None,
    object_id: Annotated[str | None, Query(pattern=r"^[0-9A-Za-z._-]{1,100}$")] = None,
    from_: Annotated[int | None, Query(alias="from", ge=0, le=LATEST_MS)] = None,
    to: Moment = None,
) -> Listed[AuditOut]:
    wanted = store.AuditFilter(
        person_id=person_id,
        action=action,
        object_kind=object_kind,
        object_id=object_id,
        from_ms=from_,
        to_ms=to,
    )
    after = page.after(str)
    found = await store.audit_entries(
        transaction, wanted, after=after[0] if after else None, limit=page.fetch
    )
    rows, cursor = page.cut(found, lambda entry: (entry.id,))
    items = [
        AuditOut(
            id=entry.id,
            at=entry.at_ms,
            person_id=entry.person_id,
            person_name=entry.person_name,
            action=entry.action,
            object_kind=entry.object_kind,
            object_id=entry.object_id,
            details=entry.details,
            ip=entry.address,
        )
        for entry in rows
    ]
    return Listed(items=items, next_cursor=cursor)
