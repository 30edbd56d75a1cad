"""No floor lives and none comes: callers leave a message, which nobody else has to be there for."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from hujiao.callbacks import store
from hujiao.callbacks.letterbox import Letterbox
from hujiao.callbacks.model import Callback, CallbackFilter, Kind, Sight
from hujiao.calls.projector import projector
from hujiao.events.ledger import MemorySink
from hujiao.kit.db import Database
from tests.asterisk.floor.running import configuration, running_floor
from tests.harness.fixtures import MakeNode, MakeSoftphone
from tests.harness.node import RunningNode
from tests.harness.softphone import Softphone
from tests.harness.sound import read_sound, tone, write_sound
from tests.harness.waiting import until

pytestmark = pytest.mark.asterisk

CUSTOMER_HZ = 700
SPOKEN_S = 3.0


@pytest.fixture
def sounds_of_a_moment() -> Iterator[Path]:
    """Nobody has to wait for long sentences here."""
    folder = Path(tempfile.mkdtemp(prefix="hujiao-short-"))
    folder.chmod(0o755)  # Asterisk runs as another account
    (folder / "zh").mkdir(mode=0o755)
    for name in ("zh/leave_message", "zh/message_taken", "zh/system_fault", "tone"):
        write_sound(tone(1000, 0.3), folder / f"{name}.alaw")
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def lonely_node(asterisk_node: MakeNode, sounds_of_a_moment: Path) -> RunningNode:
    """A node that offers a caller to the floor once and no more."""
    node = asterisk_node(floor_wait_s=1)
    link = node.settings.share / "sounds" / "hujiao"
    link.unlink()
    link.symlink_to(sounds_of_a_moment)
    return node


def raw_messages(node: RunningNode) -> list[Path]:
    return sorted(node.settings.message_spool.glob("*.alaw"))


def application(node: RunningNode) -> str:
    """What the one channel there is does in the dialplan."""
    channels = node.ari("GET", "/channels").json()
    return str(channels[0]["dialplan"]["app_name"]) if channels else ""


async def speaking(node: RunningNode, caller: Softphone) -> Path:
    """The message that the caller is speaking: music and apology are over."""
    await caller.dial("4001", node.sip_port)
    await caller.until_call("ESTABLISHED")
    await until(
        lambda: application(node) == "Record", timeout_s=60, what="the tone after which to speak"
    )
    (raw,) = raw_messages(node)
    return raw


async def items(database: Database) -> list[Callback]:
    async with database.transaction() as connection:
        return await store.callbacks(
            connection, CallbackFilter(), Sight("", everything=True), after=None, limit=10
        )


async def results(database: Database) -> dict[str, str]:
    """Call -> what came of it, for all calls in the call list."""
    await projector(database).catch_up()
    async with database.transaction() as connection:
        rows = await connection.execute(text("SELECT id, result FROM contact"))
        return {row.id: row.result for row in rows}


async def said_enough(raw: Path) -> None:
    """Asterisk writes 32 KiB of A-law at a time."""

    def size() -> int:
        return raw.stat().st_size

    await until(lambda: size() >= SPOKEN_S * 8000, timeout_s=20, what="sound on the disk")


async def test_a_caller_leaves_a_message_that_becomes_a_work_item(
    lonely_node: RunningNode, softphone: MakeSoftphone, database: Database, tmp_path: Path
) -> None:
    node = lonely_node
    caller = await softphone(user="13800138000", say=tone(CUSTOMER_HZ, 240))
    async with running_floor(node, configuration([caller.port]), MemorySink()):
        """It makes the trunk known, and is gone."""
    raw = await speaking(node, caller)
    await said_enough(raw)
    await caller.hang_up()
    await until(lambda: not node.ari("GET", "/channels").json(), what="the call is over")
    letterbox = Letterbox(
        database=database,
        spool=node.settings.message_spool,
        folder=tmp_path / "messages",
        settled_ms=0,
    )
    assert await letterbox.take_in() == 1
    (item,) = await items(database)
    assert (item.kind, item.number, item.called) == (Kind.MESSAGE, "+8613800138000", "4001")
    assert item.call_id == raw.name.partition("_")[0]
    assert await results(database) == {item.call_id: "abandoned_menu"}
    assert raw_messages(node) == []
    (file,) = (tmp_path / "messages").rglob("*.ogg")
    sound = read_sound(file)
    assert sound.duration_s >= SPOKEN_S
    assert sound.level_at(CUSTOMER_HZ) == pytest.approx(0.35, rel=0.2)


async def test_a_floor_that_comes_back_does_not_cut_a_message(
    lonely_node: RunningNode, softphone: MakeSoftphone
) -> None:
    node = lonely_node
    caller = await softphone(say=tone(CUSTOMER_HZ, 240))
    settings = configuration([caller.port])
    async with running_floor(node, settings, MemorySink()):
        """It makes the trunk known, and is gone."""
    raw = await speaking(node, caller)
    async with running_floor(node, settings, MemorySink()) as second:
        await said_enough(raw)
        assert second.floor.calls == {}
        assert application(node) == "Record"
    await caller.hang_up()
    await until(lambda: not node.ari("GET", "/channels").json(), what="the call is over")
    assert read_sound(raw).level_at(CUSTOMER_HZ) == pytest.approx(0.35, rel=0.2)


async def test_silence_ends_a_message_and_a_full_letterbox_apologises(
    lonely_node: RunningNode, softphone: MakeSoftphone, database: Database, tmp_path: Path
) -> None:
    node = lonely_node
    caller = await softphone(say=tone(CUSTOMER_HZ, 240, rms=0.0))
    async with running_floor(node, configuration([caller.port]), MemorySink()):
        """It makes the trunk known, and is gone."""
    raw = await speaking(node, caller)
    await caller.until_call("CLOSED", timeout_s=40)
    assert read_sound(raw).duration_s < 6
    node.console("dialplan set global MESSAGES_A_DAY 1")
    await caller.dial("4001", node.sip_port)
    await caller.until_call("CLOSED", timeout_s=60)
    assert len(raw_messages(node)) == 1
    node.settings.message_spool.chmod(0o555)  # what the worker does to a full one
    await Letterbox(
        database=database, spool=node.settings.message_spool, folder=tmp_path, settled_ms=0
    ).take_in()
    assert sorted((await results(database)).values()) == ["abandoned_menu", "failed"]
