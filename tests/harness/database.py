"""An embedded PostgreSQL for tests, and a fresh copy of the migrated database for each of them."""

import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from hujiao.app.settings import default_cache
from hujiao.kit.ids import new_id
from hujiao.kit.postgres import Cluster, reachable_binaries
from hujiao.kit.processes import hand_over, service_account, tethered
from tests.harness.ports import PortBlock, take_block

TEMPLATE = "hujiao_template"
# A test database need not survive a power cut.
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@dataclass(slots=True)
class RunningCluster:
    cluster: Cluster
    home: Path
    ports: PortBlock
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with (self.home / "postgres.log").open("ab") as output:
            self.process = subprocess.Popen(
                tethered(self.cluster.argv, account=self.cluster.account, end="INT"),
                stdout=output,
                stderr=output,
                stdin=subprocess.DEVNULL,
                cwd=self.home,
            )
        self.cluster.wait_ready()

    def stop(self) -> None:
        if self.process is not None:
            self.process.send_signal(2)
            self.process.wait(timeout=30)
            self.process = None

    def remove(self) -> None:
        self.stop()
        self.ports.give_back()
        shutil.rmtree(self.home, ignore_errors=True)

    def copy_of(self, template: str) -> str:
        """The address of a new database with the content of `template`."""
        name = f"test_{new_id()}"
        self.cluster.ensure_database(name, template=template)
        return self.cluster.url(name)

    def drop(self, url: str) -> None:
        name = url.rpartition("/")[2].partition("?")[0]
        with psycopg.connect(self.cluster.url("postgres"), autocommit=True) as connection:
            connection.execute(
                sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name))
            )


def new_cluster() -> RunningCluster:
    """A cluster made and not started."""
    account = service_account()
    home = Path(tempfile.mkdtemp(prefix="hujiao-pg-"))
    home.chmod(0o755)
    ports = take_block()
    cluster = Cluster(
        binaries=reachable_binaries(
            Path(os.environ.get("HUJIAO_CACHE") or default_cache()), account
        ),
        folder=home / "cluster",
        sockets=home / "run",
        port=ports.port(),
        password="test",
        account=account,
        options=FAST,
    )
    cluster.sockets.mkdir()
    hand_over([cluster.sockets], account)
    cluster.initialise()
    return RunningCluster(cluster, home, ports)
