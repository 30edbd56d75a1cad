"""Frames made and found here are those of RFC 6455, as the library reads and writes them."""

from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode

from hujiao.telephony.ari.wire import frame_bounds, text_frame

pytestmark = pytest.mark.unit


@given(st.binary(max_size=70_000))
def test_a_text_frame_is_what_the_library_would_read(message: bytes) -> None:
    made = text_frame(message)
    reading = Frame.parse(_reader(made), mask=True, max_size=None)
    try:
        next(reading)
    except StopIteration as done:
        frame = done.value
    assert (frame.opcode, frame.fin, bytes(frame.data)) == (Opcode.TEXT, True, message)


def _reader(data: bytes) -> Callable[[int], Iterator[None]]:
    """Reads as the library wants it: a generator that returns the bytes."""
    at = 0

    def read(size: int) -> Iterator[None]:
        nonlocal at
        at += size
        yield from ()
        return data[at - size : at]

    return read  # type: ignore[return-value]


@given(st.lists(st.integers(0, 70_000), min_size=1, max_size=4))
def test_frames_are_found_one_after_another(sizes: list[int]) -> None:
    data = b"".join(
        Frame(Opcode.TEXT, bytes(size), fin=True).serialize(mask=False) for size in sizes
    )
    at, found = 0, []
    while at < len(data):
        start, stop = frame_bounds(data, at)
        found.append(stop - start)
        at = stop
    assert found == sizes


@given(st.integers(0, 70_000), st.integers(0, 9))
def test_a_frame_that_has_not_come_whole_ends_beyond_the_data(size: int, less: int) -> None:
    data = Frame(Opcode.TEXT, bytes(size), fin=True).serialize(mask=False)
    part = data[: max(0, len(data) - 1 - less)]
    assert frame_bounds(part, 0)[1] > len(part)
