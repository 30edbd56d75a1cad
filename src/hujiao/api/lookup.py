"""Who is calling, and what was said last time: what a desk shows when a call arrives."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel

from hujiao.calls.http import CallOut, TheCalls
from hujiao.crm.http import CustomerOut, SeesCustomers, TheBook
from hujiao.kit.web import Transaction

RECENT_CALLS = 5

router = APIRouter(prefix="/api")


class NumberFactsOut(BaseModel):
    """`e164` is null when it is no valid number; region and carrier are empty where unknown."""

    e164: str | None
    national: str
    region: str
    carrier: str


class Lookup(BaseModel):
    number: NumberFactsOut
    customers: list[CustomerOut]
    recent: list[CallOut]


@router.get("/customers/lookup", tags=["customers"])
async def look_up(
    number: Annotated[str, Query(min_length=1, max_length=80)],
    _actor: SeesCustomers,
    book: TheBook,
    calls: TheCalls,
    transaction: Transaction,
    language: Literal["zh", "en"] = "zh",
) -> Lookup:
    """By calling number in any format; the newest calls of the number or its customers."""
    facts = book.describe(number, language)
    owners = await book.owners(transaction, number)
    numbers = {book.key(number), *(one.number for owner in owners for one in owner.numbers)}
    recent = await calls.recent(
        transaction,
        [owner.id for owner in owners],
        [known for known in numbers if known],
        limit=RECENT_CALLS,
    )
    return Lookup(
        number=NumberFactsOut.model_validate(facts, from_attributes=True),
        customers=[CustomerOut.of(owner) for owner in owners],
        recent=[CallOut.of(shown) for shown in recent],
    )
