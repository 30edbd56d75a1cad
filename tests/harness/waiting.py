"""Waiting for conditions; the only place of the tests where time passes unused."""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")

STEP_S = 0.02


def wait_for(condition: Callable[[], T], *, timeout_s: float = 20.0, what: str = "") -> T:
    """The first true value of `condition()`. AssertionError after `timeout_s`."""
    deadline = time.monotonic() + timeout_s
    while True:
        if value := condition():
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout_s} s: {what or condition}")
        time.sleep(STEP_S)


async def until(
    condition: Callable[[], T | Awaitable[T]], *, timeout_s: float = 20.0, what: str = ""
) -> T:
    """As `wait_for`, on the event loop; `condition` may be a coroutine function."""
    deadline = time.monotonic() + timeout_s
    while True:
        value = condition()
        result = await value if inspect.isawaitable(value) else value
        if result:
            return result
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout_s} s: {what or condition}")
        await asyncio.sleep(STEP_S)
