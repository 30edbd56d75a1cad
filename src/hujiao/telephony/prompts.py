"""The catalogue of spoken prompts, their files, and the media a switch plays for them."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from hujiao.telephony.speech import TELEPHONE_HZ, Speech, write_telephone_sound

LANGUAGES = ("zh", "en")
LARGEST_NUMBER = 99
MANIFEST = ".spoken.json"
SPEAKERS = 2
TONE = "tone"
TONE_HZ, TONE_S = 1_000, 0.4

TEXTS: dict[str, tuple[str, str]] = {
    "greeting": (
        "您好，欢迎致电客户服务中心。",
        "Hello, and welcome to our customer service centre.",
    ),
    "menu": (
        "业务咨询请按一，投诉建议请按二，英语服务请按三。",
        "For enquiries, press one. For complaints and suggestions, press two. "
        "For service in English, press three.",
    ),
    "menu_invalid": ("您的选择无效，请重新选择。", "That is not a valid choice. Please try again."),
    "no_input": ("没有收到您的选择。", "We did not receive your choice."),
    "recording_notice": (
        "为保证服务质量，本次通话可能会被录音。",
        "This call may be recorded for quality purposes.",
    ),
    "transferring": ("正在为您转接，请稍候。", "Please hold while we connect you."),
    "all_busy": (
        "非常抱歉，坐席全忙，暂时无法接听，请您稍后再拨。",
        "We are sorry. All our agents are busy. Please call again later.",
    ),
    "position_next": ("您是下一位。", "You are next in line."),
    "position_one": (
        "您前面还有一位客户在等待。",
        "There is one caller ahead of you.",
    ),
    "position_before": ("您前面还有", "There are"),
    "position_after": ("位客户在等待。", "callers ahead of you."),
    "position_many": (
        "您前面等待的客户较多。",
        "There are many callers ahead of you.",
    ),
    "wait_one": ("预计等待时间为一分钟。", "The expected wait is about one minute."),
    "wait_before": ("预计等待时间为", "The expected wait is about"),
    "wait_after": ("分钟。", "minutes."),
    "wait_long": (
        "预计等待时间较长。",
        "The expected wait is long.",
    ),
    "thanks_waiting": ("感谢您的耐心等待。", "Thank you for waiting."),
    "queue_full": (
        "非常抱歉，目前来电较多，坐席全忙，请您稍后再拨。",
        "We are sorry. We are receiving many calls and cannot take yours now. "
        "Please call again later.",
    ),
    "closed": (
        "非常抱歉，现在不是我们的服务时间，请您稍后再拨。",
        "We are sorry. Our office is closed now. Please call again later.",
    ),
    "number_unknown": (
        "非常抱歉，您拨打的号码未开通服务，请核对后再拨。",
        "We are sorry. The number you have called is not in service.",
    ),
    "system_fault": (
        "非常抱歉，系统出现故障，请您稍后再拨。",
        "We are sorry. We have a technical problem. Please call again later.",
    ),
    "leave_message": (
        "抱歉，暂时无法接听您的来电。请在提示音后留言，我们会尽快回电。说完请按井号键，或直接挂机。",
        "Sorry, we cannot take your call now. Please leave a message after the tone, and we will "
        "call you back. When you have finished, press the hash key or hang up.",
    ),
    "message_taken": (
        "您的留言已收到，我们会尽快回电，再见。",
        "Thank you. We have received your message and will call you back. Goodbye.",
    ),
    "goodbye": ("感谢您的来电，再见。", "Thank you for calling. Goodbye."),
    "customer": (
        "您好，我想查询一下我的订单。上周买的东西到现在还没有收到，请帮我看一下，谢谢。",
        "Hello, I would like to ask about my order. I bought something last week and it has "
        "still not arrived. Could you have a look, please? Thank you.",
    ),
}

Progress = Callable[[float], None]
"""Called with the spoken fraction, 0.0 to 1.0."""


def prompt_media(prompt: str, language: str, /, **numbers: int) -> list[str]:
    """The ARI media URIs of a prompt, in playing order.

    `position` takes `ahead` (callers in front), `wait` takes `minutes`; all other prompts are
    those of `TEXTS` and take nothing. `language` is `zh`, `en` or a tag that begins so.
    Raises KeyError for a prompt or a language that does not exist.
    """
    return [f"sound:hujiao/{language_of(language)}/{name}" for name in _names(prompt, numbers)]


def language_of(tag: str) -> str:
    """`zh-CN` -> `zh`. Raises KeyError for a language without prompts."""
    short = tag.partition("-")[0].lower()
    if short not in LANGUAGES:
        raise KeyError(tag)
    return short


def _names(prompt: str, numbers: dict[str, int]) -> list[str]:
    if prompt == "position":
        ahead = numbers["ahead"]
        if ahead <= 0:
            return ["position_next"]
        return _counted(ahead, "position_one", "position", "position_many")
    if prompt == "wait":
        return _counted(max(numbers["minutes"], 1), "wait_one", "wait", "wait_long")
    if prompt not in TEXTS:
        raise KeyError(prompt)
    return [prompt]


def _counted(number: int, one: str, stem: str, many: str) -> list[str]:
    if number == 1:
        return [one]
    if number > LARGEST_NUMBER:
        return [many]
    return [f"{stem}_before", f"number_{number}", f"{stem}_after"]


def texts(language: str) -> Iterator[tuple[str, str]]:
    """Every file to be spoken in a language: its name and its text."""
    column = LANGUAGES.index(language)
    for name, words in TEXTS.items():
        yield name, words[column]
    for number in range(1, LARGEST_NUMBER + 1):
        yield f"number_{number}", chinese_count(number) if language == "zh" else str(number)


def chinese_count(number: int) -> str:
    """1 to 99 as said before a measure word: 两 stands for a bare 2."""
    digits = "零一二三四五六七八九"
    if number == 2:
        return "两"
    tens, ones = divmod(number, 10)
    head = "" if tens == 0 else "十" if tens == 1 else f"{digits[tens]}十"
    return head + (digits[ones] if ones else "")


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
