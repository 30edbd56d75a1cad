"""From two raw A-law files to one compressed stereo file: customer left, centre right.

Ogg Vorbis, because every browser plays it and because of its price: a minute of telephone stereo
costs 0.23 s of one core here, against 1.3 s for Opus at the same 40 kbit/s; FLAC would be cheaper
still, but three times as large.
"""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

from hujiao.kit.clock import to_datetime
from hujiao.kit.ids import new_id

RATE_HZ = 8_000
CHUNK_FRAMES = 10 * RATE_HZ
PEAKS = 800
"""Slices per channel; a player draws one line for each."""
SUFFIX = ".ogg"
SETTLED_MS = 5_000
"""Asterisk writes a growing file at least every 4 s (32 KiB of A-law)."""
FORGOTTEN_MS = 600_000
"""What was not written to for so long, nobody works on."""
WORKSHOP = ".unfinished"
"""Folder of files being made; what is old in it was left by a killed merge."""

_QUIETEST_COMPARED = 0.005
_LARGEST_CHANGE = 2.0
_FULL_SCALE = 32_256.0

Raw = npt.NDArray[np.uint8]


class SoundError(Exception):
    """The sound cannot be merged, or what was written is not what was read."""


class NoSoundError(SoundError):
    """There are no raw files, or they are empty."""


@dataclass(frozen=True, slots=True)
class Sound:
    """What was written. `peaks`: one byte each, left then right."""

    size: int
    duration_ms: int
    sha256: str
    peaks: bytes


def _alaw_table() -> npt.NDArray[np.int16]:
    """G.711 A-law byte -> 16-bit sample."""
    codes = np.arange(256, dtype=np.int32) ^ 0x55
    exponent, mantissa = (codes >> 4) & 7, codes & 15
    linear = np.where(exponent == 0, (mantissa << 4) + 8, (mantissa << 4) + 0x108)
    linear = linear << np.maximum(exponent - 1, 0)
    table: npt.NDArray[np.int16] = np.where(codes & 0x80, linear, -linear).astype(np.int16)
    return table


ALAW = _alaw_table()
_LOUDNESS = np.minimum(255, np.round(np.abs(ALAW.astype(np.float64)) * 255 / _FULL_SCALE)).astype(
    np.uint8
)


def _read(path: Path) -> Raw:
    """The file's bytes without loading them; nothing when it is missing or empty."""
    try:
        if path.stat().st_size == 0:
            return np.zeros(0, dtype=np.uint8)
    except FileNotFoundError:
        return np.zeros(0, dtype=np.uint8)
    return np.memmap(path, dtype=np.uint8, mode="r")


def _part(raw: Raw, start: int, stop: int) -> npt.NDArray[np.int16]:
    """Samples from `start` to `stop`, silence behind the end."""
    samples = np.zeros(stop - start, dtype=np.int16)
    known = ALAW[raw[start:stop]]
    samples[: len(known)] = known
    return samples


def peaks_of(raw: Raw, frames: int, count: int = PEAKS) -> bytes:
    """The loudest sample of each of `count` equal slices of `frames`, 255 for full scale."""
    edges = np.linspace(0, frames, count + 1).astype(np.int64)
    loudest = bytearray(count)
    for number in range(count):
        start = int(edges[number])
        piece = raw[start : max(int(edges[number + 1]), start + 1)]
        loudest[number] = int(_LOUDNESS[piece].max()) if len(piece) else 0
    return bytes(loudest)


def kept_file(name: str, at_ms: int) -> str:
    """Where the sound of this name, begun then, is kept below its folder: one folder a day."""
    return f"{to_datetime(at_ms):%Y/%m/%d}/{name}{SUFFIX}"


def sweep(workshop: Path, now_ms: int) -> None:
    """Remove what killed merges left."""
    for path in workshop.iterdir() if workshop.is_dir() else ():
        if now_ms - path.stat().st_mtime_ns // 1_000_000 >= FORGOTTEN_MS:
            path.unlink(missing_ok=True)


def merge(left: Path, right: Path, target: Path, workshop: Path) -> Sound:
    """Write `target` from raw A-law `left` and `right`, the shorter one filled up with silence.

    The file is made in the folder `workshop` (on the same disk) and appears at `target` complete,
    verified and on disk, or not at all; an older one is replaced.
    Blocks; memory does not grow with the length. Raises NoSoundError, SoundError, OSError.
    """
    raws = _read(left), _read(right)
    frames = max(len(raw) for raw in raws)
    if frames == 0:
        raise NoSoundError("no_sound")
    for folder in (target.parent, workshop):
        folder.mkdir(parents=True, exist_ok=True)
    partial = workshop / f"{new_id()}{SUFFIX}"
    try:
        level = _write(raws, frames, partial)
        _verify(partial, frames, level)
        size, digest = _sync(partial)
        partial.replace(target)
    except soundfile.LibsndfileError as error:
        raise SoundError(str(error)) from error
    finally:
        partial.unlink(missing_ok=True)
    _sync_folder(target.parent)
    return Sound(
        size=size,
        duration_ms=frames * 1000 // RATE_HZ,
        sha256=digest,
        peaks=b"".join(peaks_of(raw, frames) for raw in raws),
    )


def _write(raws: tuple[Raw, Raw], frames: int, path: Path) -> npt.NDArray[np.float64]:
    """Returns the level (RMS of full scale) of both channels."""
    squares = np.zeros(2)
    with soundfile.SoundFile(
        path, "w", samplerate=RATE_HZ, channels=2, format="OGG", subtype="VORBIS"
    ) as file:
        for start in range(0, frames, CHUNK_FRAMES):
            stop = min(start + CHUNK_FRAMES, frames)
            both = np.stack([_part(raw, start, stop) for raw in raws], axis=1)
            file.write(both)
            squares += np.square(both / 32_768.0).sum(axis=0)
    level: npt.NDArray[np.float64] = np.sqrt(squares / frames)
    return level


def _verify(path: Path, frames: int, level: npt.NDArray[np.float64]) -> None:
    """Decode all of it: length and both levels have to be those of the source."""
    squares = np.zeros(2)
    with soundfile.SoundFile(path) as file:
        if (file.frames, file.channels, file.samplerate) != (frames, 2, RATE_HZ):
            raise SoundError("the merged file has another length")
        for block in file.blocks(CHUNK_FRAMES, dtype="float32", always_2d=True):
            squares += np.square(block).sum(axis=0)
    for written, read in zip(np.sqrt(squares / frames), level, strict=True):
        quiet = max(written, read) < _QUIETEST_COMPARED
        if not quiet and not 1 / _LARGEST_CHANGE < (written + 1e-9) / (read + 1e-9) < (
            _LARGEST_CHANGE
        ):
            raise SoundError("the merged file sounds other than its source")


def _sync(path: Path) -> tuple[int, str]:
    """Force the file to disk; returns its size and SHA-256."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        os.fsync(file.fileno())
        return os.fstat(file.fileno()).st_size, digest


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
