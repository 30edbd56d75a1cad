"""The assembled web application: every slice's router, errors, screens."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.middleware.gzip import GZipMiddleware

import hujiao.agents.http
import hujiao.callbacks.http
import hujiao.calls.export
import hujiao.calls.http
import hujiao.crm.http
import hujiao.floor.desk_http
import hujiao.floor.http
import hujiao.floor.live
import hujiao.identity.http
import hujiao.recordings.http
import hujiao.retention.http
from hujiao.api import health, lookup, sip
from hujiao.api.health import Metrics
from hujiao.api.screens import Screens
from hujiao.api.sip import SipRelay
from hujiao.callbacks.service import Callbacks
from hujiao.calls.service import CallRecords
from hujiao.crm.service import CustomerBook
from hujiao.floor import admin
from hujiao.floor.client import FloorClient
from hujiao.identity.service import Identity
from hujiao.kit.db import Database
from hujiao.kit.guard import Guard
from hujiao.kit.web import answer_errors
from hujiao.recordings.service import Library

MAX_BODY = 1_048_576
SMALLEST_ZIPPED = 1_024

ROUTERS = (
    hujiao.identity.http.router,
    hujiao.agents.http.router,
    hujiao.floor.http.router,
    hujiao.floor.desk_http.router,
    hujiao.floor.live.router,
    hujiao.calls.export.router,
    hujiao.calls.http.router,
    lookup.router,
    hujiao.crm.http.router,
    hujiao.recordings.http.router,
    hujiao.callbacks.http.router,
    hujiao.retention.http.router,
    health.router,
    sip.router,
)

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


@dataclass(frozen=True, slots=True)
class Parts:
    """All that the routes need, made by the composition root."""

    database: Database
    identity: Identity
    floor: FloorClient
    calls: CallRecords
    customers: CustomerBook
    recordings: Library
    callbacks: Callbacks
    sip_relay: SipRelay
    data: Path
    """The folder whose disk fills with recordings."""


def create_app(
    parts: Parts, *, web_dist: Path, version: str, lifespan: Lifespan | None = None
) -> FastAPI:
    """The application around these parts. `lifespan` starts and stops them."""
    metrics = Metrics()
    app = _bare(version, lifespan)
    app.state.database = parts.database
    app.state.identity = parts.identity
    app.state.floor = parts.floor
    app.state.data = parts.data
    app.state.calls = parts.calls
    app.state.customers = parts.customers
    app.state.recordings = parts.recordings
    app.state.callbacks = parts.callbacks
    app.state.sip_relay = parts.sip_relay
    app.state.metrics = metrics
    app.state.skill_used_by = (admin.queues_with_skill,)
    metrics.sip_relays.set_function(lambda: parts.sip_relay.count)
    app.add_middleware(Guard, max_body=MAX_BODY, observe=metrics.observe)
    app.mount("/", GZipMiddleware(Screens(web_dist), minimum_size=SMALLEST_ZIPPED), name="screens")
    return app


def schema(version: str) -> dict[str, Any]:
    """The OpenAPI description, without anything running."""
    return _bare(version, None).openapi()


def _bare(version: str, lifespan: Lifespan | None) -> FastAPI:
    app = FastAPI(
        title="Hujiao",
        version=version,
        openapi_url=None,
        lifespan=lifespan,
        redirect_slashes=False,
        generate_unique_id_function=_operation_id,
    )
    answer_errors(app)
    for router in ROUTERS:
        app.include_router(router)
    return app


def _operation_id(route: APIRoute) -> str:
    """Tag and handler: short names in the generated client. A test keeps them unique."""
    return f"{route.tags[0]}_{route.name}" if route.tags else route.name
