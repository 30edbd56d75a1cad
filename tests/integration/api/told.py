"""Calls told to the ledger as the floor would, and folded into contacts."""

from dataclasses import dataclass, field

from sqlalchemy import text

from hujiao.calls.projector import projector
from hujiao.events import calls as facts
from hujiao.events import floor as floor_facts
from hujiao.events.fact import Fact, Subject
from hujiao.events.ledger import publish
from hujiao.kit.db import Database

CUSTOMER = "13800138000"


@dataclass(slots=True)
class Teller:
    """`await told.answered("c1", agent=...)`; the newest call arrived last."""

    database: Database
    count: int = field(default=0)

    async def tell(self, *told: tuple[Fact, Subject]) -> None:
        async with self.database.transaction() as connection:
            for fact, subject in told:
                await publish(connection, fact, subject)
        await projector(self.database).catch_up()

    async def answered(
        self,
        call: str,
        *,
        agent: str,
        queue: str = "q1",
        caller: str = CUSTOMER,
        missed_by: tuple[str, ...] = (),
        recorded: bool = False,
    ) -> None:
        alone, waiting, talking = (
            Subject(call),
            Subject(call, queue=queue),
            Subject(call, agent, queue),
        )
        path = [
            (facts.CallArrived("in", caller, "", "4008001234", "t1", "n1", call), alone),
            (floor_facts.QueueEntered(0), waiting),
            *[
                (floor_facts.OfferHasFailed("timeout"), Subject(call, one, queue))
                for one in missed_by
            ],
            (floor_facts.OfferMade((agent,), {"candidates": [{"agent": agent}]}), waiting),
            (facts.LegStarted(f"{call}.1", "agent"), talking),
            (facts.LegWasAnswered(f"{call}.1"), talking),
            (floor_facts.OfferWasAccepted(), talking),
            (floor_facts.QueueLeft("answered"), talking),
            (facts.CallConnected(), talking),
        ]
        if recorded:
            path.append((facts.RecordingStarted(call, "n1", call), talking))
            path.append((facts.RecordingStopped(call), talking))
        await self.tell(*path, (facts.CallEnded("talking", "customer", 16), talking))

    async def abandoned(self, call: str, *, queue: str = "q1", caller: str = CUSTOMER) -> None:
        waiting = Subject(call, queue=queue)
        await self.tell(
            (facts.CallArrived("in", caller, "", "4008001234", "t1", "n1", call), Subject(call)),
            (floor_facts.QueueEntered(0), waiting),
            (floor_facts.QueueLeft("abandoned"), waiting),
            (facts.CallEnded("waiting", "customer", 16), waiting),
        )

    async def dialled(self, call: str, *, agent: str, number: str = CUSTOMER) -> None:
        by = Subject(call, agent)
        await self.tell(
            (facts.CallArrived("out", "4008001234", "", number, "t1", "n1", ""), by),
            (facts.CallDialled(number, "t1"), by),
            (facts.CallEnded("dialing", "customer", 17), by),
        )


async def fact_types(database: Database, call: str) -> list[str]:
    async with database.transaction() as connection:
        rows = await connection.execute(
            text("SELECT type FROM fact WHERE call_id = :call ORDER BY position"), {"call": call}
        )
        return list(rows.scalars())
