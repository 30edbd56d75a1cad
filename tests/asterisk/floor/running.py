"""A floor on a real Asterisk, with its ledger in a real PostgreSQL or in memory."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from hujiao.calls.model import Call
from hujiao.events.ledger import FactSink, MemorySink
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
from hujiao.telephony.endpoints import PhoneKind
from hujiao.telephony.prompts import prompt_media
from hujiao.telephony.wiring import build_switch
from tests.harness.node import RunningNode
from tests.harness.waiting import until

SECRET = "a-phone-secret"
AGENTS = {"ann": "1001", "bob": "1002"}


class RunningFloor:
    """The runtime with short ways to what tests ask."""

    def __init__(self, runtime: Runtime, ledger: FactSink) -> None:
        self.runtime = runtime
        self.floor = runtime.floor
        self.ledger = ledger

    def do(self, name: str, **arguments: Any) -> dict[str, Any]:
        return self.runtime.command(name, arguments)

    async def ready(self, *agents: str) -> None:
        for agent in agents:
            desk = self.floor.desks[agent]
            await until(lambda desk=desk: desk.phone_online, what=f"{agent}'s phone is online")
            self.do("sign_in", agent=agent)
            self.do("state", agent=agent, state="ready")

    def state(self, agent: str) -> str:
        return str(self.floor.desks[agent].state)

    async def until_state(self, agent: str, state: str, timeout_s: float = 10.0) -> None:
        await until(
            lambda: self.state(agent) == state, timeout_s=timeout_s, what=f"{agent} {state}"
        )

    async def call(self) -> Call:
        """The one call there is."""
        await until(lambda: self.floor.calls, what="a call")
        (call,) = self.floor.calls.values()
        return call

    async def until_phase(self, call: Call, phase: str, timeout_s: float = 10.0) -> None:
        await until(lambda: call.phase == phase, timeout_s=timeout_s, what=f"phase {phase}")

    async def until_idle(self) -> None:
        left = self.floor.calls
        await until(lambda: not left, what=f"no call is left of {list(left.values())}")
        assert not self.floor.call_of_leg

    def facts(self, call: str) -> list[str]:
        assert isinstance(self.ledger, MemorySink)
        return [fact.type for _, fact, subject in self.ledger.facts if subject.call == call]


def configuration(
    trunk_ports: Sequence[int],
    *,
    agents: dict[str, str] | None = None,
    menu: bool = False,
    **queue: Any,
) -> Configuration:
    """Two SIP phones, one queue with a wrap-up of a second, one number, trunks on loopback."""
    settings: dict[str, Any] = {"wrap_up_s": 1, "announce_every_s": 0, **queue}
    return Configuration(
        agents={
            name: AgentSettings(name, name, None, extension, PhoneKind.SIP, SECRET)
            for name, extension in (agents or AGENTS).items()
        },
        queues={"q": QueueSettings(id="q", name="Enquiries", **settings)},
        numbers={
            "4001": NumberSettings(
                number="4001",
                name="Main",
                queue_id="q",
                greeting_prompt="greeting" if menu else "",
                menu={"1": "q"} if menu else {},
            )
        },
        trunks={
            f"gw{number}": TrunkSettings(
                name=f"gw{number}", host="127.0.0.1", port=port, prefixes=("1",)
            )
            for number, port in enumerate(trunk_ports)
        },
    )


def lines_known(node: RunningNode, lines: Sequence[str]) -> bool:
    identified = node.console("pjsip show identifies") if lines else ""
    return all(name in identified for name in lines)


@asynccontextmanager
async def running_floor(
    node: RunningNode | Sequence[RunningNode],
    settings: Configuration,
    ledger: FactSink | None = None,
) -> AsyncIterator[RunningFloor]:
    """A floor connected to the node or nodes, with `settings`; live calls are ended with it."""
    sink = ledger or MemorySink()
    nodes = [node] if isinstance(node, RunningNode) else list(node)
    switch = build_switch([one.address for one in nodes])
    floor = Floor(send=switch.send, ledger=sink, prompts=prompt_media)
    runtime = Runtime(floor=floor, switch=switch, clock=now_ms)
    await runtime.start(settings, sink)
    await until(lambda: all(switch.nodes().values()), what="the switch is connected")
    lines = [trunk.name for trunk in settings.trunks.values() if trunk.host]

    def known() -> bool:
        return all(lines_known(one, lines) for one in nodes)

    await until(known, what="the trunks are known")
    try:
        yield RunningFloor(runtime, sink)
    finally:
        await switch.stop()
        await asyncio.sleep(0)  # the turn of the loop in which its sockets are closed
