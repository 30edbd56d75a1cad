"""What the people of the day say: sentences spoken once and kept in the cache."""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass

from hujiao.app.settings import Settings
from hujiao.telephony.private import ensure_tree
from hujiao.telephony.speech import EspeakSpeech

PAUSE = b"\xd5" * 8000
"""A second of silence between two sentences."""
CUSTOMER = (
    "您好，我想查询一下我的订单，上周买的东西到现在还没有收到。",
    "你好，请问你们的营业时间是几点到几点？",
    "我的账单好像有问题，麻烦您帮我核对一下。",
    "好的，我明白了，谢谢您。",
)
AGENT = (
    "您好，很高兴为您服务，请问有什么可以帮您？",
    "请您稍等，我马上为您查询。",
    "已经为您登记，我们会尽快处理。",
    "请问还有其他可以帮您的吗？",
)


@dataclass(frozen=True, slots=True)
class Voices:
    """A-law sentences of both sides."""

    customer: tuple[bytes, ...]
    agent: tuple[bytes, ...]

    def speech(self, side: tuple[bytes, ...]) -> bytes:
        """Some talk of a side, different every time."""
        return b"".join(one + PAUSE for one in random.sample(side, len(side)))


def speak_voices(settings: Settings) -> Voices:
    """Blocks for a few seconds the first time. Raises PrivateTreeError, SpeechError."""
    tree = ensure_tree(settings.cache)
    speech = EspeakSpeech(tree.tool_command("espeak-ng"), tree.versions["espeak-ng-data"])
    folder = settings.cache / "speech"
    folder.mkdir(parents=True, exist_ok=True)

    def spoken(text: str) -> bytes:
        digest = hashlib.sha256(f"{speech.signature}\nzh\n{text}".encode()).hexdigest()[:32]
        sound = folder / f"{digest}.alaw"
        if not sound.exists():
            speech.speak(text, "zh", folder / digest)
        return sound.read_bytes()

    return Voices(tuple(map(spoken, CUSTOMER)), tuple(map(spoken, AGENT)))
