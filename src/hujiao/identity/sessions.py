"""Who is behind a cookie: cheap to ask, quick to revoke, known through a database outage."""

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy.ext.asyncio import AsyncConnection

from hujiao.identity import store
from hujiao.identity.model import PERMISSIONS, Actor, Person, PersonId, Seat
from hujiao.identity.rules import is_live
from hujiao.kit.clock import Clock, now_ms
from hujiao.kit.db import DATABASE_AWAY, Database, notify
from hujiao.kit.listen import listen
from hujiao.kit.log import logger
from hujiao.kit.refusal import Refusal

CHANNEL = "hujiao_session"

FRESH_MS = 5_000
"""So long an answer is believed without asking; a notification makes it shorter."""
STALE_LIMIT_MS = 3_600_000
"""So long a known session is believed while the database cannot be asked."""
DATABASE_REST_MS = 2_000
"""After a failure the database is left alone for so long, or every request would wait for it."""
CHECK_EVERY_S = 5.0
TOUCH_EVERY_MS = 60_000
SWEEP_EVERY_MS = 3_600_000
MAX_KNOWN = 20_000


SeatsOf = Callable[[AsyncConnection, Sequence[PersonId]], Awaitable[Mapping[PersonId, Seat]]]

log = logger(__name__)


class NotSignedIn(Refusal):
    status = 401
    error = "not_signed_in"


class End(StrEnum):
    """Why a live connection has to close."""

    ENDED = "ended"
    """Signed out, revoked or expired: show the sign-in page."""
    CHANGED = "changed"
    """Role, team or extension are others now: connect again."""


class Watch:
    """Tells a live connection that its session is over."""

    def __init__(self, actor: Actor) -> None:
        self.actor = actor
        self._end: asyncio.Future[End] = asyncio.get_running_loop().create_future()

    @property
    def over(self) -> bool:
        return self._end.done()

    async def wait(self) -> End:
        """Return when the session has ended or changed."""
        return await asyncio.shield(self._end)

    def close(self, end: End) -> None:
        if not self._end.done():
            self._end.set_result(end)


@dataclass(slots=True)
class _Known:
    actor: Actor
    person: Person
    seat: Seat | None
    expires_ms: int
    seen_ms: int
    checked_ms: int


def token_hash(token: str) -> str:
    """What is stored of a token: who reads the table cannot sign in with it."""
    return hashlib.sha256(token.encode()).hexdigest()


async def tell_session(connection: AsyncConnection, session_id: str) -> None:
    """Let every process forget this session when the transaction commits."""
    await notify(connection, CHANNEL, f"s:{session_id}")


async def tell_person(connection: AsyncConnection, person_id: str) -> None:
    """Let every process look at this person's sessions anew when the transaction commits."""
    await notify(connection, CHANNEL, f"p:{person_id}")


class Sessions:
    """The sessions known to one process. `run` keeps them true; without it they are only cached."""

    def __init__(self, database: Database, *, seats_of: SeatsOf, clock: Clock = now_ms) -> None:
        self._database = database
        self.seats_of = seats_of
        self._clock = clock
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._watches: dict[str, set[Watch]] = {}
        self._seen: dict[str, int] = {}
        self._rest_until_ms = 0
        self._look = asyncio.Event()

    # -- asking ----------------------------------------------------------------------------------

    async def actor(self, token: str) -> Actor:
        """Who holds this token. Raises NotSignedIn, or the database's error when nobody knows."""
        key = token_hash(token)
        now = self._clock()
        known = self._known.get(key)
        if known is not None:
            age_ms = now - known.checked_ms
            alive = is_live(now, known.seen_ms, known.expires_ms)
            believed_ms = FRESH_MS if now >= self._rest_until_ms else STALE_LIMIT_MS
            if alive and age_ms < believed_ms:
                return self._used(known, now)
        try:
            return await self._ask(key, now)
        except DATABASE_AWAY:
            self._rest_until_ms = self._clock() + DATABASE_REST_MS
            if (
                known is not None
                and self._known.get(key) is known
                and is_live(now, known.seen_ms, known.expires_ms)
                and now - known.checked_ms < STALE_LIMIT_MS
            ):
                return self._used(known, now)
            raise

    async def _ask(self, key: str, now: int) -> Actor:
        async with self._database.transaction() as connection:
            found = await store.live_session(connection, key, now)
            if found is None:
                self._known.pop(key, None)
                raise NotSignedIn("The session has ended; sign in again")
            seats = await self.seats_of(connection, [found.person.id])
        seat = seats.get(found.person.id)
        known = _Known(_actor(found, seat), found.person, seat, found.session.expires_ms, now, now)
        self._known[key] = known
        self._known.move_to_end(key)
        while len(self._known) > MAX_KNOWN:
            self._known.popitem(last=False)
        return self._used(known, now)

    def _used(self, known: _Known, now: int) -> Actor:
        known.seen_ms = now
        self._seen[known.actor.session_id] = now
        return known.actor

    def last_known(self, token: str) -> tuple[Person, Seat | None] | None:
        """Whose token it is, as it was when the database was last asked."""
        known = self._known.get(token_hash(token))
        return (known.person, known.seat) if known else None

    # -- live connections ------------------------------------------------------------------------

    @contextmanager
    def watch(self, actor: Actor) -> Iterator[Watch]:
        """While a live connection is open its session does not idle out, and its end is told."""
        watch = Watch(actor)
        watches = self._watches.setdefault(actor.session_id, set())
        watches.add(watch)
        try:
            yield watch
        finally:
            watches.discard(watch)
            if not watches and self._watches.get(actor.session_id) is watches:
                del self._watches[actor.session_id]

    def watched(self, actor: Actor) -> int:
        """How many live connections this session has."""
        return len(self._watches.get(actor.session_id, ()))

    # -- keeping true ----------------------------------------------------------------------------

    async def run(self, url: str) -> None:
        """Hear revocations and look after the watched sessions, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(
                listen(url, (CHANNEL,), on_notify=self._notified, on_connect=self._may_have_missed),
                name="session notifications",
            )
            tasks.create_task(self._check_forever(), name="session checks")

    def _notified(self, _channel: str, payload: str) -> None:
        kind, _, subject = payload.partition(":")
        self.forget(**{"session_id" if kind == "s" else "person_id": subject})

    def forget(self, *, session_id: str = "", person_id: str = "") -> None:
        """Ask the database again before believing this session, or this person's sessions."""
        self._known = OrderedDict(
            (key, known)
            for key, known in self._known.items()
            if known.actor.session_id != session_id and known.actor.person_id != person_id
        )
        self._look.set()

    def _may_have_missed(self) -> None:
        for known in self._known.values():
            known.checked_ms = min(known.checked_ms, self._clock() - FRESH_MS)
        self._look.set()

    async def _check_forever(self) -> None:
        touched_ms = swept_ms = self._clock()
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._look.wait(), CHECK_EVERY_S)
            self._look.clear()
            now = self._clock()
            try:
                if now - touched_ms >= TOUCH_EVERY_MS:
                    await self.touch()
                    touched_ms = now
                await self.check()
                if now - swept_ms >= SWEEP_EVERY_MS:
                    async with self._database.transaction() as connection:
                        await store.delete_dead_sessions(connection, now)
                    swept_ms = now
            except DATABASE_AWAY as error:
                log.warning("sessions not checked", reason=type(error).__name__)

    async def check(self) -> None:
        """Close the watches whose session ended or changed."""
        ids = list(self._watches)
        if not ids:
            return
        now = self._clock()
        async with self._database.transaction() as connection:
            living = await store.live_sessions(connection, ids, now)
            people = [live.person.id for live in living.values()]
            seats = await self.seats_of(connection, people)
        current = {
            session_id: _actor(live, seats.get(live.person.id))
            for session_id, live in living.items()
        }
        for session_id in ids:
            actor = current.get(session_id)
            for watch in list(self._watches.get(session_id, ())):
                if actor is None:
                    watch.close(End.ENDED)
                elif _rights(actor) != _rights(watch.actor):
                    watch.close(End.CHANGED)

    async def touch(self) -> None:
        """Write when sessions were last used; those with a live connection are used now."""
        seen = {**self._seen, **dict.fromkeys(self._watches, self._clock())}
        self._seen = {}
        if not seen:
            return
        try:
            async with self._database.transaction() as connection:
                await store.touch_sessions(connection, seen)
        except DATABASE_AWAY:
            self._seen = {**seen, **self._seen}
            raise


def _actor(live: store.LiveSession, seat: Seat | None) -> Actor:
    return Actor(
        person_id=live.person.id,
        name=live.person.name,
        role=live.person.role,
        team_id=live.person.team_id,
        permissions=PERMISSIONS[live.person.role],
        agent_extension=seat.extension if seat else None,
        session_id=live.session.id,
    )


def _rights(actor: Actor) -> tuple[object, ...]:
    return actor.role, actor.team_id, actor.agent_extension
