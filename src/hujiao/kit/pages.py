"""Fewer, larger pages for the memory of a process."""

import ctypes
from pathlib import Path

from hujiao.kit.log import logger

log = logger(__name__)

HUGE = 2 * 1024 * 1024
_MADV_COLLAPSE = 25
_MAPS = Path("/proc/self/maps")


def use_huge_pages() -> None:
    """Gather what this process has written so far in huge pages, where Linux can (6.1, x86-64).

    A program that sleeps between short pieces of work finds its memory's addresses forgotten each
    time; in large pages there are five hundred times fewer to look up. Costs some 20 ms, once.
    """
    advise = getattr(ctypes.CDLL(None), "madvise", None)
    if advise is None or not _MAPS.exists():
        return
    advise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
    gathered = 0
    for line in _MAPS.read_text().splitlines():
        addresses, rights, *_, name = [*line.split(maxsplit=5), ""][:6]
        if rights != "rw-p" or name not in ("", "[heap]"):
            continue
        first, last = (int(address, 16) for address in addresses.split("-"))
        start, end = -(-first // HUGE) * HUGE, last // HUGE * HUGE
        if end > start and advise(start, end - start, _MADV_COLLAPSE) == 0:
            gathered += end - start
    log.debug("memory gathered in huge pages", megabytes=gathered // 2**20)
