"""`hujiao node`: asks the running floor about the nodes of the switch, and lets it drain one."""

from __future__ import annotations

import asyncio
from typing import Any

import typer

from hujiao.app.settings import Settings
from hujiao.floor.client import FloorClient
from hujiao.kit.refusal import Refusal


def told_nodes() -> int:
    """Prints a line per node; 1 when the floor cannot be asked."""
    answer = _ask("nodes")
    if answer is None:
        return 1
    for name, node in answer["nodes"].items():
        typer.echo(f"{name}: {_state(node)}, {node['calls']} calls")
    return 0


def put_draining(node: str, *, on: bool) -> int:
    """Drains or resumes a node; 1 when that is not possible."""
    answer = _ask("drain", node=node, on=on, by="cli")
    if answer is None:
        return 1
    said = "takes no new calls" if on else "is in use"
    typer.echo(f"{node} {said}; it has {answer['calls']} calls.")
    return 0


def _state(node: dict[str, Any]) -> str:
    here = "connected" if node["connected"] else "away"
    return f"{here}, draining" if node["draining"] else here


def _ask(command: str, **arguments: Any) -> dict[str, Any] | None:
    """The floor's answer; None, after saying why on the terminal, when there is none."""
    try:
        return asyncio.run(_command(Settings(), command, arguments))
    except Refusal as refusal:
        known = ", ".join(refusal.details.get("nodes", ()))
        advice = f" There are: {known}." if known else ""
        typer.echo(f"Not possible: {refusal.error}.{advice}", err=True)
        return None


async def _command(settings: Settings, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
    client = FloorClient(settings.floor_socket)
    try:
        return await client.command(name, **arguments)
    finally:
        await client.stop()
