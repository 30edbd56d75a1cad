"""How long somebody had been there when the switch told us of him."""

from typing import Any

import pytest

from hujiao.telephony.ari.events import arrival, moment_ms
from hujiao.telephony.ari.legs import Legs
from hujiao.telephony.port import NodeName

NOW = 1_764_000_060_000
MADE = "2025-11-25T00:00:29.500+0800"  # 30.5 s before


def waited_ms(told_at_ms: int | None = None, **more: Any) -> int:
    channel: dict[str, Any] = {
        "id": "n1-1764000000.7",
        "name": "PJSIP/gw-0000002a",
        "caller": {"number": "13800138000", "name": ""},
        "dialplan": {"exten": "4001"},
        **more,
    }
    legs = Legs(NodeName("n1"), lambda: NOW, lambda _event: None, {})
    event = arrival(legs, channel, ["trunk", "4001"], told_at_ms)
    assert event.at_ms == NOW
    return event.waited_ms


def test_it_is_counted_from_the_making_of_the_channel_when_no_floor_was_there_to_be_told() -> None:
    assert waited_ms(creationtime=MADE) == 30_500


def test_the_node_s_clock_may_be_another_than_ours() -> None:
    an_hour_ahead = "2025-11-25T01:00:29.500+0800"
    assert (
        waited_ms(moment_ms("2025-11-25T01:01:00.000+0800"), creationtime=an_hour_ahead) == 30_500
    )


def test_nobody_has_waited_less_than_nothing() -> None:
    assert waited_ms(NOW - 40_000, creationtime=MADE) == 0


@pytest.mark.parametrize("strange", ["", "yesterday"])
def test_a_node_that_does_not_say_when_is_believed_to_tell_at_once(strange: str) -> None:
    assert waited_ms(creationtime=strange) == 0
    assert waited_ms() == 0
