"""A switch in memory: the same port, the same promises, no sound and no network.

The methods below "what the world does" are the test's hand: they return when everything that
followed from them was told and every command sent meanwhile was carried out. Order is that of
cause and effect, time is the clock given, and nothing happens by chance.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from hujiao.kit.clock import Clock
from hujiao.telephony import port
from hujiao.telephony.port import (
    BridgeId,
    Cause,
    Command,
    Event,
    EventSink,
    LegId,
    NodeName,
    Origin,
    Phone,
    PhoneKind,
    PlaybackId,
    Trunk,
)

UNAVAILABLE = 503
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
    leased_until_ms: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    auto_answer: bool = False
    caller_number: str = ""


@dataclass(slots=True)
class FakeNode:
    name: NodeName
    connected: bool = False
    bridges: set[BridgeId] = field(default_factory=set)


class FakeSwitch:
    """`Switch` in memory."""

    def __init__(self, clock: Clock, nodes: Iterable[NodeName] = (FIRST_NODE,)) -> None:
        self.legs: dict[LegId, FakeLeg] = {}
        self.ended: dict[LegId, int] = {}
        self.sent: list[Command] = []
        self.reactions: dict[str, Reaction] = {}
        self.phones: dict[str, Phone] = {}
        self.trunks: dict[str, Trunk] = {}
        self.registered: set[str] = set()
        self.recordings: list[str] = []
        self.draining: frozenset[NodeName] = frozenset()
        self._clock = clock
        self._nodes = {name: FakeNode(name) for name in nodes}
        self._sink: EventSink | None = None
        self._events: deque[Event] = deque()
        self._commands: deque[Command] = deque()
        self._settling = False
        self._arrivals = 0
        self._missed: dict[LegId, NodeName] = {}
        """Legs whose end nobody could be told while their node was not connected."""
        self._by_type: dict[type, Callable[[Any], None]] = {
            port.AnswerLeg: self._answer,
            port.RingLeg: self._ring,
            port.PlayMedia: self._play,
            port.StopPlayback: self._stop_playback,
            port.StartMusic: self._start_music,
            port.StopMusic: self._stop_music,
            port.OriginateLeg: self._originate,
            port.DialInBridge: self._dial_in_bridge,
            port.JoinLegs: self._join,
            port.TakeOut: self._take_out,
            port.DestroyBridge: self._destroy_bridge,
            port.HangUpLeg: self._hang_up,
            port.SendDigits: self._send_digits,
            port.StartRecording: self._start_recording,
            port.PauseRecording: self._pause_recording,
            port.ResumeRecording: self._resume_recording,
            port.StopRecording: self._stop_recording,
            port.LeaseLeg: self._lease,
            port.PlaceTestCall: self._place_test_call,
        }

    # --- the port

    def send(self, command: Command) -> None:
        self.sent.append(command)
        self._commands.append(command)
        if not self._settling:
            try:
                asyncio.get_running_loop().call_soon(self.settle)
            except RuntimeError:  # no loop: the test calls settle() or acts through the world
                return

    async def start(self, sink: EventSink) -> None:
        self._sink = sink
        for name in self._nodes:
            self.connection_returns(name)

    async def stop(self) -> None:
        self._sink = None
        for node in self._nodes.values():
            node.connected = False

    async def provision(self, phones: tuple[Phone, ...], trunks: tuple[Trunk, ...]) -> None:
        before = set(self.phones)
        self.phones = {phone.endpoint: phone for phone in phones}
        self.trunks = {trunk.endpoint: trunk for trunk in trunks}
        self.registered &= set(self.phones)
        for endpoint in sorted(set(self.phones) - before):
            for node in self._connected():
                self._tell_phone(node, endpoint)
        self.settle()

    def drain(self, nodes: frozenset[NodeName]) -> None:
        self.draining = nodes

    def nodes(self) -> Mapping[NodeName, bool]:
        return {name: node.connected for name, node in self._nodes.items()}

    def settle(self) -> None:
        """Carry out what was sent and tell what followed, until nothing is left."""
        if self._settling:
            return
        self._settling = True
        try:
            while self._events or self._commands:
                if self._events:
                    event = self._events.popleft()
                    if self._sink is not None:
                        self._sink(event)
                else:
                    self._carry_out(self._commands.popleft())
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
        self._arrivals += 1
        leg_id = LegId(f"{node}-{self._arrivals}")
        known = self.trunks if origin is Origin.TRUNK else self.phones
        if origin is not Origin.TEST and trunk not in known:
            return leg_id
        self.legs[leg_id] = FakeLeg(leg_id, node, trunk, outbound=False)
        self._tell(
            port.LegArrived(
                self._clock(),
                node,
                leg_id,
                origin,
                trunk,
                caller_number,
                caller_name,
                called_number,
            ),
            node,
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
            self._tell(port.LegAnswered(self._clock(), leg.id), leg.node)
        self.settle()

    def rejects(self, leg_id: LegId, cause: int = Cause.BUSY) -> None:
        """The called party declines."""
        self._end(leg_id, cause)
        self.settle()

    def hangs_up(self, leg_id: LegId, cause: int = Cause.NORMAL) -> None:
        self._end(leg_id, cause)
        self.settle()

    def presses(self, leg_id: LegId, digits: str) -> None:
        leg = self.legs.get(leg_id)
        for digit in digits if leg is not None else "":
            self._tell(port.DigitPressed(self._clock(), leg_id, digit), leg.node)  # type: ignore[union-attr]
        self.settle()

    def holds(self, leg_id: LegId, *, on: bool = True) -> None:
        """The party presses hold (or resume) on its own phone."""
        leg = self.legs[leg_id]
        kind = port.LegHeld if on else port.LegResumed
        self._tell(kind(self._clock(), leg_id), leg.node)
        self.settle()

    def playback_ends(self, leg_id: LegId) -> None:
        """What the leg hears is through."""
        leg = self.legs[leg_id]
        for playback in leg.playing:
            self._tell(port.PlaybackEnded(self._clock(), leg_id, playback), leg.node)
        leg.playing.clear()
        self.settle()

    def phone_registers(self, endpoint: str) -> None:
        if endpoint in self.phones and endpoint not in self.registered:
            self.registered.add(endpoint)
            for node in self._connected():
                self._tell_phone(node, endpoint)
        self.settle()

    def phone_leaves(self, endpoint: str) -> None:
        if endpoint in self.registered:
            self.registered.discard(endpoint)
            for node in self._connected():
                self._tell_phone(node, endpoint)
        self.settle()

    def connection_lost(self, node: NodeName = FIRST_NODE) -> None:
        """We lose the node; its calls go on."""
        if self._nodes[node].connected:
            self._tell(port.NodeLost(self._clock(), node), node)
            self._nodes[node].connected = False
        self.settle()

    def connection_returns(self, node: NodeName = FIRST_NODE) -> None:
        state = self._nodes[node]
        state.connected = True
        for leg_id in [leg for leg, where in self._missed.items() if where == node]:
            del self._missed[leg_id]
            self._tell(port.LegEnded(self._clock(), leg_id, Cause.UNKNOWN), node)
        legs = tuple(
            port.LiveLeg(leg.id, leg.bridge, leg.answered)
            for leg in self.legs.values()
            if leg.node == node
        )
        connected = port.NodeConnected(self._clock(), node, legs, bridges=tuple(state.bridges))
        self._tell(connected, node)
        for endpoint in sorted(self.phones):
            self._tell_phone(state, endpoint)
        self.settle()

    def node_dies(self, node: NodeName = FIRST_NODE) -> None:
        """The node ends with all its calls; `connection_returns` is its restart."""
        self.connection_lost(node)
        self._nodes[node].bridges.clear()
        for leg in [leg for leg in self.legs.values() if leg.node == node]:
            self._end(leg.id, Cause.UNKNOWN)
        self._events.append(port.NodeGone(self._clock(), node))
        self.settle()

    def expire(self) -> None:
        """End what is due by the clock: ring timeouts and leases."""
        now = self._clock()
        for leg in [*self.legs.values()]:
            if leg.rings_until_ms is not None and leg.rings_until_ms <= now:
                self._end(leg.id, Cause.NO_ANSWER)
            elif leg.leased_until_ms is not None and leg.leased_until_ms <= now:
                self._end(leg.id, Cause.NORMAL)
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

    # --- commands

    def _carry_out(self, command: Command) -> None:
        node = self._node_of(command)
        if node is None:
            self._refuse(command, 404, "no such leg", gone=True)
        elif not node.connected:
            self._refuse(command, UNAVAILABLE, "no connection to the node", gone=False)
        else:
            self._by_type[type(command)](command)

    def _node_of(self, command: Command) -> FakeNode | None:
        if isinstance(command, port.OriginateLeg | port.DialInBridge | port.DestroyBridge):
            return self._nodes.get(command.node)
        legs = command.legs if isinstance(command, port.JoinLegs) else (command.leg,)
        if any(leg not in self.legs for leg in legs):
            return None
        return self._nodes[self.legs[legs[0]].node]

    def _answer(self, command: port.AnswerLeg) -> None:
        leg = self.legs[command.leg]
        leg.answered, leg.ringing = True, False

    def _ring(self, command: port.RingLeg) -> None:
        self.legs[command.leg].ringing = True

    def _play(self, command: port.PlayMedia) -> None:
        leg = self.legs[command.leg]
        if command.playback in leg.playbacks:
            return
        leg.playbacks.add(command.playback)
        leg.playing.append(command.playback)
        leg.played.append(command.media)

    def _stop_playback(self, command: port.StopPlayback) -> None:
        leg = self.legs[command.leg]
        if command.playback not in leg.playing:
            self._refuse(command, 404, "Playback not found", gone=True)
            return
        leg.playing.remove(command.playback)
        self._tell(port.PlaybackEnded(self._clock(), leg.id, command.playback), leg.node)

    def _start_music(self, command: port.StartMusic) -> None:
        self.legs[command.leg].music = command.music

    def _stop_music(self, command: port.StopMusic) -> None:
        self.legs[command.leg].music = ""

    def _originate(self, command: port.OriginateLeg) -> None:
        leg = self._call(command)
        if leg is not None:
            leg.headers = dict(command.headers)
            leg.auto_answer = command.auto_answer
            leg.caller_number = command.caller_number

    def _dial_in_bridge(self, command: port.DialInBridge) -> None:
        leg = self._call(command)
        if leg is not None:
            self._nodes[command.node].bridges.add(command.bridge)
            leg.bridge = command.bridge
            leg.caller_number = command.caller_number

    def _call(self, command: port.OriginateLeg | port.DialInBridge) -> FakeLeg | None:
        if command.leg in self.legs:
            return None
        if command.originator is not None and command.originator not in self.legs:
            self._refuse(command, 400, "the originator is gone", gone=True)
            return None
        name = command.endpoint.partition("/")[2].rpartition("@")[2]
        if not (name in self.trunks or self._reachable(name)):
            self._refuse(command, 500, "Allocation failed", gone=False, cause=Cause.UNALLOCATED)
            return None
        leg = FakeLeg(command.leg, command.node, name, outbound=True)
        leg.rings_until_ms = self._clock() + command.ring_timeout_s * 1000
        self.legs[leg.id] = leg
        self._react(leg, self.reactions.get(name, Reaction.RING))
        return leg

    def _react(self, leg: FakeLeg, reaction: Reaction) -> None:
        if reaction is Reaction.BUSY:
            self._end(leg.id, Cause.BUSY)
            return
        if reaction is not Reaction.SILENT:
            self._tell(port.LegRinging(self._clock(), leg.id), leg.node)
        if reaction is Reaction.ANSWER:
            leg.answered, leg.rings_until_ms = True, None
            self._tell(port.LegAnswered(self._clock(), leg.id), leg.node)

    def _join(self, command: port.JoinLegs) -> None:
        legs = [self.legs[leg] for leg in command.legs]
        if any(leg.outbound and not leg.answered for leg in legs):
            self._refuse(command, 409, "Channel not in Stasis application", gone=False)
            return
        self._nodes[legs[0].node].bridges.add(command.bridge)
        for leg in legs:
            leg.bridge, leg.music = command.bridge, ""

    def _take_out(self, command: port.TakeOut) -> None:
        leg = self.legs[command.leg]
        if leg.bridge != command.bridge:
            self._refuse(command, 422, "Channel not in this bridge", gone=True)
            return
        leg.bridge = None

    def _destroy_bridge(self, command: port.DestroyBridge) -> None:
        bridges = self._nodes[command.node].bridges
        if command.bridge not in bridges:
            self._refuse(command, 404, "Bridge not found", gone=True)
            return
        bridges.discard(command.bridge)
        for leg in self.legs.values():
            if leg.bridge == command.bridge:
                leg.bridge = None

    def _hang_up(self, command: port.HangUpLeg) -> None:
        self._end(command.leg, command.cause)

    def _send_digits(self, command: port.SendDigits) -> None:
        self.legs[command.leg].digits_sent += command.digits

    def _start_recording(self, command: port.StartRecording) -> None:
        self.legs[command.leg].recording = command.recording
        self.recordings.append(command.recording)

    def _pause_recording(self, command: port.PauseRecording) -> None:
        self.legs[command.leg].recording_paused = True

    def _resume_recording(self, command: port.ResumeRecording) -> None:
        self.legs[command.leg].recording_paused = False

    def _stop_recording(self, command: port.StopRecording) -> None:
        self.legs[command.leg].recording = ""

    def _place_test_call(self, command: port.PlaceTestCall) -> None:
        self.caller_arrives(
            command.number, command.caller_number, node=command.node, origin=Origin.TEST
        )

    def _lease(self, command: port.LeaseLeg) -> None:
        self.legs[command.leg].leased_until_ms = self._clock() + command.seconds * 1000

    # --- inside

    def _tell(self, event: Event, node: NodeName) -> None:
        if self._nodes[node].connected:
            self._events.append(event)

    def _tell_phone(self, node: FakeNode, endpoint: str) -> None:
        online = self._reachable(endpoint)
        self._tell(port.PhoneChanged(self._clock(), node.name, endpoint, online), node.name)

    def _reachable(self, endpoint: str) -> bool:
        phone = self.phones.get(endpoint)
        static = phone is not None and phone.kind is PhoneKind.STATIC
        return static or endpoint in self.registered

    def _connected(self) -> list[FakeNode]:
        return [node for node in self._nodes.values() if node.connected]

    def _end(self, leg_id: LegId, cause: int) -> None:
        leg = self.legs.pop(leg_id, None)
        if leg is None:
            return
        self.ended[leg_id] = cause
        if self._nodes[leg.node].connected:
            self._tell(port.LegEnded(self._clock(), leg_id, cause), leg.node)
        else:
            self._missed[leg_id] = leg.node

    def _refuse(
        self,
        command: Command,
        status: int,
        reason: str,
        *,
        gone: bool,
        cause: Cause = Cause.FAILURE,
    ) -> None:
        now = self._clock()
        self._events.append(port.CommandFailed(now, command, status, gone, reason))
        if isinstance(command, port.OriginateLeg | port.DialInBridge):
            self._events.append(port.LegEnded(now, command.leg, cause))
