"""One day of calls for all tests that need a day to look at."""

from collections.abc import Iterator

import pytest

from tests.harness.demo import Demo
from tests.harness.installation import RunningInstallation

DAY_CALLS = 40


@pytest.fixture(scope="session")
def day(
    installation: RunningInstallation, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Demo]:
    """It has begun with the first test that asks for it: the backup, taken in the midst of it."""
    folder = tmp_path_factory.mktemp("day")
    demo = Demo(installation, folder, "--calls", str(DAY_CALLS), "--minutes", "0.6")
    yield demo
    demo.end()
