"""Use cases of callbacks: find them, take one, say what came of it, hear the message."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncConnection

from hujiao.callbacks import store
from hujiao.callbacks.model import (
    LIVING,
    Attempt,
    Callback,
    CallbackFilter,
    Message,
    Result,
    Sight,
    State,
)
from hujiao.calls.service import names_of_people
from hujiao.crm.model import CustomerLabel
from hujiao.crm.service import CustomerBook
from hujiao.events import callbacks as facts
from hujiao.events.fact import Fact, Subject
from hujiao.events.ledger import publish
from hujiao.floor.admin import queues_served_by
from hujiao.identity.model import Actor, Permission
from hujiao.identity.service import audit
from hujiao.kit.clock import Clock, now_ms
from hujiao.kit.refusal import InvalidInput, NotFound, Refusal
from hujiao.recordings.model import Peaks

MAX_ATTEMPTS = 50


class CallbackTakenByOther(Refusal):
    """`details["by"]` is the name of who does it."""

    error = "callback_taken"


class CallbackClosed(Refusal):
    """It is done or dropped: nothing is changed any more."""

    error = "callback_closed"


class CallbackNotTaken(Refusal):
    """Take it first: what is done by two is done twice."""

    error = "callback_not_taken"


class NoMessage(NotFound):
    """Nobody spoke, or the file has gone."""

    error = "no_message"


@dataclass(frozen=True, slots=True)
class Shown:
    """A callback with its customer and the names of the people in it, by id."""

    callback: Callback
    customer: CustomerLabel | None
    people: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class CallbackPage:
    """One in full, attempts newest first."""

    shown: Shown
    attempts: Sequence[Attempt]


class Callbacks:
    """Callbacks as people work on them. `folder` holds the messages."""

    def __init__(self, *, customers: CustomerBook, folder: Path, clock: Clock = now_ms) -> None:
        self._customers = customers
        self._folder = folder
        self._clock = clock

    # --- reading ---

    async def find(
        self,
        connection: AsyncConnection,
        actor: Actor,
        wanted: CallbackFilter,
        *,
        after: tuple[int, str] | None,
        limit: int,
    ) -> list[Shown]:
        """Those that the actor may see, by when they happened, behind the one `after`."""
        sight = await sight_of(connection, actor)
        found = await store.callbacks(connection, wanted, sight, after=after, limit=limit)
        return await self._shown(connection, found)

    async def counts(self, connection: AsyncConnection, actor: Actor) -> Mapping[str, int]:
        """How many are `open`, and how many are `mine`."""
        return await store.counts(connection, await sight_of(connection, actor))

    async def page(
        self, connection: AsyncConnection, actor: Actor, callback_id: str
    ) -> CallbackPage:
        """Raises NotFound, also for what the actor may not see."""
        found = await self._seen(connection, actor, callback_id)
        attempts = await store.attempts_of(connection, callback_id, MAX_ATTEMPTS)
        callers = [one.agent_id for one in attempts if one.agent_id]
        (shown,) = await self._shown(connection, [found], callers)
        return CallbackPage(shown, attempts)

    async def message(
        self, connection: AsyncConnection, actor: Actor, callback_id: str
    ) -> tuple[Message, Path]:
        """The spoken message and its file. Raises NotFound, NoMessage."""
        message = await self._message(connection, actor, callback_id)
        path = self._folder / message.file
        if not path.is_file():
            raise NoMessage("The message's file is gone")
        return message, path

    async def peaks(self, connection: AsyncConnection, actor: Actor, callback_id: str) -> Peaks:
        """Of the message; nobody speaks on the right. Raises as `message`."""
        message = await self._message(connection, actor, callback_id)
        return Peaks.of(message.duration_ms, message.peaks)

    async def _message(
        self, connection: AsyncConnection, actor: Actor, callback_id: str
    ) -> Message:
        await self._seen(connection, actor, callback_id)
        message = await store.message_of(connection, callback_id)
        if message is None:
            raise NoMessage("Nobody left a message")
        return message

    async def _seen(
        self, connection: AsyncConnection, actor: Actor, callback_id: str, *, lock: bool = False
    ) -> Callback:
        sight = await sight_of(connection, actor)
        found = await store.one(connection, callback_id, sight, lock=lock)
        if found is None:
            raise NotFound("No such callback")
        return found

    async def _shown(
        self, connection: AsyncConnection, found: Sequence[Callback], more: Sequence[str] = ()
    ) -> list[Shown]:
        numbers = {one.number for one in found} - {""}
        owners = await self._customers.labels_by_number(connection, list(numbers))
        ids = {id_ for one in found for id_ in (one.agent_id, one.taken_by, one.closed_by) if id_}
        people = await names_of_people(connection, list({*ids, *more}))
        return [Shown(one, owners.get(one.number), people) for one in found]

    # --- working on one ---

    async def take(self, connection: AsyncConnection, actor: Actor, callback_id: str) -> Shown:
        """It is the actor's now; a leader takes it over from another.

        Raises NotFound, CallbackClosed, CallbackTakenByOther.
        """
        before = await self._living(connection, actor, callback_id)
        if before.taken_by == actor.person_id:
            return await self._one_shown(connection, before)
        await self._check_holder(connection, actor, before)
        after = replace(
            before,
            state=State.IN_PROGRESS,
            taken_by=actor.person_id,
            taken_at=self._clock(),
        )
        return await self._put(connection, actor, after, facts.CallbackTaken(after.id))

    async def give_back(self, connection: AsyncConnection, actor: Actor, callback_id: str) -> Shown:
        """Anybody may take it again. Raises as `finish`."""
        before = await self._held(connection, actor, callback_id)
        after = replace(before, state=State.OPEN, taken_by=None, taken_at=None)
        return await self._put(connection, actor, after, facts.CallbackReturned(after.id))

    async def finish(
        self,
        connection: AsyncConnection,
        actor: Actor,
        callback_id: str,
        *,
        result: Result,
        note: str,
    ) -> Shown:
        """Raises NotFound, CallbackClosed, CallbackTakenByOther, CallbackNotTaken."""
        before = await self._held(connection, actor, callback_id)
        after = self._closed(before, actor, State.DONE, note, result)
        return await self._put(connection, actor, after, facts.CallbackDone(after.id, result.value))

    async def drop(
        self, connection: AsyncConnection, actor: Actor, callback_id: str, *, reason: str
    ) -> Shown:
        """It will not be done, for this reason. Raises as `finish`, and InvalidInput."""
        if not reason:
            raise InvalidInput("Say why", fields={"reason": "string_too_short"})
        before = await self._held(connection, actor, callback_id)
        after = self._closed(before, actor, State.DROPPED, reason, None)
        return await self._put(connection, actor, after, facts.CallbackDropped(after.id))

    async def _living(
        self, connection: AsyncConnection, actor: Actor, callback_id: str
    ) -> Callback:
        found = await self._seen(connection, actor, callback_id, lock=True)
        if found.state not in LIVING:
            raise CallbackClosed("It is closed already", state=found.state.value)
        return found

    async def _held(self, connection: AsyncConnection, actor: Actor, callback_id: str) -> Callback:
        """One that the actor has taken; leaders act on any that somebody has, or nobody."""
        found = await self._living(connection, actor, callback_id)
        if found.taken_by != actor.person_id:
            await self._check_holder(connection, actor, found)
            if not actor.may(Permission.CALLBACKS_SEE_ALL):
                raise CallbackNotTaken("Take it first")
        return found

    async def _check_holder(
        self, connection: AsyncConnection, actor: Actor, found: Callback
    ) -> None:
        holder = found.taken_by
        if holder in (None, actor.person_id) or actor.may(Permission.CALLBACKS_SEE_ALL):
            return
        names = await names_of_people(connection, [str(holder)])
        raise CallbackTakenByOther("Somebody else does it", by=names.get(str(holder), ""))

    def _closed(
        self, before: Callback, actor: Actor, state: State, note: str, result: Result | None
    ) -> Callback:
        return replace(
            before,
            state=state,
            result=result,
            note=note,
            closed_at=self._clock(),
            closed_by=actor.person_id,
        )

    async def _put(
        self, connection: AsyncConnection, actor: Actor, after: Callback, told: Fact
    ) -> Shown:
        await store.put(connection, after)
        subject = Subject(after.call_id, actor.person_id, after.queue_id)
        await publish(connection, told, subject)
        action = f"callback.{told.type.partition('.')[2]}"
        await audit(connection, actor, action, "callback", after.id)
        return await self._one_shown(connection, after)

    async def _one_shown(self, connection: AsyncConnection, one: Callback) -> Shown:
        (shown,) = await self._shown(connection, [one])
        return shown


async def sight_of(connection: AsyncConnection, actor: Actor) -> Sight:
    """What callbacks somebody may see."""
    if actor.may(Permission.CALLBACKS_SEE_ALL):
        return Sight(actor.person_id, everything=True)
    return Sight(actor.person_id, await queues_served_by(connection, actor.person_id))
