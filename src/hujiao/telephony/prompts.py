"""The catalogue of spoken prompts, and the media a switch plays for them."""

from __future__ import annotations

from collections.abc import Iterator

LANGUAGES = ("zh", "en")
LARGEST_NUMBER = 99

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
