"""New programs under a conversation: restarted one after another, nobody hears it."""

import pytest

from tests.e2e.browser import OpenDesk
from tests.e2e.conftest import AGENT_HZ
from tests.e2e.office import Office
from tests.e2e.test_first_answered_call import calls_and_is_answered, customer_hears, ready
from tests.harness.softphone import Softphone

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]


async def test_a_conversation_survives_the_restart_of_every_program(
    office: Office, desk: OpenDesk, customer: Softphone
) -> None:
    agent = await desk()
    await ready(agent)
    call_id = await calls_and_is_answered(agent, customer, office.sip_port)
    pids = {name: office.installation.pid(name) for name in ("floor", "floor-2", "web", "web-2")}
    ended = office.installation.run("restart", "all")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert all(office.installation.pid(name) not in (0, pid) for name, pid in pids.items())
    await agent.hears_sound()
    await customer_hears(customer, AGENT_HZ)
    await agent.sees("通话")
    await agent.press("挂断")
    await customer.until_call("CLOSED")
    assert (await office.booked(call_id))["ended_by"] == "agent"
