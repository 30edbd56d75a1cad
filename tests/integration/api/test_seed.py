"""A new installation can be signed in to and called at once."""

import pytest

from hujiao.api.app import Parts
from hujiao.app.seed import GIVEN, NUMBER, TEST_PHONE, begin, first_start
from hujiao.app.settings import Settings
from hujiao.app.up.problems import CannotStartError
from hujiao.floor.store import load_configuration
from hujiao.identity.model import Role
from hujiao.kit.refusal import InvalidInput
from tests.integration.api.conftest import NewClient


async def test_everybody_made_at_the_first_start_can_sign_in_once_told_his_password(
    parts: Parts, new_client: NewClient
) -> None:
    made = await begin(parts.database, parts.identity.passwords)
    people = [one for one in made if one.role in list(Role)]
    assert sorted(one.role for one in people) == sorted(
        ["admin", "supervisor", "team_leader", "agent", "agent"]
    )
    assert len({one.password for one in made}) == len(made)
    for one in people:
        browser = new_client()
        body = {"name": one.login, "password": one.password}
        answer = await browser.post("/api/session", json=body)
        assert answer.status_code == 200
        agent = answer.json()["agent"]
        assert (agent["extension"] if agent else "") == one.phone


async def test_the_number_of_the_first_start_leads_to_agents_who_have_the_skills(
    parts: Parts,
) -> None:
    made = await begin(parts.database, parts.identity.passwords)
    async with parts.database.transaction() as connection:
        read = await load_configuration(connection)
    number = read.numbers[NUMBER]
    assert number.language == "zh"
    assert set(number.menu) == {"1", "2", "3"}
    for queue_id in (number.queue_id, *number.menu.values()):
        wanted = read.queues[queue_id].skills
        fitting = [
            agent
            for agent in read.agents.values()
            if all(agent.skills.get(skill, 0) >= level for skill, level in wanted.items())
        ]
        assert fitting
    (phone,) = (one for one in made if one.login == TEST_PHONE)
    assert read.trunks[TEST_PHONE].secret == phone.password
    assert len(read.reasons) == 5


async def test_a_second_start_makes_nothing_and_tells_nothing(parts: Parts) -> None:
    assert await begin(parts.database, parts.identity.passwords)
    assert await begin(parts.database, parts.identity.passwords) == []


async def test_a_given_password_is_used_and_not_repeated_on_the_screen(
    parts: Parts, new_client: NewClient
) -> None:
    made = await begin(
        parts.database, parts.identity.passwords, admin_password="given by the owner 7"
    )
    assert made[0].password == GIVEN
    body = {"name": "admin", "password": "given by the owner 7"}
    assert (await new_client().post("/api/session", json=body)).status_code == 200


def test_a_weak_given_password_is_told_in_plain_words(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", postgres_url)
    monkeypatch.setenv("HUJIAO_ADMIN_PASSWORD", "short")
    with pytest.raises(CannotStartError, match="fewer than 10 characters"):
        first_start(Settings())


async def test_a_weak_given_password_stops_the_start_and_leaves_nothing(parts: Parts) -> None:
    with pytest.raises(InvalidInput):
        await begin(parts.database, parts.identity.passwords, admin_password="admin")
    assert await begin(parts.database, parts.identity.passwords)
