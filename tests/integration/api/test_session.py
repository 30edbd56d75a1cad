"""Signing in, being known, signing out, and what keeps others from doing it for you."""

import httpx
import pytest

from hujiao.api.app import Parts
from hujiao.identity.model import Role
from hujiao.identity.rules import IDLE_S, LIFETIME_S, PAIR_LIMIT
from hujiao.identity.sessions import FRESH_MS, STALE_LIMIT_MS
from tests.integration.api.conftest import (
    PASSWORD,
    AddPerson,
    Client,
    Clock,
    NewClient,
    SignIn,
)


async def enter(client: Client, name: str, password: str = PASSWORD) -> httpx.Response:
    return await client.post("/api/session", json={"name": name, "password": password})


async def test_who_signs_in_is_told_who_he_is_and_what_he_may_do(
    client: Client, add_person: AddPerson
) -> None:
    person_id = await add_person("wang.fang", Role.AGENT, name="王芳")
    answer = await enter(client, " Wang.Fang ")
    assert answer.status_code == 200
    me = answer.json()
    assert me["person"] == {
        "id": person_id,
        "login": "wang.fang",
        "name": "王芳",
        "role": "agent",
        "team_id": None,
        "locale": "zh-CN",
    }
    assert "desk.use" in me["permissions"]
    assert "config.edit" not in me["permissions"]
    assert me["agent"] is None
    assert (await client.get("/api/me")).json() == me


async def test_the_cookie_is_kept_from_scripts_other_sites_and_plain_connections(
    client: Client, add_person: AddPerson
) -> None:
    await add_person("wang", Role.AGENT)
    cookie = (await enter(client, "wang")).headers["set-cookie"].lower()
    for part in ("hujiao_session=", "httponly", "samesite=strict", "secure", "path=/"):
        assert part in cookie


async def test_the_database_holds_no_token_that_signs_anybody_in(
    client: Client, add_person: AddPerson, parts: Parts
) -> None:
    await add_person("wang", Role.AGENT)
    await enter(client, "wang")
    token = client.cookies["hujiao_session"]
    assert len(token) >= 43
    async with parts.database.transaction() as connection:
        rows = await connection.exec_driver_sql("SELECT token_hash FROM session")
        assert token not in [row[0] for row in rows]


@pytest.mark.parametrize(
    ("name", "password"), [("wang", "wrong password"), ("nobody", PASSWORD), ("w\0ng", PASSWORD)]
)
async def test_wrong_name_and_wrong_password_get_the_same_answer(
    client: Client, add_person: AddPerson, name: str, password: str
) -> None:
    await add_person("wang", Role.AGENT)
    answer = await enter(client, name, password)
    assert answer.status_code == 401
    assert answer.json()["error"] == "wrong_credentials"
    assert "set-cookie" not in answer.headers


async def test_somebody_inactive_cannot_sign_in(client: Client, add_person: AddPerson) -> None:
    await add_person("wang", Role.AGENT, active=False)
    assert (await enter(client, "wang")).status_code == 401


async def test_guessing_is_slowed_down_and_the_owner_gets_in_from_elsewhere(
    new_client: NewClient, add_person: AddPerson, clock: Clock
) -> None:
    await add_person("wang", Role.AGENT)
    thief = new_client("198.51.100.7")
    for _ in range(PAIR_LIMIT):
        assert (await enter(thief, "wang", "guess")).status_code == 401
    refused = await enter(thief, "wang", PASSWORD)
    assert refused.status_code == 429
    wait_s = refused.json()["details"]["retry_after_s"]
    assert refused.headers["retry-after"] == str(wait_s)
    assert (await enter(new_client("192.0.2.99"), "wang")).status_code == 200
    clock.forward(wait_s)
    assert (await enter(thief, "wang", PASSWORD)).status_code == 200


async def test_a_request_without_the_header_of_our_page_changes_nothing(
    client: Client, add_person: AddPerson
) -> None:
    await add_person("wang", Role.AGENT)
    del client.headers["X-Hujiao"]
    refused = await enter(client, "wang")
    assert (refused.status_code, refused.json()["error"]) == (403, "csrf")


async def test_without_a_session_nothing_is_told(client: Client) -> None:
    answer = await client.get("/api/me")
    assert (answer.status_code, answer.json()["error"]) == (401, "not_signed_in")
    client.cookies.set("hujiao_session", "made-up")
    assert (await client.get("/api/me")).status_code == 401


async def test_signing_out_ends_the_session_and_not_only_the_cookie(
    sign_in: SignIn,
) -> None:
    browser = await sign_in(Role.AGENT)
    token = browser.cookies["hujiao_session"]
    assert (await browser.delete("/api/session")).status_code == 204
    assert "hujiao_session" not in browser.cookies
    browser.cookies.set("hujiao_session", token)
    assert (await browser.get("/api/me")).status_code == 401


async def test_an_idle_session_ends_and_a_used_one_lives_on(
    sign_in: SignIn, clock: Clock, parts: Parts
) -> None:
    browser = await sign_in(Role.AGENT)
    for _ in range(3):
        clock.forward(IDLE_S - 1)
        assert (await browser.get("/api/me")).status_code == 200
        await parts.identity.sessions.touch()
    clock.forward(IDLE_S + 1)
    assert (await browser.get("/api/me")).status_code == 401


async def test_no_session_outlives_the_longest_shift(
    sign_in: SignIn, clock: Clock, parts: Parts
) -> None:
    browser = await sign_in(Role.AGENT)
    for _ in range(LIFETIME_S // 3600 - 1):
        clock.forward(3600)
        assert (await browser.get("/api/me")).status_code == 200
        await parts.identity.sessions.touch()
    clock.forward(3601)
    assert (await browser.get("/api/me")).status_code == 401


async def test_own_sessions_can_be_seen_and_ended_from_another(
    sign_in: SignIn, new_client: NewClient
) -> None:
    here = await sign_in(Role.AGENT, "wang")
    there = new_client("192.0.2.77")
    await enter(there, "wang")
    sessions = (await here.get("/api/sessions")).json()["items"]
    assert {one["address"] for one in sessions} == {"192.0.2.10", "192.0.2.77"}
    assert [one["current"] for one in sessions] == [False, True]
    (other,) = (one for one in sessions if not one["current"])
    assert (await here.delete(f"/api/sessions/{other['id']}")).status_code == 204
    assert (await here.get("/api/me")).status_code == 200
    assert len((await here.get("/api/sessions")).json()["items"]) == 1


async def test_nobody_ends_or_sees_the_sessions_of_his_equals(
    sign_in: SignIn, add_person: AddPerson, new_client: NewClient
) -> None:
    boss_id = await add_person("boss", Role.ADMIN)
    boss = new_client()
    await enter(boss, "boss")
    own = (await boss.get("/api/sessions")).json()["items"][0]["id"]
    supervisor = await sign_in(Role.SUPERVISOR)
    assert (await supervisor.get(f"/api/sessions?person_id={boss_id}")).status_code == 404
    assert (await supervisor.delete(f"/api/sessions/{own}")).status_code == 404
    assert (await boss.get("/api/me")).status_code == 200


async def test_a_changed_password_ends_the_other_sessions_and_keeps_this_one(
    sign_in: SignIn, new_client: NewClient, clock: Clock
) -> None:
    here = await sign_in(Role.AGENT, "wang")
    there = new_client()
    await enter(there, "wang")
    changed = {"old": PASSWORD, "new": "a new and better 1"}
    assert (await here.put("/api/me/password", json=changed)).status_code == 204
    clock.forward(FRESH_MS / 1000)
    assert (await here.get("/api/me")).status_code == 200
    assert (await there.get("/api/me")).status_code == 401
    assert (await enter(new_client(), "wang")).status_code == 401
    assert (await enter(new_client(), "wang", "a new and better 1")).status_code == 200


@pytest.mark.parametrize(
    ("new", "code"),
    [
        ("short", "password_too_short"),
        ("wang-wang-1", "password_has_login"),
        ("aaaaaaaaaaaa", "password_too_simple"),
        ("1234567890", "password_too_simple"),
    ],
)
async def test_a_weak_password_is_refused_with_the_rule_it_breaks(
    sign_in: SignIn, new: str, code: str
) -> None:
    browser = await sign_in(Role.AGENT, "wang")
    answer = await browser.put("/api/me/password", json={"old": PASSWORD, "new": new})
    assert answer.status_code == 422
    assert answer.json()["details"]["fields"] == {"new": code}


async def test_the_language_is_remembered(sign_in: SignIn) -> None:
    browser = await sign_in(Role.AGENT)
    assert (await browser.put("/api/me/locale", json={"locale": "en"})).status_code == 204
    assert (await browser.get("/api/me")).json()["person"]["locale"] == "en"
    assert (await browser.put("/api/me/locale", json={"locale": "xx"})).status_code == 422


async def test_known_sessions_live_through_a_database_outage_and_strangers_do_not(
    sign_in: SignIn, client: Client, parts: Parts, clock: Clock
) -> None:
    browser = await sign_in(Role.AGENT)
    actor = await parts.identity.sessions.actor(browser.cookies["hujiao_session"])
    await parts.database.close()
    _break(parts)
    clock.forward(FRESH_MS / 1000 + 1)
    assert await parts.identity.sessions.actor(browser.cookies["hujiao_session"]) == actor
    assert (await browser.get("/api/me")).json()["person"]["login"] == "a-agent"
    client.cookies.set("hujiao_session", "unknown")
    answer = await client.get("/api/me")
    assert (answer.status_code, answer.json()["error"]) == (503, "database_unavailable")
    clock.forward(STALE_LIMIT_MS / 1000)
    assert (await browser.get("/api/reasons")).status_code == 503


def _break(parts: Parts) -> None:
    """Let the pool's next connections go to a port where nobody listens."""
    from sqlalchemy.ext.asyncio import create_async_engine

    parts.database.engine = create_async_engine("postgresql+psycopg://x@127.0.0.1:9/x")


async def test_two_instances_on_one_machine_keep_their_users_apart(
    client: Client, add_person: AddPerson
) -> None:
    await add_person("wang", Role.AGENT)
    body = {"name": "wang", "password": PASSWORD}
    await client.post("http://127.0.0.1:8800/api/session", json=body)
    await client.post("http://127.0.0.1:8900/api/session", json=body)
    assert sorted(client.cookies.keys()) == ["hujiao_session_8800", "hujiao_session_8900"]
    for port in (8800, 8900):
        assert (await client.get(f"http://127.0.0.1:{port}/api/me")).status_code == 200


async def test_an_open_desk_keeps_its_session_from_idling_out_also_after_a_long_outage(
    sign_in: SignIn, parts: Parts, clock: Clock
) -> None:
    browser = await sign_in(Role.AGENT)
    sessions = parts.identity.sessions
    actor = await sessions.actor(browser.cookies["hujiao_session"])
    with sessions.watch(actor) as watch:
        clock.forward(2 * IDLE_S)
        await sessions.touch()
        await sessions.check()
        assert not watch.over
    clock.forward(IDLE_S + 1)
    with sessions.watch(actor) as watch:
        await sessions.check()
        assert await watch.wait() == "ended"


async def test_signing_in_again_in_the_same_browser_ends_the_session_before(
    sign_in: SignIn, clock: Clock
) -> None:
    browser = await sign_in(Role.AGENT, "wang")
    before = browser.cookies["hujiao_session"]
    assert (await enter(browser, "wang")).status_code == 200
    assert len((await browser.get("/api/sessions")).json()["items"]) == 1
    clock.forward(FRESH_MS / 1000)
    browser.cookies.set("hujiao_session", before)
    assert (await browser.get("/api/me")).status_code == 401
