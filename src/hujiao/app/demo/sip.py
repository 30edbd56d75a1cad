"""SIP telephones over UDP, many lines on one socket: enough of RFC 3261 to call and to be called.

SIPp is not used because it can press no keys without root, and because its callers cannot lose
their patience when nobody takes the call: the switch has answered them long before.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal
from uuid import uuid4

from hujiao.app.demo.media import ALAW, KEY_EVENTS, Address

FIRST_RESEND_S = 0.5
LONGEST_RESEND_S = 4.0
GIVEN_UP_S = 32.0
REASONS = {100: "Trying", 180: "Ringing", 200: "OK", 481: "Unknown", 486: "Busy Here"}
REASONS |= {487: "Request Terminated"}

EndedBy = Literal["us", "them", "refused", "lost"]


@dataclass(frozen=True, slots=True)
class Message:
    """A SIP message; `start` is its first line."""

    start: str
    headers: tuple[tuple[str, str], ...]
    body: str = ""

    @classmethod
    def parse(cls, data: bytes) -> Message:
        head, _, body = data.decode(errors="replace").partition("\r\n\r\n")
        start, *lines = head.split("\r\n")
        pairs = (line.partition(":") for line in lines)
        return cls(start, tuple((name.strip(), value.strip()) for name, _, value in pairs), body)

    def get(self, name: str) -> str:
        return next((value for key, value in self.headers if key.lower() == name), "")

    @property
    def method(self) -> str:
        return self.start.partition(" ")[0]

    @property
    def status(self) -> int:
        return int(self.start.split(" ")[1]) if self.start.startswith("SIP/") else 0

    def encode(self) -> bytes:
        body = self.body.encode()
        lines = [self.start, *(f"{name}: {value}" for name, value in self.headers)]
        return "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""]).encode() + body


@dataclass(eq=False)
class Line:
    """One call of a telephone. `rang`, `answered` and `ended` are set once and stay.

    `number` is who is called, `caller` who calls. A line that was never answered has ended too.
    """

    telephone: Telephone
    call_id: str
    number: str
    caller: str
    local: str
    remote: str
    target: str
    outgoing: bool
    branch: str = ""
    invite: Message | None = None
    last_answer: bytes = b""
    sequence: int = 1
    far_media: Address | None = None
    status: int = 0
    ended_by: EndedBy | None = None
    ended_at: float = 0.0
    answered_at: float = 0.0
    answered: asyncio.Event = field(default_factory=asyncio.Event)
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    resend: asyncio.TimerHandle | None = None
    unwanted: bool = False
    """Cancelled: an answer that crosses the CANCEL is followed by a BYE."""
    crossed: bool = False
    """Both sides hung up at the same time."""

    def ring(self) -> None:
        self.telephone.answer(self, 180)

    def accept(self) -> None:
        """Answers; `answered` is set when the switch has acknowledged it."""
        self.telephone.answer(self, 200, sdp=True, until_ack=True)

    def refuse(self, status: int) -> None:
        self.telephone.answer(self, status, until_ack=True)
        self.over("refused")

    def hang_up(self) -> None:
        """Ends the call, whatever its state."""
        if self.ended.is_set():
            return
        if self.answered.is_set():
            self.sequence += 1
            self.telephone.request(self, "BYE")
            self.over("us")
        elif self.outgoing:
            self.unwanted = True
            self.telephone.cancel(self)
        elif self.status >= 200:  # our answer is on its way: a BYE is due after its ACK
            self.sequence += 1
            self.telephone.request(self, "BYE")
            self.over("us")
        else:
            self.refuse(486)

    def was_answered(self) -> None:
        if not self.answered.is_set():
            self.answered_at = asyncio.get_running_loop().time()
            self.answered.set()

    def over(self, by: EndedBy) -> None:
        if not self.ended.is_set():
            self.ended_by = by
            self.ended_at = asyncio.get_running_loop().time()
            self.ended.set()

    def stop_resending(self) -> None:
        if self.resend is not None:
            self.resend.cancel()
            self.resend = None


class Telephone(asyncio.DatagramProtocol):
    """A socket that calls and is called. Calls that come in go to `on_call`."""

    def __init__(self, server: Address, media: Address) -> None:
        self._server = server
        self._media = media
        self._transport: asyncio.DatagramTransport | None = None
        self._lines: dict[str, Line] = {}
        self.on_call: Callable[[Line], None] = lambda line: line.refuse(486)

    @classmethod
    async def open(cls, host: str, server: Address, media: Address) -> Telephone:
        loop = asyncio.get_running_loop()
        transport, telephone = await loop.create_datagram_endpoint(
            lambda: cls(server, media), local_addr=(host, 0)
        )
        telephone._transport = transport
        return telephone

    @property
    def address(self) -> Address:
        assert self._transport is not None
        host, port = self._transport.get_extra_info("sockname")[:2]
        return str(host), int(port)

    @property
    def lines(self) -> list[Line]:
        """Every line there ever was."""
        return list(self._lines.values())

    def close(self) -> None:
        for line in self._lines.values():
            line.stop_resending()
        if self._transport is not None:
            self._transport.close()

    # --- what we send ---

    def call(self, number: str, *, caller: str, name: str = "") -> Line:
        """Calls; wait for the line's `answered` or `ended`."""
        shown = f'"{name}" ' if name else ""
        host = f"{self.address[0]}:{self.address[1]}"
        target = f"sip:{number}@{self._server[0]}:{self._server[1]}"
        local = f"{shown}<sip:{caller}@{host}>;tag={_token()}"
        line = Line(self, _token(), number, caller, local, f"<{target}>", target, outgoing=True)
        self._lines[line.call_id] = line
        line.branch = _branch()
        self._request(line, "INVITE", line.branch, sdp=True, resend=True)
        return line

    def request(self, line: Line, method: str) -> None:
        self._request(line, method, _branch(), resend=True)

    def cancel(self, line: Line) -> None:
        self._request(line, "CANCEL", line.branch, resend=True)

    def _request(
        self, line: Line, method: str, branch: str, *, sdp: bool = False, resend: bool = False
    ) -> None:
        host, port = self.address
        user = line.caller if line.outgoing else line.number
        headers = [
            ("Via", f"SIP/2.0/UDP {host}:{port};branch={branch};rport"),
            ("Max-Forwards", "70"),
            ("From", line.local),
            ("To", line.remote),
            ("Call-ID", line.call_id),
            ("CSeq", f"{line.sequence} {method}"),
            ("Contact", f"<sip:{user}@{host}:{port}>"),
        ]
        if sdp:
            headers.append(("Content-Type", "application/sdp"))
        start = f"{method} {line.target} SIP/2.0"
        data = Message(start, tuple(headers), self._sdp() if sdp else "").encode()
        self._send(data)
        if resend:
            self._resend(line, data, FIRST_RESEND_S, 0.0)

    def answer(
        self, line: Line, status: int, *, sdp: bool = False, until_ack: bool = False
    ) -> None:
        """Answers the INVITE of a line that came in."""
        assert line.invite is not None
        line.status = status
        tag = line.local.rpartition(";tag=")[2]
        line.last_answer = self._answer(line.invite, status, tag, self._sdp() if sdp else "")
        if until_ack:
            self._resend(line, line.last_answer, FIRST_RESEND_S, 0.0)

    def _answer(self, request: Message, status: int, tag: str = "", sdp: str = "") -> bytes:
        kept = ("via", "from", "call-id", "cseq")
        headers = [(name, value) for name, value in request.headers if name.lower() in kept]
        to = request.get("to")
        headers.append(("To", to if "tag=" in to or not tag else f"{to};tag={tag}"))
        host, port = self.address
        headers.append(("Contact", f"<sip:{host}:{port}>"))
        if sdp:
            headers.append(("Content-Type", "application/sdp"))
        start = f"SIP/2.0 {status} {REASONS.get(status, 'Refused')}"
        data = Message(start, tuple(headers), sdp).encode()
        self._send(data)
        return data

    def _resend(self, line: Line, data: bytes, after_s: float, waited_s: float) -> None:
        """UDP may lose it: sent again, ever slower, until it is answered or given up."""
        line.stop_resending()

        def again() -> None:
            if waited_s + after_s > GIVEN_UP_S:
                line.over("lost")
                return
            self._send(data)
            self._resend(line, data, min(after_s * 2, LONGEST_RESEND_S), waited_s + after_s)

        line.resend = asyncio.get_running_loop().call_later(after_s, again)

    def _sdp(self) -> str:
        host, port = self._media
        return (
            f"v=0\r\no=- 1 1 IN IP4 {host}\r\ns=-\r\nc=IN IP4 {host}\r\nt=0 0\r\n"
            f"m=audio {port} RTP/AVP {ALAW} {KEY_EVENTS}\r\n"
            f"a=rtpmap:{ALAW} PCMA/8000\r\na=rtpmap:{KEY_EVENTS} telephone-event/8000\r\n"
            f"a=fmtp:{KEY_EVENTS} 0-15\r\na=ptime:20\r\na=sendrecv\r\n"
        )

    def _send(self, data: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.sendto(data, self._server)

    # --- what comes in ---

    def datagram_received(self, data: bytes, addr: Address) -> None:
        if not data.strip():
            return
        message = Message.parse(data)
        line = self._lines.get(message.get("call-id"))
        if message.status:
            if line is not None:
                self._answered(line, message)
        else:
            self._asked(line, message)

    def _answered(self, line: Line, message: Message) -> None:
        method = message.get("cseq").rpartition(" ")[2]
        if method != "INVITE":
            if message.status >= 200:
                line.stop_resending()
            return
        if message.status < 200:
            if not line.answered.is_set():
                line.stop_resending()
            return
        line.remote = message.get("to")
        if message.status >= 300:
            line.stop_resending()
            line.status = message.status
            self._request(line, "ACK", line.branch)
            line.over("us" if message.status == 487 else "refused")
            return
        self._taken(line, message)

    def _taken(self, line: Line, message: Message) -> None:
        first = not line.answered.is_set()
        if first:
            line.stop_resending()
            contact = re.search(r"<([^>]+)>", message.get("contact"))
            line.target = contact[1] if contact else line.target
            line.far_media = media_address(message.body)
            line.status = message.status
        sequence, line.sequence = line.sequence, 1
        self._request(line, "ACK", _branch())
        line.sequence = sequence
        line.was_answered()
        if first and line.unwanted:
            line.hang_up()

    def _asked(self, line: Line | None, message: Message) -> None:
        if message.method == "INVITE":
            self._invited(line, message)
        elif message.method == "ACK":
            if line is not None and not line.outgoing:
                line.stop_resending()
                if line.status == 200:
                    line.was_answered()
        elif message.method == "CANCEL":
            self._answer(message, 200 if line is not None else 481, _token())
            if line is not None and line.status < 200:
                self.answer(line, 487, until_ack=True)
                line.over("them")
        elif message.method == "BYE":
            self._answer(message, 200 if line is not None else 481)
            if line is not None:
                line.stop_resending()
                line.crossed = line.ended.is_set()
                line.over("them")
        else:  # OPTIONS: whether we are here
            self._answer(message, 200, _token())

    def _invited(self, line: Line | None, message: Message) -> None:
        if line is None:
            self._ring_in(message)
        elif "tag=" in message.get("to"):  # within the call: the same voice as before
            self._answer(message, 200, sdp=self._sdp())
        elif line.last_answer:
            self._send(line.last_answer)

    def _ring_in(self, message: Message) -> None:
        contact = re.search(r"<([^>]+)>", message.get("contact"))
        line = Line(
            self,
            call_id=message.get("call-id"),
            number=_user(message.start),
            caller=_user(message.get("from")),
            local=f"{message.get('to')};tag={_token()}",
            remote=message.get("from"),
            target=contact[1] if contact else "",
            outgoing=False,
            invite=message,
            far_media=media_address(message.body),
        )
        self._lines[line.call_id] = line
        self.answer(line, 100)
        self.on_call(line)


def media_address(sdp: str) -> Address | None:
    """Where the far end wants its voice; None when it did not say."""
    host = re.search(r"^c=IN IP4 (\S+)", sdp, re.M)
    port = re.search(r"^m=audio (\d+)", sdp, re.M)
    return (host[1], int(port[1])) if host and port else None


def _user(text: str) -> str:
    found = re.search(r"sips?:([^@>;\s]+)@", text)
    return found[1] if found else ""


def _token() -> str:
    return uuid4().hex[:16]


def _branch() -> str:
    return f"z9hG4bK{_token()}"
