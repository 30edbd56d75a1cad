"""What one node's adapter remembers of its live legs, so that each end is told exactly once."""

import asyncio
from collections.abc import Mapping, MutableMapping
from typing import Any

from hujiao.kit.clock import Clock
from hujiao.telephony.ari.link import encoded
from hujiao.telephony.port import (
    BridgeId,
    Cause,
    Command,
    CommandFailed,
    EventSink,
    LegEnded,
    LegId,
    NodeName,
    PlaybackId,
)


class Leg:
    """A channel of ours. `name` is Asterisk's name for it, empty until the node told us."""

    __slots__ = (
        "answered",
        "bridge",
        "cause",
        "dial",
        "id",
        "music",
        "name",
        "outbound",
        "path",
        "playbacks",
        "playing",
        "recording",
        "ringing",
        "subscribed",
        "told",
    )

    def __init__(self, leg: LegId, *, outbound: bool, name: str = "") -> None:
        self.id = leg
        self.path = "channels/" + encoded(leg)
        self.name = name
        self.outbound = outbound
        self.answered = False
        self.ringing = False
        self.subscribed = outbound
        """The node tells us when the channel is destroyed, as it does of those we made."""
        self.told = outbound
        """The floor knows of this leg: it made it, or was told of its arrival."""
        self.music: str | None = ""
        """The music that plays or goes on after what is played now; None = nobody knows."""
        self.playing = 0
        self.bridge: BridgeId | None = None
        self.dial: Any = None
        """The `DialInBridge` that waits for the channel to be ready."""
        self.cause = 0
        self.recording = ""
        self.playbacks: set[PlaybackId] | None = None


class Legs:
    """The live legs of one node, and the way events go to the floor."""

    def __init__(
        self, node: NodeName, clock: Clock, sink: EventSink, where: MutableMapping[LegId, NodeName]
    ) -> None:
        self.node = node
        self.clock = clock
        self.tell = sink
        self.live: dict[str, Leg] = {}
        self.playing: dict[str, LegId] = {}
        self.bridges: set[BridgeId] = set()
        self.aliases: Mapping[str, str] = {}
        self.heard_ms: int | None = None
        """When what is told now was heard, if that could not be told at once."""
        self._where = where

    def add(self, leg: Leg) -> Leg:
        self.live[leg.id] = leg
        self._where[leg.id] = self.node
        return leg

    def end(self, leg: Leg, cause: int, ended_ms: int | None = None) -> None:
        """Forget the leg and tell its end; nothing when it has ended before.

        `ended_ms` when that was not just now."""
        if self.live.pop(leg.id, None) is None:
            return
        self._where.pop(leg.id, None)
        for playback in leg.playbacks or ():
            self.playing.pop(playback, None)
        if leg.told:
            self.tell(LegEnded(self.clock(), leg.id, cause, ended_ms or self.heard_ms))

    def refuse(self, command: Command, status: int, *, gone: bool, reason: str) -> None:
        self.tell(CommandFailed(self.clock(), command, status, gone, reason))

    def refuse_soon(self, command: Command, status: int, *, gone: bool, reason: str) -> None:
        """Refuse without going to the node; never inside the floor's own `send`."""
        event = CommandFailed(self.clock(), command, status, gone, reason)
        asyncio.get_running_loop().call_soon(self._tell_refused, event)

    def _tell_refused(self, event: CommandFailed) -> None:
        self.tell(event)
        self.end_unmade(event.command, Cause.FAILURE)

    def end_unmade(self, command: Command, cause: int) -> None:
        """A leg that was asked for and never came to be has ended, too."""
        leg_id: LegId | None = getattr(command, "leg", None)
        leg = self.live.get(leg_id) if leg_id is not None else None
        if leg is not None:
            self.end(leg, cause)
