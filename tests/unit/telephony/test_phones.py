"""What is told of phones when the list of all and the news of one cross each other."""

from typing import Any

from hujiao.telephony.ari.link import Answer, Order
from hujiao.telephony.ari.phones import Phones
from hujiao.telephony.port import Event, NodeName, Phone, PhoneChanged, PhoneKind


class Node:
    """Answers about its phones; `meanwhile` happens while the list is on its way."""

    def __init__(self) -> None:
        self.online: set[str] = set()
        self.told: list[tuple[str, bool]] = []
        self.news: dict[str, str] | None = None
        self.phones = Phones(NodeName("n1"), self._ask, self._tell, lambda: 0)

    async def _ask(self, order: Order) -> Answer:
        if order.uri != "endpoints/PJSIP":
            return Answer(200, {"status": {"startup_time": "then"}})
        listed: list[dict[str, Any]] = [
            {"resource": name, "state": "online" if name in self.online else "offline"}
            for name in ("1001", "1002")
        ]
        if self.news is not None:
            self.phones.manager_event(self.news)
        return Answer(200, listed)

    def _tell(self, event: Event) -> None:
        assert isinstance(event, PhoneChanged)
        self.told.append((event.endpoint, event.online))


async def _connected() -> Node:
    node = Node()
    node.phones.want(
        tuple(Phone(name, PhoneKind.SIP, "secret", display_name="") for name in ("1001", "1002")),
        (),
    )
    await node.phones.connected()
    assert node.told == [("1001", False), ("1002", False)]
    node.told.clear()
    return node


async def test_a_phone_that_came_while_nobody_watched_is_told_at_the_next_look() -> None:
    node = await _connected()
    node.online.add("1001")
    await node.phones.look()
    assert node.told == [("1001", True)]


async def test_news_of_a_phone_stand_against_the_older_list_that_crossed_them() -> None:
    node = await _connected()
    node.news = {"Event": "PeerStatus", "Peer": "PJSIP/1002", "PeerStatus": "Reachable"}
    await node.phones.look()
    assert node.told == [("1002", True)]
