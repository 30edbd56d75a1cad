"""The port of the switch in memory, and what a test lets the world do.

The methods below "what the world does" return when everything that followed from them was told
and every command sent meanwhile was carried out.
"""

import asyncio
from collections import deque
from collections.abc import Iterable, Mapping

from hujiao.kit.clock import Clock
from hujiao.telephony import port
from hujiao.telephony.endpoints import Phone, Trunk
from hujiao.telephony.fake.commands import Commands
from hujiao.telephony.fake.exchange import FIRST_NODE, Exchange
from hujiao.telephony.port import Cause, Command, EventSink, LegId, NodeName, Origin


class FakeSwitch:
    """`Switch` in memory."""

    def __init__(self, clock: Clock, nodes: Iterable[NodeName] = (FIRST_NODE,)) -> None:
        exchange = Exchange(clock, nodes)
        self.legs = exchange.legs
        self.ended = exchange.ended
        self.reactions = exchange.reactions
        self.phones = exchange.phones
        self.trunks = exchange.trunks
        self.registered = exchange.registered
        self.recordings = exchange.recordings
        self.sent: list[Command] = []
        self.draining: frozenset[NodeName] = frozenset()
        self._exchange = exchange
        self._clock = clock
        self._sink: EventSink | None = None
        self._commands = Commands(exchange)
        self._waiting: deque[Command] = deque()
        self._settling = False

    # --- the port

    def send(self, command: Command) -> None:
        self.sent.append(command)
        self._waiting.append(command)
        if not self._settling:
            try:
                asyncio.get_running_loop().call_soon(self.settle)
            except RuntimeError:  # no loop: the test calls settle() or acts through the world
                return

    async def start(self, sink: EventSink) -> None:
        self._sink = sink
        for name in self._exchange.nodes:
            self.connection_returns(name)

    async def stop(self) -> None:
        self._sink = None
        for node in self._exchange.nodes.values():
            node.connected = False

    async def provision(self, phones: tuple[Phone, ...], trunks: tuple[Trunk, ...]) -> None:
        self._exchange.provision(phones, trunks)
        self.settle()

    def drain(self, nodes: frozenset[NodeName]) -> None:
        self.draining = nodes

    def nodes(self) -> Mapping[NodeName, bool]:
        return {name: node.connected for name, node in self._exchange.nodes.items()}

    def settle(self) -> None:
        """Carry out what was sent and tell what followed, until nothing is left."""
        if self._settling:
            return
        self._settling = True
        try:
            events = self._exchange.events
            while events or self._waiting:
                if events:
                    event = events.popleft()
                    if self._sink is not None:
                        self._sink(event)
                else:
                    self._commands.carry_out(self._waiting.popleft())
        finally:
            self._settling = False

    # --- what the world does

    def caller_arrives(
        self,
        called_number: str,
        caller_number: str = "13800138000",
        *,
        trunk: str = "trunk",
        caller_name: str = "",
        node: NodeName = FIRST_NODE,
        origin: Origin = Origin.TRUNK,
    ) -> LegId:
        """A call comes in. From an endpoint that nobody provisioned nothing is told."""
        leg_id = self._exchange.arrive(
            called_number,
            caller_number,
            trunk=trunk,
            caller_name=caller_name,
            node=node,
            origin=origin,
        )
        self.settle()
        return leg_id

    def agent_calls(self, endpoint: str, called_number: str) -> LegId:
        """An agent dials on the phone itself."""
        return self.caller_arrives(
            called_number, endpoint, trunk=endpoint, origin=Origin.AGENT, node=FIRST_NODE
        )

    def answers(self, leg_id: LegId) -> None:
        """The called party answers; nothing when the leg is gone or answered already."""
        leg = self.legs.get(leg_id)
        if leg is not None and leg.outbound and not leg.answered:
            leg.answered, leg.rings_until_ms = True, None
            self._exchange.tell(port.LegAnswered(self._clock(), leg.id), leg.node)
        self.settle()

    def rejects(self, leg_id: LegId, cause: int = Cause.BUSY) -> None:
        """The called party declines."""
        self._exchange.end(leg_id, cause)
        self.settle()

    def hangs_up(self, leg_id: LegId, cause: int = Cause.NORMAL) -> None:
        self._exchange.end(leg_id, cause)
        self.settle()

    def presses(self, leg_id: LegId, digits: str) -> None:
        leg = self.legs.get(leg_id)
        if leg is not None:
            for digit in digits:
                self._exchange.tell(port.DigitPressed(self._clock(), leg_id, digit), leg.node)
        self.settle()

    def holds(self, leg_id: LegId, *, on: bool = True) -> None:
        """The party presses hold (or resume) on its own phone."""
        leg = self.legs[leg_id]
        kind = port.LegHeld if on else port.LegResumed
        self._exchange.tell(kind(self._clock(), leg_id), leg.node)
        self.settle()

    def playback_ends(self, leg_id: LegId) -> None:
        """What the leg hears is through."""
        leg = self.legs[leg_id]
        for playback in leg.playing:
            self._exchange.tell(port.PlaybackEnded(self._clock(), leg_id, playback), leg.node)
        leg.playing.clear()
        self.settle()

    def phone_registers(self, endpoint: str) -> None:
        if endpoint in self.phones and endpoint not in self.registered:
            self.registered.add(endpoint)
            self._exchange.tell_phone_everywhere(endpoint)
        self.settle()

    def phone_leaves(self, endpoint: str) -> None:
        if endpoint in self.registered:
            self.registered.discard(endpoint)
            self._exchange.tell_phone_everywhere(endpoint)
        self.settle()

    def connection_lost(self, node: NodeName = FIRST_NODE) -> None:
        """We lose the node; its calls go on."""
        if self._exchange.nodes[node].connected:
            self._exchange.tell(port.NodeLost(self._clock(), node), node)
            self._exchange.nodes[node].connected = False
        self.settle()

    def connection_returns(self, node: NodeName = FIRST_NODE) -> None:
        self._exchange.nodes[node].connected = True
        self._exchange.tell_missed(node)
        self.settle()

    def node_dies(self, node: NodeName = FIRST_NODE) -> None:
        """The node ends with all its calls; `connection_returns` is its restart."""
        self.connection_lost(node)
        self._exchange.nodes[node].bridges.clear()
        for leg in [leg for leg in self.legs.values() if leg.node == node]:
            self._exchange.end(leg.id, Cause.UNKNOWN)
        self._exchange.nodes[node].notes.clear()
        self._exchange.events.append(port.NodeGone(self._clock(), node))
        self.settle()

    def expire(self) -> None:
        """Let phones ring no longer than they may."""
        now = self._clock()
        for leg in [*self.legs.values()]:
            if leg.rings_until_ms is not None and leg.rings_until_ms <= now:
                self._exchange.end(leg.id, Cause.NO_ANSWER)
        self.settle()

    def hears(self, leg_id: LegId) -> str:
        """What reaches the leg's ear: `ringing`, a playback id, `music`, leg ids, or nothing."""
        leg = self.legs[leg_id]
        if leg.playing:
            return leg.playing[0]
        if leg.bridge is not None:
            others = (o.id for o in self.legs.values() if o.bridge == leg.bridge and o is not leg)
            return " ".join(sorted(others))
        return "music" if leg.music else "ringing" if leg.ringing else ""
