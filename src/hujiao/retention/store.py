"""All SQL of the policy of retention."""

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from hujiao.kit.clock import ms_if_any, to_datetime, to_ms
from hujiao.retention.model import Policy, Rule
from hujiao.retention.tables import retention


async def rule(connection: AsyncConnection, *, hold: bool = False) -> Rule:
    """The rule in force; with `hold` for nobody else until the transaction ends."""
    query = select(retention)
    row = (await connection.execute(query.with_for_update() if hold else query)).one()
    return Rule(
        policy=Policy(row.ledger_months, row.recording_months),
        effective_at=to_ms(row.effective_at),
        ledger_from=ms_if_any(row.ledger_from),
    )


async def put_policy(connection: AsyncConnection, policy: Policy, effective_at: int) -> None:
    await connection.execute(
        update(retention).values(
            ledger_months=policy.ledger_months,
            recording_months=policy.recording_months,
            effective_at=to_datetime(effective_at),
        )
    )


async def ledger_begins(connection: AsyncConnection, at_ms: int) -> None:
    """Facts before then have been dropped."""
    await connection.execute(update(retention).values(ledger_from=to_datetime(at_ms)))
