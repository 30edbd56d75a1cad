"""Phones and trunks reach every node that answers, whatever the others do."""

from dataclasses import dataclass
from typing import Any

import pytest

from hujiao.telephony.ari import switch as module
from hujiao.telephony.ari.ami import AmiAddress
from hujiao.telephony.ari.fence import Leader
from hujiao.telephony.ari.link import Answer, Order
from hujiao.telephony.ari.node import AriAddress, AriNode
from hujiao.telephony.ari.switch import AriSwitch
from hujiao.telephony.endpoints import Phone, PhoneKind
from hujiao.telephony.port import NodeName

PHONE = Phone("1001", PhoneKind.SIP, "secret", display_name="")


class Node(AriNode):
    """A connected node that takes everything, or has `trouble` with it."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.connected = True
        self.trouble: Exception | None = None
        self.asked: list[str] = []
        self.dropped = False

    async def ask(self, order: Order) -> Answer:
        if self.trouble is not None:
            raise self.trouble
        self.asked.append(order.uri)
        return Answer(200, [])

    def drop(self) -> None:
        self.dropped = True


@dataclass(frozen=True, slots=True)
class Stage:
    """One switch of two nodes."""

    switch: AriSwitch
    hung: Node
    well: Node


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    made: list[Node] = []

    def make(*arguments: Any) -> Node:
        made.append(Node(*arguments))
        return made[-1]

    monkeypatch.setattr(module, "AriNode", make)
    ari, ami = AriAddress("http://127.0.0.1:1/ari", "", ""), AmiAddress("", 1, "", "")
    switch = AriSwitch(
        [(NodeName("n1"), ari, ami), (NodeName("n2"), ari, ami)],
        clock=lambda: 0,
        leader=Leader(1, superseded=lambda: None),
    )
    return Stage(switch, *made)


@pytest.mark.parametrize("trouble", [TimeoutError(), ConnectionResetError("gone")])
async def test_a_node_that_hangs_is_connected_anew_and_the_others_are_provisioned(
    stage: Stage, trouble: Exception
) -> None:
    stage.hung.trouble = trouble
    await stage.switch.provision((PHONE,), ())
    assert stage.hung.dropped
    assert not stage.well.dropped
    assert any(PHONE.endpoint in uri for uri in stage.well.asked)


async def test_what_nobody_foresaw_is_not_taken_for_a_node_that_hangs(stage: Stage) -> None:
    stage.hung.trouble = KeyError("fault")
    with pytest.raises(KeyError):
        await stage.switch.provision((PHONE,), ())
    assert not stage.hung.dropped
