"""Ports that no other test session on this machine takes at the same time."""

import fcntl
import os
import socket
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FIRST = 10_000
SIZE = 300
BLOCKS = 60
RESERVED = 50
"""Ports at the start of a block for servers; the rest is for RTP."""


@dataclass(slots=True)
class PortBlock:
    """300 ports of our own for as long as this process lives and the block is not given back."""

    first: int
    _descriptor: int
    _taken: int = 0

    def port(self) -> int:
        """The next free port for a server; ports of ended servers come round again."""
        for _ in range(RESERVED):
            candidate = self.first + self._taken % RESERVED
            self._taken += 1
            if _free(candidate):
                return candidate
        raise RuntimeError("every port of the block is in use")

    @property
    def rtp(self) -> tuple[int, int]:
        return self.first + RESERVED, self.first + SIZE - 1

    def give_back(self) -> None:
        os.close(self._descriptor)


def take_block() -> PortBlock:
    """A block that no live process holds; the kernel gives a dead holder's block back."""
    folder = Path(tempfile.gettempdir()) / "hujiao-test-ports"
    folder.mkdir(mode=0o777, exist_ok=True)
    for number in _order():
        descriptor = os.open(folder / str(number), os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            continue
        return PortBlock(FIRST + number * SIZE, descriptor)
    raise RuntimeError("all port blocks are in use by other test sessions")


def _order() -> Iterator[int]:
    start = os.getpid() % BLOCKS
    return (number % BLOCKS for number in range(start, start + BLOCKS))


def _free(port: int) -> bool:
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with socket.socket(socket.AF_INET, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                return False
    return True
