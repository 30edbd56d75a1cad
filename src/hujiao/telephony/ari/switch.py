"""All nodes as one switch."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace

from hujiao.kit.clock import Clock
from hujiao.telephony.ari.ami import AmiAddress
from hujiao.telephony.ari.fence import Leader
from hujiao.telephony.ari.link import Order
from hujiao.telephony.ari.node import AriAddress, AriNode
from hujiao.telephony.endpoints import Phone, Trunk
from hujiao.telephony.port import (
    Cause,
    Command,
    CommandFailed,
    DestroyBridge,
    DialInBridge,
    Event,
    EventSink,
    JoinLegs,
    LegEnded,
    LegId,
    NodeName,
    OriginateLeg,
    PlaceTestCall,
)

log = logging.getLogger(__name__)

NAMES_ITS_NODE = OriginateLeg | DialInBridge | DestroyBridge | PlaceTestCall


class AriSwitch:
    """The switch port over ARI."""

    def __init__(
        self,
        nodes: Sequence[tuple[NodeName, AriAddress, AmiAddress]],
        clock: Clock,
        leader: Leader,
    ) -> None:
        self._where: dict[LegId, NodeName] = {}
        self._clock = clock
        self._sink: EventSink | None = None
        self._nodes = {
            name: AriNode(name, ari, ami, clock, self._tell, self._where, leader)
            for name, ari, ami in nodes
        }
        self._tasks: list[asyncio.Task[None]] = []

    def send(self, command: Command) -> None:
        node = self._node_of(command)
        if node is None:
            asyncio.get_running_loop().call_soon(self._refuse, command)
            return
        if isinstance(command, OriginateLeg | DialInBridge) and len(self._nodes) > 1:
            command = self._reached(command, node)
        node.send(command)

    async def start(self, sink: EventSink) -> None:
        self._sink = sink
        for node in self._nodes.values():
            self._tasks.append(asyncio.create_task(node.run(), name=f"ari-{node.name}"))

    async def stop(self) -> None:
        self._sink = None
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()

    async def provision(self, phones: tuple[Phone, ...], trunks: tuple[Trunk, ...]) -> None:
        for node in self._nodes.values():
            node.phones.want(phones, trunks)
        await asyncio.gather(*(_push(node) for node in self._nodes.values() if node.connected))

    def drain(self, nodes: frozenset[NodeName]) -> None:
        for name, node in self._nodes.items():
            node.drain(name in nodes)

    def nodes(self) -> Mapping[NodeName, bool]:
        return {name: node.connected for name, node in self._nodes.items()}

    async def barrier(self, node: NodeName) -> None:
        """Returns when the node has carried out all that was sent before, and told of it."""
        await self._nodes[node].ask(Order("GET", "asterisk/ping"))

    # --- inside

    def _tell(self, event: Event) -> None:
        if self._sink is not None:
            self._sink(event)

    def _node_of(self, command: Command) -> AriNode | None:
        if isinstance(command, NAMES_ITS_NODE):
            return self._nodes.get(command.node)
        leg = command.legs[0] if isinstance(command, JoinLegs) else command.leg
        name = self._where.get(leg)
        return self._nodes[name] if name is not None else None

    def _reached(
        self, command: OriginateLeg | DialInBridge, node: AriNode
    ) -> OriginateLeg | DialInBridge:
        """Who is registered at another node only is called from this one at his own address."""
        if not node.phones.needs_a_way(command.endpoint):
            return command
        for other in self._nodes.values():
            if other.connected and (endpoint := other.phones.way_to(command.endpoint)):
                return replace(command, endpoint=endpoint)
        return command

    def _refuse(self, command: Command) -> None:
        unknown_node = isinstance(command, NAMES_ITS_NODE)
        reason = "no such node" if unknown_node else "no such leg"
        self._tell(CommandFailed(self._clock(), command, 404, not unknown_node, reason))
        if isinstance(command, OriginateLeg | DialInBridge):
            self._tell(LegEnded(self._clock(), command.leg, Cause.FAILURE))


async def _push(node: AriNode) -> None:
    """A node that hangs costs only its own connection; a new one pushes anew."""
    try:
        await node.phones.push()
    except (TimeoutError, ConnectionError) as trouble:
        reason = str(trouble) or "no answer in time"
        log.warning("node %s takes no phones: %s", node.name, reason)
        node.drop()
