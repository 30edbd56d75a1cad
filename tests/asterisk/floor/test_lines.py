"""Lines to the world on a real Asterisk: a gateway that signs in carries calls both ways."""

from dataclasses import replace

import pytest

from hujiao.floor.config import TrunkSettings
from tests.asterisk.floor.running import configuration, running_floor
from tests.asterisk.floor.test_answered_call import agent_phone, hears
from tests.harness.fixtures import MakeNode, MakeSoftphone
from tests.harness.sound import tone

pytestmark = pytest.mark.asterisk

CUSTOMER_HZ = 440.0


async def test_an_agent_reaches_a_customer_over_an_account_that_signed_in(
    asterisk_node: MakeNode, softphone: MakeSoftphone
) -> None:
    node = asterisk_node()
    account = TrunkSettings(name="gateway", username="gateway", secret="s3cret", prefixes=("1",))
    settings = replace(configuration([]), trunks={"gateway": account})
    async with running_floor(node, settings) as running:
        gateway = await softphone(
            user="gateway",
            password="s3cret",
            registrar_port=node.sip_port,
            answers=True,
            say=tone(CUSTOMER_HZ, 240),
        )
        agent = await agent_phone(softphone, node, "1001")
        await running.ready("ann")
        call_id = running.do("dial", agent="ann", number="13800138000")["call_id"]
        call = running.floor.calls[call_id]
        await running.until_phase(call, "talking")
        await hears(agent, CUSTOMER_HZ)
        await gateway.hang_up()
        await running.until_state("ann", "wrap_up")
