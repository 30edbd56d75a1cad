"""Voices and keys as RTP: one socket and one clock for all lines of a side.

What the switch sends to us is not read: nobody listens here, and the kernel drops what is too much.
"""

from __future__ import annotations

import asyncio
import random
import socket
import struct
from collections import deque
from dataclasses import dataclass, field

ALAW, KEY_EVENTS = 8, 101
KEYS = "0123456789*#ABCD"
FRAME = 160
"""Samples, and bytes, of 20 ms."""
FRAME_S = 0.02
SILENCE = b"\xd5" * FRAME
KEY_FRAMES = 6
KEY_PAUSE_FRAMES = 6
KEY_VOLUME = 10
LATE_S = 0.5
"""So late, the clock starts anew instead of sending everything at once."""

Address = tuple[str, int]


@dataclass(slots=True, eq=False)
class Stream:
    """What one line says: `speech` (A-law, 8 kHz) over and over while set, else silence."""

    to: Address
    speech: bytes = b""
    _at: int = 0
    _events: deque[bytes] = field(default_factory=deque)
    _sequence: int = field(default_factory=lambda: random.getrandbits(14))
    _stamp: int = 0
    _event_stamp: int = 0
    _source: int = field(default_factory=lambda: random.getrandbits(32))

    def press(self, keys: str) -> None:
        """Presses keys for 120 ms each (RFC 4733)."""
        for key in keys:
            event = KEYS.index(key)
            for frame in range(1, KEY_FRAMES + 1):
                self._events.append(struct.pack("!BBH", event, KEY_VOLUME, frame * FRAME))
            last = struct.pack("!BBH", event, 0x80 | KEY_VOLUME, KEY_FRAMES * FRAME)
            self._events.extend([last] * 3)
            self._events.extend([b""] * KEY_PAUSE_FRAMES)

    def packet(self) -> bytes:
        """The next 20 ms."""
        event = self._events.popleft() if self._events else b""
        kind, marker, stamp, payload = ALAW, 0, self._stamp, event
        if event:
            if event[1] == KEY_VOLUME and event[2:] == b"\x00\xa0":
                marker, self._event_stamp = 0x80, self._stamp
            kind, stamp = KEY_EVENTS, self._event_stamp
        else:
            payload = self._voice()
        self._stamp = (self._stamp + FRAME) & 0xFFFFFFFF
        self._sequence = (self._sequence + 1) & 0xFFFF
        head = struct.pack("!BBHII", 0x80, marker | kind, self._sequence, stamp, self._source)
        return head + payload

    def _voice(self) -> bytes:
        if len(self.speech) < FRAME:
            return SILENCE
        at = self._at if self._at + FRAME <= len(self.speech) else 0
        self._at = at + FRAME
        return self.speech[at : at + FRAME]


class Media:
    """The RTP socket of many lines. `run` sends until cancelled."""

    def __init__(self, host: str) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        self._socket.bind((host, 0))
        self.address: Address = self._socket.getsockname()
        self._streams: set[Stream] = set()

    def add(self, to: Address) -> Stream:
        stream = Stream(to)
        self._streams.add(stream)
        return stream

    def remove(self, stream: Stream) -> None:
        self._streams.discard(stream)

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            for stream in self._streams:
                try:
                    self._socket.sendto(stream.packet(), stream.to)
                except OSError:  # a full buffer, or the far end is just gone: voice may be lost
                    continue
            due += FRAME_S
            if loop.time() - due > LATE_S:
                due = loop.time()
            await asyncio.sleep(max(0.0, due - loop.time()))

    def close(self) -> None:
        self._socket.close()
