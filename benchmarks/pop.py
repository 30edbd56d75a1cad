"""How long from a caller's INVITE until the agent's screen could show him."""

import asyncio
import time
from typing import Any

import orjson
from websockets.asyncio.client import unix_connect

from benchmarks.load import Shares
from benchmarks.rig import Rig
from benchmarks.switch import FLOOR, one_load

RATE, DURATION_S = 20.0, 8.0


async def pops(rig: Rig) -> dict[str, Any]:
    """Milliseconds from INVITE to the offered call on the floor's stream, over one load."""
    seen: dict[str, float] = {}
    async with rig.floor() as floor:
        watching = asyncio.create_task(_watch(str(floor.socket), seen), name="screen")
        try:
            _, times = await one_load(rig, FLOOR, floor, RATE, DURATION_S)
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
    late = [
        (seen[caller] - started_s) * 1000 if caller in seen else float("inf")
        for caller, started_s in times.started_s.items()
    ]
    shares = Shares.of(late)
    return {
        "calls": shares.count,
        "rate": RATE,
        "p50": shares.p50,
        "p95": shares.p95,
        "p99": shares.p99,
    }


async def _watch(socket_path: str, seen: dict[str, float]) -> None:
    async with unix_connect(
        socket_path, uri="ws://floor/events", max_size=None, compression=None
    ) as socket:
        await socket.send('{"stream":"","cursor":0}')
        async for message in socket:
            now = time.time()
            for kind, _, value in orjson.loads(message).get("values", ()):
                # An agent who answers within one batch is not in `offered` any more.
                if kind == "call" and value and (value["offered"] or value["agent_id"]):
                    seen.setdefault(value["caller"], now)
