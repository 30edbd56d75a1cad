"""What is told of phones when the list of all and the news of one cross each other."""

from typing import Any

from hujiao.telephony.ari.link import LOST, Answer, Order
from hujiao.telephony.ari.phones import Phones
from hujiao.telephony.endpoints import Phone, PhoneKind, Trunk
from hujiao.telephony.port import Event, NodeName, PhoneChanged


class Node:
    """Answers about its phones; `meanwhile` happens while the list is on its way."""

    def __init__(self) -> None:
        self.online: set[str] = set()
        self.lost = False
        self.told: list[tuple[str, bool]] = []
        self.news: dict[str, str] | None = None
        self.phones = Phones(NodeName("n1"), self._ask, self._tell, lambda: 0)

    async def _ask(self, order: Order) -> Answer:
        if self.lost:
            return Answer(LOST, None)
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


async def test_a_connection_that_breaks_while_phones_are_looked_at_tells_nothing_of_them() -> None:
    node = await _connected()
    node.online.add("1001")
    await node.phones.look()
    node.told.clear()
    node.lost = True
    await node.phones.push()
    assert node.told == []


async def test_news_of_a_phone_stand_against_the_older_list_that_crossed_them() -> None:
    node = await _connected()
    node.news = {"Event": "PeerStatus", "Peer": "PJSIP/1002", "PeerStatus": "Reachable"}
    await node.phones.look()
    assert node.told == [("1002", True)]


def _contact(name: str, uri: str, status: str = "Reachable") -> dict[str, str]:
    return {"Event": "ContactStatus", "AOR": name, "URI": uri, "ContactStatus": status}


async def test_another_node_calls_a_registered_phone_at_the_address_it_gave_last() -> None:
    node = await _connected()
    assert node.phones.needs_a_way("PJSIP/1001")
    assert node.phones.way_to("PJSIP/1001") == ""
    former, present = "sip:1001@10.0.0.7:5060", "sip:1001@10.0.0.8:5062;transport=tcp"
    node.phones.manager_event({"Event": "PeerStatus", "Peer": "PJSIP/1001"} | _REACHABLE)
    node.phones.manager_event({"Event": "ContactList", "Endpoint": "1001", "Uri": former})
    node.phones.manager_event(_contact("1001", present, "Created"))
    node.phones.manager_event(_contact("1001", former, "Removed"))
    assert not node.phones.needs_a_way("PJSIP/1001")
    assert node.phones.way_to("PJSIP/1001") == f"PJSIP/1001/{present}"
    node.phones.manager_event(_contact("1001", present, "Removed"))
    assert node.phones.way_to("PJSIP/1001") == ""


async def test_another_node_calls_over_a_registered_gateway_at_its_address() -> None:
    node = await _connected()
    gateway = Trunk("gw", username="gw-account", secret="secret-secret")
    node.phones.want((), (gateway, Trunk("peer", host="10.0.0.1")))
    assert node.phones.needs_a_way("PJSIP/13800138000@gw")
    assert not node.phones.needs_a_way("PJSIP/13800138000@peer")
    node.phones.manager_event(_contact("gw-account", "sip:gw-account@10.0.0.9:5060"))
    assert not node.phones.needs_a_way("PJSIP/13800138000@gw")
    way = node.phones.way_to("PJSIP/13800138000@gw")
    assert way == "PJSIP/gw/sip:13800138000@10.0.0.9:5060"
    assert node.phones.way_to("PJSIP/13800138000@peer") == ""


_REACHABLE = {"PeerStatus": "Reachable"}
