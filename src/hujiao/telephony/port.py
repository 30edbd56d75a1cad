"""What the floor may ask of a switch and what a switch tells it. No Asterisk word passes this line.

Commands are values: they are sent in order and never awaited; a command that the switch refuses
comes back as `CommandFailed`. Leg ids are chosen by the floor (``<call id>.<leg no>``), except that
of a leg which arrives from outside, whose id is the switch's. Bridge and playback ids are ours too,
so that sending a command twice does nothing twice.
"""

from collections.abc import Callable, Mapping
from dataclasses import field
from enum import IntEnum, StrEnum
from typing import NewType, Protocol

from hujiao.kit.values import value
from hujiao.telephony.endpoints import Phone, Trunk

LegId = NewType("LegId", str)
BridgeId = NewType("BridgeId", str)
PlaybackId = NewType("PlaybackId", str)
NodeName = NewType("NodeName", str)


class Cause(IntEnum):
    """Q.850 causes that the floor sends or tells apart; others arrive as plain numbers."""

    UNKNOWN = 0
    UNALLOCATED = 1
    NORMAL = 16
    BUSY = 17
    NO_ANSWER = 19
    REJECTED = 21
    ANSWERED_ELSEWHERE = 26
    CONGESTION = 34
    FAILURE = 38


def cause_unheard(*, agent_was_up: bool) -> Cause:
    """Why a leg that its node noted nothing of has ended there, while the node lives on.

    Nothing is noted of agents. One whose line stood has hung up: no cause is told of that when it
    is heard, either.
    """
    return Cause.NORMAL if agent_was_up else Cause.UNKNOWN


# --- commands -----------------------------------------------------------------------------------


@value
class AnswerLeg:
    """Take the call of a leg that came in; nothing is told of it."""

    leg: LegId


@value
class RingLeg:
    """Let the caller hear ringing."""

    leg: LegId


@value
class PlayMedia:
    """Play media URIs one after another; `PlaybackEnded` tells when all are through.

    Music that the leg hears is interrupted and goes on afterwards.
    """

    leg: LegId
    playback: PlaybackId
    media: tuple[str, ...]


@value
class StopPlayback:
    """End a playback before it is through; `PlaybackEnded` follows."""

    playback: PlaybackId
    leg: LegId


@value
class StartMusic:
    """Let the leg hear music of this class until it is stopped or joined to others."""

    leg: LegId
    music: str = "default"


@value
class StopMusic:
    """Let the leg hear silence again."""

    leg: LegId


@value
class OriginateLeg:
    """Call an endpoint. `LegRinging`, then `LegAnswered` or `LegEnded` follow.

    A SIP phone that is registered at another node only is called at the address it gave there.
    `originator` is the leg on whose behalf we call: the switch refuses when it is gone
    (`CommandFailed`), which closes the race between an offer and a caller who gives up.
    """

    leg: LegId
    node: NodeName
    endpoint: str
    ring_timeout_s: int
    caller_number: str = ""
    caller_name: str = ""
    originator: LegId | None = None
    auto_answer: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)


@value
class DialInBridge:
    """Create a leg, put it into a bridge at once and dial it: early media is heard there.

    A gateway that is registered at another node only is called at the address it gave there.
    """

    leg: LegId
    node: NodeName
    bridge: BridgeId
    endpoint: str
    ring_timeout_s: int
    caller_number: str = ""
    originator: LegId | None = None


@value
class JoinLegs:
    """Create the bridge if it does not exist and put the legs into it (out of any other).

    Music of a joining leg is stopped first.
    """

    bridge: BridgeId
    legs: tuple[LegId, ...]


@value
class TakeOut:
    """Take a leg out of its bridge; it stays alive, in silence."""

    bridge: BridgeId
    leg: LegId


@value
class DestroyBridge:
    """Take all legs out of the bridge, in silence, and forget it."""

    bridge: BridgeId
    node: NodeName


@value
class HangUpLeg:
    """End the leg; its party is told the Q.850 `cause`."""

    leg: LegId
    cause: Cause = Cause.NORMAL


@value
class SendDigits:
    """Send DTMF digits (0-9 * # A-D) towards the leg's party."""

    leg: LegId
    digits: str


@value
class StartRecording:
    """Record the party of this leg and what it hears into two raw A-law files of equal length.

    Files are `<recording>-rx.alaw` (the party) and `<recording>-tx.alaw` (what it hears, music
    being silence) in the node's recording folder; they go on over holds and changes of bridge.
    `recording` holds only [0-9A-Za-z._-].
    """

    leg: LegId
    recording: str


@value
class PauseRecording:
    """Write silence instead of both voices (card data); the length stays in step."""

    leg: LegId
    recording: str


@value
class ResumeRecording:
    """Write both voices again."""

    leg: LegId
    recording: str


@value
class StopRecording:
    """Write both files to their end; the call goes on."""

    leg: LegId
    recording: str


@value
class PlaceTestCall:
    """Let the switch itself play a customer who calls `number` of ours and talks.

    What arrives by it is a leg of its own; nothing is told about `leg`, the customer's mouth.
    """

    leg: LegId
    node: NodeName
    number: str
    caller_number: str = ""


Command = (
    AnswerLeg
    | RingLeg
    | PlayMedia
    | StopPlayback
    | StartMusic
    | StopMusic
    | OriginateLeg
    | DialInBridge
    | JoinLegs
    | TakeOut
    | DestroyBridge
    | HangUpLeg
    | SendDigits
    | StartRecording
    | PauseRecording
    | ResumeRecording
    | StopRecording
    | PlaceTestCall
)


# --- events -------------------------------------------------------------------------------------


class Origin(StrEnum):
    """Where an arriving leg comes from."""

    TRUNK = "trunk"
    AGENT = "agent"
    TEST = "test"


@value
class LegArrived:
    """A leg came in and waits for our word. `endpoint` is the trunk's or agent's endpoint name.

    `waited_ms` is how long it had been there when the switch told us: nobody may have been there to
    be told.
    """

    at_ms: int
    node: NodeName
    leg: LegId
    origin: Origin
    endpoint: str
    caller_number: str
    caller_name: str
    called_number: str
    waited_ms: int = 0


@value
class LegRinging:
    """The phone of a leg that we called rings."""

    at_ms: int
    leg: LegId


@value
class LegAnswered:
    """A leg that we called was answered. (`LegArrived` legs answer by our own command.)"""

    at_ms: int
    leg: LegId


@value
class LegEnded:
    """The leg is gone, for whatever reason; told exactly once for each leg ever seen or made.

    `ended_ms` is when, if nobody could be told at once: a customer left by the node's notes, or a
    leg ended while what is there was being asked for.
    """

    at_ms: int
    leg: LegId
    cause: int
    ended_ms: int | None = None


@value
class DigitPressed:
    """The party pressed one of 0-9 * # A-D."""

    at_ms: int
    leg: LegId
    digit: str


@value
class PlaybackEnded:
    """All media of a playback are through, or it was stopped."""

    at_ms: int
    leg: LegId
    playback: PlaybackId


@value
class LegHeld:
    """The party pressed hold on its own phone."""

    at_ms: int
    leg: LegId


@value
class LegResumed:
    """The party took the call back from its own hold."""

    at_ms: int
    leg: LegId


@value
class PhoneChanged:
    """A provisioned phone registered or went away. After a node connects it is told for all."""

    at_ms: int
    node: NodeName
    endpoint: str
    online: bool


@value
class CommandFailed:
    """The switch refused a command. `gone` = the leg, bridge or playback no longer exists."""

    at_ms: int
    command: Command
    status: int
    gone: bool
    reason: str


@value
class LiveLeg:
    """A leg found on a node at (re)connection.

    `arrival` says what came in by it, if it did; otherwise `endpoint` is whom we called.
    """

    leg: LegId
    bridge: BridgeId | None
    answered: bool
    arrival: LegArrived | None = None
    endpoint: str = ""


@value
class EndedLeg:
    """A node's note of a customer who has left lately, whether anybody was told of it or not.

    `arrival` says what had come in by his leg, if he called; its times are by the node's clock.
    """

    leg: LegId
    ended_ms: int
    cause: int
    arrival: LegArrived | None = None


@value
class NodeConnected:
    """A node can be used; `legs` is all that is alive on it now (empty after its restart).

    `LegEnded` is told (before this event) for every leg known from an earlier connection that is
    gone now.
    """

    at_ms: int
    node: NodeName
    legs: tuple[LiveLeg, ...]
    up_since_ms: int = 0
    """When the node's process began, by its own clock; 0 when it does not say."""
    bridges: tuple[BridgeId, ...] = ()
    """Those that exist there, with legs in them or without."""
    ended: tuple[EndedLeg, ...] = ()
    """What the node has noted of the latest customers who left, in no order."""


@value
class NodeLost:
    """The connection to a node is gone; the node and its calls may live on."""

    at_ms: int
    node: NodeName


@value
class NodeGone:
    """A node that is not connected has no process any more: its calls have ended with it.

    Told at most once between two connections, and not at all when nobody can know.
    """

    at_ms: int
    node: NodeName


Event = (
    LegArrived
    | LegRinging
    | LegAnswered
    | LegEnded
    | DigitPressed
    | PlaybackEnded
    | LegHeld
    | LegResumed
    | PhoneChanged
    | CommandFailed
    | NodeConnected
    | NodeLost
    | NodeGone
)

EventSink = Callable[[Event], None]


class Switch(Protocol):
    """All nodes of the switch as one."""

    def send(self, command: Command) -> None:
        """Queue a command behind those sent before. Never blocks; switch trouble raises nothing."""

    async def start(self, sink: EventSink) -> None:
        """Connect to all nodes and tell `sink` every event, in order, on the event loop."""

    async def stop(self) -> None:
        """Disconnect; live legs are left as they are."""

    async def provision(self, phones: tuple[Phone, ...], trunks: tuple[Trunk, ...]) -> None:
        """Make exactly these phones and trunks known to every node, now and at each reconnect."""

    def drain(self, nodes: frozenset[NodeName]) -> None:
        """Let exactly these nodes refuse new calls of trunks, now and at each reconnect."""

    def nodes(self) -> Mapping[NodeName, bool]:
        """Node name -> connected."""
