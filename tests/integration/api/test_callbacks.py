"""Callbacks over HTTP: who sees which, who does it, what came of it, the message's sound."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

import pytest

from hujiao.callbacks import opening
from hujiao.callbacks.letterbox import Letterbox
from hujiao.identity.model import Role
from hujiao.kit.db import Database
from tests.integration.api.conftest import AddPerson, Client, Enter
from tests.integration.api.told import Teller, fact_types
from tests.integration.callbacks.conftest import CUSTOMER, STORED, cut, speak

pytestmark = pytest.mark.integration


@dataclass(frozen=True, slots=True)
class House:
    """Wang serves `sales`, Zhao `support`; everybody serves `all`."""

    sales: str
    support: str
    all: str
    wang: str
    zhao: str


async def added(admin: Client, path: str, **body: object) -> str:
    answer = await admin.post(path, json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


@pytest.fixture
async def house(admin: Client, add_person: AddPerson) -> House:
    queues, people = [], []
    for number, (name, login) in enumerate((("sales", "wang"), ("support", "zhao"))):
        skill = await added(admin, "/api/skills", name=name)
        queues.append(await added(admin, "/api/queues", name=name, skills={skill: 3}))
        person = await add_person(login, Role.AGENT)
        seat = {"extension": f"100{number}", "phone_kind": "browser", "skills": {skill: 5}}
        answer = await admin.patch(f"/api/people/{person}", json={"agent": seat})
        assert answer.status_code == 200, answer.text
        people.append(person)
    both = await added(admin, "/api/queues", name="all")
    await add_person("leader", Role.TEAM_LEADER)
    await add_person("manager", Role.MANAGER)
    return House(queues[0], queues[1], both, *people)


async def owe(database: Database, *calls: tuple[str, str | None], **more: str) -> None:
    """Cut these calls (id, queue)."""
    teller = Teller(database)
    for call, queue in calls:
        await cut(teller, call, queue=queue, **more)  # type: ignore[arg-type]
    await opening.follower(database).catch_up()


async def seen(browser: Client, query: str = "") -> list[str]:
    answer = await browser.get(f"/api/callbacks{query}")
    assert answer.status_code == 200, answer.text
    return [item["call_id"] for item in answer.json()["items"]]


async def id_of(browser: Client, call: str) -> str:
    items = (await browser.get("/api/callbacks?limit=500")).json()["items"]
    return next(str(item["id"]) for item in items if item["call_id"] == call)


async def test_agents_see_what_their_queues_and_they_themselves_concern_and_leaders_all(
    database: Database, house: House, enter: Enter
) -> None:
    await owe(database, ("s", house.sales), ("t", house.support), ("n", None), ("b", house.all))
    await owe(database, ("own", house.support), agent=house.wang, phase="talking")
    assert await seen(await enter("wang")) == ["s", "n", "b", "own"]
    assert await seen(await enter("zhao")) == ["t", "n", "b", "own"]
    for login in ("leader", "manager"):
        assert await seen(await enter(login)) == ["s", "t", "n", "b", "own"]
    wang, leader = await enter("wang"), await enter("leader")
    hidden = await id_of(leader, "t")
    for method, path in (("GET", ""), ("POST", "/take"), ("GET", "/recording")):
        answer = await wang.request(method, f"/api/callbacks/{hidden}{path}")
        assert answer.status_code == 404


async def test_who_only_looks_on_takes_none(database: Database, house: House, enter: Enter) -> None:
    await owe(database, ("s", house.sales))
    manager = await enter("manager")
    answer = await manager.post(f"/api/callbacks/{await id_of(manager, 's')}/take")
    assert answer.status_code == 403


async def test_lists_are_paged_and_narrowed(database: Database, house: House, enter: Enter) -> None:
    await owe(database, *[(f"c{number}", house.sales) for number in range(7)])
    await owe(database, ("o", house.all), caller="13900139000")
    leader = await enter("leader")
    found, cursor = [], ""
    while True:
        page = (await leader.get(f"/api/callbacks?limit=3{cursor}")).json()
        found += [item["call_id"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert found == [*(f"c{number}" for number in range(7)), "o"]
    assert (await seen(leader, "?order=newest&limit=2")) == ["o", "c6"]
    assert await seen(leader, f"?queue_id={house.all}") == ["o"]
    assert await seen(leader, "?q=139001") == ["o"]
    assert await seen(leader, "?kind=message") == []
    taken = await id_of(leader, "c3")
    await leader.post(f"/api/callbacks/{taken}/take")
    assert await seen(leader, "?mine=true") == ["c3"]
    assert await seen(leader, "?state=in_progress") == ["c3"]
    assert len(await seen(leader, "?state=open&state=in_progress")) == 8
    assert (await leader.get("/api/callbacks/counts")).json() == {"open": 7, "mine": 1}
    assert (await (await enter("zhao")).get("/api/callbacks/counts")).json()["open"] == 1
    assert (await leader.get("/api/callbacks?cursor=nonsense")).status_code == 422


async def test_one_is_taken_done_and_told_to_the_ledger(
    database: Database, house: House, enter: Enter, admin: Client
) -> None:
    await added(admin, "/api/customers", name="张伟", numbers=[{"number": CUSTOMER}])
    await owe(database, ("s", house.sales))
    wang = await enter("wang")
    path = f"/api/callbacks/{await id_of(wang, 's')}"
    early = await wang.post(f"{path}/done", json={"result": "reached"})
    assert (early.status_code, early.json()["error"]) == (409, "callback_not_taken")
    taken = (await wang.post(f"{path}/take")).json()
    assert (taken["state"], taken["taken_by_name"]) == ("in_progress", "Wang")
    assert (taken["customer"]["name"], taken["number"]) == ("张伟", STORED)
    await Teller(database).dialled("out", agent=house.wang)
    await opening.follower(database).catch_up()
    (tried,) = (await wang.get(path)).json()["tried"]
    assert (tried["call_id"], tried["agent_name"]) == ("out", "Wang")
    for wrong in ("called_again", "great"):
        assert (await wang.post(f"{path}/done", json={"result": wrong})).status_code == 422
    done = await wang.post(f"{path}/done", json={"result": "reached", "note": "三天内到账"})
    assert (done.json()["state"], done.json()["note"]) == ("done", "三天内到账")
    again = await wang.post(f"{path}/take")
    assert (again.status_code, again.json()["error"]) == (409, "callback_closed")
    told = [name for name in await fact_types(database, "s") if name.startswith("callback.")]
    assert told == ["callback.opened", "callback.taken", "callback.done"]
    audited = (await admin.get("/api/audit?action=callback.done")).json()["items"]
    assert [item["person_name"] for item in audited] == ["Wang"]


async def test_of_two_who_take_one_at_the_same_time_one_has_it(
    database: Database, house: House, enter: Enter, add_person: AddPerson
) -> None:
    await owe(database, ("b", house.all))
    wang, zhao = await enter("wang"), await enter("zhao")
    path = f"/api/callbacks/{await id_of(wang, 'b')}"
    answers = await asyncio.gather(*(browser.post(f"{path}/take") for browser in (wang, zhao)))
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    (refused,) = [answer.json() for answer in answers if answer.status_code == 409]
    assert refused["error"] == "callback_taken"
    assert refused["details"]["by"] in ("Wang", "Zhao")


async def test_one_is_given_back_taken_over_by_a_leader_and_dropped_for_a_reason(
    database: Database, house: House, enter: Enter
) -> None:
    await owe(database, ("s", house.sales))
    wang, leader = await enter("wang"), await enter("leader")
    path = f"/api/callbacks/{await id_of(wang, 's')}"
    await wang.post(f"{path}/take")
    back = (await wang.post(f"{path}/give-back")).json()
    assert (back["state"], back["taken_by"]) == ("open", None)
    await wang.post(f"{path}/take")
    over = (await leader.post(f"{path}/take")).json()
    assert over["taken_by_name"] == "Leader"
    refused = await wang.post(f"{path}/drop", json={"reason": "x"})
    assert refused.json()["error"] == "callback_taken"
    silent = await leader.post(f"{path}/drop", json={"reason": " "})
    assert silent.json()["details"]["fields"] == {"reason": "string_too_short"}
    dropped = (await leader.post(f"{path}/drop", json={"reason": "骚扰电话"})).json()
    assert (dropped["state"], dropped["note"], dropped["closed_by_name"]) == (
        "dropped",
        "骚扰电话",
        "Leader",
    )


async def test_a_message_is_heard_in_full_and_in_ranges_by_who_sees_it(
    database: Database, house: House, enter: Enter, admin: Client, tmp_path: Path
) -> None:
    number = {"number": "4008001234", "name": "Main", "queue_id": house.sales}
    await added(admin, "/api/numbers", **number)
    spool = tmp_path / "spool"
    speak(spool)
    letterbox = Letterbox(
        database=database, spool=spool, folder=tmp_path / "messages", settled_ms=0
    )
    assert await letterbox.take_in() == 1
    wang, zhao = await enter("wang"), await enter("zhao")
    (item,) = (await wang.get("/api/callbacks?kind=message")).json()["items"]
    assert (item["queue_id"], item["message_ms"]) == (house.sales, 3_000)
    assert (await zhao.get("/api/callbacks")).json()["items"] == []
    path = f"/api/callbacks/{item['id']}"
    whole = await wang.get(f"{path}/recording")
    assert (whole.status_code, whole.headers["content-type"]) == (200, "audio/ogg")
    piece = await wang.get(f"{path}/recording", headers={"Range": "bytes=10-19"})
    assert (piece.status_code, piece.content) == (206, whole.content[10:20])
    etag = {"If-None-Match": whole.headers["etag"]}
    assert (await wang.get(f"{path}/recording", headers=etag)).status_code == 304
    peaks = (await wang.get(f"{path}/peaks")).json()
    assert (peaks["duration_ms"], len(peaks["left"])) == (3_000, 800)
    assert max(peaks["left"]) == pytest.approx(0.5, abs=0.03)
    assert (await zhao.get(f"{path}/recording")).status_code == 404


async def test_who_left_no_message_has_none_to_hear(
    database: Database, house: House, enter: Enter
) -> None:
    await owe(database, ("s", house.sales))
    wang = await enter("wang")
    answer = await wang.get(f"/api/callbacks/{await id_of(wang, 's')}/recording")
    assert (answer.status_code, answer.json()["error"]) == (404, "no_message")
