"""Whether calls can be taken, what the parts say, and figures for a monitoring system."""

import asyncio
from pathlib import Path as Folder
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import generate_latest
from pydantic import BaseModel
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from hujiao.floor.client import FloorClient
from hujiao.identity.http import EditsConfig, public, require
from hujiao.identity.model import Permission
from hujiao.identity.service import audit
from hujiao.kit.db import Database
from hujiao.kit.disk import FULL_BYTES, free_bytes
from hujiao.kit.hosts import is_loopback
from hujiao.kit.refusal import NotFound
from hujiao.kit.web import Transaction

DATABASE_TIMEOUT_S = 2.0
FLOOR_TIMEOUT_S = 2.0
FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip")
BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)

NodeName = Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9-]{0,30}$")]

router = APIRouter()


class Metrics:
    """The figures of one `web` process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._seconds = Histogram(
            "hujiao_http_request_seconds",
            "Time to answer an HTTP request",
            ("method", "route"),
            buckets=BUCKETS_S,
            registry=self.registry,
        )
        self._answers = Counter(
            "hujiao_http_answers_total",
            "HTTP answers by status",
            ("method", "route", "status"),
            registry=self.registry,
        )
        self.sip_relays = Gauge(
            "hujiao_sip_relays", "Browser phones connected through us", registry=self.registry
        )
        self._floor_up = Gauge(
            "hujiao_floor_up", "1 when the floor answers", registry=self.registry
        )

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one answered request."""
        self._seconds.labels(method, route).observe(seconds)
        self._answers.labels(method, route, str(status)).inc()

    def text(self, floor: FloorClient) -> bytes:
        """All figures in Prometheus' text form."""
        self._floor_up.set(1 if floor.is_up else 0)
        return generate_latest(self.registry)


class Health(BaseModel):
    """`parts` maps what calls need, and the disk, to whether it is well: on a full disk calls go
    on, but recordings end."""

    status: Literal["ok", "down"]
    parts: dict[str, bool]


async def database_answers(database: Database) -> bool:
    """Whether the database answers in time."""
    try:
        async with asyncio.timeout(DATABASE_TIMEOUT_S), database.transaction() as connection:
            await connection.execute(text("SELECT 1"))
    except (SQLAlchemyError, OSError, TimeoutError):
        return False
    return True


def disk_has_room(folder: Folder) -> bool:
    """Whether recordings can be written there for some time yet."""
    return free_bytes(folder) > FULL_BYTES


async def _floor_says(floor: FloorClient) -> dict[str, Any] | None:
    try:
        async with asyncio.timeout(FLOOR_TIMEOUT_S):
            said = await floor.health()
    except TimeoutError:
        return None
    return dict(said) if said is not None else None


@router.get("/healthz", tags=["system"], dependencies=[Depends(public)])
async def healthz(request: Request, response: Response) -> Health:
    """200 when calls can be taken, 503 with what is missing otherwise."""
    state = request.app.state
    database, floor = await asyncio.gather(
        database_answers(state.database), _floor_says(state.floor)
    )
    parts = {
        "database": database,
        "floor": floor is not None,
        "switch": bool(floor and floor.get("ok")),
    }
    well = all(parts.values())
    parts["disk"] = await asyncio.to_thread(disk_has_room, state.data)
    response.status_code = 200 if well else 503
    return Health(status="ok" if well else "down", parts=parts)


@router.get("/metrics", include_in_schema=False, dependencies=[Depends(public)])
async def metrics(request: Request) -> Response:
    """For a collector on this machine only, also behind a reverse proxy."""
    client = request.client.host if request.client else ""
    if not is_loopback(client) or any(name in request.headers for name in FORWARDED):
        raise NotFound("Not found")
    figures: Metrics = request.app.state.metrics
    return Response(figures.text(request.app.state.floor), media_type=CONTENT_TYPE_LATEST)


class NodeOut(BaseModel):
    """A node of the switch. `draining`: it takes no new calls; `calls` are those it still has."""

    name: str
    connected: bool
    draining: bool
    calls: int


class DrainingIn(BaseModel):
    draining: bool


class System(BaseModel):
    """What runs and how it is."""

    version: str
    nodes: list[NodeOut]
    floor: bool
    database: bool


@router.get("/api/system", tags=["system"])
async def system(
    request: Request, _actor: Annotated[object, Depends(require(Permission.CONFIG_SEE))]
) -> System:
    state = request.app.state
    database, floor = await asyncio.gather(
        database_answers(state.database), _floor_says(state.floor)
    )
    return System(
        version=request.app.version,
        nodes=_nodes(floor or {}),
        floor=floor is not None,
        database=database,
    )


def _nodes(said: dict[str, Any]) -> list[NodeOut]:
    return [NodeOut(name=name, **node) for name, node in dict(said.get("nodes") or {}).items()]


@router.put("/api/system/nodes/{name}/draining", tags=["system"], status_code=204)
async def drain_node(
    name: NodeName,
    wanted: DrainingIn,
    request: Request,
    actor: EditsConfig,
    transaction: Transaction,
) -> None:
    """Let a node take no new calls, as before its maintenance, or take it into use again."""
    floor: FloorClient = request.app.state.floor
    await floor.command("drain", node=name, on=wanted.draining, by=actor.person_id)
    action = "node.drained" if wanted.draining else "node.resumed"
    await audit(transaction, actor, action, "node", name)
