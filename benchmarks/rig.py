"""What benchmarks of calls stand on: a private Asterisk, a PostgreSQL, the floor's process."""

import asyncio
import json
import os
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from websockets.asyncio.client import unix_connect
from websockets.exceptions import WebSocketException

from benchmarks.floor_process import NUMBER, extension
from benchmarks.load import Field
from hujiao.app.settings import Settings
from hujiao.floor.client import FloorClient
from hujiao.kit.processes import tethered
from hujiao.migrations.run import migrate
from hujiao.telephony.config import NodeAddress
from hujiao.telephony.private import PrivateTree
from tests.harness.database import RunningCluster, new_cluster
from tests.harness.node import RunningNode, new_node
from tests.harness.ports import take_block
from tests.harness.waiting import until, wait_for

FLOOR_NUMBER = NUMBER
QUEUE_NUMBER = "9000"
"""The same trunk; the number alone decides who distributes the call."""
RTP_PORTS = (28_000, 29_999)
READY_S = 60.0

_DIALPLAN = f"""
[from-trunk](+)
exten => {QUEUE_NUMBER},1,Answer(0,i)
 same => n,Queue(bench)
 same => n,Hangup()
"""

_QUEUE = """\
[general]
persistentmembers = no
autofill = yes

[bench]
strategy = leastrecent
ringinuse = no
timeout = 20
retry = 1
wrapuptime = 0
joinempty = yes
"""


@dataclass(slots=True)
class Rig:
    """One node and one database; the floor comes and goes."""

    tree: PrivateTree
    node: RunningNode
    cluster: RunningCluster
    field: Field
    folder: Path
    agents: int

    @property
    def asterisk_pid(self) -> int:
        assert self.node.process is not None
        return self.node.process.pid

    @property
    def database_pid(self) -> int:
        assert self.cluster.process is not None
        return self.cluster.process.pid

    def fill_queue(self) -> None:
        """Make all agents members of app_queue's queue, and see that it finds them free."""
        members = (f"member => PJSIP/{extension(number)}\n" for number in range(self.agents))
        (self.node.settings.etc / "queues.conf").write_text(_QUEUE + "".join(members))
        self.node.console("queue reload all")
        wait_for(
            lambda: self.node.console("queue show bench").count("(Not in use)") == self.agents,
            timeout_s=READY_S,
            what="app_queue finds its members free",
        )

    def empty_queue(self) -> None:
        """No members: the floor's calls must not pay for app_queue's."""
        (self.node.settings.etc / "queues.conf").write_text(_QUEUE)
        self.node.console("queue reload all")

    async def until_quiet(self) -> None:
        """Waits for the last channel to go."""
        await until(
            lambda: self.node.ari("GET", "/channels").json() == [],
            timeout_s=READY_S,
            what="no channel is left",
        )

    @asynccontextmanager
    async def floor(self, *, with_ledger: bool = True) -> AsyncIterator["RunningFloor"]:
        """The floor, connected, all agents signed in and ready, with one reader as `web` is one."""
        url = self.cluster.copy_of("bench_template")
        folder = Path(tempfile.mkdtemp(prefix="floor-", dir=self.folder))
        socket = Settings(data=folder).floor_socket
        orders: dict[str, Any] = {
            "url": url,
            "node": _plain(self.node.address),
            "ledger": str(folder / "ledger.sqlite"),
            "socket": str(socket),
            "with_ledger": with_ledger,
            "agents": self.agents,
            "agent_port": self.field.agent_port,
            "trunk_ports": list(self.field.trunk_ports),
        }
        (folder / "orders.json").write_text(json.dumps(orders))
        argv = (sys.executable, "-m", "benchmarks.floor_process", str(folder / "orders.json"))
        with (folder / "floor.log").open("wb") as output:
            process = await asyncio.create_subprocess_exec(
                *tethered(argv), stdout=output, stderr=output, env=os.environ
            )
        running = RunningFloor(process, socket, folder, url)
        try:
            await running.ready(self)
            yield running
        finally:
            await running.stop()
            self.cluster.drop(url)


@dataclass(slots=True)
class RunningFloor:
    process: asyncio.subprocess.Process
    socket: Path
    data: Path
    """A data folder of its own, with the floor's log."""
    database_url: str
    client: FloorClient | None = None
    _reader: asyncio.Task[None] | None = None

    async def ready(self, rig: Rig) -> None:
        client = FloorClient(self.socket)
        self.client = client

        async def up() -> bool:
            if self.process.returncode is not None:
                raise RuntimeError(
                    f"the floor ended: {(self.data / 'floor.log').read_text()[-2000:]}"
                )
            health = await client.health()
            return bool(health and health["ok"])

        await until(up, timeout_s=READY_S, what="the floor is connected to the switch")
        last = extension(rig.agents - 1)
        await until(
            lambda: rig.node.ari("GET", f"/endpoints/PJSIP/{last}").status_code == 200,
            timeout_s=READY_S,
            what="the switch knows the agents' phones",
        )
        for number in range(rig.agents):
            await client.command("sign_in", agent=f"a{number:05}")
            await client.command("state", agent=f"a{number:05}", state="ready")
        self._reader = asyncio.create_task(self._read(), name="reader")

    async def _read(self) -> None:
        """Takes every batch as `web` would; what is in them does not matter here."""
        try:
            async with unix_connect(
                str(self.socket), uri="ws://floor/events", max_size=None, compression=None
            ) as socket:
                await socket.send('{"stream":"","cursor":0}')
                async for _batch in socket:
                    pass
        except (OSError, WebSocketException):
            return

    async def stop(self) -> None:
        if self._reader is not None:
            self._reader.cancel()
            await asyncio.gather(self._reader, return_exceptions=True)
        if self.client is not None:
            await self.client.stop()
        if self.process.returncode is None:
            self.process.terminate()
            try:
                await asyncio.wait_for(self.process.wait(), 20)
            except TimeoutError:
                self.process.kill()
                await self.process.wait()


@asynccontextmanager
async def database() -> AsyncIterator[RunningCluster]:
    """An embedded PostgreSQL that writes as it would for an owner, with a migrated template."""
    cluster = new_cluster()
    # The harness lets its databases forget in a power cut, which would flatter us.
    cluster.cluster = replace(cluster.cluster, options={})
    try:
        cluster.start()
        cluster.cluster.ensure_database("bench_template")
        migrate(cluster.cluster.url("bench_template"))
        yield cluster
    finally:
        cluster.remove()


@asynccontextmanager
async def rig(tree: PrivateTree, cluster: RunningCluster, *, agents: int) -> AsyncIterator[Rig]:
    """A fresh node that knows app_queue too."""
    folder = Path(tempfile.mkdtemp(prefix="hujiao-bench-"))
    ports, kept = take_block(), take_block()
    node = _node(tree, folder)
    try:
        node.start()
        yield Rig(tree, node, cluster, Field(tree, ports, kept, folder), folder, agents)
    finally:
        node.remove()
        ports.give_back()
        kept.give_back()
        shutil.rmtree(folder, ignore_errors=True)


def _node(tree: PrivateTree, folder: Path) -> RunningNode:
    sounds = folder / "sounds"
    sounds.mkdir()
    folder.chmod(0o755)  # Asterisk runs as an account that must get in
    music = tree.asterisk_data / "moh"
    node = new_node(tree, sounds, music, rtp_ports=RTP_PORTS, with_queue=True)
    with (node.settings.etc / "extensions.conf").open("a") as dialplan:
        dialplan.write(_DIALPLAN)
    queues = node.settings.etc / "queues.conf"
    queues.write_text(_QUEUE)
    queues.chmod(0o644)
    return node


def _plain(address: NodeAddress) -> dict[str, Any]:
    plain = asdict(address)
    plain["recordings"] = None
    return plain
