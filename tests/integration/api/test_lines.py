"""Queues, numbers, trunks, skills and reasons as administered, and as the floor reads them."""

from typing import Any

import psycopg

from hujiao.api.app import Parts
from hujiao.floor.store import CHANNEL, load_configuration
from hujiao.identity.model import Role
from hujiao.telephony.endpoints import PhoneKind
from tests.integration.api.conftest import AddPerson, Client, SignIn

NOBODY = "0" * 32
PEER: dict[str, Any] = {"name": "carrier", "kind": "peer", "host": "sip.example.com"}
ACCOUNT: dict[str, Any] = {
    "name": "gateway",
    "kind": "account",
    "username": "gateway",
    "secret": "s3cret-s3cret",
}


async def added(client: Client, path: str, **body: Any) -> dict[str, Any]:
    answer = await client.post(path, json=body)
    assert answer.status_code == 201, answer.text
    value: dict[str, Any] = answer.json()
    return value


async def test_the_floor_reads_what_was_administered(admin: Client, parts: Parts) -> None:
    skill = await added(admin, "/api/skills", name="咨询")
    sales = await added(admin, "/api/queues", name="业务咨询", skills={skill["id"]: 3})
    english = await added(
        admin, "/api/queues", name="English", overflow_to=sales["id"], max_wait_s=60, recorded=False
    )
    await added(
        admin,
        "/api/numbers",
        number="４００-1 (0)",
        name="Main",
        queue_id=sales["id"],
        menu={"1": sales["id"], "2": english["id"]},
    )
    await added(admin, "/api/trunks", **ACCOUNT, prefixes=["86", "0"], caller_number="+8610")
    agent = {"extension": "1001", "skills": {skill["id"]: 7}, "wrap_up_s": 20}
    person = await added(admin, "/api/people", login="a1", name="王", role="agent", agent=agent)
    reason = await added(admin, "/api/reasons", name="小休")
    async with parts.database.transaction() as connection:
        read = await load_configuration(connection)
    known = read.agents[person["id"]]
    assert (known.extension, known.phone_kind, known.wrap_up_s) == ("1001", PhoneKind.BROWSER, 20)
    assert known.skills == {skill["id"]: 7}
    assert len(known.phone_secret) >= 20
    assert read.queues[sales["id"]].skills == {skill["id"]: 3}
    assert read.queues[english["id"]].overflow_to == sales["id"]
    assert not read.queues[english["id"]].recorded
    number = read.numbers["40010"]
    assert (number.queue_id, number.menu) == (
        sales["id"],
        {"1": sales["id"], "2": english["id"]},
    )
    trunk = read.trunks["gateway"]
    assert (trunk.secret, trunk.prefixes, trunk.host) == ("s3cret-s3cret", ("86", "0"), "")
    assert read.reasons == {reason["id"]: "小休"}


async def test_what_is_inactive_is_not_led_to(admin: Client, parts: Parts) -> None:
    open_ = await added(admin, "/api/queues", name="open")
    shut = await added(admin, "/api/queues", name="shut", active=False)
    await admin.patch(f"/api/queues/{open_['id']}", json={"overflow_to": shut["id"]})
    both = {"1": open_["id"], "2": shut["id"]}
    await added(admin, "/api/numbers", number="4001", name="n", queue_id=open_["id"], menu=both)
    await added(admin, "/api/numbers", number="4002", name="m", queue_id=shut["id"])
    async with parts.database.transaction() as connection:
        read = await load_configuration(connection)
    assert list(read.queues) == [open_["id"]]
    assert read.queues[open_["id"]].overflow_to is None
    assert {number.number: number.menu for number in read.numbers.values()} == {
        "4001": {"1": open_["id"]}
    }


async def test_the_floor_is_told_of_a_change_when_it_is_committed(
    admin: Client, postgres_url: str
) -> None:
    async with await psycopg.AsyncConnection.connect(postgres_url, autocommit=True) as listener:
        await listener.execute(f"LISTEN {CHANNEL}")
        await added(admin, "/api/queues", name="q")
        heard = [notice async for notice in listener.notifies(timeout=5, stop_after=1)]
        assert [notice.channel for notice in heard] == [CHANNEL]
        refused = await admin.post("/api/queues", json={"name": "q"})
        assert refused.status_code == 409
        assert not [notice async for notice in listener.notifies(timeout=0.2)]


async def test_a_queue_with_wrong_values_is_refused(admin: Client) -> None:
    cases: list[tuple[dict[str, Any], dict[str, str]]] = [
        ({"strategy": "best"}, {"strategy": "enum"}),
        ({"ring_timeout_s": 0}, {"ring_timeout_s": "greater_than_equal"}),
        ({"max_waiting": -1}, {"max_waiting": "greater_than_equal"}),
        ({"music": "a b"}, {"music": "string_pattern_mismatch"}),
        ({"skills": {NOBODY: 1}}, {"skills": "unknown"}),
        ({"overflow_to": NOBODY}, {"overflow_to": "unknown"}),
        ({"priority": 10**30}, {"priority": "less_than_equal"}),
    ]
    for change, fields in cases:
        answer = await admin.post("/api/queues", json={"name": "q", **change})
        assert (answer.status_code, answer.json()["details"]["fields"]) == (422, fields)


async def test_overflow_does_not_go_round(admin: Client) -> None:
    first = await added(admin, "/api/queues", name="1")
    second = await added(admin, "/api/queues", name="2", overflow_to=first["id"])
    third = await added(admin, "/api/queues", name="3", overflow_to=second["id"])
    for to in (first, second, third):
        answer = await admin.patch(f"/api/queues/{first['id']}", json={"overflow_to": to["id"]})
        assert answer.json()["details"]["fields"] == {"overflow_to": "circle"}


async def test_what_is_in_use_is_not_removed_and_it_is_said_by_what(admin: Client) -> None:
    skill = await added(admin, "/api/skills", name="s")
    queue = await added(admin, "/api/queues", name="q", skills={skill["id"]: 1})
    other = await added(admin, "/api/queues", name="o", overflow_to=queue["id"])
    number = await added(
        admin,
        "/api/numbers",
        number="4001",
        name="n",
        queue_id=other["id"],
        menu={"1": queue["id"]},
    )
    refused = (await admin.delete(f"/api/skills/{skill['id']}")).json()
    assert refused["details"]["used_by"] == [{"kind": "queue", "id": queue["id"], "name": "q"}]
    refused = (await admin.delete(f"/api/queues/{queue['id']}")).json()
    assert refused["error"] == "in_use"
    assert refused["details"]["used_by"] == [
        {"kind": "number", "id": number["id"], "name": "n"},
        {"kind": "queue", "id": other["id"], "name": "o"},
    ]
    await admin.patch(f"/api/numbers/{number['id']}", json={"menu": {}})
    await admin.patch(f"/api/queues/{other['id']}", json={"overflow_to": None})
    assert (await admin.delete(f"/api/queues/{queue['id']}")).status_code == 204
    assert (await admin.delete(f"/api/skills/{skill['id']}")).status_code == 204


async def test_a_removed_queue_keeps_its_name_for_old_calls_and_frees_it_for_a_new_one(
    admin: Client,
) -> None:
    old = await added(admin, "/api/queues", name="q")
    await admin.delete(f"/api/queues/{old['id']}")
    assert (await admin.get("/api/queues")).json()["items"] == []
    everything = (await admin.get("/api/queues", params={"removed_too": True})).json()["items"]
    assert [one["name"] for one in everything] == ["q"]
    await added(admin, "/api/queues", name="q")


async def test_a_number_is_plain_unique_and_nobody_s_extension(
    admin: Client, add_person: AddPerson
) -> None:
    queue = await added(admin, "/api/queues", name="q")
    number = await added(
        admin, "/api/numbers", number=" +86 (10) 1234-5678 ", name="n", queue_id=queue["id"]
    )
    assert number["number"] == "+861012345678"
    body = {"name": "n", "queue_id": queue["id"]}
    for typed, status, error in (
        ("+861012345678", 409, "taken"),
        ("abc", 422, "invalid_input"),
        ("12;rm", 422, "invalid_input"),
        ("", 422, "invalid_input"),
        ("1" * 21, 422, "invalid_input"),
        ("4001\n[x]", 422, "invalid_input"),
    ):
        answer = await admin.post("/api/numbers", json={**body, "number": typed})
        assert (answer.status_code, answer.json()["error"]) == (status, error), typed
    agent = {"extension": "4001"}
    await added(admin, "/api/people", login="a1", name="A", role="agent", agent=agent)
    answer = await admin.post("/api/numbers", json={**body, "number": "4001"})
    assert answer.json()["error"] == "taken"


async def test_nothing_typed_for_a_trunk_reaches_the_switch_s_configuration_as_syntax(
    admin: Client,
) -> None:
    cases: list[tuple[dict[str, Any], dict[str, Any], str]] = [
        (PEER, {"name": "Carrier"}, "name"),
        (PEER, {"name": "global"}, "name"),
        (PEER, {"name": "1001"}, "name"),
        (PEER, {"name": "a\n[b]"}, "name"),
        (PEER, {"host": ""}, "host"),
        (PEER, {"host": "a b"}, "host"),
        (PEER, {"host": "x.com;transport=tcp"}, "host"),
        (PEER, {"host": "1.2.3.4\nsecret=x"}, "host"),
        (PEER, {"host": "999.1.1.1"}, "host"),
        (PEER, {"port": 0}, "port"),
        (PEER, {"port": 70000}, "port"),
        (PEER, {"register": True, "secret": "s3cret-s3cret"}, "username"),
        (PEER, {"caller_number": "12x"}, "caller_number"),
        (PEER, {"prefixes": [""]}, "prefixes"),
        (PEER, {"prefixes": ["+86"]}, "prefixes"),
        (PEER, {"codecs": []}, "codecs"),
        (ACCOUNT, {"host": "1.2.3.4"}, "host"),
        (ACCOUNT, {"username": ""}, "username"),
        (ACCOUNT, {"username": "a@b"}, "username"),
        (ACCOUNT, {"username": "1001"}, "username"),
        (ACCOUNT, {"secret": ""}, "secret"),
        (ACCOUNT, {"secret": "short"}, "secret"),
        (ACCOUNT, {"secret": "long enough"}, "secret"),
        (ACCOUNT, {"secret": "abcdefgh\n[x]"}, "secret"),
        (ACCOUNT, {"register": True}, "register"),
    ]
    for base, change, fault in cases:
        answer = await admin.post("/api/trunks", json={**base, **change})
        assert answer.status_code == 422, (change, answer.text)
        assert list(answer.json()["details"]["fields"]) == [fault], change


async def test_a_trunk_s_secret_is_written_and_never_read(admin: Client, parts: Parts) -> None:
    trunk = await added(admin, "/api/trunks", **ACCOUNT)
    assert trunk["has_secret"]
    changed = await admin.patch(f"/api/trunks/{trunk['id']}", json={"caller_number": "+8610"})
    listed = await admin.get("/api/trunks")
    audited = await admin.get("/api/audit", params={"object_id": trunk["id"]})
    for answer in (changed, listed, audited):
        assert ACCOUNT["secret"] not in answer.text
    async with parts.database.transaction() as connection:
        read = await load_configuration(connection)
    assert read.trunks["gateway"].secret == ACCOUNT["secret"]
    assert (
        await admin.patch(f"/api/trunks/{trunk['id']}", json={"register": True})
    ).status_code == 422
    peer = await added(
        admin, "/api/trunks", **{**PEER, "register": True, "username": "u"}, secret="abcdefgh"
    )
    assert peer["register"] is True


async def test_an_account_s_sign_in_name_is_its_own(admin: Client) -> None:
    await added(admin, "/api/trunks", **ACCOUNT)
    answer = await admin.post("/api/trunks", json={**ACCOUNT, "name": "other"})
    assert answer.json() == {
        "error": "taken",
        "message": "Somebody else signs in with this name",
        "details": {"field": "username"},
    }


async def test_reasons_are_shown_to_everybody_in_their_order(
    admin: Client, sign_in: SignIn
) -> None:
    await added(admin, "/api/reasons", name="用餐", order=2, counts_as="break")
    first = await added(admin, "/api/reasons", name="小休", name_en="Break", order=1)
    agent = await sign_in(Role.AGENT)
    listed = (await agent.get("/api/reasons")).json()["items"]
    assert [one["name"] for one in listed] == ["小休", "用餐"]
    assert (await agent.delete(f"/api/reasons/{first['id']}")).status_code == 403
    assert (await admin.post("/api/reasons", json={"name": "小休"})).json()["error"] == "taken"
    changed = await admin.patch(f"/api/reasons/{first['id']}", json={"counts_as": "meeting"})
    assert changed.json() == {**first, "counts_as": "meeting"}
    assert (await admin.delete(f"/api/reasons/{first['id']}")).status_code == 204
    assert (await admin.delete(f"/api/reasons/{first['id']}")).status_code == 404
    await added(admin, "/api/reasons", name="小休")
