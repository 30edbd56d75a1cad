"""How the switch in memory carries out what it is sent."""

from collections.abc import Callable
from typing import Any

from hujiao.telephony import port
from hujiao.telephony.fake.exchange import Exchange, FakeLeg, FakeNode, Reaction
from hujiao.telephony.port import Cause, Command, Origin

UNAVAILABLE = 503
NAMES_ITS_NODE = port.OriginateLeg | port.DialInBridge | port.DestroyBridge | port.PlaceTestCall


class Commands:
    """Carries out commands on an exchange; refusals are told, never raised."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._legs = exchange.legs
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
            port.PlaceTestCall: self._place_test_call,
        }

    def carry_out(self, command: Command) -> None:
        """Do it now, or tell why not."""
        node = self._node_of(command)
        if node is None:
            self._exchange.refuse(command, 404, "no such leg", gone=True)
        elif not node.connected:
            self._exchange.refuse(command, UNAVAILABLE, "no connection to the node", gone=False)
        else:
            self._by_type[type(command)](command)

    def _node_of(self, command: Command) -> FakeNode | None:
        nodes = self._exchange.nodes
        if isinstance(command, NAMES_ITS_NODE):
            return nodes.get(command.node)
        legs = command.legs if isinstance(command, port.JoinLegs) else (command.leg,)
        if any(leg not in self._legs for leg in legs):
            return None
        return nodes[self._legs[legs[0]].node]

    def _answer(self, command: port.AnswerLeg) -> None:
        leg = self._legs[command.leg]
        leg.answered, leg.ringing = True, False

    def _ring(self, command: port.RingLeg) -> None:
        self._legs[command.leg].ringing = True

    def _play(self, command: port.PlayMedia) -> None:
        leg = self._legs[command.leg]
        if command.playback in leg.playbacks:
            return
        leg.playbacks.add(command.playback)
        leg.playing.append(command.playback)
        leg.played.append(command.media)

    def _stop_playback(self, command: port.StopPlayback) -> None:
        leg = self._legs[command.leg]
        if command.playback not in leg.playing:
            self._exchange.refuse(command, 404, "Playback not found", gone=True)
            return
        leg.playing.remove(command.playback)
        self._exchange.tell(
            port.PlaybackEnded(self._exchange.clock(), leg.id, command.playback), leg.node
        )

    def _start_music(self, command: port.StartMusic) -> None:
        self._legs[command.leg].music = command.music

    def _stop_music(self, command: port.StopMusic) -> None:
        self._legs[command.leg].music = ""

    def _originate(self, command: port.OriginateLeg) -> None:
        leg = self._call(command)
        if leg is not None:
            leg.headers = dict(command.headers)
            leg.auto_answer = command.auto_answer
            leg.caller_number = command.caller_number

    def _dial_in_bridge(self, command: port.DialInBridge) -> None:
        leg = self._call(command)
        if leg is not None:
            self._exchange.nodes[command.node].bridges.add(command.bridge)
            leg.bridge = command.bridge
            leg.dialled = True
            leg.caller_number = command.caller_number

    def _call(self, command: port.OriginateLeg | port.DialInBridge) -> FakeLeg | None:
        if command.leg in self._legs:
            return None
        if command.originator is not None and command.originator not in self._legs:
            self._exchange.refuse(command, 400, "the originator is gone", gone=True)
            return None
        name = command.endpoint.partition("/")[2].rpartition("@")[2]
        if not (name in self._exchange.trunks or self._exchange.reachable(name)):
            self._exchange.refuse(
                command, 500, "Allocation failed", gone=False, cause=Cause.UNALLOCATED
            )
            return None
        leg = FakeLeg(command.leg, command.node, name, outbound=True)
        leg.rings_until_ms = self._exchange.clock() + command.ring_timeout_s * 1000
        self._legs[leg.id] = leg
        self._react(leg, self._exchange.reactions.get(name, Reaction.RING))
        return leg

    def _react(self, leg: FakeLeg, reaction: Reaction) -> None:
        if reaction is Reaction.BUSY:
            self._exchange.end(leg.id, Cause.BUSY)
            return
        if reaction is not Reaction.SILENT:
            self._exchange.tell(port.LegRinging(self._exchange.clock(), leg.id), leg.node)
        if reaction is Reaction.ANSWER:
            leg.answered, leg.rings_until_ms = True, None
            self._exchange.tell(port.LegAnswered(self._exchange.clock(), leg.id), leg.node)

    def _join(self, command: port.JoinLegs) -> None:
        legs = [self._legs[leg] for leg in command.legs]
        if any(leg.outbound and not leg.answered for leg in legs):
            self._exchange.refuse(command, 409, "Channel not in Stasis application", gone=False)
            return
        self._exchange.nodes[legs[0].node].bridges.add(command.bridge)
        for leg in legs:
            leg.bridge, leg.music = command.bridge, ""

    def _take_out(self, command: port.TakeOut) -> None:
        leg = self._legs[command.leg]
        if leg.bridge != command.bridge:
            self._exchange.refuse(command, 422, "Channel not in this bridge", gone=True)
            return
        leg.bridge = None

    def _destroy_bridge(self, command: port.DestroyBridge) -> None:
        bridges = self._exchange.nodes[command.node].bridges
        if command.bridge not in bridges:
            self._exchange.refuse(command, 404, "Bridge not found", gone=True)
            return
        bridges.discard(command.bridge)
        for leg in self._legs.values():
            if leg.bridge == command.bridge:
                leg.bridge = None

    def _hang_up(self, command: port.HangUpLeg) -> None:
        self._exchange.end(command.leg, command.cause)

    def _send_digits(self, command: port.SendDigits) -> None:
        self._legs[command.leg].digits_sent += command.digits

    def _start_recording(self, command: port.StartRecording) -> None:
        self._legs[command.leg].recording = command.recording
        self._exchange.recordings.append(command.recording)

    def _pause_recording(self, command: port.PauseRecording) -> None:
        self._legs[command.leg].recording_paused = True

    def _resume_recording(self, command: port.ResumeRecording) -> None:
        self._legs[command.leg].recording_paused = False

    def _stop_recording(self, command: port.StopRecording) -> None:
        self._legs[command.leg].recording = ""

    def _place_test_call(self, command: port.PlaceTestCall) -> None:
        self._exchange.arrive(
            command.number, command.caller_number, node=command.node, origin=Origin.TEST
        )
