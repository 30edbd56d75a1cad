"""Use cases of identity: signing in and out, people, teams, and the audit trail of all changes."""

import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from hujiao.identity import store
from hujiao.identity.model import (
    Actor,
    AuditEntry,
    Locale,
    Origin,
    Permission,
    Person,
    PersonId,
    Role,
    Seat,
    Session,
    SessionId,
    TeamId,
)
from hujiao.identity.passwords import Passwords, generated_password
from hujiao.identity.rules import LIFETIME_S, Throttle, may_edit, password_fault
from hujiao.identity.sessions import Sessions, tell_person, tell_session, token_hash
from hujiao.kit.clock import Clock, now_ms
from hujiao.kit.db import DATABASE_AWAY, Database, notify, serialise
from hujiao.kit.ids import new_id
from hujiao.kit.log import logger
from hujiao.kit.refusal import Forbidden, InUse, InvalidInput, NotFound, Refusal, Taken

CONFIGURATION = "config"
"""Changes of people and configuration pass one at a time, so that checks hold until the commit."""

CONFIGURATION_CHANNEL = "hujiao_config"
"""Notified when the floor has to read its configuration anew."""

LOGIN_PATTERN = re.compile(r"^[a-z0-9][a-z0-9._-]{1,31}$")
MAX_DEVICE_CHARS = 200
TOKEN_BYTES = 32
NOBODY = ""
"""Stands for every name that nobody can have: no account, one common throttle."""

log = logger(__name__)


class WrongCredentials(Refusal):
    status = 401
    error = "wrong_credentials"


class TooManyAttempts(Refusal):
    """`details["retry_after_s"]`: seconds to wait."""

    status = 429
    error = "too_many_attempts"


class LastAdmin(Refusal):
    error = "last_admin"


class RoleTooHigh(Forbidden):
    error = "role_too_high"


async def configuration_changed(connection: AsyncConnection) -> None:
    """Let the floor read its configuration anew when the transaction commits."""
    await notify(connection, CONFIGURATION_CHANNEL)


# --- audit --------------------------------------------------------------------------------------


async def audit(
    connection: AsyncConnection,
    actor: Actor | None,
    action: str,
    object_kind: str,
    object_id: str,
    details: Mapping[str, Any] | None = None,
) -> None:
    """Write who did what to the audit trail, in the transaction of the change itself.

    `action` is `<kind>.<past tense>`. Without an actor it was the system. Secrets never belong
    into `details`.
    """
    await store.add_audit(
        connection,
        AuditEntry(
            id=new_id(),
            at_ms=now_ms(),
            person_id=actor.person_id if actor else None,
            person_name=actor.name if actor else "",
            action=action,
            object_kind=object_kind,
            object_id=object_id,
            details=dict(details or {}),
            address=actor.address if actor else "",
        ),
    )


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, list[Any]]:
    """What differs: field -> [before, after]."""
    return {
        field: [before.get(field), after.get(field)]
        for field in sorted({*before, *after})
        if before.get(field) != after.get(field)
    }


# --- signing in and out -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SignedIn:
    """`token` goes into the cookie and is kept nowhere else."""

    token: str
    actor: Actor


class Identity:
    """What signing in needs, one per process."""

    def __init__(
        self,
        database: Database,
        sessions: Sessions,
        passwords: Passwords,
        clock: Clock = now_ms,
    ) -> None:
        self.database = database
        self.sessions = sessions
        self.passwords = passwords
        self._throttle = Throttle()
        self.clock = clock

    async def sign_in(
        self, login: str, password: str, origin: Origin, *, old_token: str | None = None
    ) -> SignedIn:
        """Open a session; that of `old_token` (the same browser's) ends.

        Raises WrongCredentials or TooManyAttempts. Takes the same time for an unknown name.
        """
        login = login.strip().lower()
        login = login if LOGIN_PATTERN.match(login) else NOBODY
        self._let_pass(login, origin.address)
        async with self.database.transaction() as connection:
            found = await store.credentials(connection, login)
        right, better_hash = await self.passwords.check(
            password, found.password_hash if found else None
        )
        if found is None or not right or not found.person.active:
            await self._record_refusal(found.person if found else None, origin)
            raise WrongCredentials("The name or the password is wrong")
        token = secrets.token_urlsafe(TOKEN_BYTES)
        async with self.database.transaction() as connection:
            if better_hash:
                await store.set_password_hash(connection, found.person.id, better_hash)
            await self._open(connection, found.person, token, origin, old_token)
        self._throttle.succeeded(login, origin.address)
        return SignedIn(token, await self.sessions.actor(token))

    async def _open(
        self,
        connection: AsyncConnection,
        person: Person,
        token: str,
        origin: Origin,
        old_token: str | None,
    ) -> None:
        now = self.clock()
        session_id = new_id()
        old = await store.live_session(connection, token_hash(old_token or ""), now)
        if old:
            await store.delete_sessions(connection, session_id=old.session.id)
            await tell_session(connection, old.session.id)
        await store.add_session(
            connection,
            session_id=session_id,
            token_hash=token_hash(token),
            person_id=person.id,
            origin=Origin(origin.address, origin.device[:MAX_DEVICE_CHARS]),
            now_ms=now,
            expires_ms=now + LIFETIME_S * 1000,
        )
        actor = _as_actor(person, session_id, origin)
        await audit(connection, actor, "session.opened", "session", session_id)

    async def person_and_seat(self, actor: Actor, token: str) -> tuple[Person, Seat | None]:
        """Who the actor is; as last known while the database is away. Raises NotFound."""
        try:
            async with self.database.transaction() as connection:
                person = await living_person(connection, actor.person_id)
                seats = await self.sessions.seats_of(connection, [person.id])
        except DATABASE_AWAY:
            known = self.sessions.last_known(token)
            if known is None:
                raise
            return known
        return person, seats.get(person.id)

    async def check_again(self, connection: AsyncConnection, actor: Actor, password: str) -> Person:
        """Ask somebody signed in for his password. Raises WrongCredentials or TooManyAttempts."""
        person = await living_person(connection, actor.person_id)
        self._let_pass(person.login, actor.address)
        found = await store.credentials(connection, person.login)
        right, _ = await self.passwords.check(password, found.password_hash if found else None)
        if not right:
            raise WrongCredentials("The old password is wrong")
        self._throttle.succeeded(person.login, actor.address)
        return person

    def _let_pass(self, login: str, address: str) -> None:
        wait_s = self._throttle.attempt(login, address, self.clock())
        if wait_s:
            log.warning("password attempts throttled", login=login, address=address)
            raise TooManyAttempts("Too many attempts; wait a little", retry_after_s=wait_s)

    async def _record_refusal(self, person: Person | None, origin: Origin) -> None:
        """The typed name is not kept: people type passwords into the wrong field."""
        log.warning("sign-in refused", person=person.id if person else None, address=origin.address)
        actor = _as_actor(person, "", origin) if person else None
        details = {} if actor else {"address": origin.address}
        async with self.database.transaction() as connection:
            await audit(
                connection, actor, "session.refused", "person", person.id if person else "", details
            )


def _as_actor(person: Person, session_id: str, origin: Origin) -> Actor:
    return Actor(
        person_id=person.id,
        name=person.name,
        role=person.role,
        team_id=person.team_id,
        permissions=frozenset(),
        agent_extension=None,
        session_id=SessionId(session_id),
        address=origin.address,
    )


async def end_session(connection: AsyncConnection, actor: Actor, session_id: str) -> None:
    """Sign out, or revoke another session: one's own, or anybody's lower in rank.

    Raises NotFound, also for sessions that the actor may not touch.
    """
    owner_id = await store.session_owner(connection, session_id)
    owner = await store.person_by_id(connection, owner_id) if owner_id else None
    if owner is None or not may_see_sessions(actor, owner):
        raise NotFound("No such session")
    await store.delete_sessions(connection, session_id=session_id)
    await tell_session(connection, session_id)
    await audit(connection, actor, "session.ended", "session", session_id, {"person_id": owner.id})


async def sessions_of(
    connection: AsyncConnection, actor: Actor, person_id: str, at_ms: int
) -> Sequence[Session]:
    """Those live at `at_ms`, newest first. Raises NotFound when the actor may not see them."""
    owner = await living_person(connection, person_id)
    if not may_see_sessions(actor, owner):
        raise NotFound("No such person")
    return await store.sessions_of(connection, person_id, at_ms)


def may_see_sessions(actor: Actor, owner: Person) -> bool:
    return owner.id == actor.person_id or (
        actor.may(Permission.PEOPLE_EDIT) and may_edit(actor.role, owner.role, owner.role)
    )


async def end_all_sessions(
    connection: AsyncConnection, person_id: str, *, keep: str | None = None
) -> int:
    """Sign a person out everywhere (but in session `keep`). Returns how many sessions ended."""
    ended = await store.delete_sessions(connection, person_id=person_id, keep=keep)
    await tell_person(connection, person_id)
    return ended


# --- passwords ----------------------------------------------------------------------------------


def check_password(password: str, login: str, *, field: str = "password") -> None:
    """Raises InvalidInput with the code of the broken rule."""
    fault = password_fault(password, login)
    if fault:
        raise InvalidInput("The password breaks a rule", fields={field: fault})


async def change_own_password(
    connection: AsyncConnection, identity: Identity, actor: Actor, old: str, new: str
) -> None:
    """Ends the person's other sessions. Raises WrongCredentials or InvalidInput."""
    person = await identity.check_again(connection, actor, old)
    check_password(new, person.login, field="new")
    await store.set_password_hash(connection, person.id, await identity.passwords.hash(new))
    await end_all_sessions(connection, person.id, keep=actor.session_id)
    await audit(connection, actor, "person.password_changed", "person", person.id)


async def change_own_locale(connection: AsyncConnection, actor: Actor, locale: Locale) -> None:
    await store.set_locale(connection, actor.person_id, locale)
    details = {"locale": locale.value}
    await audit(connection, actor, "person.locale_changed", "person", actor.person_id, details)


async def reset_password(
    connection: AsyncConnection, passwords: Passwords, actor: Actor, person_id: str
) -> str:
    """Give a person a new password and end his sessions. Raises NotFound, RoleTooHigh."""
    person = await living_person(connection, person_id)
    password = generated_password()
    await set_password(connection, passwords, actor, person, password)
    return password


async def set_password(
    connection: AsyncConnection,
    passwords: Passwords,
    actor: Actor,
    person: Person,
    password: str,
) -> None:
    """Give somebody this password and end his sessions. Raises InvalidInput, RoleTooHigh."""
    check_rank(actor, person, person.role)
    check_password(password, person.login)
    await store.set_password_hash(connection, person.id, await passwords.hash(password))
    await end_all_sessions(connection, person.id)
    await audit(connection, actor, "person.password_reset", "person", person.id)


# --- people -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PersonData:
    """What an editor says about a person."""

    login: str
    name: str
    role: Role
    team_id: str | None = None
    locale: Locale = Locale.ZH_CN
    active: bool = True


async def people(
    connection: AsyncConnection,
    *,
    after: tuple[Any, ...] | None,
    limit: int,
    search: str = "",
    team_id: str | None = None,
    role: Role | None = None,
) -> Sequence[Person]:
    """By name, then id. `search` is a part of the name or sign-in name."""
    return await store.people(
        connection, after=after, limit=limit, search=search, team_id=team_id, role=role
    )


async def has_people(connection: AsyncConnection) -> bool:
    """False in a new installation. People who were removed count."""
    return await store.has_people(connection)


async def living_person(connection: AsyncConnection, person_id: str) -> Person:
    """Raises NotFound."""
    person = await store.person_by_id(connection, person_id)
    if person is None:
        raise NotFound("No such person")
    return person


def check_rank(actor: Actor | None, before: Person | None, after: Role) -> None:
    """Raises RoleTooHigh. The system itself (no actor) may make anybody."""
    if actor and not may_edit(actor.role, before.role if before else None, after):
        raise RoleTooHigh("Only somebody of a higher role may do this")


async def add_person(
    connection: AsyncConnection,
    passwords: Passwords,
    actor: Actor | None,
    data: PersonData,
    password: str,
) -> Person:
    """Raises Taken, InvalidInput, RoleTooHigh."""
    await serialise(connection, CONFIGURATION)
    check_rank(actor, None, data.role)
    check_password(password, data.login)
    person = await _checked(connection, PersonId(new_id()), data)
    await store.add_person(connection, person, await passwords.hash(password))
    await audit(connection, actor, "person.added", "person", person.id, _said(data))
    return person


async def change_person(
    connection: AsyncConnection, actor: Actor | None, person_id: str, data: PersonData
) -> Person:
    """A changed role or an inactive account ends the person's sessions.

    Raises NotFound, Taken, InvalidInput, RoleTooHigh, LastAdmin.
    """
    await serialise(connection, CONFIGURATION)
    before = await living_person(connection, person_id)
    check_rank(actor, before, data.role)
    after = await _checked(connection, before.id, data)
    if after == before:
        return before
    stays_admin = after.role == Role.ADMIN and after.active
    await _keep_an_admin(connection, before, stays_admin)
    await store.change_person(connection, after)
    if after.role != before.role or not after.active:
        await end_all_sessions(connection, person_id)
    else:
        await tell_person(connection, person_id)
    await configuration_changed(connection)
    details = changes(_said(_data_of(before)), _said(_data_of(after)))
    await audit(connection, actor, "person.changed", "person", person_id, details)
    return after


async def remove_person(connection: AsyncConnection, actor: Actor, person_id: str) -> None:
    """The name stays for old calls, everything else goes. Raises NotFound, InUse, LastAdmin."""
    await serialise(connection, CONFIGURATION)
    person = await living_person(connection, person_id)
    check_rank(actor, person, person.role)
    await _keep_an_admin(connection, person, False)
    led = await store.teams_led_by(connection, person_id)
    if led:
        raise InUse(
            "Somebody else has to lead the team first",
            used_by=[{"kind": "team", "id": team.id, "name": team.name} for team in led],
        )
    await store.mark_deleted(connection, person_id)
    await configuration_changed(connection)
    await end_all_sessions(connection, person_id)
    await audit(connection, actor, "person.removed", "person", person_id, {"login": person.login})


async def _keep_an_admin(connection: AsyncConnection, before: Person, stays_admin: bool) -> None:
    was_admin = before.role == Role.ADMIN and before.active
    if was_admin and not stays_admin and not await store.other_admins(connection, before.id):
        raise LastAdmin("The last administrator cannot be removed")


async def _checked(connection: AsyncConnection, person_id: PersonId, data: PersonData) -> Person:
    login = data.login.strip().lower()
    if not LOGIN_PATTERN.match(login):
        raise InvalidInput("Not a sign-in name", fields={"login": "bad_login"})
    owner = await store.login_owner(connection, login)
    if owner is not None and owner != person_id:
        raise Taken("This sign-in name is taken", field="login")
    if data.team_id and not await store.team_by(connection, id=data.team_id):
        raise InvalidInput("No such team", fields={"team_id": "unknown"})
    return Person(
        id=person_id,
        login=login,
        name=data.name,
        role=data.role,
        team_id=TeamId(data.team_id) if data.team_id else None,
        locale=data.locale,
        active=data.active,
    )


def _data_of(person: Person) -> PersonData:
    return PersonData(
        login=person.login,
        name=person.name,
        role=person.role,
        team_id=person.team_id,
        locale=person.locale,
        active=person.active,
    )


def _said(data: PersonData) -> dict[str, Any]:
    return {
        "login": data.login,
        "name": data.name,
        "role": data.role.value,
        "team_id": data.team_id,
        "locale": data.locale.value,
        "active": data.active,
    }
