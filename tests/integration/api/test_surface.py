"""What every answer has in common, the screens, health and metrics."""

from pathlib import Path

import pytest
from fastapi import FastAPI

from hujiao.identity.model import Role
from hujiao.kit.db import Database
from tests.integration.api.conftest import Client, NewClient, SignIn


async def test_every_answer_carries_an_id_and_keeps_the_browser_strict(client: Client) -> None:
    for path in ("/", "/api/me", "/healthz", "/api/nothing", "/assets/app-1a2b.js"):
        headers = (await client.get(path)).headers
        assert len(headers["x-request-id"]) == 32
        assert headers["x-content-type-options"] == "nosniff"
        policy = headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe-eval" not in policy
    given = {"X-Request-Id": "abcdefgh-123"}
    assert (await client.get("/", headers=given)).headers["x-request-id"] == "abcdefgh-123"
    forged = {"X-Request-Id": "a b\tc"}
    assert (await client.get("/", headers=forged)).headers["x-request-id"] != "a b\tc"


async def test_answers_of_the_api_are_not_kept_by_anybody(client: Client) -> None:
    assert (await client.get("/api/me")).headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("method", "path", "status", "error"),
    [
        ("GET", "/api/nothing", 404, "not_found"),
        ("POST", "/api/me", 404, "not_found"),
        ("GET", "/api/me/", 404, "not_found"),
        ("GET", "/assets/nothing.js", 404, "not_found"),
        ("POST", "/", 405, "method_not_allowed"),
    ],
)
async def test_what_is_not_there_is_said_in_the_one_shape(
    client: Client, method: str, path: str, status: int, error: str
) -> None:
    answer = await client.request(method, path)
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert answer.json().keys() == {"error", "message", "details"}


@pytest.mark.parametrize(
    ("content", "fields"),
    [
        (b"", {"": "missing"}),
        (b"{", {"1": "json_invalid"}),
        (b"[]", {"": "model_attributes_type"}),
        (b'{"name": 1}', {"name": "string_type", "password": "missing"}),
    ],
)
async def test_a_body_that_is_none_is_refused(
    client: Client, content: bytes, fields: dict[str, str]
) -> None:
    answer = await client.post(
        "/api/session", content=content, headers={"content-type": "application/json"}
    )
    assert (answer.status_code, answer.json()["error"]) == (422, "invalid_input")
    assert answer.json()["details"]["fields"] == fields


async def test_a_body_too_long_is_not_read(client: Client) -> None:
    content = b'{"name": "' + b"x" * 2_000_000 + b'", "password": "x"}'
    answer = await client.post(
        "/api/session", content=content, headers={"content-type": "application/json"}
    )
    assert (answer.status_code, answer.json()["error"]) == (413, "too_large")


async def test_a_fault_of_ours_is_answered_and_tells_nothing_of_the_inside(
    admin: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> object:
        raise ZeroDivisionError("inside")

    monkeypatch.setattr("hujiao.agents.store.skills", broken)
    answer = await admin.get("/api/skills")
    assert (answer.status_code, answer.json()["error"]) == (500, "internal")
    assert "inside" not in answer.text


async def test_addresses_inside_the_page_serve_the_page(client: Client) -> None:
    for path in ("/", "/index.html", "/desk", "/calls/n1-17.3", "/admin/people?x=1"):
        answer = await client.get(path)
        assert (answer.status_code, answer.text) == (200, "<title>Hujiao</title>")
        assert answer.headers["cache-control"] == "no-cache"
    asset = await client.get("/assets/app-1a2b.js")
    assert "immutable" in asset.headers["cache-control"]


async def test_nothing_outside_of_the_screens_folder_is_served(client: Client, dist: Path) -> None:
    (dist.parent / "secret.txt").write_text("secret")
    (dist / "link.txt").symlink_to(dist.parent / "secret.txt")
    for path in (
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/assets/..%2f..%2fsecret.txt",
        "/link.txt",
    ):
        assert "secret" not in (await client.get(path)).text


async def test_screens_not_built_are_said_so(client: Client, dist: Path) -> None:
    (dist / "index.html").unlink()
    answer = await client.get("/")
    assert answer.status_code == 503
    assert "make run" in answer.text


async def test_figures_are_for_this_machine_only(new_client: NewClient, client: Client) -> None:
    assert (await client.get("/metrics")).status_code == 404
    here = new_client("127.0.0.1")
    figures = await here.get("/metrics")
    assert figures.status_code == 200
    assert "hujiao_http_answers_total" in figures.text
    assert "/api/" not in figures.text.split("hujiao_floor_up")[1]
    forwarded = {"X-Forwarded-For": "203.0.113.5"}
    assert (await here.get("/metrics", headers=forwarded)).status_code == 404


async def test_figures_name_routes_and_not_whom_they_concern(
    admin: Client, new_client: NewClient
) -> None:
    await admin.get("/api/people/" + "0" * 32)
    await admin.get("/api/people/somebody")
    figures = (await new_client("127.0.0.1").get("/metrics")).text
    assert 'route="/api/people/{person_id}"' in figures
    assert "somebody" not in figures


async def test_the_system_page_is_for_those_who_see_the_configuration(
    admin: Client, sign_in: SignIn
) -> None:
    answer = await admin.get("/api/system")
    assert answer.json() == {"version": "test", "nodes": [], "floor": False, "database": True}
    assert (await (await sign_in(Role.AGENT)).get("/api/system")).status_code == 403


async def test_health_says_that_the_database_is_away(client: Client, app: FastAPI) -> None:
    app.state.database = Database("postgresql://nobody@127.0.0.1:9/none")
    answer = await client.get("/healthz")
    assert answer.status_code == 503
    assert answer.json()["parts"]["database"] is False


async def test_health_says_that_the_disk_is_full_and_that_calls_can_still_be_taken(
    client: Client, app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = await client.get("/healthz")
    assert before.json()["parts"]["disk"] is True
    monkeypatch.setattr("hujiao.api.health.FULL_BYTES", 10**18)
    answer = await client.get("/healthz")
    assert answer.json()["parts"]["disk"] is False
    assert answer.json()["status"] == before.json()["status"]
