"""The catalogue of facts: documented from the code, versioned, old facts readable."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from hujiao.events.calls import MenuDigit
from hujiao.events.catalogue import CATALOGUE
from hujiao.events.follow import entry_of
from hujiao.events.page import page
from hujiao.events.versions import STEPS, NewerFactError, newest
from hujiao.kit.clock import to_datetime

PAGE = Path(__file__).parents[3] / "docs" / "ledger.md"


def test_the_page_of_facts_says_what_the_code_says() -> None:
    assert PAGE.read_text() == page(), "facts changed: run `make docs`"


def test_every_fact_says_what_it_means() -> None:
    silent = [
        name for name, fact in CATALOGUE.items() if (fact.__doc__ or "").startswith(fact.__name__)
    ]
    assert not silent, f"give these facts a docstring: {silent}"


def test_every_version_that_was_ever_written_has_its_steps_to_the_newest() -> None:
    needed = {
        (name, version) for name, fact in CATALOGUE.items() for version in range(1, fact.version)
    }
    assert needed == set(STEPS)


@pytest.fixture
def digits_were_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the digit of a menu had been a number at first, and called `key` after that."""
    monkeypatch.setattr(MenuDigit, "version", 3)
    monkeypatch.setitem(STEPS, ("menu.digit", 1), lambda data: {"key": str(data["number"])})
    monkeypatch.setitem(STEPS, ("menu.digit", 2), lambda data: {"digit": data["key"]})


@pytest.mark.parametrize(
    ("version", "data"), [(1, {"number": 7}), (2, {"key": "7"}), (3, {"digit": "7"})]
)
def test_a_fact_of_any_version_is_read_in_its_newest_form(
    digits_were_lists: None, version: int, data: dict[str, Any]
) -> None:
    row = SimpleNamespace(
        position=1,
        at=to_datetime(0),
        type="menu.digit",
        version=version,
        call_id="c",
        agent_id=None,
        queue_id=None,
        data=data,
    )
    entry = entry_of(row)
    assert (entry.version, entry.data) == (3, {"digit": "7"})


def test_a_fact_that_a_newer_program_wrote_is_not_guessed_at() -> None:
    with pytest.raises(NewerFactError, match=r"menu\.digit version 2"):
        newest("menu.digit", 2, {})


def test_a_fact_whose_type_is_gone_stays_as_it_was_written() -> None:
    assert newest("something.forgotten", 4, {"a": 1}) == (4, {"a": 1})
