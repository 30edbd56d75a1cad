"""Huge pages change where memory lies, never what is in it."""

import ctypes
from types import SimpleNamespace

import pytest

from hujiao.kit.pages import HUGE, use_huge_pages

pytestmark = pytest.mark.unit


def test_what_is_in_memory_stays_what_it_was() -> None:
    held = [bytes([number]) * HUGE for number in range(8)]
    use_huge_pages()
    assert held == [bytes([number]) * HUGE for number in range(8)]


def test_a_system_that_cannot_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[int, int, int]] = []

    def advise(start: int, size: int, advice: int) -> int:
        asked.append((start, size, advice))
        return -1

    held = bytearray(4 * HUGE)
    monkeypatch.setattr(ctypes, "CDLL", lambda _name: SimpleNamespace(madvise=advise))
    use_huge_pages()
    assert held == bytearray(4 * HUGE)
    assert asked
    assert all(start % HUGE == 0 and size % HUGE == 0 for start, size, _ in asked)
    monkeypatch.setattr(ctypes, "CDLL", lambda _name: SimpleNamespace())
    use_huge_pages()
