"""The fixtures every test may ask for. Servers start when first asked for and end with the run."""

import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from hujiao.app.settings import Settings
from hujiao.kit.db import Database
from hujiao.migrations.run import migrate
from hujiao.telephony.private import PrivateTree, ensure_tree
from hujiao.telephony.speaking import speak_prompts
from hujiao.telephony.speech import EspeakSpeech
from tests.harness.chromium import find_chromium
from tests.harness.database import TEMPLATE, RunningCluster, new_cluster
from tests.harness.installation import RunningInstallation, start_installation
from tests.harness.node import RunningNode, new_node
from tests.harness.ports import PortBlock, take_block
from tests.harness.sipp import Sipp, start_sipp
from tests.harness.softphone import Softphone, start_softphone

MakeNode = Callable[..., RunningNode]
MakeSoftphone = Callable[..., Awaitable[Softphone]]
MakeSipp = Callable[..., Awaitable[Sipp]]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Any:
    """Lets fixtures see whether the test that used them failed."""
    report = yield
    if report.failed:
        item.stash[FAILED] = True
    return report


FAILED = pytest.StashKey[bool]()


@pytest.fixture(scope="session")
def cache() -> Path:
    """The folder shared with installations of this user: fetched once, never per test."""
    return Settings().cache


@pytest.fixture(scope="session")
def private_tree(cache: Path) -> PrivateTree:
    return ensure_tree(cache)


@pytest.fixture(scope="session")
def chromium(cache: Path) -> Path:
    """The browser's program; `tests.harness.chromium.FLAGS` are what it needs for calls."""
    return find_chromium(cache)


@pytest.fixture(scope="session")
def sounds(private_tree: PrivateTree, cache: Path) -> Iterator[Path]:
    """All prompts, spoken; played as `sound:hujiao/<language>/<prompt>`."""
    folder = Path(tempfile.mkdtemp(prefix="hujiao-sounds-"))
    folder.chmod(0o755)
    version = private_tree.versions["espeak-ng-data"]
    speech = EspeakSpeech(private_tree.tool_command("espeak-ng"), version)
    speak_prompts(speech, folder, cache / "speech")
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def asterisk_node(
    private_tree: PrivateTree, sounds: Path, request: pytest.FixtureRequest
) -> Iterator[MakeNode]:
    """`asterisk_node(name="n1", **settings)` starts a real Asterisk and returns it running."""
    nodes: list[RunningNode] = []

    def make(name: str = "n1", **changes: Any) -> RunningNode:
        music = private_tree.asterisk_data / "moh"
        node = new_node(private_tree, sounds, music, name=name, **changes)
        nodes.append(node)
        node.start()
        return node

    yield make
    for node in nodes:
        if request.node.stash.get(FAILED, False):
            _keep_logs(node, request.node.name)
        node.remove()


def _keep_logs(node: RunningNode, test: str) -> None:
    node.stop()
    _keep(node.settings.logs, f"{test.replace('/', '_')}/{node.name}")


def _keep(logs: Path, name: str) -> None:
    shutil.copytree(logs, Path("test-results") / name, dirs_exist_ok=True)


@pytest.fixture(scope="session")
def ports() -> Iterator[PortBlock]:
    """Ports for callers and phones of this session."""
    block = take_block()
    yield block
    block.give_back()


@pytest.fixture
async def softphone(private_tree: PrivateTree, ports: PortBlock) -> AsyncIterator[MakeSoftphone]:
    """`await softphone(user=…, registrar_port=…)`: see `start_softphone`."""
    phones: list[Softphone] = []

    async def make(**settings: Any) -> Softphone:
        phones.append(await start_softphone(private_tree, ports, **settings))
        return phones[-1]

    yield make
    for phone in phones:
        await phone.stop()


@pytest.fixture
async def sipp(private_tree: PrivateTree, ports: PortBlock) -> AsyncIterator[MakeSipp]:
    """`await sipp(customer_calls(), target_port=…, number=…)`: see `start_sipp`."""
    running: list[Sipp] = []

    async def make(scenario: str, **settings: Any) -> Sipp:
        running.append(await start_sipp(private_tree, ports, scenario, **settings))
        return running[-1]

    yield make
    for one in running:
        await one.stop()


@pytest.fixture(scope="session")
def installation(cache: Path) -> Iterator[RunningInstallation]:
    """One whole installation for all of `tests/e2e`, as `hujiao up` starts it, with two
    nodes of the switch."""
    running = start_installation(cache, HUJIAO_PRIVATE_NODES="2")
    yield running
    _keep(running.logs(), "installation")
    running.remove()


@pytest.fixture(scope="session")
def postgres() -> Iterator[RunningCluster]:
    """An embedded PostgreSQL whose template database is built by the migrations."""
    running = new_cluster()
    try:
        running.start()
        running.cluster.ensure_database(TEMPLATE)
        migrate(running.cluster.url(TEMPLATE))
        yield running
    finally:
        running.remove()


@pytest.fixture
def postgres_url(postgres: RunningCluster) -> Iterator[str]:
    """The address of a migrated, empty database that only this test sees."""
    url = postgres.copy_of(TEMPLATE)
    yield url
    postgres.drop(url)


@pytest.fixture
async def database(postgres_url: str) -> AsyncIterator[Database]:
    """A pool on the database of this test; what the test commits vanishes with it."""
    database = Database(postgres_url, pool_size=5)
    yield database
    await database.close()
