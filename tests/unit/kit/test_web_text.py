"""Text that people type, hosts and pages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from hujiao.kit.hosts import is_host, is_loopback
from hujiao.kit.refusal import InvalidInput
from hujiao.kit.web import Name, PageRequest, Text, encode_cursor

NAME: TypeAdapter[str] = TypeAdapter(Name)
TEXT: TypeAdapter[str] = TypeAdapter(Text)


def test_names_are_trimmed_and_composed_and_keep_their_script() -> None:
    assert NAME.validate_python("  王小明 ") == "王小明"
    assert NAME.validate_python("e\u0301") == "é"
    assert NAME.validate_python("Zoë 👩‍💻") == "Zoë 👩‍💻"


@pytest.mark.parametrize(
    "bad", ["", " ", "a\x00", "a\nb", "\x1b[31m", "\u202eabc", "\ufdd0", "x" * 81]
)
def test_what_controls_a_screen_or_cannot_be_stored_is_no_name(bad: str) -> None:
    with pytest.raises(ValidationError):
        NAME.validate_python(bad)


def test_a_note_keeps_its_lines() -> None:
    assert TEXT.validate_python(" a\r\nb\tc\r\n") == "a\nb\tc"
    with pytest.raises(ValidationError):
        TEXT.validate_python("a\x00b")


@given(st.text(max_size=200))
def test_whatever_passes_can_be_stored(value: str) -> None:
    try:
        clean = TEXT.validate_python(value)
    except ValidationError:
        return
    assert "\x00" not in clean
    clean.encode()


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("sip.example.com", True),
        ("localhost", True),
        ("192.0.2.1", True),
        ("a" * 63 + ".b", True),
        ("", False),
        ("192.0.2.256", False),
        ("1.2.3", False),
        ("-a.b", False),
        ("a..b", False),
        ("a b", False),
        ("a;b", False),
        ("a\n", False),
        ("host:5060", False),
        ("[::1]", False),
        ("a" * 101, False),
    ],
)
def test_a_host_is_a_name_or_an_address_and_nothing_more(text: str, good: bool) -> None:
    assert is_host(text) is good


@pytest.mark.parametrize(
    ("address", "own"),
    [
        ("127.0.0.1", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("10.0.0.1", False),
        ("", False),
    ],
)
def test_loopback_is_known_in_every_spelling(address: str, own: bool) -> None:
    assert is_loopback(address) is own


def test_a_page_ends_with_the_key_that_begins_the_next() -> None:
    page = PageRequest(limit=2)
    rows, cursor = page.cut([("a", 1), ("b", 2), ("c", 3)], lambda row: row)
    assert list(rows) == [("a", 1), ("b", 2)]
    assert PageRequest(2, cursor).after(str, int) == ("b", 2)
    assert page.cut([("a", 1)], lambda row: row) == ([("a", 1)], None)


@given(st.text(max_size=60))
def test_a_made_up_cursor_is_refused_and_never_crashes(cursor: str) -> None:
    try:
        PageRequest(2, cursor).after(str, int)
    except InvalidInput:
        return
    raise AssertionError("taken")


def test_a_cursor_of_another_list_is_refused() -> None:
    with pytest.raises(InvalidInput):
        PageRequest(2, encode_cursor(("a",))).after(str, int)
    with pytest.raises(InvalidInput):
        PageRequest(2, encode_cursor((True, 1))).after(int, int)
