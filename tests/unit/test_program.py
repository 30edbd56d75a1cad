"""A spare program leaves the machine to the one it stands in for, but not for long."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from hujiao.app import program


class Clock:
    """Time that passes only by sleeping."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now_s = 0.0
        monkeypatch.setattr(program.time, "monotonic", lambda: self.now_s)
        monkeypatch.setattr(program.time, "sleep", self.sleep)

    def sleep(self, seconds: float) -> None:
        self.now_s += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


@pytest.fixture
def door(tmp_path: Path) -> Iterator[socket.socket]:
    """The other's door, at which nobody listens yet."""
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(tmp_path / "door"))
        yield made


def test_a_spare_begins_at_once_where_the_other_answers(door: socket.socket, clock: Clock) -> None:
    door.listen()
    program.give_way(door.getsockname())
    assert clock.now_s == 0.0


def test_a_spare_begins_as_soon_as_the_other_answers(
    door: socket.socket, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def sleep(seconds: float) -> None:
        clock.sleep(seconds)
        if clock.now_s > 1.0:
            door.listen()

    monkeypatch.setattr(program.time, "sleep", sleep)
    program.give_way(door.getsockname())
    assert 1.0 < clock.now_s < 1.0 + 2 * program.LOOKS_EVERY_S


def test_a_spare_begins_by_itself_when_the_other_does_not_come(
    tmp_path: Path, door: socket.socket, clock: Clock
) -> None:
    program.give_way(str(tmp_path / "nowhere"))
    left_behind = door.getsockname()
    door.close()
    program.give_way(left_behind)
    assert clock.now_s == pytest.approx(2 * program.GIVES_WAY_S, abs=0.3)


def test_an_unknown_program_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["program", "flor"])
    with pytest.raises(SystemExit, match="floor"):
        program.main()
