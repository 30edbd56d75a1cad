"""Use cases of recorded calls: find them, read their story, note what was said, sum up the day."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from hujiao.calls import store
from hujiao.calls.projection import LegSpan, legs_of
from hujiao.calls.record import (
    AgentDay,
    CallFilter,
    CustomerLabel,
    Customers,
    Note,
    QueueDay,
    Queues,
    RecordedCall,
    RecordingLabel,
    Recordings,
    Sight,
)
from hujiao.events.calls import NoteSaved
from hujiao.events.fact import Subject
from hujiao.events.follow import Entry, facts_of_call
from hujiao.events.ledger import publish
from hujiao.identity.model import Actor, Permission
from hujiao.kit.clock import Clock, now_ms, to_ms
from hujiao.kit.db import Database
from hujiao.kit.numbers import DEFAULT_REGION, digits_of, e164
from hujiao.kit.refusal import Forbidden, InvalidInput, NotFound

MAX_STORY_FACTS = 2_000
DAY_KEPT_MS = 2_000
"""So long a board's sums serve all who ask: many boards cost no more than one."""


class NotYours(Forbidden):
    error = "not_yours"


@dataclass(frozen=True, slots=True)
class ShownCall:
    """A call with the customer it belongs to: the noted one, else who has the number."""

    call: RecordedCall
    customer: CustomerLabel | None


@dataclass(frozen=True, slots=True)
class CallPage:
    """One call in full."""

    shown: ShownCall
    legs: tuple[LegSpan, ...]
    recording: RecordingLabel | None


@dataclass(frozen=True, slots=True)
class Story:
    """The facts of a call in order, and the names of all whom they mention."""

    facts: Sequence[Entry]
    people: Mapping[str, str]
    queues: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Day:
    """Sums since `since_ms`. `thresholds_s` holds the service level target of each queue."""

    since_ms: int
    queues: Sequence[QueueDay]
    thresholds_s: Mapping[str, int]
    agents: Sequence[AgentDay]


def sight_of(actor: Actor) -> Sight:
    """What calls somebody may see."""
    team = actor.team_id if actor.may(Permission.CALLS_SEE_TEAM) else None
    return Sight(actor.person_id, team, actor.may(Permission.CALLS_SEE_ALL))


def start_of_day(at_ms: int) -> int:
    """Midnight before `at_ms` where the machine stands, as milliseconds since epoch."""
    local = datetime.fromtimestamp(at_ms / 1000).astimezone()
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    return to_ms(midnight.astimezone())


async def answered_since(connection: AsyncConnection, number: str, since_ms: int) -> bool:
    """Whether who has this number (as stored at calls) has called since then and was answered."""
    return await store.answered_since(connection, number, since_ms) is not None


async def names_of_people(
    connection: AsyncConnection, person_ids: Sequence[str]
) -> Mapping[str, str]:
    """Of those who left, too."""
    return await store.people_names(connection, person_ids)


class CallRecords:
    """Calls as records. One per `web` process."""

    def __init__(
        self,
        *,
        database: Database,
        customers: Customers,
        queues: Queues,
        recordings: Recordings,
        region: str = DEFAULT_REGION,
        clock: Clock = now_ms,
    ) -> None:
        self._database = database
        self._customers = customers
        self._queues = queues
        self._recordings = recordings
        self._region = region
        self._clock = clock
        self._days: dict[tuple[str | None, str | None], Day] = {}
        self._days_at_ms = 0
        self._summing = asyncio.Lock()

    async def find(
        self,
        connection: AsyncConnection,
        actor: Actor,
        wanted: CallFilter,
        *,
        after: tuple[int, str] | None,
        limit: int,
    ) -> list[ShownCall]:
        """Newest first, behind the call `after` (arrival, id), of those the actor may see."""
        wanted = await self._resolved(connection, wanted)
        found = await store.find_calls(
            connection, wanted, sight_of(actor), after=after, limit=limit
        )
        return await self.shown(connection, found)

    async def _resolved(self, connection: AsyncConnection, wanted: CallFilter) -> CallFilter:
        if wanted.number is not None:
            known = e164(wanted.number, self._region)
            wanted = replace(wanted, number=known or digits_of(wanted.number) or wanted.number)
        if wanted.customer_id is not None:
            numbers = await self._customers.numbers_of(connection, [wanted.customer_id])
            wanted = replace(wanted, customer_numbers=numbers)
        if wanted.q:
            ids = await self._customers.ids_matching(connection, wanted.q)
            numbers = await self._customers.numbers_of(connection, ids)
            wanted = replace(wanted, q_customers=ids, q_numbers=numbers)
        return wanted

    async def shown(
        self, connection: AsyncConnection, calls: Sequence[RecordedCall]
    ) -> list[ShownCall]:
        """The calls with their customers."""
        noted = {call.note.customer_id for call in calls if call.note and call.note.customer_id}
        labels = await self._customers.labels(connection, list(noted))
        numbers = {call.contact.customer_number for call in calls if not _noted(call, labels)}
        owners = await self._customers.labels_by_number(connection, list(numbers - {""}))
        return [
            ShownCall(call, _noted(call, labels) or owners.get(call.contact.customer_number))
            for call in calls
        ]

    async def one(self, connection: AsyncConnection, actor: Actor, call_id: str) -> RecordedCall:
        """Raises NotFound, also for calls that the actor may not see."""
        found = await store.find_call(connection, call_id, sight_of(actor))
        if found is None:
            raise NotFound("No such call")
        return found

    async def page(self, connection: AsyncConnection, actor: Actor, call_id: str) -> CallPage:
        """Raises NotFound."""
        call = await self.one(connection, actor, call_id)
        (shown,) = await self.shown(connection, [call])
        facts = await facts_of_call(connection, call_id, MAX_STORY_FACTS)
        recordings = await self._recordings.labels(connection, [call_id])
        return CallPage(shown, legs_of(facts), recordings.get(call_id))

    async def story(self, connection: AsyncConnection, actor: Actor, call_id: str) -> Story:
        """Raises NotFound."""
        await self.one(connection, actor, call_id)
        facts = await facts_of_call(connection, call_id, MAX_STORY_FACTS)
        words = {word for fact in facts for word in _words(fact)}
        people = await store.people_names(connection, list(words))
        queues = await self.queue_names(connection)
        return Story(facts, people, {id_: name for id_, name in queues.items() if id_ in words})

    async def queue_names(self, connection: AsyncConnection) -> Mapping[str, str]:
        """Of all queues, removed ones too."""
        queues = await self._queues.labels(connection)
        return {queue_id: queue.name for queue_id, queue in queues.items()}

    async def recent(
        self,
        connection: AsyncConnection,
        customer_ids: Sequence[str],
        numbers: Sequence[str],
        *,
        limit: int,
    ) -> list[ShownCall]:
        """The newest calls with a customer, whoever took them: what was said last time."""
        found = await store.recent_calls(connection, customer_ids, numbers, limit=limit)
        return await self.shown(connection, found)

    async def save_note(
        self,
        connection: AsyncConnection,
        actor: Actor,
        call_id: str,
        *,
        text: str,
        disposition_id: str | None,
        customer_id: str | None,
    ) -> ShownCall:
        """Write the note of one's own call, or as a leader of one that he sees.

        Raises NotFound, NotYours, InvalidInput.
        """
        call = await self.one(connection, actor, call_id)
        if call.contact.agent_id != actor.person_id and not actor.may(Permission.AGENTS_CONTROL):
            raise NotYours("Only the agent of the call and leaders write its note")
        await self._check_note(connection, call, disposition_id, customer_id)
        note = Note(text, disposition_id, customer_id, actor.person_id, self._clock())
        await store.save_note(connection, call_id, note)
        before = call.note
        if before is None or (before.disposition_id, before.customer_id) != (
            disposition_id,
            customer_id,
        ):
            subject = Subject(call_id, actor.person_id, call.contact.queue_id)
            await publish(connection, NoteSaved(disposition_id, customer_id), subject)
        (shown,) = await self.shown(connection, [replace(call, note=note)])
        return shown

    async def _check_note(
        self,
        connection: AsyncConnection,
        call: RecordedCall,
        disposition_id: str | None,
        customer_id: str | None,
    ) -> None:
        if disposition_id is not None:
            code = await store.disposition_by_id(connection, disposition_id)
            if code is None or code.direction not in ("both", call.contact.direction):
                raise InvalidInput("No such result", fields={"disposition_id": "unknown"})
        if customer_id is not None and not await self._customers.labels(connection, [customer_id]):
            raise InvalidInput("No such customer", fields={"customer_id": "unknown"})

    async def today(self, actor: Actor, queue_id: str | None) -> Day:
        """Sums since midnight; a team leader sees his own agents. At most 2 s old."""
        team_id = actor.team_id if actor.only_team else None
        key = (queue_id, team_id)
        async with self._summing:
            now = self._clock()
            if now - self._days_at_ms > DAY_KEPT_MS:
                self._days.clear()
                self._days_at_ms = now
            if key not in self._days:
                self._days[key] = await self._sum(now, queue_id, team_id)
            return self._days[key]

    async def _sum(self, now: int, queue_id: str | None, team_id: str | None) -> Day:
        since = start_of_day(now)
        async with self._database.transaction() as connection:
            labels = await self._queues.labels(connection)
            thresholds_s = {id_: label.sl_threshold_s for id_, label in labels.items()}
            queues = await store.queues_since(
                connection, since, now_ms=now, thresholds_s=thresholds_s, queue_id=queue_id
            )
            agents = await store.agents_since(connection, since, queue_id=queue_id, team_id=team_id)
        return Day(since, queues, thresholds_s, agents)


def _noted(call: RecordedCall, labels: Mapping[str, CustomerLabel]) -> CustomerLabel | None:
    if call.note is None or call.note.customer_id is None:
        return None
    return labels.get(call.note.customer_id)


def _words(fact: Entry) -> Iterable[str]:
    """All text values of a fact that may be somebody's or some queue's id."""
    if fact.agent_id:
        yield fact.agent_id
    if fact.queue_id:
        yield fact.queue_id
    yield from _texts_in(fact.data)


def _texts_in(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield key
            yield from _texts_in(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _texts_in(inner)
