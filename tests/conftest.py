"""Fixtures for all tests live in tests/harness; this file makes them known and shares the work."""

import pytest

pytest_plugins = ["tests.harness.fixtures"]


@pytest.hookimpl(tryfirst=True)  # before the groups are read
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Side by side, a file's tests stay together, and so do all that use the one installation:
    the longest group, which therefore begins first."""
    items.sort(key=lambda item: not _shares_installation(item))
    for item in items:
        group = "installation" if _shares_installation(item) else str(item.path)
        item.add_marker(pytest.mark.xdist_group(group))


def _shares_installation(item: pytest.Item) -> bool:
    return "installation" in getattr(item, "fixturenames", ())
