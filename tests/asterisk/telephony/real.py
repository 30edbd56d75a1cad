"""The world around a real Asterisk: SIP phones, levels, a connection that can be cut."""

from collections.abc import Callable
from typing import Any

import httpx

from hujiao.kit.trust import trust
from hujiao.telephony.ari.switch import AriSwitch
from hujiao.telephony.endpoints import Trunk
from hujiao.telephony.port import Event, LegId, NodeConnected, PhoneChanged
from hujiao.telephony.wiring import build_switch
from tests.asterisk.telephony import stage as words
from tests.asterisk.telephony.gate import Gate
from tests.asterisk.telephony.peer import Line
from tests.asterisk.telephony.peer import Phone as Peer
from tests.asterisk.telephony.sound import RATE, strength, tone
from tests.asterisk.telephony.stage import CALLER_NUMBER, NODE, PHONES, TRUNK, Party, told
from tests.harness.node import RunningNode
from tests.harness.waiting import until

MUSIC_HZ, PROMPT_HZ, CALLER_HZ = 700, 950, 440
PHONE_HZ = {"1001": 550, "1002": 620}
HEARD = 0.1
UNHEARD = 0.05
WINDOW_S = 0.3
"""Time over which a level is measured."""


class RealParty:
    """A line's end: a SIP phone that sends a tone of its own and measures what it hears."""

    def __init__(self, line: Line, hz: int) -> None:
        self.line = line
        self.hz = hz

    async def is_ringing(self) -> None:
        await until(lambda: self.line.status == 180, what="the line rings")

    async def is_answered(self) -> None:
        await self.line.is_answered()

    async def is_over(self) -> None:
        await self.line.is_over()

    async def answers(self) -> None:
        self.line.answer()

    async def is_busy(self) -> None:
        self.line.reject()

    async def hangs_up(self) -> None:
        self.line.hang_up()

    async def holds(self, on: bool) -> None:
        self.line.hold(on)

    async def presses(self, digits: str) -> None:
        self.line.media.press(digits)

    async def was_sent(self, digits: str) -> None:
        await until(lambda: "".join(self.line.media.digits) == digits, what=f"digits {digits}")

    async def hears(self, *what: Party | str) -> None:
        wanted = {_hz(one) for one in what} - {0}
        try:
            await until(lambda: self._heard() == wanted)
        except AssertionError:
            name = self.line.phone.user
            raise AssertionError(f"{name} should hear {wanted}: {self._levels()}") from None

    def _levels(self) -> dict[int, float]:
        """Amplitude of every tone that somebody or something sends."""
        sound = self.line.media.listen(WINDOW_S)
        part = len(sound) / (WINDOW_S * RATE)
        every = (MUSIC_HZ, PROMPT_HZ, CALLER_HZ, *PHONE_HZ.values())
        return {hz: round(strength(sound, hz) * part, 3) for hz in every}

    def _heard(self) -> set[int] | None:
        """The tones that are heard; None while a level is between heard and not heard."""
        levels = self._levels()
        if any(UNHEARD < level < HEARD for level in levels.values()):
            return None
        return {hz for hz, level in levels.items() if level >= HEARD}


def _hz(one: Party | str) -> int:
    if isinstance(one, RealParty):
        return one.hz
    return {words.MUSIC: MUSIC_HZ, words.PROMPT: PROMPT_HZ}.get(str(one), 0)


class RealStage:
    """`Stage` around a running node."""

    def __init__(self, node: RunningNode, gate: Gate, trunk: Peer, phones: dict[str, Peer]) -> None:
        self.node = node
        self.gate = gate
        self.trunk_peer = trunk
        self.phones = phones
        self.events: list[Event] = []
        ari = node.address
        self._http = httpx.Client(
            base_url=f"{ari.ari_url}/ari",
            auth=(ari.ari_user, ari.ari_password),
            verify=trust(ari.ari_url),
        )
        address = gate.in_front_of(node.address)
        self.switch: AriSwitch = build_switch([address])  # type: ignore[assignment]

    @classmethod
    async def open(cls, node: RunningNode) -> "RealStage":
        server = ("127.0.0.1", node.sip_port)
        gate = await Gate.open(node.address)
        trunk = await Peer.open(CALLER_NUMBER, server)
        phones = {p.endpoint: await Peer.open(p.endpoint, server, p.secret) for p in PHONES}
        stage = cls(node, gate, trunk, phones)
        for peer, hz in ((trunk, CALLER_HZ), *((phones[n], PHONE_HZ[n]) for n in phones)):
            peer.on_call = lambda line, hz=hz: _ring(line, hz)  # type: ignore[misc]
        await stage.switch.start(stage.events.append)
        await stage.until(lambda: told(stage, NodeConnected), "the node is connected")
        await stage.switch.provision(PHONES, (stage.trunk(),))
        for phone in phones:
            await stage.signs_in(phone)
        return stage

    async def close(self) -> None:
        for peer in (self.trunk_peer, *self.phones.values()):
            for line in peer.lines:
                line.hang_up()
        await self.switch.stop()
        self.gate.close()
        if self.node.process is not None:
            await self._tidy_up()
        self._http.close()
        for peer in (self.trunk_peer, *self.phones.values()):
            peer.close()

    async def _tidy_up(self) -> None:
        """Leaves the node as it was found, for the next test."""
        for kind in ("channels", "bridges"):
            for one in self._http.get(f"/{kind}").json():
                self._http.delete(f"/{kind}/{one['id']}")
        await until(lambda: self._http.get("/channels").json() == [], what="no channels")
        for name, peer in self.phones.items():
            if self._http.get(f"/endpoints/PJSIP/{name}").status_code == 200:
                await peer.register(0)

    def trunk(self) -> Trunk:
        return Trunk(TRUNK, host="127.0.0.1", port=self.trunk_peer.port)

    async def caller(self, called: str = "8000") -> RealParty:
        return RealParty(await self.trunk_peer.call(called, tone_hz=CALLER_HZ), CALLER_HZ)

    async def stranger(self) -> None:
        peer = await Peer.open("somebody", self.trunk_peer.server)
        line = await peer.call("8000")
        await line.is_over()
        assert line.end_reason in ("refused 401", "refused 403", "refused 404")
        peer.close()

    async def agent_dials(self, phone: str, called: str) -> RealParty:
        return RealParty(await self.phones[phone].call(called, tone_hz=PHONE_HZ[phone]), 0)

    async def rung(self, phone: str, leg: LegId) -> RealParty:
        return RealParty(await self._incoming(self.phones[phone]), PHONE_HZ[phone])

    async def trunk_called(self, leg: LegId) -> RealParty:
        return RealParty(await self._incoming(self.trunk_peer), CALLER_HZ)

    async def _incoming(self, peer: Peer) -> Line:
        def ringing() -> Line | None:
            lines = (x for x in reversed(peer.lines) if not x.outgoing)
            return next((x for x in lines if not x.ended and not x.answered), None)

        line = await until(ringing, what=f"{peer.user} is called")
        assert line is not None
        return line

    async def early_media(self, party: Party) -> None:
        assert isinstance(party, RealParty)
        party.line.early_media()

    async def signs_in(self, phone: str) -> None:
        assert await self.phones[phone].register() == 200
        try:
            await self.until(lambda: told(self, PhoneChanged, endpoint=phone, online=True))
        except AssertionError:
            state = self._http.get(f"/endpoints/PJSIP/{phone}").json()
            known = told(self, PhoneChanged, endpoint=phone)
            raise AssertionError(f"{phone} is not told online: {known}, {state}") from None

    async def signs_out(self, phone: str) -> None:
        assert await self.phones[phone].register(0) == 200
        await self.until(
            lambda: not told(self, PhoneChanged, endpoint=phone)[-1].online, f"{phone} is offline"
        )

    async def time_passes(self, seconds: float) -> None:
        """It does so by itself, and what it brings about is waited for."""

    async def prompts_end(self, leg: LegId) -> None:
        return None

    def prompt(self) -> str:
        return "sound:hujiao/prompt"

    def long_prompt(self) -> str:
        return "sound:hujiao/long"

    async def connection_breaks(self) -> None:
        self.gate.shut()
        await self.until(lambda: not self.switch.nodes()[NODE], "the switch notices")

    async def connection_returns(self) -> None:
        self.gate.reopen()
        await self.until(lambda: self.switch.nodes()[NODE], "the switch is back")

    async def node_dies(self) -> None:
        self.node.kill()
        await self.until(lambda: not self.switch.nodes()[NODE], "the switch notices")

    async def node_returns(self) -> None:
        # From this very thread: the node is told to end with the thread that started it.
        self.node.start()
        await self.until(lambda: self.switch.nodes()[NODE], "the switch is back")
        await self.until(
            lambda: self._http.get("/endpoints/PJSIP/1002").status_code == 200, "pushed"
        )
        # Asterisk keeps UDP phones over its restart, and asks them at leisure whether they live.
        for peer in self.phones.values():
            await peer.register(0)

    async def settled(self) -> None:
        """Asked on the socket that carries the events, so all events before the answer are told."""
        if self.switch.nodes()[NODE]:
            await self.switch.barrier(NODE)
            await self.switch.barrier(NODE)

    async def until(self, condition: Callable[[], Any], what: str = "") -> Any:
        return await until(condition, what=what)


def _ring(line: Line, hz: int) -> None:
    line.media.sends = tone(hz)
    line.ring()
