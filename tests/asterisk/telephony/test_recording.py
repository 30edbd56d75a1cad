"""Recordings: two files in step, with what was said and nothing of what was paused."""

import asyncio
from pathlib import Path

import pytest

from hujiao.telephony.port import (
    CommandFailed,
    HangUpLeg,
    JoinLegs,
    PauseRecording,
    ResumeRecording,
    StartMusic,
    StartRecording,
    StopRecording,
    TakeOut,
)
from tests.asterisk.telephony.contract import Talk, answered_agent, talk
from tests.asterisk.telephony.real import CALLER_HZ, PHONE_HZ, RealStage
from tests.asterisk.telephony.sound import RATE, rms, strength
from tests.asterisk.telephony.stage import MUSIC, ends_once, event, refusals
from tests.harness.waiting import until

pytestmark = pytest.mark.asterisk

PHONE_LEVEL = 0.177
"""RMS of the sine with amplitude 0.25 that each phone sends."""
BLOCK = 32 * 1024
"""Asterisk writes in blocks of this size, the rest when the recording ends."""


def files(stage: RealStage, name: str) -> tuple[Path, Path]:
    folder = stage.node.recordings
    return folder / f"{name}-rx.alaw", folder / f"{name}-tx.alaw"


async def finished(stage: RealStage, name: str) -> tuple[bytes, bytes]:
    """The customer's and the centre's half, once both are written to the end."""
    paths = files(stage, name)

    def complete() -> bool:
        sizes = [path.stat().st_size if path.exists() else 0 for path in paths]
        return sizes[0] > 0 and sizes[0] == sizes[1]

    await until(complete, what="both files are written and equally long")
    return paths[0].read_bytes(), paths[1].read_bytes()


async def recorded_talk(stage: RealStage, name: str) -> Talk:
    now = await talk(stage)
    stage.switch.send(StartRecording(now.customer_leg, name))
    stage.switch.send(StartRecording(now.customer_leg, name))
    await until(lambda: all(path.exists() for path in files(stage, name)), what="it records")
    return now


async def spoken(seconds: float) -> None:
    """Let the parties talk: the length of a recording is time and nothing else."""
    await asyncio.sleep(seconds)


async def test_both_sides_are_recorded_apart_equally_long_and_at_their_level(
    stage: RealStage,
) -> None:
    now = await recorded_talk(stage, "rec-both")
    await spoken(2.0)
    stage.switch.send(HangUpLeg(now.customer_leg))
    await ends_once(stage, now.customer_leg)
    customer, centre = await finished(stage, "rec-both")
    assert len(customer) == len(centre)
    assert 1.5 < len(customer) / RATE < 4.0
    for half, own, other in (
        (customer, CALLER_HZ, PHONE_HZ["1001"]),
        (centre, PHONE_HZ["1001"], CALLER_HZ),
    ):
        assert abs(rms(half[RATE // 2 :]) - PHONE_LEVEL) < 0.05
        assert strength(half, own) > 0.2
        assert strength(half, other) < 0.02


async def test_a_pause_is_silence_and_keeps_both_sides_in_step(stage: RealStage) -> None:
    now = await recorded_talk(stage, "rec-pause")
    await spoken(1.0)
    stage.switch.send(PauseRecording(now.customer_leg, "rec-pause"))
    await spoken(2.0)
    stage.switch.send(ResumeRecording(now.customer_leg, "rec-pause"))
    await spoken(1.0)
    stage.switch.send(HangUpLeg(now.customer_leg))
    customer, centre = await finished(stage, "rec-pause")
    assert len(customer) / RATE > 3.5
    for half in (customer, centre):
        parts = [half[at : at + RATE // 4] for at in range(0, len(half) - RATE // 4, RATE // 4)]
        silent = [rms(part) < 0.001 for part in parts]
        assert 6 <= sum(silent) <= 9, silent
        assert not silent[0]
        assert not silent[-1]
    assert refusals(stage) == []


async def test_a_recording_goes_on_over_hold_and_a_change_of_agent(stage: RealStage) -> None:
    now = await recorded_talk(stage, "rec-hold")
    stage.switch.send(TakeOut(now.bridge, now.customer_leg))
    stage.switch.send(StartMusic(now.customer_leg))
    await now.customer.hears(MUSIC)
    await spoken(1.0)
    colleague, colleague_leg = await answered_agent(stage, "1002")
    stage.switch.send(JoinLegs(now.bridge, (now.customer_leg, colleague_leg)))
    await now.customer.hears(now.agent, colleague)
    await spoken(1.0)
    stage.switch.send(HangUpLeg(now.customer_leg))
    customer, centre = await finished(stage, "rec-hold")
    assert abs(rms(customer[RATE // 2 :]) - PHONE_LEVEL) < 0.05, "the customer spoke all the time"
    parts = [centre[at : at + RATE // 4] for at in range(0, len(centre) - RATE // 4, RATE // 4)]
    assert any(strength(part, PHONE_HZ["1002"]) > 0.2 for part in parts[-4:])
    levels = [round(rms(part), 3) for part in parts]
    assert sum(level < 0.001 for level in levels) >= 3, f"the hold is silence: {levels}"


async def test_a_stopped_recording_stands_while_the_call_goes_on(stage: RealStage) -> None:
    now = await recorded_talk(stage, "rec-stop")
    await spoken(0.5)
    stage.switch.send(StopRecording(now.customer_leg, "rec-stop"))
    customer, _ = await finished(stage, "rec-stop")
    await now.customer.hears(now.agent)
    assert (files(stage, "rec-stop")[0]).stat().st_size == len(customer)
    assert refusals(stage) == []


async def test_a_killed_node_leaves_what_was_written_in_whole_blocks(stage: RealStage) -> None:
    await recorded_talk(stage, "rec-kill")
    await until(
        lambda: all(path.stat().st_size >= BLOCK for path in files(stage, "rec-kill")),
        timeout_s=15,
        what="a block is written",
    )
    await stage.node_dies()
    sizes = [path.stat().st_size for path in files(stage, "rec-kill")]
    assert sizes[0] % BLOCK == sizes[1] % BLOCK == 0
    await stage.node_returns()


async def test_recording_a_leg_that_is_gone_is_refused(stage: RealStage) -> None:
    now = await talk(stage)
    stage.switch.send(HangUpLeg(now.customer_leg))
    await ends_once(stage, now.customer_leg)
    stage.switch.send(StartRecording(now.customer_leg, "rec-gone"))
    assert (await event(stage, CommandFailed)).gone
