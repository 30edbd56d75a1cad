"""Calls as records over HTTP: who sees which, how they are found, what is noted."""

import io
import zipfile
from dataclasses import dataclass

import pytest
from sqlalchemy import text

from hujiao.identity.model import Role
from hujiao.kit.clock import now_ms
from hujiao.kit.db import Database
from hujiao.kit.ids import new_id
from tests.integration.api.conftest import PASSWORD, AddPerson, Client, NewClient
from tests.integration.api.told import Teller, fact_types

pytestmark = pytest.mark.integration


@dataclass(frozen=True, slots=True)
class House:
    """Two teams: Wang and Li in the first, Zhao in the second."""

    told: Teller
    wang: str
    li: str
    zhao: str
    first_team: str
    admin: Client
    new_client: NewClient

    async def as_(self, login: str) -> Client:
        browser = self.new_client()
        entered = await browser.post("/api/session", json={"name": login, "password": PASSWORD})
        assert entered.status_code == 200
        return browser


@pytest.fixture
async def house(
    admin: Client, add_person: AddPerson, new_client: NewClient, database: Database
) -> House:
    teams = []
    for name in ("一组", "二组"):
        answer = await admin.post("/api/teams", json={"name": name})
        teams.append(answer.json()["id"])
    wang = await add_person("wang", Role.AGENT, name="王芳", team_id=teams[0])
    li = await add_person("li", Role.AGENT, name="李娜", team_id=teams[0])
    zhao = await add_person("zhao", Role.AGENT, name="赵强", team_id=teams[1])
    await add_person("leader", Role.TEAM_LEADER, team_id=teams[0])
    await add_person("quality", Role.QUALITY)
    return House(Teller(database), wang, li, zhao, teams[0], admin, new_client)


async def listed(browser: Client, query: str = "") -> list[str]:
    answer = await browser.get(f"/api/calls{query}")
    assert answer.status_code == 200, answer.text
    return [item["id"] for item in answer.json()["items"]]


async def test_each_role_sees_its_own_its_teams_or_all_calls(house: House) -> None:
    await house.told.answered("of-wang", agent=house.wang)
    await house.told.answered("of-li", agent=house.li)
    await house.told.answered("of-zhao", agent=house.zhao)
    await house.told.answered("missed-by-li", agent=house.zhao, missed_by=(house.li,))
    await house.told.abandoned("given-up")
    assert await listed(await house.as_("wang")) == ["of-wang"]
    assert await listed(await house.as_("leader")) == ["missed-by-li", "of-li", "of-wang"]
    assert len(await listed(await house.as_("quality"))) == 5


async def test_a_call_that_one_may_not_see_is_not_found(house: House) -> None:
    await house.told.answered("of-zhao", agent=house.zhao)
    wang = await house.as_("wang")
    for path in ("/api/calls/of-zhao", "/api/calls/of-zhao/story", "/api/calls/no-such"):
        answer = await wang.get(path)
        assert (answer.status_code, answer.json()["error"]) == (404, "not_found")
    refused = await wang.put("/api/calls/of-zhao/note", json={"text": "mine"})
    assert refused.status_code == 404


async def test_the_list_tells_all_about_a_call(house: House) -> None:
    await house.told.answered("c1", agent=house.wang, recorded=True)
    answer = await house.admin.get("/api/calls")
    (item,) = answer.json()["items"]
    assert item["direction"] == "in"
    assert item["customer_number"] == "+8613800138000"
    assert item["agent_name"] == "王芳"
    assert item["result"] == "answered"
    assert item["ended_by"] == "customer"
    assert item["has_recording"] is True
    assert item["customer"] is None
    assert item["note"] == ""
    assert item["disposition_id"] is None
    assert item["n_facts"] == 11


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?direction=out", ["out"]),
        ("?result=abandoned_queue", ["gone"]),
        ("?result=busy", ["out"]),
        ("?queue_id=q2", ["gone"]),
        ("?number=013900139000", ["other"]),
        ("?number=139001", ["other"]),
        ("?number=%2B8613900139000", ["other"]),
        ("?number=100%25", []),
        ("?from=9999999999999", []),
        ("?to=1000", []),
        ("?q=139001", ["other"]),
        ("?q=李", ["other"]),
    ],
)
async def test_calls_are_found_by_filters(house: House, query: str, found: list[str]) -> None:
    await house.told.answered("c1", agent=house.wang)
    await house.told.answered("other", agent=house.li, caller="13900139000")
    await house.told.abandoned("gone", queue="q2")
    await house.told.dialled("out", agent=house.wang)
    assert await listed(house.admin, query) == found


async def test_calls_are_found_by_agent_and_team(house: House) -> None:
    await house.told.answered("c1", agent=house.wang)
    await house.told.answered("c2", agent=house.zhao)
    assert await listed(house.admin, f"?agent_id={house.wang}") == ["c1"]
    assert await listed(house.admin, f"?team_id={house.first_team}") == ["c1"]


async def test_a_long_list_is_read_page_by_page_without_gaps(house: House) -> None:
    made = [f"c{number}" for number in range(7)]
    for call in made:
        await house.told.answered(call, agent=house.wang)
    read: list[str] = []
    query = "?limit=3"
    while True:
        page = (await house.admin.get(f"/api/calls{query}")).json()
        read += [item["id"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        query = f"?limit=3&cursor={page['next_cursor']}"
    assert read == made[::-1]


@pytest.mark.parametrize(
    "query", ["?direction=sideways", "?result=fine", "?from=-1", "?cursor=abc", "?limit=0"]
)
async def test_a_wrong_filter_is_refused(house: House, query: str) -> None:
    answer = await house.admin.get(f"/api/calls{query}")
    assert (answer.status_code, answer.json()["error"]) == (422, "invalid_input")


async def test_one_call_shows_its_legs_and_stays(house: House) -> None:
    await house.told.answered("c1", agent=house.wang, queue="q1")
    page = (await house.admin.get("/api/calls/c1")).json()
    assert [(leg["role"], leg["agent_id"]) for leg in page["legs"]] == [
        ("customer", None),
        ("agent", house.wang),
    ]
    assert [(stay["queue_id"], stay["why"]) for stay in page["stays"]] == [("q1", "answered")]
    assert page["recording"] is None
    assert page["trunk"] == "t1"


async def test_the_story_is_every_fact_in_order_with_names(house: House) -> None:
    queue = (await house.admin.post("/api/queues", json={"name": "业务咨询"})).json()["id"]
    await house.told.answered("c1", agent=house.wang, queue=queue, missed_by=(house.li,))
    story = (await house.admin.get("/api/calls/c1/story")).json()
    types = [fact["type"] for fact in story["facts"]]
    assert types == await fact_types(house.told.database, "c1")
    assert types[0] == "call.arrived"
    assert types[-1] == "call.ended"
    positions = [fact["position"] for fact in story["facts"]]
    assert positions == sorted(positions)
    assert story["people"] == {house.wang: "王芳", house.li: "李娜"}
    assert story["queues"] == {queue: "业务咨询"}


# --- notes ---


async def code(admin: Client, name: str = "已解决", **more: object) -> str:
    answer = await admin.post("/api/dispositions", json={"name": name, **more})
    assert answer.status_code == 201, answer.text
    found: str = answer.json()["id"]
    return found


async def test_an_agent_notes_his_call_and_its_result(house: House) -> None:
    await house.told.answered("c1", agent=house.wang)
    solved = await code(house.admin)
    wang = await house.as_("wang")
    note = {"text": "客户问账单", "disposition_id": solved}
    saved = await wang.put("/api/calls/c1/note", json=note)
    assert saved.status_code == 200
    assert (saved.json()["note"], saved.json()["disposition_id"]) == ("客户问账单", solved)
    assert await listed(house.admin, f"?disposition_id={solved}") == ["c1"]
    assert await listed(house.admin, "?q=账单") == ["c1"]


async def test_a_note_is_a_fact_when_its_result_changes_and_not_for_every_word(
    house: House,
) -> None:
    await house.told.answered("c1", agent=house.wang)
    wang = await house.as_("wang")
    for words in ("a", "ab", "abc"):
        await wang.put("/api/calls/c1/note", json={"text": words})
    await wang.put(
        "/api/calls/c1/note", json={"text": "abc", "disposition_id": await code(house.admin)}
    )
    assert (await fact_types(house.told.database, "c1")).count("note.saved") == 2


async def test_only_the_agent_of_a_call_and_leaders_write_its_note(house: House) -> None:
    await house.told.answered("c1", agent=house.wang)
    quality = await house.as_("quality")
    refused = await quality.put("/api/calls/c1/note", json={"text": "x"})
    assert (refused.status_code, refused.json()["error"]) == (403, "not_yours")
    leader = await house.as_("leader")
    assert (await leader.put("/api/calls/c1/note", json={"text": "x"})).status_code == 200


async def test_a_note_with_an_unknown_result_or_customer_is_refused(house: House) -> None:
    await house.told.answered("c1", agent=house.wang)
    wang = await house.as_("wang")
    only_out = await code(house.admin, "已外呼", direction="out")
    for field, value in (
        ("disposition_id", new_id()),
        ("disposition_id", only_out),
        ("customer_id", new_id()),
    ):
        answer = await wang.put("/api/calls/c1/note", json={"text": "x", field: value})
        assert answer.status_code == 422
        assert answer.json()["details"] == {"fields": {field: "unknown"}}


async def test_a_rebuilt_projection_keeps_the_notes(house: House) -> None:
    from hujiao.calls.projector import rebuild

    await house.told.answered("c1", agent=house.wang)
    wang = await house.as_("wang")
    await wang.put("/api/calls/c1/note", json={"text": "bleibt"})
    await rebuild(house.told.database)
    assert (await wang.get("/api/calls/c1")).json()["note"] == "bleibt"


# --- dispositions ---


async def test_a_removed_result_can_be_chosen_no_more_and_its_name_is_free(house: House) -> None:
    first = await code(house.admin)
    again = await house.admin.post("/api/dispositions", json={"name": "已解决"})
    assert (again.status_code, again.json()["error"]) == (409, "taken")
    assert (await house.admin.delete(f"/api/dispositions/{first}")).status_code == 204
    await code(house.admin)
    gone = await house.admin.patch(f"/api/dispositions/{first}", json={"order": 3})
    assert gone.status_code == 404


async def test_agents_read_results_in_order_and_do_not_change_them(house: House) -> None:
    await code(house.admin, "b", order=2)
    changed = await code(house.admin, "a", order=3)
    await house.admin.patch(f"/api/dispositions/{changed}", json={"order": 1, "active": False})
    wang = await house.as_("wang")
    items = (await wang.get("/api/dispositions")).json()["items"]
    assert [(item["name"], item["active"]) for item in items] == [("a", False), ("b", True)]
    assert (await wang.post("/api/dispositions", json={"name": "c"})).status_code == 403


# --- the day ---


async def test_the_board_sums_the_day_by_queue_and_agent(house: House) -> None:
    queue = (await house.admin.post("/api/queues", json={"name": "q", "sl_threshold_s": 20})).json()
    await house.told.answered("c1", agent=house.wang, queue=queue["id"], missed_by=(house.li,))
    await house.told.answered("c2", agent=house.wang, queue=queue["id"])
    await house.told.abandoned("c3", queue=queue["id"])
    await house.told.dialled("c4", agent=house.zhao)
    leader = await house.as_("leader")
    day = (await leader.get("/api/board/today")).json()
    assert day["since"] <= now_ms()
    (row,) = day["queues"]
    assert (row["offered"], row["answered"], row["abandoned"]) == (3, 2, 1)
    assert (row["answered_within"], row["threshold_s"]) == (2, 20)
    assert row["service_level"] == pytest.approx(2 / 3)
    assert row["asa_ms"] is not None
    sums = {agent["agent_id"]: (agent["answered"], agent["missed"]) for agent in day["agents"]}
    assert sums == {house.wang: (2, 0), house.li: (0, 1)}


async def test_a_queue_that_nobody_was_offered_to_has_no_service_level(house: House) -> None:
    day = (await house.admin.get("/api/board/today?queue_id=q9")).json()
    assert day["queues"] == []


async def test_the_board_of_yesterdays_calls_is_empty(house: House) -> None:
    await house.told.answered("c1", agent=house.wang)
    async with house.told.database.transaction() as connection:
        await connection.execute(
            text("UPDATE contact SET arrived_at = now() - interval '25 hours'")
        )
    day = (await house.admin.get("/api/board/today")).json()
    assert (day["queues"], day["agents"]) == ([], [])


# --- the Excel file ---


def sheet_text(content: bytes) -> str:
    """All cells of the first sheet as they stand in the file."""
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        return book.read("xl/worksheets/sheet1.xml").decode()


async def test_calls_are_exported_as_listed_in_the_readers_language(house: House) -> None:
    await house.told.answered("c1", agent=house.wang)
    await house.told.abandoned("c2", caller="13900139000")
    answer = await house.admin.get("/api/calls.xlsx?result=answered")
    assert answer.status_code == 200
    cells = sheet_text(answer.content)
    assert "+8613800138000" in cells
    assert "王芳" in cells
    assert "已接通" in cells
    assert "+8613900139000" not in cells
    await house.admin.put("/api/me/locale", json={"locale": "en"})
    assert "Abandoned in queue" in sheet_text((await house.admin.get("/api/calls.xlsx")).content)


async def test_an_export_is_put_on_record_and_not_for_agents(house: House) -> None:
    wang = await house.as_("wang")
    assert (await wang.get("/api/calls.xlsx")).status_code == 403
    assert (await wang.get("/api/me")).json()["features"] == {"calls_xlsx": False}
    await house.told.answered("c1", agent=house.wang)
    leader = await house.as_("leader")
    assert (await leader.get("/api/me")).json()["features"] == {"calls_xlsx": True}
    assert (await leader.get("/api/calls.xlsx")).status_code == 200
    audit = (await house.admin.get("/api/audit?action=calls.exported")).json()["items"]
    assert [(line["person_name"], line["details"]) for line in audit] == [("Leader", {"count": 1})]


async def test_a_callers_name_never_becomes_a_formula(house: House) -> None:
    await house.told.answered("c1", agent=house.wang, caller="=1+1")
    cells = sheet_text((await house.admin.get("/api/calls.xlsx")).content)
    assert "<f>" not in cells
    assert "=1+1" in cells
