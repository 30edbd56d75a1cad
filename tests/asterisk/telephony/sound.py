"""A-law tones and levels: audio is proven by measuring it, not by 'connected'."""

import math

import numpy as np
from numpy.typing import NDArray

RATE = 8000
FRAME = 160


def _decode_table() -> NDArray[np.float64]:
    table = np.zeros(256)
    for code in range(256):
        value = code ^ 0x55
        sign = 1 if value & 0x80 else -1
        exponent, mantissa = (value >> 4) & 7, value & 15
        step = (mantissa << 4) + 8 if exponent == 0 else ((mantissa << 4) + 0x108) << exponent - 1
        table[code] = sign * step / 32768
    return table


DECODE = _decode_table()
_ORDER = np.argsort(DECODE)
_SORTED = DECODE[_ORDER]


def encode(samples: NDArray[np.float64]) -> bytes:
    """Samples within -1..1 to A-law."""
    at = np.clip(np.searchsorted(_SORTED, samples), 1, 255)
    left = samples - _SORTED[at - 1] < _SORTED[at] - samples
    return bytes(_ORDER[np.where(left, at - 1, at)].astype(np.uint8))


def decode(data: bytes) -> NDArray[np.float64]:
    """A-law to samples within -1..1."""
    return DECODE[np.frombuffer(data, dtype=np.uint8)]


SILENCE = encode(np.zeros(FRAME))


def tone(hz: int, amplitude: float = 0.25) -> bytes:
    """One second of a sine, which repeats without a seam; three of them together do not clip."""
    return encode(amplitude * np.sin(2 * math.pi * hz * np.arange(RATE) / RATE))


def rms(data: bytes) -> float:
    """Root mean square of A-law data; a sine of amplitude 0.25 has 0.177."""
    return float(np.sqrt(np.mean(decode(data) ** 2))) if data else 0.0


def strength(data: bytes, hz: int) -> float:
    """Amplitude of one frequency in A-law data."""
    samples = decode(data)
    if len(samples) == 0:
        return 0.0
    turn = np.exp(-2j * math.pi * hz * np.arange(len(samples)) / RATE)
    return float(2 * abs(np.dot(samples, turn)) / len(samples))
