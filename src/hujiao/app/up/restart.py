"""`hujiao restart`: new code in the running programs, one after another, without a lost call.

A pair is never away together: the spare first, then the one that leads, which hands over to it.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import httpx
import psycopg

from hujiao.app.places import database_url
from hujiao.app.settings import Settings
from hujiao.app.up.supervise import SPARE, Supervisor
from hujiao.floor.client import FLOOR
from hujiao.floor.lead import STANDING
from hujiao.kit.db import CONNECT_TIMEOUT_S
from hujiao.kit.listen import libpq_url
from hujiao.kit.trust import trust

READY_TIMEOUT_S = 60.0
POLL_S = 0.1

_STANDING = "SELECT count(*) FROM pg_stat_activity WHERE application_name = %s"

Say = Callable[[str], None]


class RestartError(Exception):
    """A program did not come back; what has not been restarted yet runs as before."""


def restart(kinds: tuple[str, ...], settings: Settings, say: Say) -> None:
    """Restart the programs of these kinds (`floor`, `web`, `worker`) in this order.

    Raises RestartError, and OSError when nothing runs here.
    """
    supervisor = Supervisor(settings)
    running = {state.name for state in supervisor.states() if state.pid}
    for kind in kinds:
        pair = [name for name in (kind + SPARE, kind) if name in running]
        if kind == "floor":
            leader = _leader(settings)
            pids = {state.pid: state.name for state in supervisor.states()}
            pair.sort(key=lambda name: name == pids.get(leader))
        for name in pair:
            say(name)
            supervisor.stop(name)
            supervisor.start(name)
            _wait(supervisor, settings, name, len(pair))


def _wait(supervisor: Supervisor, settings: Settings, name: str, of_its_kind: int) -> None:
    deadline = time.monotonic() + READY_TIMEOUT_S

    def ready() -> bool:
        state = next(one for one in supervisor.states() if one.name == name)
        if state.state != "RUNNING":
            return False
        if name.startswith("floor"):
            return _stands(settings, of_its_kind) and _leader(settings) != 0
        return True

    while not ready():
        if time.monotonic() > deadline:
            raise RestartError(f"{name}: look into {settings.logs_dir / (name + '.log')}")
        time.sleep(POLL_S)


def _stands(settings: Settings, of_its_kind: int) -> bool:
    try:
        return standing(settings) >= of_its_kind
    except psycopg.OperationalError:
        return False  # the database is away for a moment, and the floor waits for it, too


def standing(settings: Settings) -> int:
    """How many floors lead or stand by. Raises psycopg.OperationalError without a database."""
    with psycopg.connect(
        libpq_url(database_url(settings)), autocommit=True, connect_timeout=CONNECT_TIMEOUT_S
    ) as connection:
        row = connection.execute(_STANDING, (STANDING,)).fetchone()
    return int(row[0]) if row else 0


def _leader(settings: Settings) -> int:
    """The process id of the floor that answers; 0 while none does."""
    transport = httpx.HTTPTransport(uds=str(settings.floor_socket), verify=trust(FLOOR))
    try:
        with httpx.Client(transport=transport, base_url=FLOOR, timeout=2) as client:
            said = client.get("/health").json()
    except (httpx.HTTPError, ValueError):
        return 0
    return int(said["pid"]) if said["ok"] else 0
