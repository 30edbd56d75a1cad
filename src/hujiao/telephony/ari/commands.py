"""From the floor's commands to ARI requests."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import orjson

from hujiao.telephony.ari.legs import Leg, Legs
from hujiao.telephony.ari.link import Order, encoded
from hujiao.telephony.port import (
    AnswerLeg,
    BridgeId,
    Cause,
    Command,
    DestroyBridge,
    DialInBridge,
    HangUpLeg,
    JoinLegs,
    LegId,
    OriginateLeg,
    PlaceTestCall,
    PlayMedia,
    RingLeg,
    SendDigits,
    StartMusic,
    StopMusic,
    StopPlayback,
    TakeOut,
)

APP = "hujiao"
DIALED = "dialed"
"""First Stasis argument of every leg that we called; arriving ones carry their origin there."""

_UNCERTAIN = frozenset('"<>\\')

_FORMATS = "&formats=alaw,ulaw,g722,opus"
"""In this order, whatever the endpoint allows of them; A-law costs the least."""

_HEADER_NAME = re.compile(r"[0-9A-Za-z-]+").fullmatch

Send = Callable[[Command, Order], None]


class Commands:
    """Turns each command into the requests it takes, given what is known of its leg."""

    def __init__(self, legs: Legs, send: Send) -> None:
        self._legs = legs
        self._send = send
        self._by_type: dict[type, Callable[[Any], None]] = {
            AnswerLeg: self._answer,
            RingLeg: self._ring,
            PlayMedia: self._play,
            StopPlayback: self._stop_playback,
            StartMusic: self._start_music,
            StopMusic: self._stop_music,
            OriginateLeg: self._originate,
            DialInBridge: self._dial_in_bridge,
            JoinLegs: self._join,
            TakeOut: self._take_out,
            DestroyBridge: self._destroy_bridge,
            HangUpLeg: self._hang_up,
            SendDigits: self._send_digits,
            PlaceTestCall: self._place_test_call,
        }

    def run(self, command: Command) -> None:
        self._by_type[type(command)](command)

    # --- one leg

    def _leg(self, command: Any) -> Leg | None:
        leg = self._legs.live.get(command.leg)
        if leg is None:
            self._legs.refuse_soon(command, 404, gone=True, reason="no such leg")
        return leg

    def _answer(self, command: AnswerLeg) -> None:
        if leg := self._leg(command):
            leg.answered = True
            self._send(command, Order("POST", leg.path + "/answer"))

    def _ring(self, command: RingLeg) -> None:
        if leg := self._leg(command):
            self._send(command, Order("POST", leg.path + "/ring"))

    def _play(self, command: PlayMedia) -> None:
        leg = self._leg(command)
        if leg is None:
            return
        if leg.playbacks is None:
            leg.playbacks = set()
        elif command.playback in leg.playbacks:
            return  # Asterisk would play it a second time under the same id
        leg.playbacks.add(command.playback)
        leg.playing += 1
        self._legs.playing[command.playback] = leg.id
        media = encoded(",".join(command.media))
        uri = f"{leg.path}/play/{encoded(command.playback)}?media={media}"
        self._send(command, Order("POST", uri))

    def _stop_playback(self, command: StopPlayback) -> None:
        if self._leg(command):
            self._send(command, Order("DELETE", "playbacks/" + encoded(command.playback)))

    def _start_music(self, command: StartMusic) -> None:
        if leg := self._leg(command):
            leg.music = command.music
            self._send(command, _music_order(leg, command.music))

    def _stop_music(self, command: StopMusic) -> None:
        if leg := self._leg(command):
            leg.music = ""
            self._send(command, Order("DELETE", leg.path + "/moh"))

    def _hang_up(self, command: HangUpLeg) -> None:
        if leg := self._leg(command):
            if not leg.cause:
                leg.cause = int(command.cause)
            uri = f"{leg.path}?reason_code={int(command.cause)}"
            self._send(command, Order("DELETE", uri))

    def _send_digits(self, command: SendDigits) -> None:
        if leg := self._leg(command):
            uri = f"{leg.path}/dtmf?dtmf={encoded(command.digits)}"
            self._send(command, Order("POST", uri))

    # --- new legs

    def _originate(self, command: OriginateLeg) -> None:
        if command.leg in self._legs.live:
            return
        if self._originator_is_gone(command, command.originator):
            return
        leg = self._legs.add(Leg(command.leg, outbound=True))
        uri = (
            f"{leg.path}?endpoint={quote(command.endpoint, safe='/@:')}&app={APP}&appArgs={DIALED}"
            f"&timeout={command.ring_timeout_s}"
        )
        if command.caller_number or command.caller_name:
            uri += "&callerId=" + encoded(caller_id(command.caller_name, command.caller_number))
        if command.originator is not None:
            # takes over its codecs, so `formats` must not be said
            uri += "&originator=" + encoded(command.originator)
        else:
            uri += _FORMATS
        self._send(command, Order("POST", uri, _originate_body(command)))

    def _dial_in_bridge(self, command: DialInBridge) -> None:
        if command.leg in self._legs.live:
            return
        if self._originator_is_gone(command, command.originator):
            return
        leg = self._legs.add(Leg(command.leg, outbound=True))
        leg.dial = command
        self._need_bridge(command, command.bridge)
        uri = (
            f"channels/create?channelId={encoded(command.leg)}"
            f"&endpoint={encoded(command.endpoint)}&app={APP}&appArgs={DIALED}"
        )
        if command.originator is not None:
            uri += "&originator=" + encoded(command.originator)
        else:
            uri += _FORMATS
        variables = {"CHANNEL(hangup_handler_push)": "ended,called,1"}
        if number := command.caller_number:
            variables |= {"CALLERID(num)": number, "CONNECTEDLINE(num,i)": number}
        self._send(command, Order("POST", uri, orjson.dumps({"variables": variables})))

    def music_again(self, leg: Leg, music: str) -> None:
        """Asterisk (22.10) lets music end with the first announcement into it."""
        self._send(StartMusic(leg.id, music), _music_order(leg, music)._replace(matters=False))

    def dial_created(self, leg: Leg) -> None:
        """Go on with a `DialInBridge` whose channel has come to us."""
        command: DialInBridge = leg.dial
        leg.bridge = command.bridge
        add = f"bridges/{encoded(command.bridge)}/addChannel?channel={encoded(leg.id)}"
        self._send(command, Order("POST", add + _QUIETLY))
        dial = f"{leg.path}/dial?timeout={command.ring_timeout_s}"
        self._send(command, Order("POST", dial))

    def _place_test_call(self, command: PlaceTestCall) -> None:
        """The customer's half talks in the dialplan; the other half arrives like any caller."""
        number = f"Local/{command.number}@from-trunk/n"
        uri = (
            f"channels/{encoded(command.leg)}?endpoint={encoded(number)}&context=test-caller"
            f"&extension=s&priority=1&callerId={encoded(caller_id('', command.caller_number))}"
            f"&otherChannelId={encoded(command.leg)}.in"
        )
        self._send(command, Order("POST", uri))

    def _originator_is_gone(self, command: Command, originator: LegId | None) -> bool:
        if originator is None or originator in self._legs.live:
            return False
        leg_id: LegId = command.leg  # type: ignore[union-attr]
        self._legs.add(Leg(leg_id, outbound=True))
        self._legs.refuse_soon(command, 400, gone=True, reason="the originator is gone")
        return True

    # --- bridges

    def _need_bridge(self, command: Command, bridge: BridgeId) -> None:
        if bridge not in self._legs.bridges:
            self._legs.bridges.add(bridge)
            self._send(command, Order("POST", f"bridges/{encoded(bridge)}?type=mixing"))

    def _join(self, command: JoinLegs) -> None:
        live = self._legs.live
        legs = [live.get(leg) for leg in command.legs]
        if None in legs:
            self._legs.refuse_soon(command, 404, gone=True, reason="no such leg")
            return
        self._need_bridge(command, command.bridge)
        names = []
        for leg in legs:
            assert leg is not None
            if leg.music != "":
                leg.music = ""
                self._send(command, Order("DELETE", leg.path + "/moh", matters=False))
            leg.bridge = command.bridge
            names.append(encoded(leg.id))
        uri = f"bridges/{encoded(command.bridge)}/addChannel?channel={','.join(names)}"
        self._send(command, Order("POST", uri + _QUIETLY))

    def _take_out(self, command: TakeOut) -> None:
        if leg := self._leg(command):
            leg.bridge = None
            uri = f"bridges/{encoded(command.bridge)}/removeChannel?channel={encoded(leg.id)}"
            self._send(command, Order("POST", uri))

    def _destroy_bridge(self, command: DestroyBridge) -> None:
        self._legs.bridges.discard(command.bridge)
        self._send(command, Order("DELETE", f"bridges/{encoded(command.bridge)}"))


# Who is connected was told when the leg was called; telling again costs a SIP request per phone.
_QUIETLY = "&inhibitConnectedLineUpdates=true"


def caller_id(name: str, number: str) -> str:
    """`"name" <number>` without the characters that have a meaning in it."""
    clean_name = "".join(c for c in _one_line(name) if c not in _UNCERTAIN)
    clean_number = "".join(c for c in _one_line(number) if c not in _UNCERTAIN)
    return f'"{clean_name}" <{clean_number}>' if clean_name else f"<{clean_number}>"


def _originate_body(command: OriginateLeg) -> bytes:
    headers = {k: v for k, v in command.headers.items() if _HEADER_NAME(k)}
    if command.auto_answer:
        headers["Call-Info"] = "<sip:127.0.0.1>;answer-after=0"
    if not headers:
        return b""
    variables = {f"PJSIP_HEADER(add,{k})": _one_line(v) for k, v in headers.items()}
    return orjson.dumps({"variables": variables})


def _one_line(text: str) -> str:
    """Without what would begin another header."""
    return "".join(c if c >= " " else " " for c in text)


def _music_order(leg: Leg, music: str) -> Order:
    return Order("POST", f"{leg.path}/moh?mohClass={encoded(music)}")


def refusal_is_harmless(command: Command, order: Order, status: int) -> bool:
    """409 on something with an id of ours means that it is there already."""
    return not order.matters or (
        status == 409
        and order.method == "POST"
        and (
            isinstance(command, OriginateLeg)
            or order.uri.startswith("channels/create")
            or (order.uri.startswith("bridges/") and order.uri.endswith("?type=mixing"))
        )
    )


def cause_of_refusal(status: int) -> int:
    """The cause told for a leg that never came to be."""
    return Cause.UNALLOCATED if status == 500 else Cause.FAILURE
