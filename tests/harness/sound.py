"""Making and measuring sound: levels are fractions of full scale, frequencies Hz."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

ALAW_HZ = 8000


@dataclass(frozen=True, slots=True)
class Sound:
    """Mono samples between -1.0 and 1.0."""

    samples: np.ndarray
    rate_hz: int

    @property
    def duration_s(self) -> float:
        return len(self.samples) / self.rate_hz

    @property
    def rms(self) -> float:
        """Root mean square: a full-scale sine has 0.707."""
        return float(np.sqrt(np.mean(np.square(self.samples)))) if len(self.samples) else 0.0

    @property
    def frequency_hz(self) -> float:
        """The strongest frequency of the whole."""
        window = np.hanning(len(self.samples))
        spectrum = np.abs(np.fft.rfft(self.samples * window))
        spectrum[0] = 0.0
        return float(np.fft.rfftfreq(len(self.samples), 1 / self.rate_hz)[spectrum.argmax()])

    def level_at(self, frequency_hz: float, width_hz: float = 20.0) -> float:
        """RMS of what lies within `width_hz` of a frequency: one voice among several."""
        spectrum = np.fft.rfft(self.samples)
        frequencies = np.fft.rfftfreq(len(self.samples), 1 / self.rate_hz)
        spectrum[np.abs(frequencies - frequency_hz) > width_hz] = 0
        return float(np.sqrt(np.mean(np.square(np.fft.irfft(spectrum, len(self.samples))))))

    def part(self, start_s: float, end_s: float | None = None) -> "Sound":
        """From `start_s` to `end_s`; negative values count from the end."""
        end = None if end_s is None else round(end_s * self.rate_hz)
        return Sound(self.samples[round(start_s * self.rate_hz) : end], self.rate_hz)


def read_sound(path: Path, channel: int = 0) -> Sound:
    """A file in any form libsndfile reads; `.alaw` is raw A-law at 8 kHz."""
    if path.suffix == ".alaw":
        samples, rate = soundfile.read(
            path, samplerate=ALAW_HZ, channels=1, format="RAW", subtype="ALAW", dtype="float64"
        )
    else:
        samples, rate = soundfile.read(path, dtype="float64", always_2d=True)
        samples = samples[:, channel]
    return Sound(samples, rate)


def tone(
    frequency_hz: float, duration_s: float, *, rate_hz: int = 8000, rms: float = 0.35
) -> Sound:
    """A sine; 0.35 of full scale is a loud voice."""
    times = np.arange(round(duration_s * rate_hz)) / rate_hz
    return Sound(np.sqrt(2) * rms * np.sin(2 * np.pi * frequency_hz * times), rate_hz)


def write_sound(sound: Sound, path: Path) -> Path:
    """As WAV (16 bit), or raw A-law when the name ends in `.alaw`."""
    if path.suffix == ".alaw":
        soundfile.write(path, sound.samples, sound.rate_hz, format="RAW", subtype="ALAW")
    else:
        soundfile.write(path, sound.samples, sound.rate_hz, subtype="PCM_16")
    return path
