"""Who may act at a node: what has to wait for its word is neither lost nor done too early."""

import asyncio

import pytest

from hujiao.telephony.ari.fence import Fence, Leader, SupersededError
from hujiao.telephony.ari.link import Answer, Order
from hujiao.telephony.port import AnswerLeg, Command, LegId

EPOCH = 3


class Node:
    """Knows who leads it."""

    def __init__(self) -> None:
        self.leader = EPOCH
        self.sent: list[Command] = []
        self.fence = Fence(Leader(EPOCH, superseded=lambda: None), self.sent.append)

    async def ask(self, order: Order) -> Answer:
        assert order.method == "GET"
        return Answer(200, {"value": str(self.leader)})


async def test_commands_and_questions_wait_for_the_nodes_word() -> None:
    node = Node()
    command = AnswerLeg(LegId("1"))
    assert not node.fence.is_open
    assert node.fence.hold(command)
    question = asyncio.create_task(node.fence.opened())
    await asyncio.sleep(0)
    assert not question.done()
    keeping = asyncio.create_task(node.fence.keep(node.ask))
    assert await asyncio.wait_for(question, 5.0)
    assert node.sent == [command]
    keeping.cancel()


async def test_a_question_that_waits_when_the_connection_ends_is_told_so() -> None:
    node = Node()
    question = asyncio.create_task(node.fence.opened())
    await asyncio.sleep(0)
    node.fence.close()
    assert not await asyncio.wait_for(question, 5.0)


async def test_nothing_is_let_through_once_another_leads() -> None:
    node = Node()
    node.leader = EPOCH + 1
    node.fence.hold(AnswerLeg(LegId("1")))
    question = asyncio.create_task(node.fence.opened())
    await asyncio.sleep(0)  # it is asked
    with pytest.raises(SupersededError):
        await asyncio.wait_for(node.fence.keep(node.ask), 5.0)
    node.fence.close()
    assert not await question
    assert node.sent == []
