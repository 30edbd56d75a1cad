"""The time of day follows a clock that is set forward and never goes back."""

from hujiao.kit.clock import SteadyClock


class Hands:
    def __init__(self) -> None:
        self.wall, self.pace = 1_000_000_000_000, 5_000_000_000

    def go(self, seconds: int) -> None:
        self.wall += seconds * 1_000_000_000
        self.pace += seconds * 1_000_000_000


def test_a_clock_set_back_does_not_take_time_back() -> None:
    hands = Hands()
    clock = SteadyClock(lambda: hands.wall, lambda: hands.pace)
    before = clock()
    hands.wall -= 3_600_000_000_000
    assert clock() == before
    hands.go(7)
    assert clock() == before + 7_000


def test_a_clock_set_forward_is_followed() -> None:
    hands = Hands()
    clock = SteadyClock(lambda: hands.wall, lambda: hands.pace)
    before = clock()
    hands.wall += 60_000_000_000
    assert clock() == before + 60_000
