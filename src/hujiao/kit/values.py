"""Values: told once, never changed."""

from dataclasses import dataclass
from typing import TypeVar, dataclass_transform

_T = TypeVar("_T")


@dataclass_transform(frozen_default=True)
def value(cls: type[_T]) -> type[_T]:
    """A frozen dataclass to the type checker, and a plain one at run time.

    For what is made by the dozen with each call, as facts, events and commands are: one that is
    frozen at run time takes three times as long to make.
    """
    return dataclass(slots=True, unsafe_hash=True)(cls)
