"""Every scenario gives exactly the answers written below its events.

After a wanted change of behaviour run this with HUJIAO_REWRITE_SCENARIOS=1 and read the difference.
"""

import os
from pathlib import Path

import pytest

from tests.unit.routing.scenario import play

_SCENARIOS = sorted((Path(__file__).parent / "scenarios").glob("*.txt"))


@pytest.mark.unit
@pytest.mark.parametrize("path", _SCENARIOS, ids=lambda path: path.stem)
def test_scenario_gives_exactly_the_written_answers(path: Path) -> None:
    written = path.read_text(encoding="utf-8")
    played = play(written)
    if os.environ.get("HUJIAO_REWRITE_SCENARIOS"):
        path.write_text(played, encoding="utf-8")
    else:
        assert played == written


@pytest.mark.unit
def test_scenarios_are_found() -> None:
    assert len(_SCENARIOS) > 20
