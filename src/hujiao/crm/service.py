"""Use cases of customer records: find, add, change, remove; and what calls ask about customers."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from hujiao.crm import store
from hujiao.crm.model import (
    Customer,
    CustomerData,
    CustomerLabel,
    CustomerNumber,
    NumberFacts,
    SharedNumber,
)
from hujiao.crm.regions import Language, NumberRegions
from hujiao.crm.rules import distinct_numbers
from hujiao.identity.model import Actor
from hujiao.identity.service import audit, changes
from hujiao.kit.clock import Clock, now_ms
from hujiao.kit.ids import new_id
from hujiao.kit.numbers import DEFAULT_REGION, e164, number_key
from hujiao.kit.refusal import NotFound, Refusal

MAX_OWNERS = 20
MAX_MATCHES = 200
"""So many customers at most are taken to the list of calls for a search there."""


class ChangedMeanwhile(Refusal):
    """Somebody saved the customer after it was read. `details["current"]` says when."""

    error = "changed_meanwhile"


class CustomerBook:
    """The customers of the house. Stateless but for the tables of number regions."""

    def __init__(
        self,
        *,
        regions: NumberRegions,
        region: str = DEFAULT_REGION,
        clock: Clock = now_ms,
    ) -> None:
        self._regions = regions
        self._region = region
        self._clock = clock

    # --- reading ---

    async def find(
        self, connection: AsyncConnection, q: str, *, after: str | None, limit: int
    ) -> list[Customer]:
        """By any part of name, company or number; newest first."""
        number = e164(q, self._region)
        return await store.customers(connection, q=q, number=number, after=after, limit=limit)

    async def one(self, connection: AsyncConnection, customer_id: str) -> Customer:
        """Raises NotFound."""
        found = await store.customer_by_id(connection, customer_id)
        if found is None:
            raise NotFound("No such customer")
        return found

    async def owners(self, connection: AsyncConnection, number: str) -> list[Customer]:
        """Who has this number, written in any format; the longest known first."""
        key = number_key(number, self._region)
        return await store.customers_with(connection, key, limit=MAX_OWNERS) if key else []

    def key(self, number: str) -> str:
        """The form in which `number` stands at customers and calls."""
        return number_key(number, self._region)

    def describe(self, number: str, language: Language) -> NumberFacts:
        return self._regions.describe(number, language)

    async def shared(self, connection: AsyncConnection, customer: Customer) -> list[SharedNumber]:
        """Others who have one of the customer's numbers too: allowed, but worth a warning."""
        numbers = [number.number for number in customer.numbers]
        return await store.shared_numbers(connection, numbers, but=customer.id)

    # --- writing ---

    async def add(
        self, connection: AsyncConnection, actor: Actor | None, data: CustomerData
    ) -> Customer:
        at_ms = self._clock()
        customer = self._customer(new_id(), data, (), at_ms, at_ms)
        await store.put_customer(connection, customer)
        await audit(connection, actor, "customer.added", "customer", customer.id)
        return customer

    async def change(
        self,
        connection: AsyncConnection,
        actor: Actor,
        customer_id: str,
        data: CustomerData,
        *,
        read_at: int | None,
    ) -> Customer:
        """`read_at` is `updated_at` of the version that the editor saw; None overwrites.

        Raises NotFound, ChangedMeanwhile.
        """
        before = await store.customer_by_id(connection, customer_id, lock=True)
        if before is None:
            raise NotFound("No such customer")
        if read_at is not None and read_at != before.updated_at:
            raise ChangedMeanwhile(
                "Somebody else changed this customer meanwhile", current=before.updated_at
            )
        at_ms = max(self._clock(), before.updated_at + 1)
        after = self._customer(customer_id, data, before.numbers, before.created_at, at_ms)
        if replace(after, updated_at=before.updated_at) == before:
            return before
        await store.put_customer(connection, after)
        details = changes(_said(before), _said(after))
        await audit(connection, actor, "customer.changed", "customer", customer_id, details)
        return after

    async def remove(self, connection: AsyncConnection, actor: Actor, customer_id: str) -> None:
        """Calls stay, without a customer. Raises NotFound."""
        before = await self.one(connection, customer_id)
        await store.delete_customer(connection, customer_id)
        details = _said(before)
        await audit(connection, actor, "customer.removed", "customer", customer_id, details)

    def _customer(
        self,
        customer_id: str,
        data: CustomerData,
        had: Sequence[CustomerNumber],
        created_at: int,
        updated_at: int,
    ) -> Customer:
        """Numbers that stay keep their ids."""
        ids = {number.number: number.id for number in had}
        return Customer(
            id=customer_id,
            name=data.name,
            level=data.level,
            company=data.company,
            address=data.address,
            note=data.note,
            numbers=tuple(
                CustomerNumber(ids.get(number) or new_id(), number, label)
                for number, label in distinct_numbers(data.numbers, self._region)
            ),
            created_at=created_at,
            updated_at=updated_at,
        )

    # --- what calls ask ---

    async def labels(
        self, connection: AsyncConnection, ids: Sequence[str]
    ) -> Mapping[str, CustomerLabel]:
        return await store.labels(connection, ids) if ids else {}

    async def labels_by_number(
        self, connection: AsyncConnection, numbers: Sequence[str]
    ) -> Mapping[str, CustomerLabel]:
        """Number -> the customer who has it; of several the longest known."""
        return await store.labels_by_number(connection, numbers) if numbers else {}

    async def numbers_of(
        self, connection: AsyncConnection, customer_ids: Sequence[str]
    ) -> Sequence[str]:
        return await store.numbers_of(connection, customer_ids) if customer_ids else []

    async def ids_matching(self, connection: AsyncConnection, q: str) -> Sequence[str]:
        return await store.ids_matching(connection, q, limit=MAX_MATCHES)


def _said(customer: Customer) -> dict[str, Any]:
    said = asdict(customer)
    for own in ("id", "created_at", "updated_at"):
        del said[own]
    said["level"] = customer.level.value
    said["numbers"] = [number.number for number in customer.numbers]
    return said
