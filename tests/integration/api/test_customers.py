"""Customers over HTTP: found by any number, shared numbers warned of, changes never lost."""

import pytest

from hujiao.crm.regions import NumberRegions
from hujiao.identity.model import Role
from hujiao.kit.db import Database
from tests.integration.api.conftest import Client, SignIn
from tests.integration.api.told import Teller

pytestmark = pytest.mark.integration


@pytest.fixture
async def agent(sign_in: SignIn) -> Client:
    return await sign_in(Role.AGENT, "wang")


async def added(browser: Client, name: str, *numbers: str, **more: object) -> dict[str, object]:
    answer = await browser.post(
        "/api/customers",
        json={"name": name, "numbers": [{"number": n, "label": "手机"} for n in numbers], **more},
    )
    assert answer.status_code == 201, answer.text
    made: dict[str, object] = answer.json()
    return made


async def found(browser: Client, q: str) -> list[str]:
    answer = await browser.get("/api/customers", params={"q": q})
    assert answer.status_code == 200, answer.text
    return [item["name"] for item in answer.json()["items"]]


@pytest.mark.parametrize(
    "calling",
    ["13800138000", "013800138000", "+8613800138000", "008613800138000", "8613800138000"],
)
async def test_a_customer_is_found_by_his_calling_number_in_any_format(
    agent: Client, calling: str
) -> None:
    await added(agent, "张小明", "138 0013 8000", "010-65551234")
    answer = await agent.get("/api/customers/lookup", params={"number": calling})
    body = answer.json()
    assert body["number"]["e164"] == "+8613800138000"
    assert [customer["name"] for customer in body["customers"]] == ["张小明"]
    assert [n["number"] for n in body["customers"][0]["numbers"]] == [
        "+8613800138000",
        "+861065551234",
    ]


@pytest.mark.parametrize("calling", ["01065551234", "1065551234", "+86 10 6555 1234"])
async def test_a_landline_is_found_with_its_trunk_zero_stripped(
    agent: Client, calling: str
) -> None:
    await added(agent, "张小明", "(010) 6555-1234")
    answer = await agent.get("/api/customers/lookup", params={"number": calling})
    assert [customer["name"] for customer in answer.json()["customers"]] == ["张小明"]


async def test_a_number_that_is_no_public_one_is_kept_and_found_as_it_is(agent: Client) -> None:
    await added(agent, "分机", "8001")
    body = (await agent.get("/api/customers/lookup", params={"number": "8001"})).json()
    assert body["number"] == {"e164": None, "national": "8001", "region": "", "carrier": ""}
    assert [customer["name"] for customer in body["customers"]] == ["分机"]


async def test_an_unknown_caller_is_nobody(agent: Client) -> None:
    body = (await agent.get("/api/customers/lookup", params={"number": "anonymous"})).json()
    assert (body["customers"], body["recent"]) == ([], [])


async def test_a_number_shared_with_another_customer_is_allowed_and_warned_of(
    agent: Client,
) -> None:
    first = await added(agent, "张先生", "13800138000")
    assert first["details"] == {"also": []}
    second = await added(agent, "张太太", "+8613800138000")
    assert second["details"] == {
        "also": [{"number": "+8613800138000", "id": first["id"], "name": "张先生"}]
    }
    body = (await agent.get("/api/customers/lookup", params={"number": "13800138000"})).json()
    assert [customer["name"] for customer in body["customers"]] == ["张先生", "张太太"]


async def test_one_number_written_twice_is_one_number(agent: Client) -> None:
    made = await added(agent, "张", "13800138000", "+86 138 0013 8000")
    assert len(made["numbers"]) == 1  # type: ignore[arg-type]


async def test_customers_are_searched_inside_of_names_companies_and_numbers(
    agent: Client,
) -> None:
    await added(agent, "张小明", "13800138000", company="Acme 贸易有限公司")
    await added(agent, "李明", "13900139000", company="100% 好公司")
    await added(agent, "Ming Li")
    assert await found(agent, "小明") == ["张小明"]
    assert await found(agent, "明") == ["李明", "张小明"]
    assert await found(agent, "acme") == ["张小明"]
    assert await found(agent, "公司 张") == ["张小明"]
    assert await found(agent, "li ming") == ["Ming Li"]
    assert await found(agent, "0013") == ["李明", "张小明"] or await found(agent, "00138") == [
        "张小明"
    ]
    assert await found(agent, "1390013") == ["李明"]
    assert await found(agent, "013900139000") == ["李明"]
    assert await found(agent, "%") == ["李明"]
    assert await found(agent, "_") == []
    assert len(await found(agent, "")) == 3


async def test_customers_are_listed_page_by_page(agent: Client) -> None:
    for number in range(5):
        await added(agent, f"c{number}")
    first = (await agent.get("/api/customers?limit=3")).json()
    rest = (await agent.get(f"/api/customers?limit=3&cursor={first['next_cursor']}")).json()
    names = [item["name"] for item in first["items"] + rest["items"]]
    assert names == ["c4", "c3", "c2", "c1", "c0"]
    assert rest["next_cursor"] is None


async def test_a_change_made_meanwhile_by_somebody_else_is_not_overwritten(agent: Client) -> None:
    made = await added(agent, "张", "13800138000")
    path = f"/api/customers/{made['id']}"
    first = await agent.patch(path, json={"level": "vip", "updated_at": made["updated_at"]})
    assert first.status_code == 200
    late = await agent.patch(path, json={"name": "章", "updated_at": made["updated_at"]})
    assert (late.status_code, late.json()["error"]) == (409, "changed_meanwhile")
    assert late.json()["details"] == {"current": first.json()["updated_at"]}
    again = {"name": "章", "updated_at": first.json()["updated_at"]}
    assert (await agent.patch(path, json=again)).status_code == 200
    read = (await agent.get(path)).json()
    assert (read["name"], read["level"]) == ("章", "vip")


async def test_numbers_that_stay_keep_their_ids(agent: Client) -> None:
    made = await added(agent, "张", "13800138000", "13900139000")
    kept = made["numbers"][1]  # type: ignore[index]
    changed = await agent.patch(
        f"/api/customers/{made['id']}",
        json={"numbers": [{"number": "13900139000", "label": "家"}, {"number": "95588"}]},
    )
    numbers = changed.json()["numbers"]
    assert numbers[0] == {"id": kept["id"], "number": "+8613900139000", "label": "家"}
    assert [n["number"] for n in numbers] == ["+8613900139000", "95588"]


@pytest.mark.parametrize(
    "change",
    [
        {"name": ""},
        {"name": "a\u0000b"},
        {"level": "gold"},
        {"numbers": [{"number": ""}]},
        {"numbers": [{"number": "1"}] * 21},
        {"nonsense": 1},
    ],
)
async def test_wrong_values_are_refused(agent: Client, change: dict[str, object]) -> None:
    made = await added(agent, "张")
    answer = await agent.patch(f"/api/customers/{made['id']}", json=change)
    assert (answer.status_code, answer.json()["error"]) == (422, "invalid_input")


async def test_a_removed_customer_leaves_his_calls(
    agent: Client, admin: Client, database: Database
) -> None:
    told = Teller(database)
    await told.answered("c1", agent="a1")
    made = await added(agent, "张", "13800138000")
    assert (await admin.get("/api/calls")).json()["items"][0]["customer"]["name"] == "张"
    assert (await admin.delete(f"/api/customers/{made['id']}")).status_code == 204
    assert (await admin.get("/api/calls")).json()["items"][0]["customer"] is None
    assert (await admin.get(f"/api/customers/{made['id']}")).status_code == 404


async def test_the_last_calls_of_the_number_and_of_its_customer_are_told(
    agent: Client, admin: Client, database: Database
) -> None:
    told = Teller(database)
    await added(agent, "张", "13800138000", "13900139000")
    for number in range(6):
        await told.answered(f"c{number}", agent="a1", caller="13900139000")
    await told.answered("own", agent="a2", caller="013800138000")
    await told.answered("strange", agent="a1", caller="13700137000")
    await admin.put("/api/calls/own/note", json={"text": "要发票"})
    body = (await agent.get("/api/customers/lookup", params={"number": "13800138000"})).json()
    assert [call["id"] for call in body["recent"]] == ["own", "c5", "c4", "c3", "c2"]
    assert body["recent"][0]["note"] == "要发票"
    assert body["recent"][0]["customer"]["name"] == "张"


async def test_calls_are_found_by_customer_and_by_his_name(
    agent: Client, admin: Client, database: Database
) -> None:
    told = Teller(database)
    made = await added(agent, "张小明", "13800138000")
    other = await added(agent, "李明", "13900139000")
    await told.answered("c1", agent="a1")
    await told.answered("c2", agent="a1", caller="13900139000")
    await told.answered("for-another", agent="a1")
    note = {"text": "", "customer_id": other["id"]}
    await admin.put("/api/calls/for-another/note", json=note)

    async def ids(query: str) -> list[str]:
        return [item["id"] for item in (await admin.get(f"/api/calls?{query}")).json()["items"]]

    assert await ids(f"customer_id={made['id']}") == ["c1"]
    assert await ids(f"customer_id={other['id']}") == ["for-another", "c2"]
    assert await ids("q=小明") == ["c1"]


async def test_region_and_carrier_are_told_in_both_languages() -> None:
    regions = NumberRegions()
    assert regions.wait(timeout_s=60)
    mobile = regions.describe("013800138000", "zh")
    assert (mobile.region, mobile.carrier) == ("北京市", "中国移动")
    assert mobile.national == "138 0013 8000"
    assert regions.describe("075512345678", "zh").region == "广东省深圳市"
    assert regions.describe("13800138000", "en").region == "Beijing"
    assert regions.describe("+442079460958", "en").national == "+44 20 7946 0958"


async def test_a_lookup_never_waits_for_the_tables_of_regions() -> None:
    regions = NumberRegions()
    assert regions.describe("13800138000").e164 == "+8613800138000"
