"""Identifiers that sort by the time they were made."""

import os
import time


def new_id() -> str:
    """A UUIDv7 as 32 hex digits: unique without coordination, ordered by creation time (ms)."""
    ms = time.time_ns() // 1_000_000
    random = int.from_bytes(os.urandom(10), "big")
    value = (ms & 0xFFFFFFFFFFFF) << 80 | 0x7 << 76 | (random >> 68 & 0xFFF) << 64
    value |= 0b10 << 62 | random & 0x3FFFFFFFFFFFFFFF
    return f"{value:032x}"
