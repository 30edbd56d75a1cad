"""An installation with two nodes of the switch, as its agents and its administrator see it."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.browser import OpenDesk
from tests.e2e.conftest import AGENT_HZ, CUSTOMER_HZ
from tests.e2e.office import TEST_PHONE, Office
from tests.e2e.test_first_answered_call import calls_and_is_answered, customer_hears, ready
from tests.harness.fixtures import MakeSoftphone
from tests.harness.softphone import Softphone
from tests.harness.sound import tone
from tests.harness.waiting import until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]


def node(office: Office, name: str) -> dict[str, Any]:
    (found,) = [one for one in office.get("/api/system")["nodes"] if one["name"] == name]
    return dict(found)


@pytest.fixture
def second_port(office: Office) -> int:
    return office.installation.settings.own_nodes[1].sip_port


@pytest.fixture
async def second_customer(office: Office, softphone: MakeSoftphone, second_port: int) -> Softphone:
    """A customer whose calls come in at the second node."""
    return await softphone(
        user=TEST_PHONE,
        number=office.new_number(),
        password=office.installation.passwords[TEST_PHONE],
        registrar_port=second_port,
        say=tone(CUSTOMER_HZ, 240),
    )


async def test_a_browser_answers_a_call_of_the_second_node_and_outlives_its_death(
    office: Office, desk: OpenDesk, second_customer: Softphone, second_port: int
) -> None:
    agent = await desk()
    await ready(agent)
    call_id = await calls_and_is_answered(agent, second_customer, second_port)
    assert node(office, "n2")["calls"] == 1
    await agent.hears_sound()
    await customer_hears(second_customer, AGENT_HZ)
    office.installation.restart("asterisk-n2")
    await agent.sees("话后")
    await agent.until_phone(lambda s: s["call"] is None, "the dead node's leg is gone")
    await agent.online()
    assert (await office.booked(call_id))["ended_by"] == "system"
    await second_customer.hang_up()
    await until(lambda: node(office, "n2")["connected"], timeout_s=40, what="n2 is back")


@pytest.fixture
def in_use_afterwards(office: Office) -> Iterator[None]:
    """Whatever becomes of the test, the second node takes calls for those that come later."""
    yield
    office.api.put("/api/system/nodes/n2/draining", json={"draining": False})


@pytest.mark.usefixtures("in_use_afterwards")
async def test_an_administrator_drains_a_node_and_takes_it_into_use_again(
    office: Office, second_customer: Softphone, second_port: int
) -> None:
    said = office.installation.run("node", "drain", "n2")
    assert said.returncode == 0, said.stderr
    assert node(office, "n2")["draining"]
    await second_customer.dial("4001", second_port)
    closed = await second_customer.until_call("CLOSED", timeout_s=20)
    assert "503" in str(closed)
    assert "draining" in office.installation.run("node", "list").stdout
    answer = office.api.put("/api/system/nodes/n2/draining", json={"draining": False})
    assert answer.status_code == 204, answer.text
    assert not node(office, "n2")["draining"]
    trail = office.get("/api/audit", limit=1)["items"]
    assert trail[0]["action"] == "node.resumed"
    unknown = office.installation.run("node", "drain", "n9")
    assert unknown.returncode == 1
    assert re.search("n1, n2", unknown.stderr)
