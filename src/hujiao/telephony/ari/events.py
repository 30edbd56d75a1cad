"""From ARI events to the floor's events."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import orjson

from hujiao.kit.clock import to_ms
from hujiao.telephony.ari.commands import DIALED
from hujiao.telephony.ari.legs import Leg, Legs
from hujiao.telephony.port import (
    Cause,
    DigitPressed,
    LegAnswered,
    LegArrived,
    LegHeld,
    LegId,
    LegResumed,
    LegRinging,
    Origin,
    PlaybackEnded,
    PlaybackId,
)

Json = dict[str, Any]

_ORIGINS = {origin.value: origin for origin in Origin}


class Events:
    """Translates one node's events; what tells the floor nothing new is dropped."""

    def __init__(
        self,
        legs: Legs,
        dial_created: Callable[[Leg], None],
        music_again: Callable[[Leg, str], None],
    ) -> None:
        self._legs = legs
        self._dial_created = dial_created
        self._music_again = music_again
        self._by_type: dict[str, Callable[[Json], None]] = {
            "StasisStart": self._stasis_start,
            "StasisEnd": self._stasis_end,
            "ChannelStateChange": self._state_change,
            "ChannelDestroyed": self._destroyed,
            "ChannelDtmfReceived": self._digit,
            "PlaybackFinished": self._playback_finished,
            "ChannelHold": self._held,
            "ChannelUnhold": self._resumed,
        }

    def hear(self, type_name: str, handler: Callable[[Json], None]) -> None:
        """Let another part of the node take one type of events."""
        self._by_type[type_name] = handler

    def allowed(self) -> bytes:
        """The event filter: the node sends us these types and nothing else.

        `RESTResponse` must stand in it, or the node filters its own answers away.
        """
        names = ["RESTResponse", *self._by_type]
        return orjson.dumps({"allowed": [{"type": name} for name in names]})

    def take(self, frame: bytes) -> None:
        event: Json = orjson.loads(frame)
        handler = self._by_type.get(event["type"])
        if handler is not None:
            handler(event)

    # --- the life of a leg

    def _stasis_start(self, event: Json) -> None:
        channel: Json = event["channel"]
        args: list[str] = event["args"]
        legs = self._legs
        leg = legs.live.get(channel["id"])
        if args and args[0] == DIALED:
            if leg is None:  # made by another floor before us; it is told at reconnection
                leg = legs.add(Leg(channel["id"], outbound=True))
                leg.told = False
            leg.name = channel["name"]
            if leg.dial is not None:
                self._dial_created(leg)
            elif not leg.answered:
                leg.answered = True
                legs.tell(LegAnswered(legs.clock(), leg.id))
            return
        if leg is None:
            leg = legs.add(Leg(LegId(channel["id"]), outbound=False, name=channel["name"]))
        if not leg.told:
            leg.told = True
            told_at = moment_ms(event.get("timestamp", ""))
            legs.tell(arrival(legs, channel, args, told_at))

    def _stasis_end(self, event: Json) -> None:
        """The end of a leg that came in: it costs no subscription, and there is no cause to miss.

        Asterisk (22.10) tells none with a BYE; a CANCEL has 127. Of a leg that we called,
        ChannelDestroyed follows at once and knows more (19, 44).
        """
        leg = self._legs.live.get(event["channel"]["id"])
        if leg is not None and not leg.subscribed:
            self._legs.end(leg, leg.cause or Cause.NORMAL)

    def _destroyed(self, event: Json) -> None:
        leg = self._legs.live.get(event["channel"]["id"])
        if leg is not None:
            self._legs.end(leg, leg.cause or event["cause"] or Cause.NORMAL)

    def _state_change(self, event: Json) -> None:
        channel: Json = event["channel"]
        leg = self._legs.live.get(channel["id"])
        if leg is None or not leg.outbound:
            return
        state: str = channel["state"]
        if state == "Ringing":
            if not leg.ringing:
                leg.ringing = True
                self._legs.tell(LegRinging(self._legs.clock(), leg.id))
        elif state == "Up" and leg.dial is not None and not leg.answered:
            leg.answered = True
            self._legs.tell(LegAnswered(self._legs.clock(), leg.id))

    # --- what happens on it

    def _digit(self, event: Json) -> None:
        leg = self._legs.live.get(event["channel"]["id"])
        if leg is not None:
            self._legs.tell(DigitPressed(self._legs.clock(), leg.id, event["digit"]))

    def _playback_finished(self, event: Json) -> None:
        playback: str = event["playback"]["id"]
        leg_id = self._legs.playing.pop(playback, None)
        leg = self._legs.live.get(leg_id) if leg_id is not None else None
        if leg is not None:
            leg.playing -= 1
            if leg.music and not leg.playing:
                self._music_again(leg, leg.music)
            self._legs.tell(PlaybackEnded(self._legs.clock(), leg.id, PlaybackId(playback)))

    def _held(self, event: Json) -> None:
        leg = self._legs.live.get(event["channel"]["id"])
        if leg is not None:
            self._legs.tell(LegHeld(self._legs.clock(), leg.id))

    def _resumed(self, event: Json) -> None:
        leg = self._legs.live.get(event["channel"]["id"])
        if leg is not None:
            self._legs.tell(LegResumed(self._legs.clock(), leg.id))


def endpoint_of(channel_name: str) -> str:
    """`PJSIP/trunk1-0000002a` -> `trunk1`."""
    return channel_name.partition("/")[2].rpartition("-")[0]


def moment_ms(text: str) -> int | None:
    """`2026-01-31T09:00:00.123+0800` as ms since epoch; None for anything else."""
    try:
        return to_ms(datetime.fromisoformat(text))
    except ValueError:
        return None


def arrival(
    legs: Legs, channel: Json, args: list[str], told_at_ms: int | None = None
) -> LegArrived:
    """What is told of a leg that came in; `args` are those of the dialplan's `Stasis()`.

    `told_at_ms` is the node's time of telling it: against the time when it made the channel, no
    difference between its clock and ours counts. Without it the clocks must be in step.
    """
    caller: Json = channel["caller"]
    endpoint = endpoint_of(channel["name"])
    at_ms = legs.clock()
    came_ms = moment_ms(channel.get("creationtime", ""))
    now_there_ms = at_ms if told_at_ms is None else told_at_ms
    return LegArrived(
        at_ms=at_ms,
        node=legs.node,
        leg=LegId(channel["id"]),
        origin=_ORIGINS.get(args[0] if args else "", Origin.TRUNK),
        endpoint=legs.aliases.get(endpoint, endpoint),
        caller_number=caller["number"],
        caller_name=caller["name"],
        called_number=args[1] if len(args) > 1 else channel["dialplan"]["exten"],
        waited_ms=0 if came_ms is None else max(0, now_there_ms - came_ms),
    )
