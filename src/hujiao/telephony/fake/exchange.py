"""What is there in the switch in memory, and what is to be told of it."""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from hujiao.kit.clock import Clock
from hujiao.telephony import port
from hujiao.telephony.endpoints import Phone, PhoneKind, Trunk
from hujiao.telephony.port import (
    BridgeId,
    Cause,
    Command,
    Event,
    LegId,
    NodeName,
    Origin,
    PlaybackId,
)

FIRST_NODE = NodeName("n1")


class Reaction(StrEnum):
    """What an endpoint does when it is called."""

    RING = "ring"
    ANSWER = "answer"
    BUSY = "busy"
    SILENT = "silent"
    """Neither rings nor answers, until the ring timeout."""


@dataclass(slots=True)
class FakeLeg:
    """A leg as the fake sees it; tests may look, and act through the switch."""

    id: LegId
    node: NodeName
    endpoint: str
    outbound: bool
    answered: bool = False
    ringing: bool = False
    bridge: BridgeId | None = None
    music: str = ""
    playing: list[PlaybackId] = field(default_factory=list)
    played: list[tuple[str, ...]] = field(default_factory=list)
    playbacks: set[PlaybackId] = field(default_factory=set)
    digits_sent: str = ""
    recording: str = ""
    recording_paused: bool = False
    rings_until_ms: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    auto_answer: bool = False
    caller_number: str = ""
    arrival: port.LegArrived | None = None
    dialled: bool = False
    """By `DialInBridge`: a customer, like one who arrived."""


@dataclass(slots=True)
class FakeNode:
    """A node, the bridges that exist on it, and what it notes of customers who left."""

    name: NodeName
    connected: bool = False
    bridges: set[BridgeId] = field(default_factory=set)
    notes: dict[LegId, port.EndedLeg] = field(default_factory=dict)


class Exchange:
    """Nodes, legs, phones and trunks; `events` wait there to be told."""

    def __init__(self, clock: Clock, nodes: Iterable[NodeName]) -> None:
        self.clock = clock
        self.nodes = {name: FakeNode(name) for name in nodes}
        self.legs: dict[LegId, FakeLeg] = {}
        self.ended: dict[LegId, int] = {}
        self.reactions: dict[str, Reaction] = {}
        self.phones: dict[str, Phone] = {}
        self.trunks: dict[str, Trunk] = {}
        self.registered: set[str] = set()
        self.recordings: list[str] = []
        self.events: deque[Event] = deque()
        self._arrivals = 0
        self._missed: dict[LegId, tuple[NodeName, Cause]] = {}
        """Legs whose end nobody could be told while their node was not connected; why, if no note
        tells it."""

    @property
    def connected(self) -> list[FakeNode]:
        return [node for node in self.nodes.values() if node.connected]

    def provision(self, phones: tuple[Phone, ...], trunks: tuple[Trunk, ...]) -> None:
        """Know exactly these from now on, and tell the states of phones that were unknown."""
        fresh = sorted({phone.endpoint for phone in phones} - set(self.phones))
        self.phones.clear()
        self.phones.update({phone.endpoint: phone for phone in phones})
        self.trunks.clear()
        self.trunks.update({trunk.endpoint: trunk for trunk in trunks})
        self.registered &= set(self.phones)
        for endpoint in fresh:
            self.tell_phone_everywhere(endpoint)

    def reachable(self, endpoint: str) -> bool:
        """Whether a phone can be called."""
        phone = self.phones.get(endpoint)
        static = phone is not None and phone.kind is PhoneKind.STATIC
        return static or endpoint in self.registered

    def arrive(
        self,
        called_number: str,
        caller_number: str,
        *,
        trunk: str = "trunk",
        caller_name: str = "",
        node: NodeName = FIRST_NODE,
        origin: Origin = Origin.TRUNK,
    ) -> LegId:
        """A leg comes in. From an endpoint that nobody provisioned nothing is told."""
        self._arrivals += 1
        leg_id = LegId(f"{node}-{self._arrivals}")
        known = self.trunks if origin is Origin.TRUNK else self.phones
        if origin is not Origin.TEST and trunk not in known:
            return leg_id
        arrived = port.LegArrived(
            self.clock(), node, leg_id, origin, trunk, caller_number, caller_name, called_number
        )
        caller = arrived if origin is not Origin.AGENT else None
        self.legs[leg_id] = FakeLeg(leg_id, node, trunk, outbound=False, arrival=caller)
        self.tell(arrived, node)
        return leg_id

    def end(self, leg_id: LegId, cause: int) -> None:
        """End a leg; nothing when it is gone."""
        leg = self.legs.pop(leg_id, None)
        if leg is None:
            return
        self.ended[leg_id] = cause
        node = self.nodes[leg.node]
        if leg.arrival is not None or leg.dialled:
            node.notes[leg_id] = port.EndedLeg(leg_id, self.clock(), cause, leg.arrival)
        if node.connected:
            self.tell(port.LegEnded(self.clock(), leg_id, cause), leg.node)
        else:
            agent_was_up = leg.answered and leg.outbound and not leg.dialled
            cause = port.cause_unheard(agent_was_up=agent_was_up)
            self._missed[leg_id] = (leg.node, cause)

    # --- telling

    def tell(self, event: Event, node: NodeName) -> None:
        """Nobody hears of a node that is not connected."""
        if self.nodes[node].connected:
            self.events.append(event)

    def tell_phone(self, node: FakeNode, endpoint: str) -> None:
        online = self.reachable(endpoint)
        self.tell(port.PhoneChanged(self.clock(), node.name, endpoint, online), node.name)

    def tell_phone_everywhere(self, endpoint: str) -> None:
        for node in self.connected:
            self.tell_phone(node, endpoint)

    def tell_missed(self, node: NodeName) -> None:
        """The ends of legs while the node was not connected, and what is there now."""
        here = self.nodes[node]
        for leg_id in [leg for leg, (where, _) in self._missed.items() if where == node]:
            _, cause = self._missed.pop(leg_id)
            note = here.notes.get(leg_id)
            told = (note.cause, note.ended_ms) if note else (cause, None)
            self.tell(port.LegEnded(self.clock(), leg_id, *told), node)
        legs = tuple(
            port.LiveLeg(leg.id, leg.bridge, leg.answered)
            for leg in self.legs.values()
            if leg.node == node
        )
        bridges, ended = tuple(here.bridges), tuple(here.notes.values())
        connected = port.NodeConnected(self.clock(), node, legs, bridges=bridges, ended=ended)
        self.tell(connected, node)
        for endpoint in sorted(self.phones):
            self.tell_phone(here, endpoint)

    def refuse(
        self,
        command: Command,
        status: int,
        reason: str,
        *,
        gone: bool,
        cause: Cause = Cause.FAILURE,
    ) -> None:
        """Tell that a command failed; a leg that it should have made has ended."""
        now = self.clock()
        self.events.append(port.CommandFailed(now, command, status, gone, reason))
        if isinstance(command, port.OriginateLeg | port.DialInBridge):
            self.events.append(port.LegEnded(now, command.leg, cause))
