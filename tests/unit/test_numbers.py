"""One telephone number, whatever the switch or a person makes of it."""

import pytest

from hujiao.kit.numbers import e164, number_key

MOBILE = "+8613800138000"
LANDLINE = "+861065551234"


@pytest.mark.parametrize(
    "written",
    [
        "13800138000",
        "013800138000",
        "+8613800138000",
        "008613800138000",
        "8613800138000",
        "138 0013 8000",
        "138-0013-8000",
        "１３８００１３８０００",
        "sip:13800138000@10.0.0.1:5060;user=phone",
        "tel:+8613800138000",
        "  13800138000 ",
    ],
)
def test_a_mobile_number_has_one_form_however_it_is_written(written: str) -> None:
    assert e164(written) == MOBILE


@pytest.mark.parametrize(
    "written",
    ["01065551234", "1065551234", "(010) 6555-1234", "+86 10 6555 1234", "861065551234"],
)
def test_a_landline_is_found_with_and_without_its_trunk_zero(written: str) -> None:
    assert e164(written) == LANDLINE


@pytest.mark.parametrize("written", ["00442079460958", "+442079460958", "442079460958"])
def test_a_foreign_number_keeps_its_country(written: str) -> None:
    assert e164(written) == "+442079460958"


@pytest.mark.parametrize("written", ["", "anonymous", "1001", "95588", "110", "sip:alice@x", "+"])
def test_what_is_no_public_number_stays_as_it_came(written: str) -> None:
    assert e164(written) is None


def test_an_address_that_is_no_number_is_stored_by_its_user_part() -> None:
    assert number_key("sip:1001@10.0.0.1") == "1001"
    assert number_key(" 95588 ") == "95588"


def test_the_default_region_can_be_another_country() -> None:
    assert e164("020 7946 0958", "GB") == "+442079460958"
