"""The floor's process: switch, ledger, router and desks put together, behind a Unix socket."""

import asyncio
import gc
import os
import signal
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import Any, TypeVar

import uvicorn
from sqlalchemy.exc import SQLAlchemyError

from hujiao.app.places import database_url, node_addresses
from hujiao.app.server import HttpServer
from hujiao.app.settings import Settings
from hujiao.events.ledger import Ledger
from hujiao.floor.config import Configuration
from hujiao.floor.core import Floor
from hujiao.floor.lead import Lead
from hujiao.floor.runtime import Runtime
from hujiao.floor.server import FloorServer
from hujiao.floor.store import CHANNEL, load_configuration
from hujiao.kit.clock import now_ms
from hujiao.kit.db import Database
from hujiao.kit.listen import listen
from hujiao.kit.log import configure as configure_log
from hujiao.kit.log import logger
from hujiao.kit.pages import use_huge_pages
from hujiao.telephony.config import NodeAddress
from hujiao.telephony.prompts import prompt_media
from hujiao.telephony.wiring import build_switch

SOURCE = "floor"
POOL = 3
RETRY_S = 1.0
SETTLE_S = 0.2
"""A burst of changes in the administration is read once."""
DELIVER_WITHIN_S = 2.0
"""What is not in PostgreSQL by then is delivered by the next floor, which must not wait longer."""
SUPERSEDED = 75
"""The exit code of a floor that found another one leading."""
COLLECT_AFTER = (20_000, 20, 50)
"""Calls leave hardly any cycles: the collector's usual zeal costs a tenth of the floor's time."""

log = logger(__name__)

Result = TypeVar("Result")


class FloorProcess:
    """Everything that lives in the floor's process."""

    def __init__(
        self,
        *,
        database: Database,
        url: str,
        nodes: Sequence[NodeAddress],
        ledger_path: Path,
        socket_path: Path,
        epoch: int | None = None,
    ) -> None:
        """`database`, which it closes, is at `url`. `epoch`: as `Lead` gave it; None leads over all
        that went before on these parts."""
        self._url = url
        self._socket_path = socket_path
        self.database = database
        self.ledger = Ledger(
            database=self.database,
            path=ledger_path,
            source=SOURCE,
            epoch=epoch,
            on_superseded=end_at_once,
        )
        self.switch = build_switch(
            nodes, epoch=epoch, on_superseded=end_at_once, alone=self.ledger.alone
        )
        self.runtime = Runtime(
            floor=Floor(send=self.switch.send, ledger=self.ledger, prompts=prompt_media),
            switch=self.switch,
            clock=now_ms,
        )
        self._stale = asyncio.Event()

    async def run(self, stopping: asyncio.Event) -> None:
        """Serve until `stopping`; live calls are left to the switch."""
        use_huge_pages()  # takes next to no time in a floor that stood by
        await self.ledger.start()
        configuration = await _unless(stopping, self._configuration())
        if configuration is None:
            await self._close()
            return
        await self.runtime.start(configuration, self.ledger)
        # What was taken over lives long: the collector need not look at it again.
        gc.collect()
        gc.freeze()
        gc.set_threshold(*COLLECT_AFTER)
        server = self._server()
        serving = asyncio.create_task(server.serve(), name="door")
        others = [
            asyncio.create_task(self._follow_configuration(), name="configuration"),
            asyncio.create_task(self._listen(), name="notifications"),
            asyncio.create_task(self._book_leavers(), name="leavers"),
            asyncio.create_task(stopping.wait(), name="stopping"),
        ]
        done, _ = await asyncio.wait([serving, *others], return_when=asyncio.FIRST_COMPLETED)
        self.runtime.stream.end()
        server.should_exit = True
        for task in others:
            task.cancel()
        await asyncio.gather(serving, *others, return_exceptions=True)
        await self.switch.stop()
        self.runtime.tell()
        await self._close()
        for task in done:
            task.result()

    async def _close(self) -> None:
        await self.ledger.stop(deliver_within_s=DELIVER_WITHIN_S)
        await self.database.close()

    def _server(self) -> HttpServer:
        self._socket_path.parent.mkdir(parents=True, exist_ok=True)
        self._socket_path.unlink(missing_ok=True)
        config = uvicorn.Config(
            FloorServer(self.runtime).app,
            uds=str(self._socket_path),
            log_config=None,
            access_log=False,
            lifespan="off",
            ws_max_queue=256,
            ws_per_message_deflate=False,
            timeout_graceful_shutdown=2,
        )
        return HttpServer(config)

    async def _configuration(self) -> Configuration:
        """The configuration, waiting for the database as long as it takes."""
        while True:
            try:
                async with self.database.transaction() as connection:
                    return await load_configuration(connection)
            except (SQLAlchemyError, OSError) as error:
                log.warning("configuration cannot be read", reason=type(error).__name__)
                await asyncio.sleep(RETRY_S)

    async def _listen(self) -> None:
        await listen(
            self._url,
            (CHANNEL,),
            on_notify=lambda _channel, _payload: self._stale.set(),
            on_connect=self._stale.set,
        )

    async def _book_leavers(self) -> None:
        """As long as the database is away its word is waited for, and what it would tell kept."""
        leavers = self.runtime.leavers
        while True:
            await leavers.heard.wait()
            try:
                await leavers.book(self.runtime.floor, self.ledger, self.database)
            except (SQLAlchemyError, OSError, TimeoutError) as error:
                log.warning("who left cannot be looked up", reason=type(error).__name__)
                await asyncio.sleep(RETRY_S)

    async def _follow_configuration(self) -> None:
        while True:
            await self._stale.wait()
            await asyncio.sleep(SETTLE_S)
            self._stale.clear()
            await self.runtime.configure(await self._configuration())
            log.info("configuration taken over")


async def _unless(stopping: asyncio.Event, work: Coroutine[Any, Any, Result]) -> Result | None:
    """What `work` returns; None when the process is to end before."""
    working = asyncio.create_task(work)
    stopped = asyncio.create_task(stopping.wait())
    await asyncio.wait([working, stopped], return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    if working.done():
        return working.result()
    working.cancel()
    await asyncio.gather(working, return_exceptions=True)
    return None


async def _lead(lead: Lead, database: Database) -> int:
    """Wait to lead, and be warm by then."""
    warming: list[asyncio.Task[None]] = []
    try:
        return await lead.take(lambda: warming.append(asyncio.create_task(_warm_up(database))))
    finally:
        for task in warming:
            task.cancel()


async def _warm_up(database: Database) -> None:
    """Do once, while another floor leads, what takes long the first time: callers wait for whoever
    takes over."""
    use_huge_pages()
    try:
        async with database.transaction() as connection:
            await load_configuration(connection)
    except (SQLAlchemyError, OSError) as error:
        log.warning("configuration cannot be read", reason=type(error).__name__)


def end_at_once() -> None:
    """Another floor leads: whatever this one still has in hand is out of date."""
    log.error("superseded: this floor ends")
    os._exit(SUPERSEDED)


async def serve(settings: Settings) -> None:
    """Lead the floor of this installation, or stand by to, until SIGTERM or SIGINT."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    url = database_url(settings)
    database = Database(url, pool_size=POOL)
    lead = Lead(url)
    epoch = await _unless(stopping, _lead(lead, database))
    if epoch is None:
        await database.close()
        await lead.release()
        return
    process = FloorProcess(
        database=database,
        url=url,
        nodes=node_addresses(settings),
        ledger_path=settings.data / "ledger" / "floor.sqlite",
        socket_path=settings.floor_socket,
        epoch=epoch,
    )
    holding = asyncio.create_task(lead.hold(end_at_once), name="lead")
    try:
        await process.run(stopping)
    finally:
        holding.cancel()
        await asyncio.gather(holding, return_exceptions=True)
        await lead.release()


def main() -> None:
    """Entry of `hujiao floor`."""
    import uvloop

    settings = Settings()
    configure_log("floor", level=settings.log_level)
    os.umask(0o007)
    uvloop.run(serve(settings))
