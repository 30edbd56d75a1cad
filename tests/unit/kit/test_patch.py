"""A PATCH changes what it names and nothing else."""

from typing import Any

import pytest
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field, SecretStr, TypeAdapter, ValidationError

from hujiao.kit.patch import Patch


class Inner(BaseModel):
    size: int = Field(ge=1)
    tags: dict[str, int] = Field(default_factory=dict)


class Outer(BaseModel):
    name: str = Field(min_length=1)
    note: str | None = None
    word: SecretStr | None = Field(default=None, max_length=5)
    inner: Inner | None = None


BEFORE = Outer(name="a", note="n", inner=Inner(size=2, tags={"x": 1}))


def patched(**given: Any) -> Outer:
    patch: Patch[Outer] = TypeAdapter(Patch[Outer]).validate_python(given)
    return patch.over(BEFORE)


def test_nothing_given_changes_nothing() -> None:
    assert patched() == BEFORE


def test_null_is_a_value_and_not_the_same_as_left_out() -> None:
    assert patched(note=None).note is None
    assert patched(name="b").note == "n"


def test_a_nested_part_is_merged_and_a_map_is_replaced() -> None:
    after = patched(inner={"tags": {"y": 2}})
    assert after.inner == Inner(size=2, tags={"y": 2})
    assert patched(inner=None).inner is None


def test_a_nested_part_can_come_into_being() -> None:
    patch: Patch[Outer] = TypeAdapter(Patch[Outer]).validate_python({"inner": {"size": 3}})
    assert patch.over(Outer(name="a")).inner == Inner(size=3)
    bare: Patch[Outer] = TypeAdapter(Patch[Outer]).validate_python({"inner": {"tags": {}}})
    with pytest.raises(RequestValidationError):
        bare.over(Outer(name="a"))


def test_the_result_is_checked_as_a_whole() -> None:
    for given in ({"name": None}, {"name": ""}, {"inner": {"size": 0}}, {"inner": {"size": None}}):
        with pytest.raises((RequestValidationError, ValidationError)):
            patched(**given)


def test_an_unknown_field_is_no_silent_success() -> None:
    with pytest.raises(ValidationError):
        patched(nmae="b")


def test_a_secret_is_taken_over_and_held_to_its_rules() -> None:
    after = patched(word="w")
    assert after.word is not None
    assert after.word.get_secret_value() == "w"
    with pytest.raises((RequestValidationError, ValidationError)):
        patched(word="too long")
