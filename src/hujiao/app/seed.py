"""What a new installation begins with: people, queues, a number and a phone to try them."""

import asyncio
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from hujiao.agents import service as agents
from hujiao.agents.model import AgentProfile, CountsAs
from hujiao.app.places import database_url
from hujiao.app.settings import Settings
from hujiao.app.up.problems import refuse
from hujiao.calls import dispositions
from hujiao.calls.record import Disposition
from hujiao.floor import admin
from hujiao.floor.lines import Number, Queue, Trunk, TrunkKind
from hujiao.identity import service as identity
from hujiao.identity import teams
from hujiao.identity.model import Locale, Person, Role
from hujiao.identity.passwords import Passwords, generated_password, generated_secret
from hujiao.identity.rules import MAX_PASSWORD_CHARS, MIN_PASSWORD_CHARS
from hujiao.identity.service import CONFIGURATION, PersonData
from hujiao.kit.db import Database, serialise
from hujiao.kit.ids import new_id
from hujiao.kit.refusal import InvalidInput

NUMBER = "4001"
TEST_PHONE = "test-phone"
TEST_PHONE_PREFIXES = ("0", "1")
"""Chinese numbers, so that dialling out can be tried: they all reach the test phone."""
FAULTS = {
    "password_too_short": f"it has fewer than {MIN_PASSWORD_CHARS} characters",
    "password_too_long": f"it has more than {MAX_PASSWORD_CHARS} characters",
    "password_has_login": "the sign-in name stands in it",
    "password_too_simple": "it is among the first that anybody would try",
}
GIVEN = "(HUJIAO_ADMIN_PASSWORD)"

SKILLS = {"enquiry": "咨询", "complaints": "投诉", "english": "英语"}
REASONS = (
    ("小休", "Short break", CountsAs.BREAK),
    ("用餐", "Meal", CountsAs.BREAK),
    ("会议", "Meeting", CountsAs.MEETING),
    ("培训", "Training", CountsAs.TRAINING),
    ("外出", "Away", CountsAs.WORK),
)
RESULTS = (
    ("已解决", "Solved", "both"),
    ("需回访", "To be called back", "both"),
    ("转其他部门", "Passed on", "in"),
    ("投诉已登记", "Complaint recorded", "in"),
    ("无人接听", "No answer", "out"),
    ("拒绝", "Declined", "out"),
    ("骚扰电话", "Nuisance call", "in"),
)
QUEUES = (
    ("业务咨询", "enquiry"),
    ("投诉建议", "complaints"),
    ("英语服务", "english"),
)
AGENTS = (
    ("agent1", "王芳", "1001", {"enquiry": 8, "complaints": 5, "english": 5}),
    ("agent2", "李雷", "1002", {"enquiry": 5, "complaints": 8, "english": 8}),
)


@dataclass(frozen=True, slots=True)
class Credential:
    """Something to sign in with, shown once. `phone` is the extension or what the phone is for."""

    login: str
    password: str
    role: str
    phone: str = ""


class _Beginning:
    """Makes everything in one transaction and collects the passwords."""

    def __init__(self, connection: AsyncConnection, passwords: Passwords, locale: Locale) -> None:
        self._connection = connection
        self._passwords = passwords
        self._locale = locale
        self.credentials: list[Credential] = []

    async def make(self, admin_password: str) -> None:
        await self._person("admin", "管理员", Role.ADMIN, password=admin_password)
        await self._person("supervisor", "主管", Role.SUPERVISOR)
        leader = await self._person("leader", "组长", Role.TEAM_LEADER)
        team = await teams.put_team(self._connection, None, name="一组", leader_id=leader.id)
        await identity.change_person(
            self._connection,
            None,
            leader.id,
            PersonData("leader", "组长", Role.TEAM_LEADER, team.id, self._locale),
        )
        skills = {
            key: (await agents.put_skill(self._connection, None, name=name)).id
            for key, name in SKILLS.items()
        }
        for login, name, extension, levels in AGENTS:
            person = await self._person(login, name, Role.AGENT, team_id=team.id, phone=extension)
            known = {skills[key]: level for key, level in levels.items()}
            profile = AgentProfile(extension, skills=known)
            await agents.put_profile(self._connection, None, person, profile)
        await self._words()
        await self._lines(skills)

    async def _person(
        self,
        login: str,
        name: str,
        role: Role,
        *,
        password: str = "",
        team_id: str | None = None,
        phone: str = "",
    ) -> Person:
        used = password or generated_password()
        data = PersonData(login, name, role, team_id, self._locale)
        person = await identity.add_person(self._connection, self._passwords, None, data, used)
        shown = GIVEN if password else used
        self.credentials.append(Credential(login, shown, role.value, phone))
        return person

    async def _words(self) -> None:
        for place, (name, name_en, counts_as) in enumerate(REASONS):
            await agents.put_reason(
                self._connection,
                None,
                name=name,
                name_en=name_en,
                active=True,
                position=place,
                counts_as=counts_as,
            )
        for place, (name, name_en, direction) in enumerate(RESULTS):
            result = Disposition("", name, name_en, True, place, direction)
            await dispositions.add(self._connection, None, result)

    async def _lines(self, skills: dict[str, str]) -> None:
        queues = [
            await admin.put_queue(
                self._connection,
                None,
                Queue(id=new_id(), name=name, skills={skills[skill]: 1}),
                new=True,
            )
            for name, skill in QUEUES
        ]
        number = Number(
            id=new_id(),
            number=NUMBER,
            name="总机",
            queue_id=queues[0].id,
            menu={str(key): queue.id for key, queue in enumerate(queues, start=1)},
        )
        await admin.put_number(self._connection, None, number, new=True)
        phone = Trunk(
            id=new_id(),
            name=TEST_PHONE,
            kind=TrunkKind.ACCOUNT,
            username=TEST_PHONE,
            secret=generated_secret(),
            prefixes=TEST_PHONE_PREFIXES,
        )
        await admin.put_trunk(self._connection, None, phone, new=True)
        self.credentials.append(
            Credential(TEST_PHONE, phone.secret, "SIP phone", f"calls {NUMBER}")
        )


async def begin(
    database: Database,
    passwords: Passwords,
    *,
    admin_password: str = "",
    locale: str = "zh-CN",
) -> list[Credential]:
    """Fill an empty database; one that has people is left alone and nothing is returned.

    Raises InvalidInput when the given password breaks a rule.
    """
    async with database.transaction() as connection:
        await serialise(connection, CONFIGURATION)
        if await identity.has_people(connection):
            return []
        beginning = _Beginning(connection, passwords, Locale(locale))
        await beginning.make(admin_password)
        return beginning.credentials


async def _first_start(settings: Settings) -> list[Credential]:
    database = Database(database_url(settings), pool_size=1)
    passwords = Passwords()
    try:
        return await begin(
            database,
            passwords,
            admin_password=settings.admin_password,
            locale=settings.locale,
        )
    finally:
        passwords.close()
        await database.close()


def first_start(settings: Settings) -> list[Credential]:
    """Fill a new installation and return what people sign in with; later calls return nothing.

    Raises CannotStartError when HUJIAO_ADMIN_PASSWORD breaks a rule.
    """
    try:
        return asyncio.run(_first_start(settings))
    except InvalidInput as failure:
        fault = failure.details["fields"].get("password", "")
        raise refuse(
            "admin password",
            f"HUJIAO_ADMIN_PASSWORD is not taken: {FAULTS.get(fault, fault)}.",
            "Give another one, or none: then a password is made and shown once.",
        ) from failure
