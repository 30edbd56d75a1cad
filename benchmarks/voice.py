"""Hears when the agent's voice reaches a caller: the end of what a caller waits for.

Callers of the voiced sample have their sound sent to one socket of ours. The switch's own port
tells the call; a packet of the agent is known by its bytes, for the switch passes A-law through.
"""

import socket
import struct
import threading
from dataclasses import dataclass, field
from pathlib import Path

_SO_TIMESTAMPNS = 35
_SPACE = socket.CMSG_SPACE(16)
_STAMP = struct.Struct("@qq")
_HEADER_BYTES = 12
_MARK = b"\x2a" * 40
_RECEIVE_BUFFER = 4 * 2**20
_LOOK_FOR_END_S = 0.2
_FILE_S = 5
_HZ = 8000


def write_voice(folder: Path) -> Path:
    """Five seconds of A-law that no music contains."""
    path = folder / "voice.alaw"
    path.write_bytes(_MARK[:1] * (_HZ * _FILE_S))
    return path


@dataclass(slots=True)
class Ear:
    """Listens in a thread of its own; the times are the kernel's, so a busy machine adds nothing.

    `heard[(port, ssrc)]` is when the first packet of voice came, in seconds since the epoch.
    """

    heard: dict[tuple[int, int], float] = field(default_factory=dict)
    voices: socket.socket = field(default_factory=lambda: _socket(_RECEIVE_BUFFER))
    nowhere: socket.socket = field(default_factory=lambda: _socket(4096))
    """Takes the sound that nobody measures, and keeps it: an ICMP error would cost the switch."""
    _ended: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    @property
    def port(self) -> int:
        return int(self.voices.getsockname()[1])

    @property
    def nowhere_port(self) -> int:
        return int(self.nowhere.getsockname()[1])

    def start(self) -> None:
        self.voices.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        self.voices.settimeout(_LOOK_FOR_END_S)
        self._thread = threading.Thread(target=self._listen, name="ear", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._ended.set()
        if self._thread is not None:
            self._thread.join()
        self.voices.close()
        self.nowhere.close()

    def first_after(self, port: int, at_s: float) -> float | None:
        """When voice was first heard from the switch's `port` after this time."""
        times = [time for (heard, _), time in self.heard.items() if heard == port and time >= at_s]
        return min(times, default=None)

    def _listen(self) -> None:
        while not self._ended.is_set():
            try:
                data, ancillary, _, address = self.voices.recvmsg(400, _SPACE)
            except TimeoutError:
                continue
            if data[_HEADER_BYTES : _HEADER_BYTES + len(_MARK)] != _MARK:
                continue
            key = (address[1], int.from_bytes(data[8:12], "big"))
            if key not in self.heard and ancillary:
                seconds, nanoseconds = _STAMP.unpack(ancillary[0][2][:16])
                self.heard[key] = seconds + nanoseconds / 1e9


def _socket(buffer_bytes: int) -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer_bytes)
    made.bind(("127.0.0.1", 0))
    return made
