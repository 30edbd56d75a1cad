"""A spare program leaves the machine to the one it stands in for, but not for long."""

import socket
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


def test_a_spare_begins_at_once_where_the_other_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock(monkeypatch)
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(str(tmp_path / "door"))
        door.listen()
        program.give_way(str(tmp_path / "door"))
    assert clock.now_s == 0.0


def test_a_spare_begins_as_soon_as_the_other_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock(monkeypatch)
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(str(tmp_path / "door"))

        def sleep(seconds: float) -> None:
            clock.sleep(seconds)
            if clock.now_s > 1.0:
                door.listen()

        monkeypatch.setattr(program.time, "sleep", sleep)
        program.give_way(str(tmp_path / "door"))
    assert 1.0 < clock.now_s < 1.0 + 2 * program.LOOKS_EVERY_S


def test_a_spare_begins_by_itself_when_the_other_does_not_come(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock(monkeypatch)
    program.give_way(str(tmp_path / "nowhere"))
    with socket.socket(socket.AF_UNIX) as left_behind:
        left_behind.bind(str(tmp_path / "door"))
    program.give_way(str(tmp_path / "door"))
    assert clock.now_s == pytest.approx(2 * program.GIVES_WAY_S, abs=0.3)


def test_an_unknown_program_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["program", "flor"])
    with pytest.raises(SystemExit, match="floor"):
        program.main()
