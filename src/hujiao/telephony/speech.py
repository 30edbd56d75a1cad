"""Text to speech behind a small port; espeak-ng of the private tree is the offline default."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import soundfile
import soxr

from hujiao.telephony.private import Command

TELEPHONE_HZ = 8000
PEAK = 0.6
"""Loudest sample of a prompt, of 1.0: as loud as a person on the line, never clipped."""
SILENCE = 0.01
MARGIN_S = 0.06
SPEAK_TIMEOUT_S = 60
VOICES = {"zh": ("cmn", 165), "en": ("en-us", 155)}
"""Language to espeak-ng voice and words per minute."""


class SpeechError(RuntimeError):
    """A text could not be spoken; the message holds the engine's reason."""


class Speech(Protocol):
    """Speaks texts into files a switch can play."""

    @property
    def signature(self) -> str:
        """Changes whenever the same text would sound different: part of the cache key."""

    def speak(self, text: str, language: str, target: Path) -> None:
        """Writes `<target>.wav` (8 kHz, 16 bit, mono) and `<target>.alaw` (raw, 8 kHz).

        `language` is `zh` or `en`. Raises SpeechError.
        """


@dataclass(frozen=True, slots=True)
class EspeakSpeech:
    """Speaks with espeak-ng, run as `command`; `version` names the voice data."""

    command: Command
    version: str = ""

    @property
    def signature(self) -> str:
        return f"espeak-ng {self.version} {VOICES} {PEAK} {SILENCE} {MARGIN_S}"

    def speak(self, text: str, language: str, target: Path) -> None:
        voice, words_per_minute = VOICES[language]
        raw = target.with_name(f".{target.name}.{os.getpid()}.raw.wav")
        argv = [*self.command.argv, "-v", voice, "-s", str(words_per_minute), "-w", str(raw), text]
        try:
            done = subprocess.run(
                argv,
                capture_output=True,
                text=True,
                timeout=SPEAK_TIMEOUT_S,
                env={**os.environ, **self.command.env},
            )
            if done.returncode or not raw.exists():
                raise SpeechError(f"espeak-ng refused {text!r}: {done.stderr.strip()[:200]}")
            samples, rate = soundfile.read(raw, dtype="float32")
        finally:
            raw.unlink(missing_ok=True)
        write_telephone_sound(_without_silent_ends(samples, rate), rate, target)


def _without_silent_ends(samples: np.ndarray, rate_hz: int) -> np.ndarray:
    """espeak-ng ends every text with half a second of pause, too long inside "3 callers"."""
    loud = np.flatnonzero(np.abs(samples) > SILENCE)
    if not loud.size:
        return samples
    margin = int(MARGIN_S * rate_hz)
    return samples[max(loud[0] - margin, 0) : loud[-1] + margin]


def write_telephone_sound(samples: np.ndarray, rate_hz: int, target: Path) -> None:
    """Writes mono samples (-1.0 to 1.0) as `<target>.wav` and `<target>.alaw` at 8 kHz."""
    narrow = soxr.resample(samples, rate_hz, TELEPHONE_HZ)
    loudest = float(np.abs(narrow).max(initial=0.0))
    if loudest > 0:
        narrow = narrow * (PEAK / loudest)
    _replace(target, ".wav", narrow, "WAV", "PCM_16")
    _replace(target, ".alaw", narrow, "RAW", "ALAW")


def _replace(target: Path, suffix: str, samples: np.ndarray, form: str, subtype: str) -> None:
    """A reader never sees half a file."""
    fresh = target.with_name(f".{target.name}.{os.getpid()}{suffix}.new")
    soundfile.write(fresh, samples, TELEPHONE_HZ, format=form, subtype=subtype)
    fresh.replace(target.with_name(target.name + suffix))
