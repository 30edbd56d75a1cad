"""Passwords, ranks, expiry and how often somebody may try."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hujiao.identity.model import PERMISSIONS, RANK, Permission, Role
from hujiao.identity.passwords import generated_password
from hujiao.identity.rules import (
    ADDRESS_LIMIT,
    FIRST_WAIT_S,
    IDLE_S,
    LOGIN_LIMIT,
    LONGEST_WAIT_S,
    MAX_KEYS,
    PAIR_LIMIT,
    WINDOW_S,
    Throttle,
    address_key,
    is_live,
    may_edit,
    password_fault,
)


@pytest.mark.parametrize(
    ("password", "fault"),
    [
        ("", "password_too_short"),
        ("a1b2c3d4e", "password_too_short"),
        ("x7" * 65, "password_too_long"),
        ("my-zhang.wei-1", "password_has_login"),
        ("MY-ZHANG.WEI-1", "password_has_login"),
        ("abababababab", "password_too_simple"),
        ("0123456789", "password_too_simple"),
        ("9876543210", "password_too_simple"),
        ("qwertyuiopas", "password_too_simple"),
        ("Password123!", "password_too_simple"),
        ("woaini131452", "password_too_simple"),
        ("ｐａｓｓｗｏｒｄ12", "password_too_simple"),
        ("correct horse", None),
        ("春眠不觉晓处处闻啼鸟", None),
        ("k7mp-x3fa-9qzt", None),
    ],
)
def test_weak_passwords_are_named_by_the_rule_they_break(password: str, fault: str | None) -> None:
    assert password_fault(password, "zhang.wei") == fault


def test_generated_passwords_obey_the_rules_and_differ() -> None:
    made = {generated_password() for _ in range(200)}
    assert len(made) == 200
    assert {password_fault(one, "admin") for one in made} == {None}


def test_an_editor_stays_above_those_he_edits_and_an_administrator_edits_all() -> None:
    for editor in Role:
        for before in (None, *Role):
            for after in Role:
                allowed = editor is Role.ADMIN or all(
                    RANK[one] < RANK[editor] for one in (before, after) if one
                )
                assert may_edit(editor, before, after) is allowed


def test_every_role_has_its_permissions_and_only_the_administrator_has_all() -> None:
    assert PERMISSIONS.keys() == set(Role)
    assert [role for role in Role if PERMISSIONS[role] == set(Permission)] == [Role.ADMIN]
    assert Permission.PEOPLE_EDIT not in PERMISSIONS[Role.AGENT]


def test_a_session_lives_until_it_idles_or_its_time_is_over() -> None:
    assert is_live(1000, 1000, 1001)
    assert not is_live(1001, 1000, 1001)
    assert is_live(IDLE_S * 1000 - 1, 0, 10**12)
    assert not is_live(IDLE_S * 1000, 0, 10**12)


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("", ""),
        ("testclient", "testclient"),
    ],
)
def test_an_address_is_counted_as_one_subscriber(address: str, key: str) -> None:
    assert address_key(address) == key


def tries(throttle: Throttle, count: int, *, login: str = "wang", address: str = "a") -> list[int]:
    return [
        throttle.attempt(login.format(n=n), address.format(n=n), now_ms=0) for n in range(count)
    ]


def test_after_a_few_failures_each_further_wait_doubles_up_to_a_limit() -> None:
    throttle, now_ms, waits = Throttle(), 0, []
    for _ in range(PAIR_LIMIT):
        assert throttle.attempt("wang", "a", now_ms) == 0
    for _ in range(8):
        wait_s = throttle.attempt("wang", "a", now_ms)
        waits.append(wait_s)
        now_ms += wait_s * 1000
        assert throttle.attempt("wang", "a", now_ms) == 0
    assert waits[0] == FIRST_WAIT_S
    assert waits[1] == 2 * FIRST_WAIT_S
    assert max(waits) == LONGEST_WAIT_S


def test_parallel_attempts_count_before_their_passwords_are_checked() -> None:
    assert tries(Throttle(), 20).count(0) == PAIR_LIMIT


def test_success_takes_the_failures_of_the_pair_away() -> None:
    throttle = Throttle()
    for _ in range(3):
        assert tries(throttle, PAIR_LIMIT - 1) == [0] * (PAIR_LIMIT - 1)
        throttle.succeeded("wang", "a")


def test_one_address_cannot_try_many_accounts_nor_many_addresses_one() -> None:
    assert tries(Throttle(), 200, login="w{n}").count(0) == ADDRESS_LIMIT
    assert tries(Throttle(), 200, address="10.0.0.{n}").count(0) == LOGIN_LIMIT


def test_failures_are_forgotten_after_a_quiet_while() -> None:
    throttle = Throttle()
    tries(throttle, 20)
    later_ms = (WINDOW_S + 1) * 1000
    assert [throttle.attempt("wang", "a", later_ms) for _ in range(PAIR_LIMIT)] == [0] * PAIR_LIMIT


def test_the_memory_of_failures_is_bounded() -> None:
    throttle = Throttle()
    for number in range(MAX_KEYS):
        throttle.attempt(f"w{number}", f"10.{number >> 8}.{number & 255}.1", 0)
    assert len(throttle._tries) <= MAX_KEYS


@given(st.text(max_size=40), st.text(max_size=40))
def test_no_password_breaks_the_rules_themselves(password: str, login: str) -> None:
    password_fault(password, login)
