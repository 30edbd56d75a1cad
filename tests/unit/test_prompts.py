"""Which files a prompt is made of, in both languages."""

import pytest

from hujiao.telephony.prompts import LANGUAGES, chinese_count, prompt_media, texts

pytestmark = pytest.mark.unit


def test_a_position_is_put_together_from_its_number() -> None:
    assert prompt_media("position", "zh-CN", ahead=12) == [
        "sound:hujiao/zh/position_before",
        "sound:hujiao/zh/number_12",
        "sound:hujiao/zh/position_after",
    ]


@pytest.mark.parametrize(
    ("ahead", "file"), [(0, "position_next"), (1, "position_one"), (100, "position_many")]
)
def test_positions_without_a_spoken_number_are_one_sentence(ahead: int, file: str) -> None:
    assert prompt_media("position", "en", ahead=ahead) == [f"sound:hujiao/en/{file}"]


def test_a_wait_under_a_minute_is_announced_as_one_minute() -> None:
    assert prompt_media("wait", "zh", minutes=0) == ["sound:hujiao/zh/wait_one"]


def test_every_prompt_that_can_be_asked_for_is_spoken_in_every_language() -> None:
    for language in LANGUAGES:
        spoken = {f"sound:hujiao/{language}/{name}" for name, _ in texts(language)}
        for number in range(120):
            assert spoken.issuperset(prompt_media("position", language, ahead=number))
            assert spoken.issuperset(prompt_media("wait", language, minutes=number))


def test_an_unknown_prompt_is_refused() -> None:
    with pytest.raises(KeyError):
        prompt_media("no-such-prompt", "zh")


@pytest.mark.parametrize(
    ("number", "said"),
    [(1, "一"), (2, "两"), (10, "十"), (12, "十二"), (20, "二十"), (99, "九十九")],
)
def test_chinese_numbers_are_said_as_before_a_measure_word(number: int, said: str) -> None:
    assert chinese_count(number) == said
