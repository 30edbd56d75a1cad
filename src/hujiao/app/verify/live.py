"""What is alive now: the floor, the lines of every node, facts on their way to the database.

All of it moves while it is looked at, so a difference counts only when it stays.
"""

import asyncio
import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import text

from hujiao.app.verify.model import Checked, Difference
from hujiao.floor.client import FloorClient
from hujiao.kit.db import Database
from hujiao.kit.trust import trust
from hujiao.telephony.ari.commands import APP
from hujiao.telephony.config import NodeAddress

STAYS_S = 5.0
LOOK_AGAIN_S = 0.5
FLOOR_TIMEOUT_S = 5.0
NODE_TIMEOUT_S = 10.0
READERS = frozenset({"contacts", "recordings"})
"""Those that must be there; the ledger may have others."""

_ENDED = text("SELECT call_id FROM fact WHERE call_id = ANY(:ids) AND type = 'call.ended'")
_KNOWN = text("SELECT DISTINCT call_id FROM fact WHERE call_id = ANY(:ids)")
_DELIVERED = text("SELECT coalesce(max(last_seq), 0) FROM ledger_source WHERE source LIKE :source")
_READ_TO = text("SELECT reader, position FROM ledger_cursor")
_UNREAD = text("SELECT count(*) FROM fact WHERE position > :position")


class LiveCheck:
    """Compares what lives with the ledger, inside of `async with`."""

    def __init__(
        self,
        *,
        database: Database,
        floor_socket: Path,
        nodes: Sequence[NodeAddress],
        write_aheads: Path,
    ) -> None:
        self._database = database
        self._floor = FloorClient(floor_socket)
        self._nodes = nodes
        self._write_aheads = write_aheads

    async def __aenter__(self) -> "LiveCheck":
        async with self._floor.watch() as watcher:
            await self._floor.start()
            try:
                async with asyncio.timeout(FLOOR_TIMEOUT_S):
                    while (await watcher.inbox.get() or {}).get("t") != "snapshot":
                        continue
            except TimeoutError:
                pass  # `differences` tells it
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._floor.stop()

    async def differences(self, open_calls: Iterable[str], checked: Checked) -> list[Difference]:
        """What stays different for `STAYS_S`. `open_calls` have no end in the ledger."""
        suspects = set(open_calls)
        deadline = asyncio.get_running_loop().time() + STAYS_S
        found = await self._look(suspects, checked)
        while found and asyncio.get_running_loop().time() < deadline:
            await asyncio.sleep(LOOK_AGAIN_S)
            again = {one.key: one for one in await self._look(suspects, checked)}
            found = [again[one.key] for one in found if one.key in again]
        return found

    async def _look(self, suspects: set[str], checked: Checked) -> list[Difference]:
        found: list[Difference] = []
        live = self._live_calls()
        if live is None:
            found.append(Difference("floor_away", ""))
        lines = await self._lines(found)
        checked.live_calls = len(live or {})
        checked.channels = len(lines)
        if live is not None:
            found += self._against_lines(live, lines, all_nodes=len(found) == 0)
            found += await self._against_ledger(live, suspects)
        found += await self._readers()
        for path in sorted(self._write_aheads.glob("*.sqlite")):
            found += await self._write_ahead(path)
        return found

    def _live_calls(self) -> dict[str, str] | None:
        """Call id -> phase, ended ones too as long as the floor has them."""
        if not self._floor.is_up:
            return None
        return {key: str(value["phase"]) for key, value in self._floor.entities["call"].items()}

    # --- lines ---

    async def _lines(self, found: list[Difference]) -> dict[str, str]:
        """Channel id -> node, of all channels that are in our hands."""
        lines: dict[str, str] = {}
        for node in self._nodes:
            try:
                channels = await _channels(node)
            except (httpx.HTTPError, ValueError) as error:
                reason = {"reason": type(error).__name__}
                found.append(Difference("node_away", node.name, reason))
                continue
            lines.update((one["id"], node.name) for one in channels if _is_ours(one))
        return lines

    @staticmethod
    def _against_lines(
        live: dict[str, str], lines: dict[str, str], *, all_nodes: bool
    ) -> list[Difference]:
        owners = {line: _call_of(line, live) for line in lines}
        found = [
            Difference("line_of_nobody", line, {"node": node})
            for line, node in lines.items()
            if owners[line] is None
        ]
        if all_nodes:
            carried = set(owners.values())
            found += [
                Difference("call_without_line", call, {"phase": phase})
                for call, phase in live.items()
                if phase != "ended" and call not in carried
            ]
        return found

    # --- the ledger ---

    async def _against_ledger(self, live: dict[str, str], suspects: set[str]) -> list[Difference]:
        async with self._database.transaction() as connection:
            known = set(await connection.scalars(_KNOWN, {"ids": list(live)}))
            ended = set(await connection.scalars(_ENDED, {"ids": list(suspects)}))
        suspects -= ended
        found = [Difference("live_unknown", call) for call in sorted(set(live) - known)]
        lost = [call for call in suspects if live.get(call, "ended") == "ended"]
        return found + [Difference("not_ended", call) for call in sorted(lost)]

    async def _readers(self) -> list[Difference]:
        """A reader that moves on is only busy."""
        found = []
        async with self._database.transaction() as connection:
            places = dict.fromkeys(READERS, 0)
            places.update((row.reader, row.position) for row in await connection.execute(_READ_TO))
            for reader, position in sorted(places.items()):
                unread = int(await connection.scalar(_UNREAD, {"position": position}) or 0)
                if unread:
                    stands = {"position": position, "facts": unread}
                    found.append(_Standing("reader_behind", reader, stands))
        return list(found)

    async def _write_ahead(self, path: Path) -> list[Difference]:
        try:
            identity, waiting = await asyncio.to_thread(_waiting, path)
        except sqlite3.Error as error:
            return [Difference("write_ahead_broken", path.name, {"reason": str(error)})]
        source = {"source": f"%-{identity}"}
        async with self._database.transaction() as connection:
            delivered = int(await connection.scalar(_DELIVERED, source) or 0)
        late = [seq for seq in waiting if seq > delivered]
        if not late:
            return []
        return [_Standing("not_delivered", path.name, {"groups": len(late), "first": late[0]})]


class _Standing(Difference):
    """Something that lags. What lags at another place the next time moves on, and is well."""

    @property
    def key(self) -> tuple[str, str]:
        place = self.details.get("position", self.details.get("first"))
        return self.kind, f"{self.subject} {place}"


def _waiting(path: Path) -> tuple[str, list[int]]:
    """The identity of a write-ahead and the numbers of its groups of facts."""
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as file:
        identity = file.execute("SELECT id FROM identity").fetchone()
        groups = file.execute("SELECT seq FROM fact ORDER BY seq").fetchall()
    return (str(identity[0]) if identity else ""), [int(row[0]) for row in groups]


async def _channels(node: NodeAddress) -> list[dict[str, Any]]:
    signed = (node.ari_user, node.ari_password)
    async with httpx.AsyncClient(
        auth=signed, trust_env=False, verify=trust(node.ari_url), timeout=NODE_TIMEOUT_S
    ) as ari:
        answer = await ari.get(f"{node.ari_url}/ari/channels")
    channels: list[dict[str, Any]] = answer.raise_for_status().json()
    return channels


def _is_ours(channel: dict[str, Any]) -> bool:
    """It is in our application; a caller whom the dialplan holds meanwhile is not ours yet."""
    dialplan = channel["dialplan"]
    words = str(dialplan.get("app_data", "")).split(",")
    return dialplan.get("app_name") == "Stasis" and words[0] == APP


def _call_of(line: str, live: dict[str, str]) -> str | None:
    """The call that a line belongs to: its own id, or the id before the last dot."""
    for call in (line, line.rpartition(".")[0]):
        if call in live:
            return call
    return None
