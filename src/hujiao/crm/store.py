"""All SQL of customers."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, delete, or_, select
from sqlalchemy.dialects.postgresql import distinct_on, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from hujiao.crm.model import Customer, CustomerLabel, CustomerNumber, Level, SharedNumber
from hujiao.crm.rules import digits_wanted, grams
from hujiao.crm.tables import customer, customer_number
from hujiao.kit.clock import to_datetime, to_ms


def _customer_of(row: Row[Any], numbers: Sequence[CustomerNumber]) -> Customer:
    return Customer(
        id=row.id,
        name=row.name,
        level=Level(row.level),
        company=row.company,
        address=row.address,
        note=row.note,
        numbers=tuple(numbers),
        created_at=to_ms(row.created_at),
        updated_at=to_ms(row.updated_at),
    )


async def _with_numbers(connection: AsyncConnection, rows: Sequence[Row[Any]]) -> list[Customer]:
    numbers: dict[str, list[CustomerNumber]] = {row.id: [] for row in rows}
    found = await connection.execute(
        select(customer_number)
        .where(customer_number.c.customer_id.in_(list(numbers)))
        .order_by(customer_number.c.position, customer_number.c.id)
    )
    for one in found:
        numbers[one.customer_id].append(CustomerNumber(one.id, one.number, one.label))
    return [_customer_of(row, numbers[row.id]) for row in rows]


def _matching(q: str) -> ColumnElement[bool]:
    """Name or company hold all words of `q`, or a number holds its digits."""
    digits = digits_wanted(q)
    by_name = customer.c.grams.contains(grams(q))
    if digits is None:
        return by_name
    holders = select(customer_number.c.customer_id).where(
        customer_number.c.number.contains(digits, autoescape=True)
    )
    return or_(by_name, customer.c.id.in_(holders))


async def customers(
    connection: AsyncConnection, *, q: str, number: str | None, after: str | None, limit: int
) -> list[Customer]:
    """Newest first, behind the id `after`. `number`: who has this very number (as stored)."""
    query = select(customer).order_by(customer.c.id.desc()).limit(limit)
    if q:
        found = _matching(q)
        query = query.where(or_(found, _has(number)) if number else found)
    if after is not None:
        query = query.where(customer.c.id < after)
    return await _with_numbers(connection, list(await connection.execute(query)))


def _has(number: str) -> ColumnElement[bool]:
    return customer.c.id.in_(
        select(customer_number.c.customer_id).where(customer_number.c.number == number)
    )


async def customers_with(connection: AsyncConnection, number: str, *, limit: int) -> list[Customer]:
    """Who has this number (as stored), the longest known first."""
    query = select(customer).where(_has(number)).order_by(customer.c.id).limit(limit)
    return await _with_numbers(connection, list(await connection.execute(query)))


async def customer_by_id(
    connection: AsyncConnection, customer_id: str, *, lock: bool = False
) -> Customer | None:
    """With `lock` nobody else changes the customer before the transaction ends."""
    query = select(customer).where(customer.c.id == customer_id)
    if lock:
        query = query.with_for_update()
    rows = list(await connection.execute(query))
    found = await _with_numbers(connection, rows)
    return found[0] if found else None


async def put_customer(connection: AsyncConnection, value: Customer) -> None:
    """Write the customer and exactly these numbers."""
    columns = {
        "name": value.name,
        "level": value.level.value,
        "company": value.company,
        "address": value.address,
        "note": value.note,
        "grams": grams(value.name, value.company),
        "created_at": to_datetime(value.created_at),
        "updated_at": to_datetime(value.updated_at),
    }
    statement = insert(customer).values(id=value.id, **columns)
    await connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_=columns))
    kept = [number.id for number in value.numbers]
    await connection.execute(
        delete(customer_number).where(
            customer_number.c.customer_id == value.id, customer_number.c.id.not_in(kept)
        )
    )
    for position, number in enumerate(value.numbers):
        said = {"number": number.number, "label": number.label, "position": position}
        put = insert(customer_number).values(id=number.id, customer_id=value.id, **said)
        await connection.execute(put.on_conflict_do_update(index_elements=["id"], set_=said))


async def delete_customer(connection: AsyncConnection, customer_id: str) -> None:
    await connection.execute(delete(customer).where(customer.c.id == customer_id))


async def shared_numbers(
    connection: AsyncConnection, numbers: Iterable[str], *, but: str
) -> list[SharedNumber]:
    """Who else than customer `but` has one of these numbers (as stored)."""
    rows = await connection.execute(
        select(customer_number.c.number, customer.c.id, customer.c.name)
        .join(customer, customer.c.id == customer_number.c.customer_id)
        .where(customer_number.c.number.in_(list(numbers)), customer.c.id != but)
        .order_by(customer_number.c.number, customer.c.id)
    )
    return [SharedNumber(row.number, row.id, row.name) for row in rows]


async def labels(connection: AsyncConnection, ids: Sequence[str]) -> dict[str, CustomerLabel]:
    rows = await connection.execute(
        select(customer.c.id, customer.c.name, customer.c.level).where(customer.c.id.in_(list(ids)))
    )
    return {row.id: CustomerLabel(row.id, row.name, Level(row.level)) for row in rows}


async def labels_by_number(
    connection: AsyncConnection, numbers: Sequence[str]
) -> dict[str, CustomerLabel]:
    """Of several customers with one number, the longest known."""
    rows = await connection.execute(
        select(customer_number.c.number, customer.c.id, customer.c.name, customer.c.level)
        .ext(distinct_on(customer_number.c.number))
        .join(customer, customer.c.id == customer_number.c.customer_id)
        .where(customer_number.c.number.in_(list(numbers)))
        .order_by(customer_number.c.number, customer.c.id)
    )
    return {row.number: CustomerLabel(row.id, row.name, Level(row.level)) for row in rows}


async def numbers_of(connection: AsyncConnection, customer_ids: Sequence[str]) -> list[str]:
    rows = await connection.execute(
        select(customer_number.c.number).where(
            customer_number.c.customer_id.in_(list(customer_ids))
        )
    )
    return list(rows.scalars())


async def ids_matching(connection: AsyncConnection, q: str, *, limit: int) -> list[str]:
    query = select(customer.c.id).where(_matching(q)).order_by(customer.c.id.desc()).limit(limit)
    return list((await connection.execute(query)).scalars())
