"""People, their phones and what they can do."""

import json

import pytest

from hujiao.api.app import Parts
from hujiao.identity.model import Role
from hujiao.identity.sessions import FRESH_MS
from tests.integration.api.conftest import (
    PASSWORD,
    AddPerson,
    Client,
    Clock,
    NewClient,
    SignIn,
)

NOBODY = "0" * 32
AGENT = {"extension": "1001"}


async def added(client: Client, path: str, **body: object) -> dict[str, object]:
    answer = await client.post(path, json=body)
    assert answer.status_code == 201, answer.text
    value: dict[str, object] = answer.json()
    return value


async def test_a_new_person_gets_a_password_that_is_shown_once_and_works(
    admin: Client, new_client: NewClient
) -> None:
    person = await added(
        admin, "/api/people", login="LiLei", name="李雷", role="agent", agent=AGENT
    )
    assert person["login"] == "lilei"
    password = person["password"]
    listed = (await admin.get("/api/people", params={"q": "李"})).json()["items"]
    assert [one["id"] for one in listed] == [person["id"]]
    assert "password" not in listed[0]
    assert listed[0]["agent"]["phone_kind"] == "browser"
    browser = new_client()
    answer = await browser.post("/api/session", json={"name": "lilei", "password": password})
    assert answer.json()["agent"] == {"extension": "1001", "phone_kind": "browser"}


async def test_bad_input_is_refused_field_by_field_and_leaves_nothing(admin: Client) -> None:
    cases: list[tuple[dict[str, object], dict[str, str]]] = [
        ({"login": "a b"}, {"login": "bad_login"}),
        ({"login": ""}, {"login": "bad_login"}),
        ({"name": " "}, {"name": "string_too_short"}),
        ({"name": "a\nb"}, {"name": "bad_character"}),
        ({"name": "\u202eabc"}, {"name": "bad_character"}),
        ({"name": "\ud800"}, {"name": "string_unicode"}),
        ({"role": "king"}, {"role": "enum"}),
        ({"team_id": NOBODY}, {"team_id": "unknown"}),
        ({"password": "short"}, {"password": "password_too_short"}),
        ({"agent": {"extension": "12"}}, {"agent.extension": "bad_extension"}),
        ({"agent": {"extension": "110"}}, {"agent.extension": "emergency_number"}),
        ({"agent": {"extension": "1001]\n["}}, {"agent.extension": "bad_extension"}),
        (
            {"agent": {"extension": "1001", "contact": "sip:a@b"}},
            {"agent.contact": "only_for_static"},
        ),
        (
            {"agent": {"extension": "1001", "phone_kind": "static", "contact": "sip:a@b;x=y"}},
            {"agent.contact": "bad_sip_address"},
        ),
        ({"agent": {"extension": "1001", "skills": {NOBODY: 3}}}, {"agent.skills": "unknown"}),
        ({"role": "quality", "agent": AGENT}, {"agent": "role_without_desk"}),
    ]
    for change, fields in cases:
        body = {"login": "lilei", "name": "李雷", "role": "agent", **change}
        answer = await admin.post(
            "/api/people",
            content=json.dumps(body),
            headers={"content-type": "application/json"},
        )
        assert (answer.status_code, answer.json()["error"]) == (422, "invalid_input"), change
        assert answer.json()["details"]["fields"] == fields
    assert len((await admin.get("/api/people")).json()["items"]) == 1


async def test_sign_in_names_and_extensions_belong_to_one_person(admin: Client) -> None:
    await added(admin, "/api/people", login="a1", name="A", role="agent", agent=AGENT)
    body = {"login": "A1", "name": "B", "role": "agent"}
    taken = await admin.post("/api/people", json=body)
    assert (taken.status_code, taken.json()["details"]) == (409, {"field": "login"})
    body = {"login": "b1", "name": "B", "role": "agent", "agent": AGENT}
    taken = await admin.post("/api/people", json=body)
    assert (taken.status_code, taken.json()["details"]) == (409, {"field": "agent.extension"})
    assert len((await admin.get("/api/people")).json()["items"]) == 2


async def test_a_part_of_a_person_is_changed_and_the_rest_stays(admin: Client) -> None:
    skill = await added(admin, "/api/skills", name="咨询")
    agent = {**AGENT, "wrap_up_s": 30, "skills": {skill["id"]: 5}}
    person = await added(admin, "/api/people", login="a1", name="A", role="agent", agent=agent)
    path = f"/api/people/{person['id']}"
    changed = (await admin.patch(path, json={"agent": {"rest_s": 9}})).json()
    assert changed["agent"] == {
        "extension": "1001",
        "phone_kind": "browser",
        "contact": "",
        "wrap_up_s": 30,
        "rest_s": 9,
        "max_missed": 3,
        "skills": {skill["id"]: 5},
    }
    changed = (await admin.patch(path, json={"name": "B", "agent": {"wrap_up_s": None}})).json()
    assert (changed["name"], changed["agent"]["wrap_up_s"]) == ("B", None)
    assert (await admin.get(path)).json() == changed
    assert (await admin.patch(path, json={"agent": None})).json()["agent"] is None
    assert (await admin.patch(path, json={"name": None})).status_code == 422
    assert (await admin.patch(path, json={"nmae": "C"})).status_code == 422


async def test_the_last_administrator_stays_one(admin: Client) -> None:
    me = (await admin.get("/api/me")).json()["person"]["id"]
    for body in ({"role": "manager"}, {"active": False}):
        answer = await admin.patch(f"/api/people/{me}", json=body)
        assert (answer.status_code, answer.json()["error"]) == (409, "last_admin")
    answer = await admin.delete(f"/api/people/{me}")
    assert (answer.status_code, answer.json()["error"]) == (409, "last_admin")
    await added(admin, "/api/people", login="second", name="S", role="admin")
    assert (await admin.patch(f"/api/people/{me}", json={"role": "manager"})).status_code == 200


async def test_nobody_makes_or_changes_his_equals_or_betters(
    sign_in: SignIn, add_person: AddPerson
) -> None:
    other = await add_person("other", Role.SUPERVISOR)
    boss = await add_person("boss", Role.ADMIN)
    supervisor = await sign_in(Role.SUPERVISOR)
    body = {"login": "x1", "name": "X", "role": "supervisor"}
    assert (await supervisor.post("/api/people", json=body)).json()["error"] == "role_too_high"
    for one in (other, boss):
        for answer in (
            await supervisor.patch(f"/api/people/{one}", json={"name": "Y"}),
            await supervisor.delete(f"/api/people/{one}"),
            await supervisor.post(f"/api/people/{one}/password"),
            await supervisor.post(f"/api/people/{one}/phone-secret"),
        ):
            assert (answer.status_code, answer.json()["error"]) == (403, "role_too_high")
    agent = await added(supervisor, "/api/people", login="x2", name="X", role="agent")
    answer = await supervisor.patch(f"/api/people/{agent['id']}", json={"role": "manager"})
    assert answer.status_code == 403


async def test_a_removed_person_is_signed_out_and_frees_name_and_extension(
    admin: Client, new_client: NewClient, clock: Clock
) -> None:
    body = {"login": "a1", "name": "A", "role": "agent", "password": PASSWORD, "agent": AGENT}
    person = await added(admin, "/api/people", **body)
    browser = new_client()
    await browser.post("/api/session", json={"name": "a1", "password": PASSWORD})
    assert (await admin.delete(f"/api/people/{person['id']}")).status_code == 204
    clock.forward(FRESH_MS / 1000)
    assert (await browser.get("/api/me")).status_code == 401
    assert (await admin.get(f"/api/people/{person['id']}")).status_code == 404
    assert (await admin.delete(f"/api/people/{person['id']}")).status_code == 404
    await added(admin, "/api/people", **body)


@pytest.mark.parametrize("change", [{"role": "team_leader"}, {"active": False}])
async def test_a_changed_role_signs_out_at_once(
    admin: Client, new_client: NewClient, clock: Clock, change: dict[str, object]
) -> None:
    body = {"login": "a1", "name": "A", "role": "agent", "password": PASSWORD}
    person = await added(admin, "/api/people", **body)
    browser = new_client()
    await browser.post("/api/session", json={"name": "a1", "password": PASSWORD})
    assert (await admin.patch(f"/api/people/{person['id']}", json=change)).status_code == 200
    clock.forward(FRESH_MS / 1000)
    assert (await browser.get("/api/me")).status_code == 401


async def test_a_reset_password_replaces_the_old_one(
    admin: Client, new_client: NewClient, add_person: AddPerson
) -> None:
    person = await add_person("a1", Role.AGENT)
    password = (await admin.post(f"/api/people/{person}/password")).json()["password"]
    browser = new_client()
    for given, status in ((PASSWORD, 401), (password, 200)):
        answer = await browser.post("/api/session", json={"name": "a1", "password": given})
        assert answer.status_code == status


async def test_the_password_of_a_sip_phone_is_shown_when_it_is_made(
    admin: Client, parts: Parts
) -> None:
    agent = {"extension": "1002", "phone_kind": "sip"}
    person = await added(admin, "/api/people", login="a1", name="A", role="agent", agent=agent)
    answer = await admin.post(f"/api/people/{person['id']}/phone-secret")
    assert answer.json()["extension"] == "1002"
    async with parts.database.transaction() as connection:
        row = (await connection.exec_driver_sql("SELECT phone_secret FROM agent")).one()
    assert row[0] == answer.json()["secret"]
    await admin.patch(f"/api/people/{person['id']}", json={"agent": {"phone_kind": "browser"}})
    answer = await admin.post(f"/api/people/{person['id']}/phone-secret")
    assert (answer.status_code, answer.json()["error"]) == (409, "no_phone")


async def test_teams_are_kept_while_somebody_needs_them(
    admin: Client, add_person: AddPerson
) -> None:
    leader = await add_person("lead", Role.TEAM_LEADER)
    team = await added(admin, "/api/teams", name="一组", leader_id=leader)
    member = await added(
        admin, "/api/people", login="m1", name="M", role="agent", team_id=team["id"]
    )
    refused = await admin.delete(f"/api/teams/{team['id']}")
    assert (refused.status_code, refused.json()["error"]) == (409, "in_use")
    assert refused.json()["details"]["used_by"] == [
        {"kind": "person", "id": member["id"], "name": "M"}
    ]
    refused = await admin.delete(f"/api/people/{leader}")
    assert refused.json()["details"]["used_by"] == [
        {"kind": "team", "id": team["id"], "name": "一组"}
    ]
    await admin.delete(f"/api/people/{member['id']}")
    await admin.patch(f"/api/teams/{team['id']}", json={"leader_id": None})
    assert (await admin.delete(f"/api/teams/{team['id']}")).status_code == 204
    assert (await admin.delete(f"/api/people/{leader}")).status_code == 204


async def test_people_are_listed_page_by_page_without_gap_or_repetition(
    admin: Client, add_person: AddPerson
) -> None:
    for number in range(7):
        await add_person(f"p{number}", Role.AGENT, name="同名" if number < 4 else f"P{number}")
    seen, cursor = [], None
    for _ in range(10):
        params = {"limit": 3, **({"cursor": cursor} if cursor else {})}
        page = (await admin.get("/api/people", params=params)).json()
        assert len(page["items"]) <= 3
        seen += [one["id"] for one in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == 8


async def test_a_made_up_cursor_is_refused(admin: Client) -> None:
    for cursor in ("x", "!!", "W10", "WzEsMl0", "eyJhIjoxfQ", "\x00", "é"):
        answer = await admin.get("/api/people", params={"cursor": cursor})
        assert (answer.status_code, answer.json()["error"]) == (422, "invalid_input"), cursor


async def test_every_change_stands_in_the_audit_trail_without_secrets(
    admin: Client, parts: Parts
) -> None:
    person = await added(
        admin, "/api/people", login="a1", name="A", role="agent", password=PASSWORD, agent=AGENT
    )
    await admin.patch(f"/api/people/{person['id']}", json={"name": "B", "agent": {"rest_s": 5}})
    await admin.post(f"/api/people/{person['id']}/password")
    await admin.delete(f"/api/people/{person['id']}")
    trail = (await admin.get("/api/audit", params={"object_id": person["id"]})).json()["items"]
    assert [one["action"] for one in reversed(trail)] == [
        "person.added",
        "agent.changed",
        "person.changed",
        "agent.changed",
        "person.password_reset",
        "person.removed",
    ]
    assert trail[-3]["details"] == {"name": ["A", "B"]}
    assert {one["person_name"] for one in trail} == {"Root1"}
    assert {one["ip"] for one in trail} == {"192.0.2.10"}
    assert PASSWORD not in str(trail)
    async with parts.database.transaction() as connection:
        secrets = await connection.exec_driver_sql("SELECT count(*) FROM audit")
        assert secrets.scalar_one() >= 6


async def test_the_audit_trail_cannot_be_rewritten(admin: Client, parts: Parts) -> None:
    for sql in ("DELETE FROM audit", "UPDATE audit SET action = 'x'"):
        with pytest.raises(Exception, match="append-only"):
            async with parts.database.transaction() as connection:
                await connection.exec_driver_sql(sql)


async def test_a_team_leader_and_an_agent_see_no_administration(sign_in: SignIn) -> None:
    for role in (Role.AGENT, Role.TEAM_LEADER):
        browser = await sign_in(role)
        for path in ("/api/people", "/api/audit", "/api/trunks", "/api/numbers"):
            assert (await browser.get(path)).status_code == 403
