"""Every door has a lock: a walk over all routes and WebSockets."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts
from starlette.routing import Mount

from hujiao.api.app import schema
from hujiao.identity.http import Require, public, signed_in
from hujiao.identity.model import PERMISSIONS, Permission, Role
from tests.integration.api.conftest import Client, SignIn

PUBLIC = {"POST /api/session", "GET /healthz", "GET /metrics"}
STATIC = {"screens"}
FOR_ALL_SIGNED_IN = {
    "DELETE /api/session",
    "DELETE /api/sessions/{session_id}",
    "GET /api/dispositions",
    "GET /api/me",
    "GET /api/queues",
    "GET /api/reasons",
    "GET /api/sessions",
    "PUT /api/me/locale",
    "PUT /api/me/password",
}
"""A new route without a permission has to be written down here by somebody who thought about it."""


@dataclass(frozen=True, slots=True)
class Door:
    name: str
    method: str
    path: str
    locks: tuple[object, ...]

    @property
    def needs(self) -> frozenset[Permission]:
        """Any one of these opens it."""
        return frozenset(
            one for lock in self.locks if isinstance(lock, Require) for one in lock.permissions
        )


def dependencies(dependant: Dependant) -> Iterator[object]:
    for inner in dependant.dependencies:
        yield inner.call
        yield from dependencies(inner)


def doors(app: FastAPI) -> list[Door]:
    found = []
    for context in iter_route_contexts(app.routes):
        route = context.original_route
        if isinstance(route, Mount):
            assert route.name in STATIC, f"{route.name}: mounted applications check nothing"
            continue
        methods = sorted(context.methods or {"WS"})
        locks = tuple(
            call
            for call in dependencies(route.dependant)  # type: ignore[attr-defined]
            if isinstance(call, Require) or call is public
        )
        path = str(context.path)
        found += [Door(f"{method} {path}", method, path, locks) for method in methods]
    return found


def test_every_route_and_websocket_says_who_may_use_it(app: FastAPI) -> None:
    found = doors(app)
    assert {"WS /api/live", "WS /api/sip", "GET /api/calls"} <= {door.name for door in found}
    open_doors = [door.name for door in found if not door.locks]
    assert not open_doors, f"add require(...), signed_in or public to {open_doors}"
    assert {door.name for door in found if public in door.locks} == PUBLIC
    without = {door.name for door in found if not door.needs and signed_in in door.locks}
    assert without == FOR_ALL_SIGNED_IN


async def test_nobody_unknown_gets_through_any_door(app: FastAPI, client: Client) -> None:
    for door in doors(app):
        if door.name in PUBLIC or door.method == "WS":
            continue
        answer = await client.request(door.method, filled(door.path))
        assert answer.status_code == 401, (door.name, answer.text)


async def test_no_role_gets_through_a_door_that_is_not_for_it(
    app: FastAPI, sign_in: SignIn
) -> None:
    for role in Role:
        browser = await sign_in(role)
        for door in doors(app):
            if door.method == "WS" or not door.needs or door.needs & PERMISSIONS[role]:
                continue
            answer = await browser.request(door.method, filled(door.path))
            assert answer.status_code == 403, (role, door.name, answer.text)
            assert answer.json()["error"] == "forbidden"


def filled(path: str) -> str:
    """The path with an id in each place."""
    return re.sub(r"\{[^}]*\}", "0" * 32, path)


def test_every_operation_has_a_name_of_its_own() -> None:
    names = [
        operation["operationId"]
        for methods in schema("1")["paths"].values()
        for operation in methods.values()
    ]
    assert len(names) == len(set(names)) > 40
