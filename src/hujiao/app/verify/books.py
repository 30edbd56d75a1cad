"""The ledger and the call list of one moment: one snapshot of the database for all of it."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

from hujiao.app.verify.model import Checked, Difference, Differences, Line, Period
from hujiao.app.verify.rules import ANYBODY, TOUCH_MS, check_call, check_listed, is_over
from hujiao.calls import store as calls
from hujiao.calls.projection import Contact
from hujiao.calls.projector import READER
from hujiao.events.follow import entry_of
from hujiao.retention import store as retention

ROWS_AT_ONCE = 2_000
CALLS_AT_ONCE = 200

_SNAPSHOT = text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
_AS_LONG_AS_IT_TAKES = text("SET LOCAL statement_timeout = 0")
_CURSOR = text("SELECT position FROM ledger_cursor WHERE reader = :reader")

_FACTS = text(
    """
    SELECT position, source, seq, at, type, version, call_id, agent_id, queue_id, data FROM fact
    WHERE call_id IN (
        SELECT call_id FROM fact
        WHERE at >= to_timestamp(:since / 1000.0) AND at < to_timestamp(:until / 1000.0)
            AND call_id IS NOT NULL)
    ORDER BY call_id, position
    """
)

_NUMBERS = text(
    """
    WITH part AS (
        SELECT min(position) AS first, max(position) AS last FROM fact
        WHERE at >= to_timestamp(:since / 1000.0) AND at < to_timestamp(:until / 1000.0)
    ), numbered AS (
        SELECT source, seq, position,
            lag(seq) OVER (PARTITION BY source ORDER BY position) AS former
        FROM fact, part WHERE position BETWEEN part.first AND part.last
    )
    SELECT source, former, seq FROM numbered
    WHERE former IS NOT NULL
        AND (seq <= former OR (seq > former + 1 AND source <> :anybody))
    ORDER BY position
    """
)

_DELIVERED = text(
    """
    SELECT source, last_seq AS said, last.seq FROM ledger_source JOIN (
        SELECT source, max(seq) AS seq FROM fact
        WHERE at >= to_timestamp(:since / 1000.0) GROUP BY source) AS last USING (source)
    WHERE last.seq <> last_seq ORDER BY source
    """
)

_STATES = text(
    """
    WITH chain AS (
        SELECT agent_id, position, at, data ->> 'was' AS was, data ->> 'state' AS state,
            lag(data ->> 'state') OVER agent AS former, lag(at) OVER agent AS former_at
        FROM fact
        WHERE type = 'agent.state_changed' AND agent_id IS NOT NULL
            AND at >= to_timestamp(:since / 1000.0) AND at < to_timestamp(:until / 1000.0)
        WINDOW agent AS (PARTITION BY agent_id ORDER BY position)
    )
    SELECT agent_id, former, was, state,
        round(extract(epoch FROM former_at - at) * 1000)::bigint AS back_ms
    FROM chain
    WHERE former IS NOT NULL
        AND (former <> was OR former_at > at + make_interval(secs => :touch_s))
    ORDER BY position
    """
)

_LISTED_ONLY = text(
    """
    SELECT id FROM contact
    WHERE arrived_at >= to_timestamp(:since / 1000.0) AND arrived_at < to_timestamp(:until / 1000.0)
        AND NOT EXISTS (SELECT FROM fact WHERE fact.call_id = contact.id)
    ORDER BY id
    """
)


async def begin(connection: AsyncConnection) -> None:
    """Let the transaction see one moment, however long it reads."""
    await connection.execute(_SNAPSHOT)
    await connection.execute(_AS_LONG_AS_IT_TAKES)


async def rows(connection: AsyncConnection, query: TextClause, **values: Any) -> AsyncIterator[Any]:
    """The rows of a query, fetched in batches."""
    options = {"yield_per": ROWS_AT_ONCE}
    async with connection.stream(query, values, execution_options=options) as result:
        async for row in result:
            yield row


class Books:
    """Reads ledger and call list in one transaction. `open_calls` have no end in the ledger."""

    def __init__(self, connection: AsyncConnection, period: Period, region: str) -> None:
        self._connection = connection
        self._period = {"since": period.since_ms, "until": period.until_ms}
        self._region = region
        self._ledger_from = 0
        self.open_calls: set[str] = set()

    async def differences(self, checked: Checked) -> Differences:
        """Call by call, then by source, by agent, and what only the call list has."""
        read_to = await self._connection.scalar(_CURSOR, {"reader": READER}) or 0
        self._ledger_from = (await retention.rule(self._connection)).ledger_from or 0
        batch: list[tuple[str, list[Line]]] = []
        async for one in self._by_call():
            checked.calls += 1
            checked.facts += len(one[1])
            batch.append(one)
            if len(batch) == CALLS_AT_ONCE:
                async for found in self._check(batch, int(read_to)):
                    yield found
                batch.clear()
        async for found in self._check(batch, int(read_to)):
            yield found
        for part in (self._numbers, self._states, self._listed_only):
            async for found in part():
                yield found

    async def _by_call(self) -> AsyncIterator[tuple[str, list[Line]]]:
        call_id, lines = "", list[Line]()
        async for row in rows(self._connection, _FACTS, **self._period):
            if row.call_id != call_id and lines:
                yield call_id, lines
                lines = []
            call_id = row.call_id
            lines.append(Line(entry_of(row), row.source, row.seq))
        if lines:
            yield call_id, lines

    async def _check(self, batch: Sequence[tuple[str, list[Line]]], read_to: int) -> Differences:
        listed = await calls.load_contacts(self._connection, [call_id for call_id, _ in batch])
        for call_id, lines in batch:
            if self._is_dropped(listed.get(call_id)):
                continue
            for found in check_call(call_id, lines):
                yield found
            of_list = listed.get(call_id)
            for found in check_listed(
                call_id, lines, of_list, read_to=read_to, region=self._region
            ):
                yield found
            if not is_over(lines):
                self.open_calls.add(call_id)

    def _is_dropped(self, call: Contact | None) -> bool:
        """Facts of this call, its first ones at least, left the ledger by the policy."""
        return call is not None and call.arrived_at < self._ledger_from

    async def _numbers(self) -> Differences:
        async for row in rows(self._connection, _NUMBERS, anybody=ANYBODY, **self._period):
            kind = "numbers_missing" if row.seq > row.former else "number_doubled"
            yield Difference(kind, row.source, {"former": row.former, "seq": row.seq})
        since = {"since": self._period["since"]}
        async for row in rows(self._connection, _DELIVERED, **since):
            yield Difference("source_behind", row.source, {"said": row.said, "seq": row.seq})

    async def _states(self) -> Differences:
        limits = {"touch_s": TOUCH_MS / 1000, **self._period}
        async for row in rows(self._connection, _STATES, **limits):
            if row.former != row.was:
                states = {"former": row.former, "was": row.was or "", "state": row.state}
                yield Difference("state_broken", row.agent_id, states)
            else:
                late = {"state": row.state, "ms": row.back_ms}
                yield Difference("state_back", row.agent_id, late)

    async def _listed_only(self) -> Differences:
        kept = {**self._period, "since": max(self._period["since"], self._ledger_from)}
        async for row in rows(self._connection, _LISTED_ONLY, **kept):
            yield Difference("listed_unknown", row.id)
