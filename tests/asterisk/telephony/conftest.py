"""A real node with a trunk and two phones around it."""

import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from hujiao.telephony.private import PrivateTree
from tests.asterisk.telephony.real import MUSIC_HZ, PROMPT_HZ, RealStage
from tests.asterisk.telephony.sound import tone
from tests.harness.node import RunningNode, new_node


@pytest.fixture(scope="module")
def sounds() -> Iterator[Path]:
    """Prompts and music that can be told apart by their pitch, readable by any account.

    Not pytest's own folder: every session that starts closes it to other accounts again.
    """
    folder = Path(tempfile.mkdtemp(prefix="hujiao-sounds-"))
    folder.chmod(0o755)
    (folder / "music").mkdir()
    (folder / "music" / "tone.alaw").write_bytes(tone(MUSIC_HZ) * 20)
    (folder / "prompt.alaw").write_bytes(tone(PROMPT_HZ))
    (folder / "long.alaw").write_bytes(tone(PROMPT_HZ) * 20)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def running_node(private_tree: PrivateTree, sounds: Path) -> Iterator[RunningNode]:
    """One Asterisk for the tests of a module."""
    node = new_node(private_tree, sounds, sounds / "music")
    node.start()
    yield node
    node.remove()


@pytest.fixture
async def stage(running_node: RunningNode) -> AsyncIterator[RealStage]:
    stage = await RealStage.open(running_node)
    yield stage
    await stage.close()
