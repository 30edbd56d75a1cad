"""Old facts as today's program understands them. Pure.

A fact stays in the ledger as it was written. When its fields change, its class gets the next
`version`, and a step here tells how the former fields become the new ones: readers see the newest
form only. A step is never changed once facts of its version may have been written.
"""

from collections.abc import Callable, Mapping
from typing import Any

from hujiao.events.catalogue import CATALOGUE

Data = Mapping[str, Any]
Step = Callable[[Data], Data]
"""The fields of one version made into those of the next."""

STEPS: dict[tuple[str, int], Step] = {}
"""(type, version) -> how its fields become those of `version + 1`."""


class NewerFactError(RuntimeError):
    """A newer program wrote this fact: to guess what it means would make wrong numbers."""


def newest(type_name: str, version: int, data: Data) -> tuple[int, Data]:
    """Version and fields of a stored fact as the catalogue has them now.

    A type that the catalogue no longer has stays as it is. Raises NewerFactError for a version that
    this program does not know, KeyError when a step is missing.
    """
    known = CATALOGUE.get(type_name)
    if known is None:
        return version, data
    if version > known.version:
        raise NewerFactError(f"{type_name} version {version}: this program knows {known.version}")
    while version < known.version:
        data = STEPS[type_name, version](data)
        version += 1
    return version, data
