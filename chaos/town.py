"""A small town: one Asterisk, one PostgreSQL, the product's programs, callers and agents."""

import asyncio
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
from websockets.asyncio.client import unix_connect

from benchmarks.load import CallTimes, Field
from benchmarks.voice import Ear
from hujiao.agents.tables import agent
from hujiao.app.program import SPARE_OF
from hujiao.app.settings import Settings
from hujiao.app.up.restart import standing
from hujiao.floor import admin
from hujiao.floor.client import FloorClient
from hujiao.floor.lines import Number, Queue, Trunk, TrunkKind
from hujiao.identity.tables import person
from hujiao.kit.db import Database
from hujiao.kit.ids import new_id
from hujiao.kit.processes import tethered
from hujiao.migrations.run import migrate
from hujiao.telephony.private import PrivateTree
from tests.harness.database import RunningCluster, new_cluster
from tests.harness.floors import floor_health, remote_node
from tests.harness.node import RunningNode, new_node
from tests.harness.ports import take_block
from tests.harness.sound import tone, write_sound
from tests.harness.waiting import until

NUMBER = "4000"
GREETED, MENU = "4001", "4002"
GREETING_S, MENU_S = 60, 60
RTP_PORTS = (28_000, 29_999)
READY_S = 60.0
LOGS = Path("test-results") / "chaos"
KEPT_CHARS = 500_000
RESTART_S = 1.0
"""A program that was killed is started again after this time, as the supervisor does."""


@dataclass(slots=True)
class Program:
    """One of ours, started again whenever it dies."""

    name: str
    argv: list[str]
    environment: dict[str, str]
    log: Path
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                tethered([sys.executable, "-m", "hujiao.app.program", *self.argv], end="KILL"),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=os.environ | self.environment,
            )

    @property
    def pid(self) -> int:
        return self.process.pid if self.process is not None else 0

    @property
    def lives(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def end(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()


@dataclass(slots=True)
class Town:
    """What runs, and where to ask it."""

    tree: PrivateTree
    cluster: RunningCluster
    node: RunningNode
    field: Field
    lobbies: tuple[Field, Field]
    """Where callers come from who are greeted, and who have a menu. The phones of the first
    belong to the agents who let it ring."""
    folder: Path
    url: str
    agents: list[str]
    programs: list[Program]
    chance: random.Random
    client: FloorClient = field(init=False)

    def __post_init__(self) -> None:
        self.client = FloorClient(self.settings.floor_socket)

    @property
    def settings(self) -> Settings:
        return Settings(
            data=self.folder / "data",
            given_database_url=self.url,
            asterisk_nodes=(remote_node(self.node.address),),
        )

    @property
    def floors(self) -> list[Program]:
        return [one for one in self.programs if one.argv == ["floor"]]

    async def health(self) -> dict[str, Any]:
        """What the leading floor says of itself; empty while none answers within half a second."""
        return await floor_health(self.settings.floor_socket, timeout_s=0.5)

    def standing(self) -> int:
        """How many floors lead or stand by."""
        return standing(self.settings)

    async def states(self) -> dict[str, str]:
        """Agent's id -> state."""
        return {one["id"]: one["state"] for one in (await self.snapshot())["agent"]}

    async def snapshot(self) -> dict[str, list[dict[str, Any]]]:
        """Agents, calls and queues as every screen is told of them."""
        async with unix_connect(
            str(self.settings.floor_socket), "ws://floor/events", max_size=None, compression=None
        ) as socket:
            await socket.send('{"stream":"","cursor":0}')
            return dict(orjson.loads(await socket.recv())["snapshot"])

    async def until_led(self, *, not_by: int = 0) -> None:
        async def led() -> bool:
            said = await self.health()
            return bool(said.get("ok")) and said["pid"] != not_by

        await until(led, timeout_s=READY_S, what="a floor leads")

    async def keep_running(self) -> None:
        """The supervisor's part: what died is started again."""
        while True:
            for one in self.programs:
                if not one.lives:
                    one.start()
            await asyncio.sleep(RESTART_S)

    async def call(
        self,
        rate: float,
        duration_s: float,
        *,
        talk_ms: int,
        series: str = "",
        enough: asyncio.Event | None = None,
        number: str = NUMBER,
    ) -> CallTimes:
        """Callers at `rate` per second for so long; returns when the last one has hung up."""
        field = {GREETED: self.lobbies[0], MENU: self.lobbies[1]}.get(number, self.field)
        ear = Ear()
        ear.start()
        try:
            return await field.run(
                target_port=self.node.sip_port,
                number=number,
                rate=rate,
                duration_s=duration_s,
                ear=ear,
                talk_ms=talk_ms,
                series=series,
                enough=enough,
                phones_ring=number == GREETED,
            )
        finally:
            ear.stop()


@asynccontextmanager
async def town(
    tree: PrivateTree,
    *,
    agents: int,
    standby: bool,
    seed: int,
    recorded: bool = False,
    slow: int = 0,
    wrap_up_s: int = 0,
) -> AsyncIterator[Town]:
    """Everything up, all agents ready; ended and removed afterwards. The last `slow` of the agents
    let their phones ring while somebody calls `GREETED`."""
    folder = _new_folder()
    cluster, ports, kept = new_cluster(), take_block(), take_block()
    node = _node(tree, folder)
    place: Town | None = None
    keeper: asyncio.Task[None] | None = None
    try:
        cluster.start()
        node.start()
        cluster.cluster.ensure_database("chaos")
        url = cluster.cluster.url("chaos")
        migrate(url)
        fields = [Field(tree, ports, kept, folder) for _ in range(3)]
        phones = [fields[0].agent_port] * (agents - slow) + [fields[1].agent_port] * slow
        people = await _people(url, phones, wrap_up_s)
        await _lines(url, fields, recorded=recorded)
        place = Town(
            tree=tree,
            cluster=cluster,
            node=node,
            field=fields[0],
            lobbies=(fields[1], fields[2]),
            folder=folder,
            url=url,
            agents=people,
            programs=_programs(folder, node, url, standby=standby),
            chance=random.Random(seed),  # noqa: S311 - a seed makes a run repeatable
        )
        keeper = asyncio.create_task(place.keep_running(), name="keeper")
        await place.until_led()
        await _sign_in(place)
        yield place
    finally:
        if keeper is not None:
            keeper.cancel()
            await asyncio.gather(keeper, return_exceptions=True)
        if place is not None:
            await place.client.stop()
            for one in place.programs:
                one.end()
            _keep_logs(place)
        node.remove()
        cluster.remove()
        ports.give_back()
        kept.give_back()
        shutil.rmtree(folder, ignore_errors=True)


def _keep_logs(place: Town) -> None:
    """What the programs said last is kept where it can help."""
    LOGS.mkdir(parents=True, exist_ok=True)
    for one in place.programs:
        (LOGS / one.log.name).write_text(one.log.read_text(errors="replace")[-KEPT_CHARS:])
    (LOGS / "asterisk.log").write_text(place.node.messages[-KEPT_CHARS:])


def _new_folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="hujiao-chaos-"))
    folder.chmod(0o755)  # Asterisk runs as an account that must get in
    (folder / "data").mkdir()
    return folder


def _node(tree: PrivateTree, folder: Path) -> RunningNode:
    sounds = folder / "sounds"
    (sounds / "zh").mkdir(parents=True)
    write_sound(tone(440, GREETING_S), sounds / "zh" / "greeting.alaw")
    write_sound(tone(440, 1), sounds / "zh" / "menu.alaw")
    return new_node(
        tree,
        sounds,
        tree.asterisk_data / "moh",
        rtp_ports=RTP_PORTS,
        recordings=folder / "data" / "recordings",
        messages=Settings(data=folder / "data").message_spool,
    )


def _programs(folder: Path, node: RunningNode, url: str, *, standby: bool) -> list[Program]:
    nodes = [remote_node(node.address).model_dump()]
    environment = {
        "HUJIAO_DATA": str(folder / "data"),
        "HUJIAO_ASTERISK_NODES": json.dumps(nodes),
        "DATABASE_URL": url,
    }
    way = {SPARE_OF: str(Settings(data=folder / "data").floor_socket)}
    found = {"floor": environment}
    if standby:
        found["floor-2"] = environment | way
    found["worker"] = environment
    return [
        Program(name, [name.partition("-")[0]], own, folder / f"{name}.log")
        for name, own in found.items()
    ]


async def _people(url: str, phones: Sequence[int], wrap_up_s: int) -> list[str]:
    """Agents with phones at these ports of the loads; their ids."""
    database = Database(url, pool_size=1)
    ids = [f"a{number:04}" for number in range(len(phones))]
    async with database.transaction() as connection:
        await connection.execute(
            person.insert(),
            [
                {"id": one, "login": one, "name": one, "role": "agent", "password_hash": "-"}
                for one in ids
            ],
        )
        await connection.execute(
            agent.insert(),
            [
                {
                    "person_id": one,
                    "extension": f"2{one[1:]}",
                    "phone_kind": "static",
                    "phone_secret": "",
                    "contact": f"sip:2{one[1:]}@127.0.0.1:{port}",
                    "wrap_up_s": wrap_up_s,
                    "max_missed": 1000,
                }
                for one, port in zip(ids, phones, strict=True)
            ],
        )
    await database.close()
    return ids


async def _lines(url: str, fields: Sequence[Field], *, recorded: bool) -> None:
    """A queue, its numbers and the callers' trunks."""
    database = Database(url, pool_size=1)
    async with database.transaction() as connection:
        queue = Queue(id="q", name="Chaos", recorded=recorded, announce_every_s=0)
        await admin.put_queue(connection, None, queue, new=True)
        for number in (
            Number(id=new_id(), number=NUMBER, name="Chaos", queue_id="q", greeting_prompt=""),
            Number(id=new_id(), number=GREETED, name="Greeted", queue_id="q"),
            Number(
                id=new_id(),
                number=MENU,
                name="Menu",
                queue_id="q",
                greeting_prompt="",
                menu={"1": "q"},
                menu_timeout_s=MENU_S,
            ),
        ):
            await admin.put_number(connection, None, number, new=True)
        for port in (port for field in fields for port in field.trunk_ports):
            trunk = Trunk(
                id=new_id(),
                name=f"gw{port}",
                kind=TrunkKind.PEER,
                host="127.0.0.1",
                port=port,
            )
            await admin.put_trunk(connection, None, trunk, new=True)
    await database.close()


async def _sign_in(town: Town) -> None:
    last = f"2{town.agents[-1][1:]}"
    await until(
        lambda: town.node.ari("GET", f"/endpoints/PJSIP/{last}").status_code == 200,
        timeout_s=READY_S,
        what="the switch knows the agents' phones",
    )
    for one in town.agents:
        await town.client.command("sign_in", agent=one)
        await town.client.command("state", agent=one, state="ready")


def kill(pid: int) -> None:
    """-9; a process that is gone already is gone."""
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
