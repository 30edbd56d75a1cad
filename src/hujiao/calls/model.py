"""The words of a live call. A `Call` is owned by the floor and changed only by `rules`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NewType, Protocol

from hujiao.events.fact import Fact, Subject
from hujiao.routing.model import Event as RoutingEvent
from hujiao.telephony.port import BridgeId, Command, LegId, NodeName, PlaybackId

CallId = NewType("CallId", str)

BRIDGE = ".b"
"""How the name of a call's bridge ends, after the call's own."""


class Direction(StrEnum):
    IN = "in"
    OUT = "out"


class Phase(StrEnum):
    """Where a call stands, as the desk shows it."""

    GREETING = "greeting"
    MENU = "menu"
    WAITING = "waiting"
    RINGING = "ringing"
    DIALING = "dialing"
    TALKING = "talking"
    HOLD = "hold"
    RECONNECTING = "reconnecting"
    LEAVING = "leaving"
    ENDED = "ended"


CONNECTED = frozenset({Phase.TALKING, Phase.HOLD})
IN_QUEUE = frozenset({Phase.WAITING, Phase.RINGING})


class Recording(StrEnum):
    OFF = "off"
    ON = "on"
    PAUSED = "paused"


class EndedBy(StrEnum):
    CUSTOMER = "customer"
    AGENT = "agent"
    SYSTEM = "system"


class Timer(StrEnum):
    """What a call may wait for; at most one of each is set."""

    MENU = "menu"
    ANNOUNCE = "announce"
    MUSIC = "music"
    RECONNECT = "reconnect"


class Prompts(Protocol):
    """Turns a prompt's id into media URIs that the switch plays in one go."""

    def __call__(self, prompt: str, language: str, /, **numbers: int) -> list[str]: ...


@dataclass(frozen=True, slots=True)
class Greeting:
    """What the caller of a public number hears and where each digit leads (queue ids)."""

    language: str
    prompt: str
    menu: Mapping[str, str]
    default_queue: str
    timeout_ms: int


@dataclass(frozen=True, slots=True)
class Invited:
    """An agent to be called: his endpoint, and whether losing the phone ends the call.

    A browser's phone dies with its page, so its loss is no wish to hang up; a desk phone's is.
    """

    agent: str
    endpoint: str
    survives_loss: bool

    def headers(self, call: str) -> Mapping[str, str]:
        """What the phone is told beside the caller: a browser finds its call by it.

        Desk phones ignore it, and a header costs Asterisk some 5 % of a call.
        """
        return {"X-Hujiao-Call": call} if self.survives_loss else {}


@dataclass(frozen=True, slots=True)
class Destination:
    """Whom an outbound call goes to, and how: `endpoint` is what the switch dials over `trunk`."""

    number: str
    endpoint: str
    trunk: str
    caller_number: str
    recorded: bool


@dataclass(slots=True)
class Leg:
    """One party's line. `agent` is None for the customer's; for `survives_loss` see `Invited`."""

    id: LegId
    agent: str | None
    answered: bool = False
    survives_loss: bool = False


@dataclass(slots=True)
class Call:
    """A voice contact while it lives, and until its agent has wrapped up."""

    id: CallId
    node: NodeName
    """All its legs are there, for as long as it lives."""
    direction: Direction
    phase: Phase
    since_ms: int
    arrived_ms: int
    caller: str
    caller_name: str
    called: str
    trunk: str
    customer: LegId
    customer_endpoint: str = ""
    greeting: Greeting | None = None
    language: str = "zh"
    legs: dict[LegId, Leg] = field(default_factory=dict)
    """Legs alive, and those asked for whose end has not been told."""
    last_leg: int = 0
    playback: PlaybackId | None = None
    last_playback: int = 0
    queue: str | None = None
    queued_ms: int | None = None
    priority: int = 0
    announce_every_ms: int = 0
    music: bool = False
    """Whether the caller hears, or while an announcement is played will hear again, music."""
    agent: str | None = None
    agent_leg: LegId | None = None
    offered: dict[str, LegId] = field(default_factory=dict)
    bridged: bool = False
    recorded: bool = False
    recording: Recording = Recording.OFF
    digits: str = ""
    menu_tries: int = 0
    answered_ms: int | None = None
    ended_by: EndedBy | None = None
    cause: int | None = None
    place: str = ""
    """What an agent must have to be reached from this node; empty where everybody is."""

    @property
    def bridge(self) -> BridgeId:
        return BridgeId(self.id + BRIDGE)

    @property
    def customer_is_here(self) -> bool:
        return self.customer in self.legs

    @property
    def is_over(self) -> bool:
        return self.phase is Phase.ENDED

    def new_leg(self, invited: Invited | None) -> Leg:
        """A leg to be originated to an agent, or to the customer, with the next id of this call."""
        self.last_leg += 1
        leg = Leg(LegId(f"{self.id}.{self.last_leg}"), None)
        if invited is not None:
            leg.agent, leg.survives_loss = invited.agent, invited.survives_loss
        self.legs[leg.id] = leg
        return leg

    def enter(self, phase: Phase, at_ms: int) -> None:
        self.phase = phase
        self.since_ms = at_ms


@dataclass(slots=True)
class Effects:
    """What a rule wants done, in order. The floor does it."""

    commands: list[Command] = field(default_factory=list)
    facts: list[tuple[Fact, Subject]] = field(default_factory=list)
    routing: list[RoutingEvent] = field(default_factory=list)
    timers: list[tuple[Timer, int | None]] = field(default_factory=list)
    """Timer and when it is due (ms since epoch), or None to forget it."""

    def tell(self, call: Call, fact: Fact, agent: str | None = None) -> None:
        """Write a fact about this call; about its agent unless another is named."""
        self.facts.append((fact, Subject(call.id, agent or call.agent, call.queue)))

    def do(self, *commands: Command) -> None:
        self.commands.extend(commands)
