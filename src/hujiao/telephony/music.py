"""Music on hold, beside its WAV in the form that trunks speak: nothing to transcode per caller."""

from __future__ import annotations

import os
from pathlib import Path

import soundfile

from hujiao.telephony.private import PrivateTree

MUSIC_HZ = 8000


def ensure_music(tree: PrivateTree, cache: Path) -> Path:
    """The folder with the tree's music as `.wav` and `.alaw`; made once per machine."""
    target = cache / f"music-{tree.versions['asterisk-moh-opsound-wav']}"
    if target.exists():
        return target
    partial = target.with_name(f"{target.name}.{os.getpid()}")
    partial.mkdir(parents=True, exist_ok=True)
    for source in sorted((tree.asterisk_data / "moh").glob("*.wav")):
        samples, rate = soundfile.read(source, dtype="int16")
        if rate != MUSIC_HZ:
            continue
        soundfile.write(partial / source.name, samples, rate, subtype="PCM_16")
        raw = partial / f"{source.stem}.alaw"
        soundfile.write(raw, samples, rate, format="RAW", subtype="ALAW")
    try:
        partial.rename(target)
    except OSError:
        if not target.exists():  # another process was not faster: this is a real failure
            raise
    return target
