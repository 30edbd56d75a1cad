"""Fixtures for all tests live in tests/harness; this file makes them known and shares the work."""

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

pytest_plugins = ["tests.harness.fixtures"]

END_TO_END = "tests/e2e/"
"""Here is whatever uses the one installation, which takes long to start."""


class Sharing(LoadScopeScheduling):
    """Side by side, a test goes to whoever is free. Those of the one installation stay together,
    and as the largest group they begin first."""

    def _split_scope(self, nodeid: str) -> str:
        return END_TO_END if nodeid.startswith(END_TO_END) else nodeid


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Sharing:
    return Sharing(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        uses = "installation" in getattr(item, "fixturenames", ())
        if uses and not item.nodeid.startswith(END_TO_END):
            raise pytest.UsageError(f"{item.nodeid} uses the installation outside {END_TO_END}")
