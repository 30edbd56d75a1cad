"""Two floors: one goes on where the other was killed, paused or cut off, and only one acts."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from websockets.asyncio.client import unix_connect

from hujiao.app.floor import SUPERSEDED
from hujiao.app.seed import NUMBER, TEST_PHONE, begin
from hujiao.identity.passwords import Passwords
from hujiao.kit.db import Database
from tests.harness.fixtures import MakeNode, MakeSoftphone
from tests.harness.floors import FloorProgram, Floors
from tests.harness.node import RunningNode
from tests.harness.softphone import Softphone
from tests.harness.waiting import until

pytestmark = [pytest.mark.asterisk, pytest.mark.timeout(180)]

PAUSED_S = 30.0
"""Longer than the time to the first announcements, which a paused floor then finds overdue."""


@dataclass(slots=True)
class Pair:
    node: RunningNode
    floors: Floors
    leader: FloorProgram
    standby: FloorProgram
    caller: Softphone

    async def calls(self) -> int:
        return int((await self.floors.health()).get("calls", -1))


@pytest.fixture
async def pair(
    asterisk_node: MakeNode, softphone: MakeSoftphone, postgres_url: str
) -> AsyncIterator[Pair]:
    """A leader with a caller who waits, and a floor standing by."""
    database, passwords = Database(postgres_url, pool_size=1), Passwords()
    credentials = await begin(database, passwords)
    passwords.close()
    await database.close()
    node = asterisk_node()
    floors = Floors(node.address, postgres_url)
    try:
        leader = await floors.start()
        await floors.until_leads(leader)
        standby = await floors.start()
        await until(lambda: "standing by" in standby.log, what="the second stands by")
        password = next(one.password for one in credentials if one.login == TEST_PHONE)
        await until(
            lambda: node.ari("GET", f"/endpoints/PJSIP/{TEST_PHONE}").status_code == 200,
            what="the caller's account is known",
        )
        caller = await softphone(user=TEST_PHONE, registrar_port=node.sip_port, password=password)
        await caller.dial(NUMBER, node.sip_port)
        await caller.until_call("ESTABLISHED")
        await caller.press("1")
        pair = Pair(node, floors, leader, standby, caller)
        await until(
            lambda: any(
                one["uri"].endswith("/moh?mohClass=default") for one in leader.switch.commands()
            ),
            what="the caller waits with music",
        )
        yield pair
    finally:
        floors.remove()


async def goes_on(pair: Pair) -> None:
    """The floor that stood by has the call and ends it with its caller."""
    await pair.floors.until_leads(pair.standby)
    assert await pair.calls() == 1
    await pair.caller.hang_up()
    await until(lambda: pair.node.ari("GET", "/channels").json() == [], what="no channel is left")

    async def none() -> bool:
        return await pair.calls() == 0

    await until(none, what="the call is over")


async def test_the_floor_standing_by_goes_on_within_two_seconds_of_a_kill(pair: Pair) -> None:
    pair.leader.kill()
    killed_s = time.monotonic()
    await pair.floors.until_leads(pair.standby)
    assert time.monotonic() - killed_s < 2.0
    await goes_on(pair)


async def test_a_leader_that_was_paused_does_nothing_after_the_other_took_over(pair: Pair) -> None:
    pair.leader.pause()
    paused_s = time.monotonic()
    await pair.floors.until_leads(pair.standby)
    taken_s = time.monotonic()
    await until(
        lambda: time.monotonic() > paused_s + PAUSED_S,
        timeout_s=PAUSED_S + 5,
        what="announcements are overdue",
    )
    pair.leader.resume()
    await pair.leader.until_ended(SUPERSEDED)
    assert pair.leader.switch.commands(after_s=taken_s) == []
    await goes_on(pair)


async def test_a_leader_cut_off_from_the_database_does_nothing_after_the_other_took_over(
    pair: Pair,
) -> None:
    pair.leader.database.cut()
    await pair.floors.until_leads(pair.standby)
    taken_s = time.monotonic()
    await pair.leader.until_ended(SUPERSEDED)
    assert pair.leader.switch.commands(after_s=taken_s) == []
    await goes_on(pair)


async def test_a_leader_cut_off_from_the_database_goes_on_while_nobody_else_can_lead(
    pair: Pair,
) -> None:
    pair.standby.kill()
    pair.leader.database.cut()
    await pair.caller.hang_up()

    async def none() -> bool:
        return await pair.calls() == 0

    await until(none, what="the leader ends the call")
    await pair.caller.dial(NUMBER, pair.node.sip_port)
    await pair.caller.until_call("ESTABLISHED")
    assert pair.leader.process.poll() is None


async def test_a_leader_that_is_asked_to_end_hands_over_at_once(pair: Pair) -> None:
    socket = str(pair.floors.settings.floor_socket)
    async with unix_connect(socket, "ws://floor/events", max_size=None) as reader:
        await reader.send('{"stream":"","cursor":0}')
        await reader.recv()
        asked_s = time.monotonic()
        pair.leader.process.terminate()
        await pair.floors.until_leads(pair.standby)
        assert time.monotonic() - asked_s < 4.0
        await pair.leader.until_ended(0)
        await asyncio.wait_for(reader.wait_closed(), 5.0)
    assert "graceful" not in pair.leader.log
    assert "Traceback" not in pair.leader.log
    await goes_on(pair)
