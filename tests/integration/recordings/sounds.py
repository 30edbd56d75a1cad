"""Raw A-law recordings of known level and pitch, and the measure of what became of them."""

import os
from pathlib import Path

import numpy as np
import soundfile

RATE_HZ = 8_000
CUSTOMER_HZ, CENTRE_HZ = 440, 1_000
CUSTOMER_LEVEL, CENTRE_LEVEL = 0.5, 0.125


def write_tone(path: Path, *, hz: int, level: float, seconds: float) -> None:
    """A sine of amplitude `level` (1 = full scale) as raw A-law."""
    path.parent.mkdir(parents=True, exist_ok=True)
    moments = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    sound = level * np.sin(2 * np.pi * hz * moments)
    soundfile.write(path, sound, RATE_HZ, format="RAW", subtype="ALAW")


def write_pair(
    folder: Path, name: str, *, seconds: float = 4.0, centre_seconds: float | None = None
) -> None:
    """Both voices of a call, last written long ago."""
    sides = (
        ("rx", CUSTOMER_HZ, CUSTOMER_LEVEL, seconds),
        ("tx", CENTRE_HZ, CENTRE_LEVEL, seconds if centre_seconds is None else centre_seconds),
    )
    for side, hz, level, length in sides:
        path = folder / f"{name}-{side}.alaw"
        write_tone(path, hz=hz, level=level, seconds=length)
        os.utime(path, (1_764_000_000, 1_764_000_000))


def raw_files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("*.alaw"))


def amplitude_at(sound: np.ndarray, hz: int) -> float:
    """Amplitude of a steady tone of `hz` in one channel."""
    moments = np.arange(len(sound)) / RATE_HZ
    return float(2 * abs(np.mean(sound * np.exp(-2j * np.pi * hz * moments))))
