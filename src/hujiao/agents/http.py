"""HTTP of people with their phones, of skills and of not-ready reasons."""

from typing import Annotated

from fastapi import APIRouter, Body, Depends, Query, Request
from pydantic import BaseModel, Field, SecretStr

from hujiao.agents import service, store
from hujiao.agents.model import DEFAULT_MAX_MISSED, AgentProfile, CountsAs, Reason, Skill
from hujiao.identity import service as identity
from hujiao.identity.http import EditsConfig, SeesConfig, SignedIn, TheIdentity, require
from hujiao.identity.model import Actor, Locale, Permission, Person, Role
from hujiao.identity.passwords import generated_password
from hujiao.identity.service import PersonData
from hujiao.kit.patch import Patch
from hujiao.kit.web import Id, Line, Listed, Name, Paging, Transaction
from hujiao.telephony.endpoints import PhoneKind

MAX_PASSWORD_INPUT = 1000
MAX_PAUSE_S = 3600
MAX_SKILLS = 200

Level = Annotated[int, Field(ge=1, le=10)]
Levels = Annotated[dict[Id, Level], Field(max_length=MAX_SKILLS)]
"""Skill id -> level."""

SeesPeople = Annotated[Actor, Depends(require(Permission.CONFIG_SEE, Permission.PEOPLE_EDIT))]
EditsPeople = Annotated[Actor, Depends(require(Permission.PEOPLE_EDIT))]

router = APIRouter(prefix="/api")


# --- people -------------------------------------------------------------------------------------


class AgentBody(BaseModel):
    """The phone and pace of somebody who takes calls."""

    extension: str = Field(max_length=10)
    phone_kind: PhoneKind = PhoneKind.BROWSER
    contact: str = Field(default="", max_length=160)
    wrap_up_s: int | None = Field(default=None, ge=0, le=MAX_PAUSE_S)
    rest_s: int = Field(default=0, ge=0, le=MAX_PAUSE_S)
    max_missed: int = Field(default=DEFAULT_MAX_MISSED, ge=0, le=100)
    skills: Levels = Field(default_factory=dict)

    @classmethod
    def of(cls, profile: AgentProfile) -> "AgentBody":
        return cls(
            extension=profile.extension,
            phone_kind=profile.phone_kind,
            contact=profile.contact,
            wrap_up_s=profile.wrap_up_s,
            rest_s=profile.rest_s,
            max_missed=profile.max_missed,
            skills=dict(profile.skills),
        )

    def profile(self) -> AgentProfile:
        return AgentProfile(
            extension=self.extension,
            phone_kind=self.phone_kind,
            contact=self.contact,
            wrap_up_s=self.wrap_up_s,
            rest_s=self.rest_s,
            max_missed=self.max_missed,
            skills=dict(self.skills),
        )


class PersonIn(BaseModel):
    """`password` is only written; without one a new person gets a generated password."""

    login: str = Field(max_length=40)
    name: Name
    role: Role
    team_id: Id | None = None
    locale: Locale = Locale.ZH_CN
    active: bool = True
    password: SecretStr | None = Field(default=None, max_length=MAX_PASSWORD_INPUT)
    agent: AgentBody | None = None

    def data(self) -> PersonData:
        return PersonData(
            login=self.login,
            name=self.name,
            role=self.role,
            team_id=self.team_id,
            locale=self.locale,
            active=self.active,
        )


class PersonOut(BaseModel):
    id: str
    login: str
    name: str
    role: Role
    team_id: str | None
    locale: Locale
    active: bool
    agent: AgentBody | None

    @classmethod
    def of(cls, person: Person, profile: AgentProfile | None) -> "PersonOut":
        return cls(
            id=person.id,
            login=person.login,
            name=person.name,
            role=person.role,
            team_id=person.team_id,
            locale=person.locale,
            active=person.active,
            agent=AgentBody.of(profile) if profile else None,
        )


class PersonAdded(PersonOut):
    """`password`: the generated one, shown this once; null when one was given."""

    password: str | None = None


@router.get("/people", tags=["people"])
async def list_people(
    _actor: SeesPeople,
    transaction: Transaction,
    page: Paging,
    q: Annotated[str, Query(max_length=80)] = "",
    team_id: Annotated[Id | None, Query()] = None,
    role: Annotated[Role | None, Query()] = None,
) -> Listed[PersonOut]:
    found = await identity.people(
        transaction,
        after=page.after(str, str),
        limit=page.fetch,
        search=q,
        team_id=team_id,
        role=role,
    )
    rows, cursor = page.cut(found, lambda person: (person.name, person.id))
    profiles = await store.profiles(transaction, [person.id for person in rows])
    items = [PersonOut.of(person, profiles.get(person.id)) for person in rows]
    return Listed(items=items, next_cursor=cursor)


@router.get("/people/{person_id}", tags=["people"])
async def get_person(person_id: Id, _actor: SeesPeople, transaction: Transaction) -> PersonOut:
    person = await identity.living_person(transaction, person_id)
    profiles = await store.profiles(transaction, [person_id])
    return PersonOut.of(person, profiles.get(person_id))


@router.post("/people", tags=["people"], status_code=201)
async def add_person(
    body: PersonIn, actor: EditsPeople, transaction: Transaction, the: TheIdentity
) -> PersonAdded:
    given = body.password.get_secret_value() if body.password else None
    password = given or generated_password()
    person = await identity.add_person(transaction, the.passwords, actor, body.data(), password)
    profile = body.agent.profile() if body.agent else None
    if profile:
        await service.put_profile(transaction, actor, person, profile)
    out = PersonOut.of(person, profile)
    return PersonAdded(**out.model_dump(), password=None if given else password)


@router.patch("/people/{person_id}", tags=["people"])
async def change_person(
    person_id: Id,
    patch: Annotated[Patch[PersonIn], Body()],
    actor: EditsPeople,
    transaction: Transaction,
    the: TheIdentity,
) -> PersonOut:
    before = await identity.living_person(transaction, person_id)
    profile = (await store.profiles(transaction, [person_id])).get(person_id)
    body = patch.over(
        PersonIn(
            login=before.login,
            name=before.name,
            role=before.role,
            team_id=before.team_id,
            locale=before.locale,
            active=before.active,
            agent=AgentBody.of(profile) if profile else None,
        )
    )
    person = await identity.change_person(transaction, actor, person_id, body.data())
    after = body.agent.profile() if body.agent else None
    await service.put_profile(transaction, actor, person, after)
    if body.password:
        await identity.set_password(
            transaction, the.passwords, actor, person, body.password.get_secret_value()
        )
    return PersonOut.of(person, after)


@router.delete("/people/{person_id}", tags=["people"], status_code=204)
async def remove_person(person_id: Id, actor: EditsPeople, transaction: Transaction) -> None:
    await service.remove_person(transaction, actor, person_id)


class NewPassword(BaseModel):
    """Shown this once."""

    password: str


@router.post("/people/{person_id}/password", tags=["people"])
async def reset_password(
    person_id: Id, actor: EditsPeople, transaction: Transaction, the: TheIdentity
) -> NewPassword:
    password = await identity.reset_password(transaction, the.passwords, actor, person_id)
    return NewPassword(password=password)


class NewSecret(BaseModel):
    """What a SIP phone is told; shown this once."""

    extension: str
    secret: str


@router.post("/people/{person_id}/phone-secret", tags=["people"])
async def reset_phone_secret(
    person_id: Id, actor: EditsPeople, transaction: Transaction
) -> NewSecret:
    extension, secret = await service.new_phone_secret(transaction, actor, person_id)
    return NewSecret(extension=extension, secret=secret)


# --- skills -------------------------------------------------------------------------------------


class SkillIn(BaseModel):
    name: Name


class SkillOut(BaseModel):
    id: str
    name: str

    @classmethod
    def of(cls, skill: Skill) -> "SkillOut":
        return cls(id=skill.id, name=skill.name)


@router.get("/skills", tags=["skills"])
async def list_skills(
    _actor: SeesConfig, transaction: Transaction, page: Paging
) -> Listed[SkillOut]:
    found = await store.skills(transaction, after=page.after(str, str), limit=page.fetch)
    rows, cursor = page.cut(found, lambda skill: (skill.name, skill.id))
    return Listed(items=[SkillOut.of(skill) for skill in rows], next_cursor=cursor)


@router.post("/skills", tags=["skills"], status_code=201)
async def add_skill(body: SkillIn, actor: EditsConfig, transaction: Transaction) -> SkillOut:
    return SkillOut.of(await service.put_skill(transaction, actor, name=body.name))


@router.patch("/skills/{skill_id}", tags=["skills"])
async def change_skill(
    skill_id: Id,
    patch: Annotated[Patch[SkillIn], Body()],
    actor: EditsConfig,
    transaction: Transaction,
) -> SkillOut:
    before = await service.living_skill(transaction, skill_id)
    body = patch.over(SkillIn(name=before.name))
    put = await service.put_skill(transaction, actor, name=body.name, skill_id=skill_id)
    return SkillOut.of(put)


@router.delete("/skills/{skill_id}", tags=["skills"], status_code=204)
async def remove_skill(
    skill_id: Id, actor: EditsConfig, transaction: Transaction, request: Request
) -> None:
    used_by: tuple[service.UsedBy, ...] = request.app.state.skill_used_by
    await service.remove_skill(transaction, actor, skill_id, used_by=used_by)


# --- reasons ------------------------------------------------------------------------------------


class ReasonIn(BaseModel):
    name: Name
    name_en: Annotated[Line, Field(max_length=80)] = ""
    active: bool = True
    order: int = Field(default=0, ge=0, le=10_000)
    counts_as: CountsAs = CountsAs.BREAK


class ReasonOut(BaseModel):
    id: str
    name: str
    name_en: str
    active: bool
    order: int
    counts_as: CountsAs

    @classmethod
    def of(cls, reason: Reason) -> "ReasonOut":
        return cls(
            id=reason.id,
            name=reason.name,
            name_en=reason.name_en,
            active=reason.active,
            order=reason.position,
            counts_as=reason.counts_as,
        )


async def _put_reason(
    transaction: Transaction, actor: Actor, body: ReasonIn, reason_id: str | None
) -> ReasonOut:
    put = await service.put_reason(
        transaction,
        actor,
        name=body.name,
        name_en=body.name_en,
        active=body.active,
        position=body.order,
        counts_as=body.counts_as,
        reason_id=reason_id,
    )
    return ReasonOut.of(put)


@router.get("/reasons", tags=["reasons"])
async def list_reasons(
    _actor: SignedIn, transaction: Transaction, page: Paging
) -> Listed[ReasonOut]:
    """For everybody: the desk and the board show them."""
    found = await store.reasons(transaction, after=page.after(int, str), limit=page.fetch)
    rows, cursor = page.cut(found, lambda reason: (reason.position, reason.id))
    return Listed(items=[ReasonOut.of(reason) for reason in rows], next_cursor=cursor)


@router.post("/reasons", tags=["reasons"], status_code=201)
async def add_reason(body: ReasonIn, actor: EditsConfig, transaction: Transaction) -> ReasonOut:
    return await _put_reason(transaction, actor, body, None)


@router.patch("/reasons/{reason_id}", tags=["reasons"])
async def change_reason(
    reason_id: Id,
    patch: Annotated[Patch[ReasonIn], Body()],
    actor: EditsConfig,
    transaction: Transaction,
) -> ReasonOut:
    before = await service.living_reason(transaction, reason_id)
    out = ReasonOut.of(before)
    body = patch.over(ReasonIn(**out.model_dump(exclude={"id"})))
    return await _put_reason(transaction, actor, body, reason_id)


@router.delete("/reasons/{reason_id}", tags=["reasons"], status_code=204)
async def remove_reason(reason_id: Id, actor: EditsConfig, transaction: Transaction) -> None:
    await service.remove_reason(transaction, actor, reason_id)
