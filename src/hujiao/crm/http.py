"""HTTP of customer records. Looking a caller up, with the last calls, is `api.lookup`."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Query
from fastapi.requests import HTTPConnection
from pydantic import BaseModel, Field

from hujiao.crm.model import Customer, CustomerData, Level, SharedNumber
from hujiao.crm.service import CustomerBook
from hujiao.identity.http import require
from hujiao.identity.model import Actor, Permission
from hujiao.kit.patch import Patch
from hujiao.kit.web import Id, Line, Listed, Name, Paging, Text, Transaction

MAX_NUMBERS = 20
LATEST_MS = 253_402_300_799_000

router = APIRouter(prefix="/api")


def _book(connection: HTTPConnection) -> CustomerBook:
    found: CustomerBook = connection.app.state.customers
    return found


TheBook = Annotated[CustomerBook, Depends(_book)]
SeesCustomers = Annotated[Actor, Depends(require(Permission.CUSTOMERS_SEE))]
EditsCustomers = Annotated[Actor, Depends(require(Permission.CUSTOMERS_EDIT))]


class NumberIn(BaseModel):
    number: Line = Field(min_length=1, max_length=60)
    label: Line = Field(default="", max_length=40)


class NumberOut(BaseModel):
    id: str
    number: str
    label: str


class CustomerIn(BaseModel):
    name: Name
    level: Level = Level.NORMAL
    company: Line = ""
    address: Line = ""
    note: Text = ""
    numbers: list[NumberIn] = Field(default_factory=list, max_length=MAX_NUMBERS)

    def data(self) -> CustomerData:
        return CustomerData(
            name=self.name,
            level=self.level,
            company=self.company,
            address=self.address,
            note=self.note,
            numbers=[(one.number, one.label) for one in self.numbers],
        )


class CustomerChange(CustomerIn):
    """With `updated_at` as read, a change that somebody else made meanwhile is refused (409)."""

    updated_at: int | None = Field(default=None, ge=0, le=LATEST_MS)


class CustomerOut(BaseModel):
    id: str
    name: str
    level: Level
    company: str
    address: str
    note: str
    numbers: list[NumberOut]
    created_at: int
    updated_at: int

    @classmethod
    def of(cls, customer: Customer) -> "CustomerOut":
        return cls(**customer_fields(customer))


def customer_fields(customer: Customer) -> dict[str, Any]:
    own = {name: getattr(customer, name) for name in CustomerOut.model_fields}
    numbers = [NumberOut(id=one.id, number=one.number, label=one.label) for one in customer.numbers]
    return {**own, "numbers": numbers}


class SharedNumberOut(BaseModel):
    """Another customer with the same number."""

    number: str
    id: str
    name: str


class Warnings(BaseModel):
    also: list[SharedNumberOut]


class SavedCustomer(CustomerOut):
    """`details.also` warns of numbers that other customers have too."""

    details: Warnings

    @classmethod
    def saved(cls, customer: Customer, also: list[SharedNumber]) -> "SavedCustomer":
        warned = [SharedNumberOut(number=one.number, id=one.id, name=one.name) for one in also]
        return cls(**customer_fields(customer), details=Warnings(also=warned))


@router.get("/customers", tags=["customers"])
async def list_customers(
    _actor: SeesCustomers,
    book: TheBook,
    transaction: Transaction,
    page: Paging,
    q: Annotated[str, Query(max_length=100)] = "",
) -> Listed[CustomerOut]:
    """Newest first. `q`: any part of name, company or number."""
    after = page.after(str)
    found = await book.find(
        transaction, q.strip(), after=after[0] if after else None, limit=page.fetch
    )
    rows, cursor = page.cut(found, lambda customer: (customer.id,))
    return Listed(items=[CustomerOut.of(one) for one in rows], next_cursor=cursor)


@router.post("/customers", tags=["customers"], status_code=201)
async def add_customer(
    given: CustomerIn, actor: EditsCustomers, book: TheBook, transaction: Transaction
) -> SavedCustomer:
    customer = await book.add(transaction, actor, given.data())
    return SavedCustomer.saved(customer, await book.shared(transaction, customer))


@router.get("/customers/{customer_id}", tags=["customers"])
async def get_customer(
    customer_id: Id, _actor: SeesCustomers, book: TheBook, transaction: Transaction
) -> CustomerOut:
    return CustomerOut.of(await book.one(transaction, customer_id))


@router.patch("/customers/{customer_id}", tags=["customers"])
async def change_customer(
    customer_id: Id,
    patch: Annotated[Patch[CustomerChange], Body()],
    actor: EditsCustomers,
    book: TheBook,
    transaction: Transaction,
) -> SavedCustomer:
    before = await book.one(transaction, customer_id)
    given = patch.over(CustomerChange.model_validate(_editable(before)))
    customer = await book.change(
        transaction, actor, customer_id, given.data(), read_at=given.updated_at
    )
    return SavedCustomer.saved(customer, await book.shared(transaction, customer))


def _editable(customer: Customer) -> dict[str, Any]:
    fields = {name: getattr(customer, name) for name in CustomerIn.model_fields}
    numbers = [{"number": one.number, "label": one.label} for one in customer.numbers]
    return {**fields, "numbers": numbers, "updated_at": customer.updated_at}


@router.delete("/customers/{customer_id}", tags=["customers"], status_code=204)
async def remove_customer(
    customer_id: Id, actor: EditsCustomers, book: TheBook, transaction: Transaction
) -> None:
    await book.remove(transaction, actor, customer_id)
