"""Builds the switch that a process of the product uses. Called by composition roots only."""

from collections.abc import Callable, Sequence

from hujiao.kit.clock import Clock, now_ms
from hujiao.telephony.ari.ami import AmiAddress
from hujiao.telephony.ari.fence import Leader
from hujiao.telephony.ari.node import AriAddress
from hujiao.telephony.ari.switch import AriSwitch
from hujiao.telephony.config import NodeAddress
from hujiao.telephony.port import NodeName, Switch


def build_switch(
    nodes: Sequence[NodeAddress],
    clock: Clock = now_ms,
    *,
    epoch: int | None = None,
    on_superseded: Callable[[], None] = lambda: None,
    alone: bool = False,
) -> Switch:
    """A switch over these Asterisk nodes; it connects when `start` is called.

    It acts at a node only until somebody with a higher `epoch` does, which `on_superseded` is
    told. Without one, the switch made last leads. `alone`: who led before is known to be gone.
    """
    leader = Leader(now_ms() if epoch is None else epoch, on_superseded, alone)
    return AriSwitch([_addresses(node) for node in nodes], clock, leader)


def _addresses(node: NodeAddress) -> tuple[NodeName, AriAddress, AmiAddress]:
    return (
        NodeName(node.name),
        AriAddress(
            node.ari_url.rstrip("/") + "/ari",
            node.ari_user,
            node.ari_password,
            node.media_address,
        ),
        AmiAddress(node.ami_host, node.ami_port, node.ami_user, node.ami_password),
    )
