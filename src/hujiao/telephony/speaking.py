"""The files of the prompts: spoken once on a machine, kept, and put where a node plays them."""

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from hujiao.telephony.prompts import LANGUAGES, texts
from hujiao.telephony.speech import TELEPHONE_HZ, Speech, write_telephone_sound

MANIFEST = ".spoken.json"
SPEAKERS = 2
TONE = "tone"
TONE_HZ, TONE_S = 1_000, 0.4

Progress = Callable[[float], None]
"""Called with the spoken fraction, 0.0 to 1.0."""


def speak_prompts(
    speech: Speech, sounds: Path, cache: Path, progress: Progress = lambda fraction: None
) -> int:
    """Puts every prompt into `sounds/<language>/`; returns how many were not there yet.

    What was spoken once on this machine is copied from `cache`. A file is written anew only when
    its text or the voice changed, so recordings of a human voice put in its place stay.
    Raises SpeechError.
    """
    cache.mkdir(parents=True, exist_ok=True)
    _ensure_tone(sounds)
    wanted = [(lang, name, text) for lang in LANGUAGES for name, text in texts(lang)]
    manifests = {lang: _manifest(sounds / lang) for lang in LANGUAGES}
    missing = []
    for lang, name, text in wanted:
        digest = _digest(speech, lang, text)
        if manifests[lang].get(name) != digest or not (sounds / lang / f"{name}.wav").exists():
            missing.append((lang, name, text, digest))

    def place(row: tuple[str, str, str, str]) -> tuple[str, str, str]:
        lang, name, text, digest = row
        _place(speech, text, lang, cache / digest, sounds / lang / name)
        return lang, name, digest

    with ThreadPoolExecutor(SPEAKERS, thread_name_prefix="speak") as speakers:
        for done, (lang, name, digest) in enumerate(speakers.map(place, missing), 1):
            manifests[lang][name] = digest
            progress(done / len(missing))
    if missing:
        for lang, manifest in manifests.items():
            (sounds / lang / MANIFEST).write_text(json.dumps(manifest, indent=1, sort_keys=True))
    return len(missing)


def _ensure_tone(sounds: Path) -> None:
    """After which a caller speaks his message: `hujiao/tone`, the same in every language."""
    sounds.mkdir(parents=True, exist_ok=True)
    if not (sounds / f"{TONE}.wav").exists():
        moments = np.arange(round(TONE_S * TELEPHONE_HZ)) / TELEPHONE_HZ
        sine = np.sin(2 * np.pi * TONE_HZ * moments)
        write_telephone_sound(sine, TELEPHONE_HZ, sounds / TONE)


def _place(speech: Speech, text: str, language: str, cached: Path, target: Path) -> None:
    if not all(cached.with_name(cached.name + end).exists() for end in (".wav", ".alaw")):
        speech.speak(text, language, cached)
    for end in (".wav", ".alaw"):
        fresh = target.with_name(f".{target.name}{end}.new")
        shutil.copyfile(cached.with_name(cached.name + end), fresh)
        os.replace(fresh, target.with_name(target.name + end))


def _digest(speech: Speech, language: str, text: str) -> str:
    return hashlib.sha256(f"{speech.signature}\n{language}\n{text}".encode()).hexdigest()[:32]


def _manifest(folder: Path) -> dict[str, str]:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / MANIFEST
    if not path.exists():
        return {}
    rows: dict[str, str] = json.loads(path.read_text())
    return rows
