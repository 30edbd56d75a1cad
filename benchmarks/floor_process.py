"""The floor as a process of its own, exactly as `hujiao floor` runs it, but with a configuration
given as a file instead of read from tables: `python -m benchmarks.floor_process <orders.json>`.
"""

import asyncio
import json
import signal
import sys
from pathlib import Path
from typing import Any, cast

import uvloop

from hujiao.app.floor import POOL, FloorProcess
from hujiao.events.fact import NOBODY, Fact, Subject
from hujiao.events.ledger import Ledger
from hujiao.floor.config import (
    AgentSettings,
    Configuration,
    NumberSettings,
    QueueSettings,
    TrunkSettings,
)
from hujiao.floor.core import Floor
from hujiao.floor.runtime import Runtime
from hujiao.kit.clock import now_ms
from hujiao.kit.db import Database
from hujiao.kit.log import configure as configure_log
from hujiao.telephony.config import NodeAddress
from hujiao.telephony.endpoints import PhoneKind
from hujiao.telephony.prompts import prompt_media

NUMBER = "4000"
QUEUE = "bench"
SKILL = "bench"
WRAP_UP_S = 0


def extension(number: int) -> str:
    return f"{20_000 + number}"


def configuration(*, agents: int, agent_port: int, trunk_ports: list[int]) -> Configuration:
    """So many agents with static phones at one address, one queue, one number without a menu."""
    people = {
        f"a{number:05}": AgentSettings(
            id=f"a{number:05}",
            name=f"Agent {number}",
            team_id=None,
            extension=extension(number),
            phone_kind=PhoneKind.STATIC,
            phone_secret="",
            contact=f"sip:{extension(number)}@127.0.0.1:{agent_port}",
            skills={SKILL: 5},
            wrap_up_s=WRAP_UP_S,
        )
        for number in range(agents)
    }
    queue = QueueSettings(
        id=QUEUE, name="Bench", skills={SKILL: 1}, wrap_up_s=WRAP_UP_S, recorded=False
    )
    trunks = {
        f"trunk{port}": TrunkSettings(name=f"trunk{port}", host="127.0.0.1", port=port)
        for port in trunk_ports
    }
    number = NumberSettings(number=NUMBER, name="Bench", queue_id=QUEUE)
    return Configuration(
        agents=people, queues={QUEUE: queue}, numbers={NUMBER: number}, trunks=trunks
    )


class _Nowhere:
    """A ledger that forgets: what the floor costs without one."""

    async def start(self) -> None:
        return

    async def stop(self) -> None:
        return

    def append(self, fact: Fact, subject: Subject = NOBODY, *, at_ms: int) -> None:
        return

    def keep(self, kind: str, key: str, body: bytes | None) -> None:
        return

    def commit(self) -> None:
        return

    def living(self, kind: str) -> list[bytes]:
        return []

    async def flush(self) -> None:
        return


class _Given(FloorProcess):
    def __init__(self, orders: dict[str, Any]) -> None:
        super().__init__(
            database=Database(orders["url"], pool_size=POOL),
            url=orders["url"],
            nodes=[NodeAddress(**orders["node"])],
            ledger_path=Path(orders["ledger"]),
            socket_path=Path(orders["socket"]),
        )
        self._orders = orders
        if not orders["with_ledger"]:
            self.ledger = cast(Ledger, _Nowhere())
            floor = Floor(send=self.switch.send, ledger=self.ledger, prompts=prompt_media)
            self.runtime = Runtime(floor=floor, switch=self.switch, clock=now_ms)

    async def _configuration(self) -> Configuration:
        words = ("agents", "agent_port", "trunk_ports")
        return configuration(**{word: self._orders[word] for word in words})


async def _serve(orders: dict[str, Any]) -> None:
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    await _Given(orders).run(stopping)


def main() -> None:
    orders = json.loads(Path(sys.argv[1]).read_text())
    configure_log("floor", level="warning")
    uvloop.run(_serve(orders))


if __name__ == "__main__":
    main()
