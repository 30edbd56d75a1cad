"""Numbers and overflow as people type them. (Trunks: tests/integration/api/test_lines.py.)"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hujiao.floor.lines import (
    CODECS,
    Trunk,
    TrunkKind,
    overflows_in_a_circle,
    plain_number,
    trunk_faults,
)


@pytest.mark.parametrize(
    ("typed", "plain"),
    [
        ("4001", "4001"),
        (" 400-800 8888 ", "4008008888"),
        ("+86 (10) 1234-5678", "+861012345678"),
        ("＋８６１０１２３４", "+86101234"),
        ("（010）1234", "0101234"),
        ("", ""),
        ("+", ""),
        ("1", ""),
        ("400A", ""),
        ("4001;x", ""),
        ("4001\n", "4001"),
        ("4001\x00", ""),
        ("1" * 21, ""),
    ],
)
def test_numbers_are_brought_to_the_form_that_the_switch_sends(typed: str, plain: str) -> None:
    assert plain_number(typed) == plain


def test_overflow_in_a_circle_is_found_and_a_chain_is_not_one() -> None:
    chain = {"b": "c", "c": "d", "d": None}
    assert not overflows_in_a_circle("a", "b", chain)
    assert not overflows_in_a_circle("a", None, chain)
    assert overflows_in_a_circle("a", "a", chain)
    assert overflows_in_a_circle("d", "b", chain)
    assert overflows_in_a_circle("x", "a", {"a": "b", "b": "a"})


LINE = st.text(st.characters(codec="utf-8"), max_size=30)


@given(
    kind=st.sampled_from(TrunkKind),
    name=LINE,
    host=LINE,
    username=LINE,
    secret=LINE,
    caller=LINE,
    prefixes=st.lists(LINE, max_size=3),
    codecs=st.lists(st.sampled_from(CODECS) | LINE, max_size=3),
)
def test_no_trunk_without_fault_holds_a_character_that_means_something_to_the_switch(
    kind: TrunkKind,
    name: str,
    host: str,
    username: str,
    secret: str,
    caller: str,
    prefixes: list[str],
    codecs: list[str],
) -> None:
    trunk = Trunk(
        id="x",
        name=name,
        kind=kind,
        host=host,
        username=username,
        secret=secret,
        caller_number=caller,
        prefixes=tuple(prefixes),
        codecs=tuple(codecs),
    )
    if trunk_faults(trunk):
        return
    for value in (name, host, username, secret, caller, *prefixes, *codecs):
        assert not set(value) & set("\r\n\t []<>;,\"'\\@/?&|`#") or value == secret
        assert value.isprintable()
        assert value.isascii()
    assert not set(secret) & set("\r\n\t []<>;,\"'\\|`#")
