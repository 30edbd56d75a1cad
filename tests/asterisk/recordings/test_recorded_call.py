"""A call that really took place is a stereo file afterwards, and a row with its numbers."""

from pathlib import Path

import pytest

from hujiao.calls import store as contacts
from hujiao.calls.projector import projector
from hujiao.events.ledger import Ledger
from hujiao.kit.db import Database
from hujiao.recordings import store
from hujiao.recordings.model import Recording, State
from hujiao.recordings.shelf import NotSettledError, Shelf
from tests.asterisk.floor.running import configuration, running_floor
from tests.asterisk.floor.test_answered_call import (
    AGENT_HZ,
    CUSTOMER_HZ,
    agent_phone,
    connected,
    hears,
)
from tests.harness.fixtures import MakeNode, MakeSoftphone
from tests.harness.sound import Sound, read_sound, tone
from tests.harness.waiting import until

pytestmark = pytest.mark.asterisk

AUDIBLE = 0.05
SILENT = 0.005
PAUSE_S = 2.0


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "recordings"


async def merged(shelf: Shelf, database: Database, call: str) -> Recording:
    """The recording once Asterisk has closed its files and the worker's side has merged them."""

    async def try_merge() -> bool:
        await shelf.follower().catch_up()
        try:
            return await shelf.merge(call)
        except NotSettledError:
            return False

    await until(try_merge, timeout_s=30, what=f"the recording of {call}")
    async with database.transaction() as connection:
        found = (await store.known(connection, [call]))[call]
    assert found.state is State.READY
    return found


def longest_silence_s(sound: Sound) -> float:
    """Of stretches of a tenth of a second."""
    longest = current = 0
    for number in range(int(sound.duration_s * 10)):
        quiet = sound.part(number / 10, (number + 1) / 10).rms < SILENT
        current = current + 1 if quiet else 0
        longest = max(longest, current)
    return longest / 10


async def test_the_customer_is_heard_left_and_the_agent_right_in_the_merged_recording(
    asterisk_node: MakeNode,
    softphone: MakeSoftphone,
    database: Database,
    tmp_path: Path,
    folder: Path,
) -> None:
    node = asterisk_node()
    caller = await softphone(say=tone(CUSTOMER_HZ, 240))
    ledger = Ledger(database=database, path=tmp_path / "ledger.sqlite", source="floor")
    await ledger.start()
    async with running_floor(node, configuration([caller.port]), ledger) as running:
        agent = await agent_phone(softphone, node, "1001")
        await running.ready("ann")
        await connected(running, caller, node)
        call = await running.call()
        await hears(agent, CUSTOMER_HZ)
        await hears(caller, AGENT_HZ)
        await caller.hang_up()
        await running.until_idle()
    await ledger.stop()
    shelf = Shelf(database=database, folder=folder, raw=node.recordings, settled_ms=1_000)
    recording = await merged(shelf, database, call.id)
    shelf.close()
    assert recording.file is not None
    left, right = (read_sound(folder / recording.file, channel) for channel in (0, 1))
    assert left.level_at(CUSTOMER_HZ) > AUDIBLE
    assert right.level_at(AGENT_HZ) > AUDIBLE
    assert left.level_at(AGENT_HZ) < SILENT
    assert right.level_at(CUSTOMER_HZ) < SILENT
    assert list(node.recordings.glob("*.alaw")) == []

    await projector(database).catch_up()
    async with database.transaction() as connection:
        contact = (await contacts.load_contacts(connection, [call.id]))[call.id]
    assert (contact.result, contact.agent_id, contact.queue_id) == ("answered", "ann", "q")
    assert contact.has_recording
    assert contact.ended_by == "customer"
    assert recording.duration_ms == pytest.approx(contact.talk_ms, abs=700)
    assert contact.wrap_up_ms == pytest.approx(1_000, abs=500)


async def test_what_is_said_while_the_recording_is_paused_is_not_in_it(
    asterisk_node: MakeNode,
    softphone: MakeSoftphone,
    database: Database,
    tmp_path: Path,
    folder: Path,
) -> None:
    node = asterisk_node()
    caller = await softphone(say=tone(CUSTOMER_HZ, 240))
    ledger = Ledger(database=database, path=tmp_path / "ledger.sqlite", source="floor")
    await ledger.start()
    async with running_floor(node, configuration([caller.port]), ledger) as running:
        agent = await agent_phone(softphone, node, "1001")
        await running.ready("ann")
        await connected(running, caller, node)
        call = await running.call()
        await hears(agent, CUSTOMER_HZ)
        running.do("record_pause", agent="ann", call=call.id)
        begun = agent.heard().duration_s
        await until(lambda: agent.heard().duration_s > begun + PAUSE_S, what="a pause long enough")
        running.do("record_resume", agent="ann", call=call.id)
        begun = agent.heard().duration_s
        await until(lambda: agent.heard().duration_s > begun + 1, what="a second more of talk")
        await caller.hang_up()
        await running.until_idle()
    await ledger.stop()
    shelf = Shelf(database=database, folder=folder, raw=node.recordings, settled_ms=1_000)
    recording = await merged(shelf, database, call.id)
    shelf.close()
    assert recording.file is not None
    for channel, hz in ((0, CUSTOMER_HZ), (1, AGENT_HZ)):
        voice = read_sound(folder / recording.file, channel)
        assert longest_silence_s(voice) == pytest.approx(PAUSE_S, abs=0.7)
        assert voice.part(voice.duration_s - 0.6).level_at(hz) > AUDIBLE
