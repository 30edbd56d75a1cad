"""Who may do what: people, roles, permissions and the actor of a request."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NewType

PersonId = NewType("PersonId", str)
TeamId = NewType("TeamId", str)
SessionId = NewType("SessionId", str)


class Role(StrEnum):
    """A level of the organisation. Everybody has exactly one."""

    AGENT = "agent"
    TEAM_LEADER = "team_leader"
    SHIFT_LEADER = "shift_leader"
    SUPERVISOR = "supervisor"
    MANAGER = "manager"
    QUALITY = "quality"
    ADMIN = "admin"


RANK = {
    Role.AGENT: 1,
    Role.TEAM_LEADER: 2,
    Role.SHIFT_LEADER: 3,
    Role.QUALITY: 3,
    Role.SUPERVISOR: 4,
    Role.MANAGER: 5,
    Role.ADMIN: 6,
}
"""Who edits people may do so for lower ranks only; an administrator for all."""


class Permission(StrEnum):
    """One thing that a role may do. `*_own`, `*_team`, `*_all` say whose."""

    DESK_USE = "desk.use"
    BOARD_SEE = "board.see"
    AGENTS_CONTROL = "agents.control"
    CALLS_SEE_OWN = "calls.see_own"
    CALLS_SEE_TEAM = "calls.see_team"
    CALLS_SEE_ALL = "calls.see_all"
    RECORDINGS_HEAR_OWN = "recordings.hear_own"
    RECORDINGS_HEAR_TEAM = "recordings.hear_team"
    RECORDINGS_HEAR_ALL = "recordings.hear_all"
    CALLBACKS_WORK = "callbacks.work"
    CALLBACKS_SEE_ALL = "callbacks.see_all"
    CUSTOMERS_SEE = "customers.see"
    CUSTOMERS_EDIT = "customers.edit"
    CONFIG_SEE = "config.see"
    CONFIG_EDIT = "config.edit"
    PEOPLE_EDIT = "people.edit"
    AUDIT_SEE = "audit.see"
    TEST_CALL_MAKE = "test_call.make"
    RETENTION_EDIT = "retention.edit"


_P = Permission

_DESK = {
    _P.DESK_USE,
    _P.CALLS_SEE_OWN,
    _P.RECORDINGS_HEAR_OWN,
    _P.CALLBACKS_WORK,
    _P.CUSTOMERS_SEE,
    _P.CUSTOMERS_EDIT,
    _P.TEST_CALL_MAKE,
}
_LEADER = _DESK | {_P.BOARD_SEE, _P.AGENTS_CONTROL, _P.CALLBACKS_SEE_ALL}
_ALL_CALLS = {_P.CALLS_SEE_ALL, _P.RECORDINGS_HEAR_ALL}

PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.AGENT: frozenset(_DESK),
    Role.TEAM_LEADER: frozenset(_LEADER | {_P.CALLS_SEE_TEAM, _P.RECORDINGS_HEAR_TEAM}),
    Role.SHIFT_LEADER: frozenset(_LEADER | _ALL_CALLS | {_P.CONFIG_SEE}),
    Role.SUPERVISOR: frozenset(
        _LEADER | _ALL_CALLS | {_P.CONFIG_SEE, _P.CONFIG_EDIT, _P.PEOPLE_EDIT, _P.AUDIT_SEE}
    ),
    Role.MANAGER: frozenset(
        _ALL_CALLS
        | {_P.BOARD_SEE, _P.CALLBACKS_SEE_ALL, _P.CUSTOMERS_SEE, _P.CONFIG_SEE, _P.AUDIT_SEE}
    ),
    Role.QUALITY: frozenset(_ALL_CALLS | {_P.BOARD_SEE, _P.CALLBACKS_SEE_ALL, _P.CUSTOMERS_SEE}),
    Role.ADMIN: frozenset(Permission),
}
"""What each role may do."""


class Locale(StrEnum):
    ZH_CN = "zh-CN"
    EN = "en"


@dataclass(frozen=True, slots=True)
class Seat:
    """The phone that a person works with."""

    extension: str
    phone_kind: str


@dataclass(frozen=True, slots=True)
class Person:
    id: PersonId
    login: str
    name: str
    role: Role
    team_id: TeamId | None
    locale: Locale
    active: bool


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks: a person with a valid session, and where the request comes from."""

    person_id: PersonId
    name: str
    role: Role
    team_id: TeamId | None
    permissions: frozenset[Permission]
    agent_extension: str | None
    session_id: SessionId
    address: str = ""

    def may(self, permission: Permission) -> bool:
        return permission in self.permissions

    @property
    def only_team(self) -> bool:
        """Sees his own team and nothing else of the floor."""
        return self.role == Role.TEAM_LEADER


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a sign-in comes from: network address and what the browser says it is."""

    address: str
    device: str


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in browser. Times are milliseconds since the epoch."""

    id: SessionId
    person_id: PersonId
    created_ms: int
    seen_ms: int
    expires_ms: int
    address: str
    device: str


@dataclass(frozen=True, slots=True)
class AuditEntry:
    id: str
    at_ms: int
    person_id: str | None
    person_name: str
    action: str
    object_kind: str
    object_id: str
    details: dict[str, object]
    address: str
