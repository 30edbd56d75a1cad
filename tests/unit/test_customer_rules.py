"""What finds a customer."""

from hypothesis import given
from hypothesis import strategies as st

from hujiao.crm.rules import digits_wanted, distinct_numbers, grams


def test_a_part_of_a_name_is_found_inside_of_it() -> None:
    assert set(grams("小明")) <= set(grams("张小明"))
    assert set(grams("acm")) <= set(grams("ACME Ltd"))
    assert not set(grams("明小")) <= set(grams("张小明"))


def test_the_order_of_words_width_and_case_do_not_matter() -> None:
    assert grams("Ming LI") == grams("li ming")
    assert grams("ＡＣＭＥ") == grams("acme")


@given(st.text(max_size=20), st.text(min_size=1, max_size=5), st.text(max_size=20))
def test_any_piece_of_a_word_is_found(before: str, piece: str, after: str) -> None:
    whole = (before + piece + after).replace("\u0130", "")
    start, end = whole.find(piece), whole.find(piece) + len(piece)
    if start >= 0 and not any(c.isspace() for c in whole) and whole.isascii():
        assert set(grams(whole[start:end])) <= set(grams(whole))


def test_only_what_looks_like_a_number_is_searched_among_numbers() -> None:
    assert digits_wanted("138 0013") == "1380013"
    assert digits_wanted("+86 (10) 6555-1234") == "861065551234"
    assert digits_wanted("０１３８００") == "13800"
    assert digits_wanted("12") is None
    assert digits_wanted("公司 138") is None


def test_numbers_of_a_customer_are_kept_once_in_their_order() -> None:
    given_numbers = [
        ("13900139000", "a"),
        ("138 0013 8000", "b"),
        ("+8613900139000", "c"),
        ("", "d"),
    ]
    assert distinct_numbers(given_numbers) == [("+8613900139000", "a"), ("+8613800138000", "b")]
