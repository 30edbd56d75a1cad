"""A small SIP phone on loopback, driven by a test: real SIP over UDP, real RTP."""

import asyncio
import hashlib
import random
import re
import struct
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.asterisk.telephony.sound import FRAME, SILENCE, tone
from tests.harness.waiting import until

ALAW, DIGIT_EVENTS = 8, 101
DIGITS = "0123456789*#ABCD"
Address = tuple[str, int]


@dataclass(slots=True)
class Message:
    """A SIP message; `start` is its first line."""

    start: str
    headers: list[tuple[str, str]]
    body: str = ""

    @classmethod
    def parse(cls, data: bytes) -> "Message":
        head, _, body = data.decode().partition("\r\n\r\n")
        start, *lines = head.split("\r\n")
        pairs = [line.partition(":") for line in lines]
        return cls(start, [(name.strip(), value.strip()) for name, _, value in pairs], body)

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def get(self, name: str) -> str:
        return next(iter(self.all(name)), "")

    @property
    def method(self) -> str:
        return self.start.split(" ")[0]

    @property
    def status(self) -> int:
        return int(self.start.split(" ")[1]) if self.start.startswith("SIP/") else 0

    def encode(self) -> bytes:
        lines = [self.start, *(f"{name}: {value}" for name, value in self.headers)]
        lines.append(f"Content-Length: {len(self.body.encode())}")
        return ("\r\n".join(lines) + "\r\n\r\n" + self.body).encode()


class Media(asyncio.DatagramProtocol):
    """RTP: sends what `sends` holds, 20 ms at a time, and keeps what it hears."""

    def __init__(self) -> None:
        self.sends: bytes = SILENCE
        self.heard: deque[tuple[float, bytes]] = deque(maxlen=500)
        self.digits: list[str] = []
        self.packets = 0
        self._to: Address | None = None
        self._at = 0
        self._events: deque[bytes] = deque()
        self._sequence = random.randrange(30000)
        self._stamp = 0
        self._source = random.getrandbits(32)
        self._transport: asyncio.DatagramTransport | None = None
        self._task: asyncio.Task[None] | None = None
        self._last_digit_stamp = -1

    @property
    def port(self) -> int:
        assert self._transport is not None
        return int(self._transport.get_extra_info("sockname")[1])

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self._transport = transport

    def datagram_received(self, data: bytes, addr: Address) -> None:
        kind, stamp = data[1] & 0x7F, struct.unpack("!I", data[4:8])[0]
        if kind == ALAW:
            self.packets += 1
            self.heard.append((asyncio.get_running_loop().time(), data[12:]))
        elif kind == DIGIT_EVENTS and stamp != self._last_digit_stamp:
            self._last_digit_stamp = stamp
            self.digits.append(DIGITS[data[12]])

    def send_to(self, address: Address) -> None:
        self._to = address
        if self._task is None:
            self._task = asyncio.create_task(self._run())

    def press(self, digits: str) -> None:
        """Queue DTMF digits of 100 ms each (RFC 4733)."""
        for digit in digits:
            number = DIGITS.index(digit)
            for step in range(1, 6):
                self._events.append(struct.pack("!BBH", number, 10, step * FRAME))
            for _ in range(3):
                self._events.append(struct.pack("!BBH", number, 0x80 | 10, 5 * FRAME))
            self._events.extend([b""] * 5)

    def listen(self, seconds: float) -> bytes:
        """What came in during the last `seconds`; a silent line may send nothing at all."""
        since = asyncio.get_running_loop().time() - seconds
        return b"".join(data for at, data in self.heard if at >= since)

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        due, digit_stamp = loop.time(), 0
        while True:
            event = self._events.popleft() if self._events else b""
            if event:
                if event[1:4] == b"\x0a\x00\xa0":
                    digit_stamp = self._stamp
                self._packet(DIGIT_EVENTS, digit_stamp, event)
            else:
                self._packet(ALAW, self._stamp, self._next_frame())
            self._stamp += FRAME
            due += 0.02
            # A packet every 20 ms is what sound is.
            await asyncio.sleep(max(0.0, due - loop.time()))

    def _next_frame(self) -> bytes:
        at, self._at = self._at, (self._at + FRAME) % len(self.sends)
        return self.sends[at : at + FRAME]

    def _packet(self, kind: int, stamp: int, payload: bytes) -> None:
        assert self._transport is not None
        self._sequence = (self._sequence + 1) & 0xFFFF
        head = struct.pack("!BBHII", 0x80, kind, self._sequence, stamp & 0xFFFFFFFF, self._source)
        if self._to is not None and not self._transport.is_closing():
            self._transport.sendto(head + payload, self._to)

    def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
        if self._transport is not None:
            self._transport.close()


@dataclass(slots=True, eq=False)
class Line:
    """One call of the phone."""

    phone: "Phone"
    call_id: str
    remote: str
    local: str
    target: str
    media: Media
    invite: Message
    outgoing: bool
    number: int = 1
    to_tag: str = ""
    status: int = 0
    answered: bool = False
    ended: bool = False
    end_reason: str = ""
    routes: list[str] = field(default_factory=list)

    def answer(self) -> None:
        self.phone.respond(self.invite, 200, "OK", self.to_tag, self.phone.sdp(self.media))
        self.media.send_to(media_address(self.invite.body))
        self.answered = True

    def ring(self) -> None:
        self.phone.respond(self.invite, 180, "Ringing", self.to_tag)

    def early_media(self) -> None:
        body = self.phone.sdp(self.media)
        self.phone.respond(self.invite, 183, "Session Progress", self.to_tag, body)
        self.media.send_to(media_address(self.invite.body))

    def reject(self, status: int = 486, reason: str = "Busy Here") -> None:
        self.phone.respond(self.invite, status, reason, self.to_tag)
        self._over(f"rejected {status}")

    def hang_up(self) -> None:
        if self.ended:
            return
        if self.outgoing and not self.answered:
            self.phone.cancel(self)
            return
        self.number += 1
        self.phone.request(self, "BYE")
        self._over("own BYE")

    def hold(self, on: bool) -> None:
        self.number += 1
        body = self.phone.sdp(self.media, "sendonly" if on else "sendrecv")
        self.phone.request(self, "INVITE", body)

    def _over(self, reason: str) -> None:
        self.ended = True
        self.end_reason = reason
        self.media.close()

    async def is_answered(self, timeout_s: float = 10.0) -> None:
        await until(lambda: self.answered, timeout_s=timeout_s, what="the line is answered")

    async def is_over(self, timeout_s: float = 10.0) -> None:
        await until(lambda: self.ended, timeout_s=timeout_s, what="the line is over")


def media_address(sdp: str) -> Address:
    host = re.search(r"^c=IN IP4 (\S+)", sdp, re.M)
    port = re.search(r"^m=audio (\d+)", sdp, re.M)
    assert host
    assert port
    return host[1], int(port[1])


class Phone(asyncio.DatagramProtocol):
    """A phone or a trunk's far end. Incoming calls go to `on_call`, which decides."""

    def __init__(self, user: str, server: Address, secret: str = "") -> None:
        self.user = user
        self.server = server
        self.secret = secret
        self.lines: list[Line] = []
        self.seen: list[Message] = []
        self.on_call: Callable[[Line], None] = lambda line: line.answer()
        self.silent = False
        """Answer nothing at all, as a machine that is gone."""
        self._transport: asyncio.DatagramTransport | None = None
        self._register_number = 0
        self._asked_in: set[str] = set()
        self._nonces = 0

    @classmethod
    async def open(cls, user: str, server: Address, secret: str = "", port: int = 0) -> "Phone":
        loop = asyncio.get_running_loop()
        _, phone = await loop.create_datagram_endpoint(
            lambda: cls(user, server, secret), local_addr=("127.0.0.1", port)
        )
        return phone

    @property
    def port(self) -> int:
        assert self._transport is not None
        return int(self._transport.get_extra_info("sockname")[1])

    @property
    def contact(self) -> str:
        return f"sip:{self.user}@127.0.0.1:{self.port}"

    def close(self) -> None:
        for line in self.lines:
            line.media.close()
        if self._transport is not None:
            self._transport.close()

    # --- calling

    async def call(self, number: str, caller: str = "", tone_hz: int = 0) -> Line:
        """Send an INVITE; returns before it is answered."""
        media = await self._media(tone_hz)
        tag, call_id = _token(), _token()
        user = caller or self.user
        target = f"sip:{number}@{self.server[0]}:{self.server[1]}"
        line = Line(
            self,
            call_id,
            remote=f"<{target}>",
            local=f"<sip:{user}@127.0.0.1>;tag={tag}",
            target=target,
            media=media,
            invite=Message("", []),
            outgoing=True,
        )
        self.lines.append(line)
        line.invite = self.request(line, "INVITE", self.sdp(media))
        return line

    async def _media(self, tone_hz: int) -> Media:
        loop = asyncio.get_running_loop()
        _, media = await loop.create_datagram_endpoint(Media, local_addr=("127.0.0.1", 0))
        if tone_hz:
            media.sends = tone(tone_hz)
        return media

    def request(self, line: Line, method: str, body: str = "", more: str = "") -> Message:
        headers = [
            ("Via", f"SIP/2.0/UDP 127.0.0.1:{self.port};branch=z9hG4bK{_token()};rport"),
            ("Max-Forwards", "70"),
            ("From", line.local),
            ("To", line.remote),
            ("Call-ID", line.call_id),
            ("CSeq", f"{line.number} {method}"),
            ("Contact", f"<{self.contact}>"),
        ]
        if more:
            headers.append(("Authorization", more))
        if body:
            headers.append(("Content-Type", "application/sdp"))
        message = Message(f"{method} {line.target} SIP/2.0", headers, body)
        self._send(message)
        return message

    def cancel(self, line: Line) -> None:
        keep = ("Via", "Max-Forwards", "From", "To", "Call-ID")
        headers = [(name, value) for name, value in line.invite.headers if name in keep]
        headers.append(("CSeq", f"{line.number} CANCEL"))
        self._send(Message(f"CANCEL {line.target} SIP/2.0", headers))

    async def register(self, expires_s: int = 300) -> int:
        """Sign in (or out with 0); the final SIP status."""
        replies = asyncio.get_running_loop().create_future()
        call_id = _token()
        authorization = ""
        for _ in range(2):
            self._register_number += 1
            uri = f"sip:{self.server[0]}:{self.server[1]}"
            headers = [
                ("Via", f"SIP/2.0/UDP 127.0.0.1:{self.port};branch=z9hG4bK{_token()};rport"),
                ("Max-Forwards", "70"),
                ("From", f"<sip:{self.user}@127.0.0.1>;tag={_token()}"),
                ("To", f"<sip:{self.user}@127.0.0.1>"),
                ("Call-ID", call_id),
                ("CSeq", f"{self._register_number} REGISTER"),
                ("Contact", f"<{self.contact}>"),
                ("Expires", str(expires_s)),
            ]
            if authorization:
                headers.append(("Authorization", authorization))
            before = len(self.seen)
            self._send(Message(f"REGISTER {uri} SIP/2.0", headers))
            cseq = f"{self._register_number} REGISTER"
            reply = await until(
                lambda at=before, cseq=cseq: next(  # type: ignore[misc]
                    (m for m in self.seen[at:] if m.status >= 200 and m.get("CSeq") == cseq), None
                ),
                timeout_s=8,
                what="an answer to REGISTER",
            )
            if reply.status != 401 or authorization:
                break
            authorization = self._digest(reply.get("WWW-Authenticate"), "REGISTER", uri)
        replies.cancel()
        return reply.status

    def _digest(self, challenge: str, method: str, uri: str) -> str:
        words = dict(re.findall(r'(\w+)="?([^",]+)"?', challenge))
        self._nonces += 1
        count, own = f"{self._nonces:08x}", _token()
        ha1 = _md5(f"{self.user}:{words['realm']}:{self.secret}")
        ha2 = _md5(f"{method}:{uri}")
        response = _md5(f"{ha1}:{words['nonce']}:{count}:{own}:auth:{ha2}")
        opaque = f', opaque="{words["opaque"]}"' if "opaque" in words else ""
        return (
            f'Digest username="{self.user}", realm="{words["realm"]}", nonce="{words["nonce"]}", '
            f'uri="{uri}", response="{response}", algorithm=MD5, qop=auth, nc={count}, '
            f'cnonce="{own}"{opaque}'
        )

    def sdp(self, media: Media, direction: str = "sendrecv") -> str:
        return (
            "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
            f"m=audio {media.port} RTP/AVP {ALAW} {DIGIT_EVENTS}\r\n"
            f"a=rtpmap:{ALAW} PCMA/8000\r\na=rtpmap:{DIGIT_EVENTS} telephone-event/8000\r\n"
            f"a=fmtp:{DIGIT_EVENTS} 0-15\r\na=ptime:20\r\na={direction}\r\n"
        )

    def respond(
        self, request: Message, status: int, reason: str, tag: str = "", body: str = ""
    ) -> None:
        headers = [(n, v) for n, v in request.headers if n in ("Via", "From", "Call-ID", "CSeq")]
        to = request.get("To")
        headers.append(("To", to if "tag=" in to or not tag else f"{to};tag={tag}"))
        headers += [("Record-Route", value) for value in request.all("Record-Route")]
        headers.append(("Contact", f"<{self.contact}>"))
        if body:
            headers.append(("Content-Type", "application/sdp"))
        self._send(Message(f"SIP/2.0 {status} {reason}", headers, body))

    # --- what comes in

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self._transport = transport

    def datagram_received(self, data: bytes, addr: Address) -> None:
        if self.silent or not data.strip():
            return
        message = Message.parse(data)
        self.seen.append(message)
        if message.status:
            self._answered(message)
        else:
            self._asked(message)

    def _answered(self, message: Message) -> None:
        line = self._line(message)
        if line is None or not message.get("CSeq").endswith("INVITE") or message.status < 180:
            return
        line.status = message.status
        if message.status < 200:
            if message.body:
                line.media.send_to(media_address(message.body))
            return
        line.remote = message.get("To")
        if message.status == 401 and not line.answered and self.secret and line.number == 1:
            self._acknowledge(line)
            line.remote, line.number = line.remote.partition(";")[0], 2
            asked = self._digest(message.get("WWW-Authenticate"), "INVITE", line.target)
            line.invite = self.request(line, "INVITE", self.sdp(line.media), asked)
        elif message.status >= 300:
            self._acknowledge(line)
            line._over(f"refused {message.status}")
        else:
            contact = re.search(r"<([^>]+)>", message.get("Contact"))
            if contact:
                line.target = contact[1]
            self._acknowledge(line)
            line.media.send_to(media_address(message.body))
            line.answered = True

    def _acknowledge(self, line: Line) -> None:
        self.request(line, "ACK")

    def _asked(self, message: Message) -> None:
        line = self._line(message)
        if message.method == "INVITE" and line is None:
            asyncio.get_running_loop().create_task(self._ring_in(message))
        elif message.method == "INVITE" and line is not None:
            if line.answered and message.get("To").find("tag=") >= 0:
                self.respond(message, 200, "OK", line.to_tag, self.sdp(line.media))
        elif message.method == "CANCEL" and line is not None:
            self.respond(message, 200, "OK", line.to_tag)
            self.respond(line.invite, 487, "Request Terminated", line.to_tag)
            line._over("cancelled " + message.get("Reason"))
        elif message.method == "BYE" and line is not None:
            self.respond(message, 200, "OK")
            line._over("BYE " + message.get("Reason"))
        elif message.method != "ACK":
            self.respond(message, 200, "OK", _token())

    async def _ring_in(self, message: Message) -> None:
        if message.get("Call-ID") in self._asked_in:  # a retransmission
            return
        self._asked_in.add(message.get("Call-ID"))
        media = await self._media(0)
        tag = _token()
        contact = re.search(r"<([^>]+)>", message.get("Contact"))
        line = Line(
            self,
            message.get("Call-ID"),
            remote=message.get("From"),
            local=f"{message.get('To')};tag={tag}",
            target=contact[1] if contact else "",
            media=media,
            invite=message,
            outgoing=False,
            to_tag=tag,
        )
        self.lines.append(line)
        self.respond(message, 100, "Trying")
        self.on_call(line)

    def _line(self, message: Message) -> Line | None:
        call_id = message.get("Call-ID")
        return next((line for line in self.lines if line.call_id == call_id), None)

    def _send(self, message: Message) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.sendto(message.encode(), self.server)


def _token() -> str:
    return f"{random.getrandbits(64):016x}"


def _md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()  # noqa: S324 - what SIP digest asks for
