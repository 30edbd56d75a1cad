"""Use cases of agents: their phones and skills, the skills themselves, not-ready reasons."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from hujiao.agents import store
from hujiao.agents.model import AgentProfile, CountsAs, Reason, Skill, Usage
from hujiao.agents.rules import profile_faults
from hujiao.agents.store import WorkingAgent
from hujiao.identity import service as identity
from hujiao.identity.model import PERMISSIONS, Actor, Permission, Person, PersonId, Seat
from hujiao.identity.passwords import generated_secret
from hujiao.identity.service import CONFIGURATION, audit, changes, configuration_changed
from hujiao.identity.sessions import tell_person
from hujiao.kit.db import serialise
from hujiao.kit.ids import new_id
from hujiao.kit.refusal import InUse, InvalidInput, NotFound, Refusal, Taken
from hujiao.telephony.endpoints import PhoneKind

MAX_USAGES = 20

UsedBy = Callable[[AsyncConnection, str, int], Awaitable[Sequence[Usage]]]
"""Asks a slice above us what of it needs an object: connection, id, how many to name."""


class NoPhone(Refusal):
    """The person has no phone that signs in with a password of its own."""

    error = "no_phone"


async def seats_of(
    connection: AsyncConnection, person_ids: Sequence[PersonId]
) -> Mapping[PersonId, Seat]:
    """The phones of people, for `identity`, which stands below us."""
    found = await store.seats(connection, person_ids)
    return {PersonId(person_id): Seat(*seat) for person_id, seat in found.items()}


async def put_profile(
    connection: AsyncConnection,
    actor: Actor | None,
    person: Person,
    profile: AgentProfile | None,
) -> None:
    """Make this the person's phone and skills, or take them away.

    Raises InvalidInput, Taken, RoleTooHigh.
    """
    await serialise(connection, CONFIGURATION)
    identity.check_rank(actor, person, person.role)
    before = (await store.profiles(connection, [person.id])).get(person.id)
    if profile is not None:
        await _check(connection, person, profile)
    if profile == before:
        return
    if profile is None:
        await store.delete_profile(connection, person.id)
    else:
        await store.put_profile(connection, person.id, profile, secret=generated_secret())
    details = changes(_said(before), _said(profile))
    await audit(connection, actor, "agent.changed", "person", person.id, details)
    await tell_person(connection, person.id)
    await configuration_changed(connection)


async def _check(connection: AsyncConnection, person: Person, profile: AgentProfile) -> None:
    faults = profile_faults(profile)
    if Permission.DESK_USE not in PERMISSIONS[person.role]:
        faults["agent"] = "role_without_desk"
    if await store.unknown_skills(connection, list(profile.skills)):
        faults["agent.skills"] = "unknown"
    if faults:
        raise InvalidInput("The agent's settings are not valid", fields=faults)
    owner = await store.extension_owner(connection, profile.extension)
    if owner is not None and owner != person.id:
        raise Taken("Another agent has this extension", field="agent.extension")


def _said(profile: AgentProfile | None) -> dict[str, Any]:
    return asdict(replace(profile, skills=dict(profile.skills))) if profile else {}


async def new_phone_secret(
    connection: AsyncConnection, actor: Actor, person_id: str
) -> tuple[str, str]:
    """Extension and new password of a SIP phone. Raises NotFound, NoPhone, RoleTooHigh."""
    await serialise(connection, CONFIGURATION)
    person = await identity.living_person(connection, person_id)
    identity.check_rank(actor, person, person.role)
    profile = (await store.profiles(connection, [person_id])).get(person_id)
    if profile is None or profile.phone_kind != PhoneKind.SIP:
        raise NoPhone("Only a SIP phone has a password of its own")
    secret = generated_secret()
    await store.set_secret(connection, person_id, secret)
    await audit(connection, actor, "agent.phone_secret_reset", "person", person_id)
    await configuration_changed(connection)
    return profile.extension, secret


async def remove_person(connection: AsyncConnection, actor: Actor, person_id: str) -> None:
    """Also frees the extension. Raises NotFound, InUse, LastAdmin, RoleTooHigh."""
    await identity.remove_person(connection, actor, person_id)
    await store.delete_profile(connection, person_id)


# --- skills -------------------------------------------------------------------------------------


async def put_skill(
    connection: AsyncConnection, actor: Actor | None, *, name: str, skill_id: str | None = None
) -> Skill:
    """Add a skill or rename one. Raises NotFound, Taken."""
    await serialise(connection, CONFIGURATION)
    before = await living_skill(connection, skill_id) if skill_id else None
    namesake = await store.skill_by(connection, name=name)
    if namesake and namesake.id != skill_id:
        raise Taken("There is a skill of this name", field="name")
    after = Skill(skill_id or new_id(), name)
    await store.put_skill(connection, after)
    action = "skill.changed" if before else "skill.added"
    was = {"name": before.name} if before else {}
    await audit(connection, actor, action, "skill", after.id, changes(was, {"name": name}))
    await configuration_changed(connection)
    return after


async def living_skill(connection: AsyncConnection, skill_id: str) -> Skill:
    """Raises NotFound."""
    found = await store.skill_by(connection, id=skill_id)
    if found is None:
        raise NotFound("No such skill")
    return found


async def check_skills(
    connection: AsyncConnection, skill_ids: Sequence[str], *, field: str
) -> None:
    """Raises InvalidInput when one of them does not exist."""
    if await store.unknown_skills(connection, skill_ids):
        raise InvalidInput("No such skill", fields={field: "unknown"})


async def remove_skill(
    connection: AsyncConnection, actor: Actor, skill_id: str, *, used_by: Sequence[UsedBy] = ()
) -> None:
    """Raises NotFound, InUse while an agent has it or a queue asks for it."""
    await serialise(connection, CONFIGURATION)
    found = await living_skill(connection, skill_id)
    usages: list[Usage] = []
    for ask in (store.agents_with_skill, *used_by):
        usages += await ask(connection, skill_id, MAX_USAGES)
    if usages:
        raise InUse("The skill is in use", used_by=[asdict(one) for one in usages[:MAX_USAGES]])
    await store.delete_skill(connection, skill_id)
    await audit(connection, actor, "skill.removed", "skill", skill_id, {"name": found.name})
    await configuration_changed(connection)


# --- reasons ------------------------------------------------------------------------------------


async def put_reason(
    connection: AsyncConnection,
    actor: Actor | None,
    *,
    name: str,
    name_en: str,
    active: bool,
    position: int,
    counts_as: CountsAs,
    reason_id: str | None = None,
) -> Reason:
    """Add a reason or change one. Raises NotFound, Taken."""
    await serialise(connection, CONFIGURATION)
    before = await living_reason(connection, reason_id) if reason_id else None
    namesake = await store.reason_by(connection, name=name)
    if namesake and namesake.id != reason_id:
        raise Taken("There is a reason of this name", field="name")
    after = Reason(reason_id or new_id(), name, name_en, active, position, counts_as)
    await store.put_reason(connection, after)
    action = "reason.changed" if before else "reason.added"
    details = changes(asdict(before) if before else {}, asdict(after))
    await audit(connection, actor, action, "reason", after.id, details)
    await configuration_changed(connection)
    return after


async def living_reason(connection: AsyncConnection, reason_id: str) -> Reason:
    """Raises NotFound."""
    found = await store.reason_by(connection, id=reason_id)
    if found is None:
        raise NotFound("No such reason")
    return found


async def remove_reason(connection: AsyncConnection, actor: Actor, reason_id: str) -> None:
    """Its name stays for old facts. Raises NotFound."""
    await serialise(connection, CONFIGURATION)
    found = await living_reason(connection, reason_id)
    await store.delete_reason(connection, reason_id)
    await audit(connection, actor, "reason.removed", "reason", reason_id, {"name": found.name})
    await configuration_changed(connection)


async def reasons(
    connection: AsyncConnection, *, after: tuple[Any, ...] | None = None, limit: int
) -> Sequence[Reason]:
    """In the order they are shown."""
    return await store.reasons(connection, after=after, limit=limit)


async def working_agents(connection: AsyncConnection) -> Sequence[WorkingAgent]:
    """All active people with a phone."""
    return await store.working_agents(connection)


async def extension_owner(connection: AsyncConnection, extension: str) -> str | None:
    """Whose extension it is."""
    return await store.extension_owner(connection, extension)
