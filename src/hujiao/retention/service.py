"""Use cases of retention: what the policy is, what another would delete, changing it."""

from dataclasses import asdict

from sqlalchemy.ext.asyncio import AsyncConnection

from hujiao.events import partitions
from hujiao.identity.model import Actor
from hujiao.identity.service import CONFIGURATION, audit, changes
from hujiao.kit.db import serialise
from hujiao.kit.refusal import InvalidInput
from hujiao.recordings import store as recordings
from hujiao.retention import store
from hujiao.retention.model import GRACE_MS, Effect, Policy, Rule, months_before

KIND = "retention"


def check(policy: Policy) -> None:
    """Raises InvalidInput."""
    faults = policy.faults()
    if faults:
        raise InvalidInput("This policy would delete too much", fields=faults)


async def effect(connection: AsyncConnection, policy: Policy, now_ms: int) -> Effect:
    """What the policy would delete now. Raises InvalidInput."""
    check(policy)
    ledger_before = months_before(now_ms, policy.ledger_months)
    known = await partitions.months(connection) if ledger_before is not None else []
    old = [one for one in known if one.until_ms <= (ledger_before or 0)]
    before = months_before(now_ms, policy.recording_months)
    count, size = (0, 0) if before is None else await recordings.older_than(connection, before)
    return Effect(
        ledger_before=ledger_before,
        months=tuple(one.name for one in old),
        facts=sum(one.facts for one in old),
        recordings_before=before,
        recordings=count,
        recording_bytes=size,
    )


async def change(
    connection: AsyncConnection, actor: Actor | None, policy: Policy, now_ms: int
) -> Rule:
    """Set the policy; one that deletes more than the former waits for a day.

    Raises InvalidInput.
    """
    check(policy)
    await serialise(connection, CONFIGURATION)
    before = await store.rule(connection, hold=True)
    if policy == before.policy:
        return before
    waits = policy.deletes_more_than(before.policy)
    effective_at = now_ms + GRACE_MS if waits else max(now_ms, before.effective_at)
    await store.put_policy(connection, policy, effective_at)
    details = changes(asdict(before.policy), asdict(policy))
    await audit(connection, actor, f"{KIND}.changed", KIND, KIND, details)
    return await store.rule(connection)
