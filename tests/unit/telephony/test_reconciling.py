"""What happens at a node while we still ask what is there."""

from typing import Any

from hujiao.telephony.ari.ami import AmiAddress
from hujiao.telephony.ari.fence import Leader
from hujiao.telephony.ari.link import Answer, Order
from hujiao.telephony.ari.node import AriAddress, AriNode
from hujiao.telephony.port import Event, LegEnded, LegId, NodeConnected, NodeName

CALLER: dict[str, Any] = {
    "id": "n1-1764000000.12",
    "name": "PJSIP/gw-00000001",
    "state": "Up",
    "creationtime": "2026-01-31T09:00:00.000+0800",
    "caller": {"number": "13800138000", "name": ""},
    "dialplan": {"app_name": "Stasis", "app_data": "hujiao,trunk,4001", "exten": "4001"},
}
LEAVES = b'{"type":"StasisEnd","channel":{"id":"n1-1764000000.12"}}'


class Node(AriNode):
    """A caller is there when asked for, and leaves before the last answer comes 900 ms later."""

    def __init__(self, told: list[Event]) -> None:
        self.now_ms = 1_000
        ari, ami = AriAddress("http://127.0.0.1:1/ari", "", ""), AmiAddress("", 1, "", "")
        leader = Leader(1, lambda: None)
        super().__init__(NodeName("n1"), ari, ami, lambda: self.now_ms, told.append, {}, leader)
        self._held_back = []

    async def ask(self, order: Order) -> Answer:
        if order.uri == "channels":
            return Answer(200, [CALLER])
        if order.uri == "bridges":
            self._take(LEAVES)
            self.now_ms += 900
        if order.uri.startswith("asterisk/info"):
            return Answer(200, {"status": {"startup_time": "2026-01-31T08:00:00.000+0800"}})
        return Answer(404 if order.uri.startswith("asterisk/variable") else 200, [])

    async def reconcile(self) -> None:
        await self._reconcile()


async def test_who_leaves_while_we_ask_who_is_there_has_left_when_we_heard_of_it() -> None:
    told: list[Event] = []
    await Node(told).reconcile()
    connected, ended = (event for event in told if isinstance(event, NodeConnected | LegEnded))
    assert isinstance(connected, NodeConnected)
    assert [leg.leg for leg in connected.legs] == [CALLER["id"]]
    assert ended == LegEnded(1_900, LegId(CALLER["id"]), cause=16, ended_ms=1_000)
