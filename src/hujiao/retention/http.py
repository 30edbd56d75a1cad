"""HTTP of retention: the policy, what it deletes, changing it."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field

from hujiao.identity.http import SeesConfig, require
from hujiao.identity.model import Actor, Permission
from hujiao.kit.clock import now_ms
from hujiao.kit.web import Transaction
from hujiao.retention import service, store
from hujiao.retention.model import MOST_MONTHS, Effect, Policy, Rule

router = APIRouter(prefix="/api", tags=["retention"])

EditsRetention = Annotated[Actor, Depends(require(Permission.RETENTION_EDIT))]
Months = Annotated[int, Field(ge=0, le=MOST_MONTHS)]


class PolicyIn(BaseModel):
    """Months that things are kept; 0 is for ever."""

    ledger_months: Months
    recording_months: Months

    @property
    def policy(self) -> Policy:
        return Policy(self.ledger_months, self.recording_months)


class RuleOut(PolicyIn):
    """`effective_at`: until then nothing is deleted. Facts before `ledger_from` are gone."""

    effective_at: int
    ledger_from: int | None

    @classmethod
    def of(cls, rule: Rule) -> "RuleOut":
        return cls(
            ledger_months=rule.policy.ledger_months,
            recording_months=rule.policy.recording_months,
            effective_at=rule.effective_at,
            ledger_from=rule.ledger_from,
        )


class EffectOut(BaseModel):
    """What a policy would delete at once. `facts` is an estimate, `months` are as `2026_01`."""

    ledger_before: int | None
    months: list[str]
    facts: int
    recordings_before: int | None
    recordings: int
    recording_bytes: int

    @classmethod
    def of(cls, effect: Effect) -> "EffectOut":
        return cls(
            ledger_before=effect.ledger_before,
            months=list(effect.months),
            facts=effect.facts,
            recordings_before=effect.recordings_before,
            recordings=effect.recordings,
            recording_bytes=effect.recording_bytes,
        )


@router.get("/retention")
async def get_retention(_actor: SeesConfig, transaction: Transaction) -> RuleOut:
    return RuleOut.of(await store.rule(transaction))


@router.get("/retention/effect")
async def get_effect(
    _actor: SeesConfig, transaction: Transaction, wanted: Annotated[PolicyIn, Query()]
) -> EffectOut:
    """What this policy would delete, without setting it."""
    return EffectOut.of(await service.effect(transaction, wanted.policy, now_ms()))


@router.put("/retention")
async def put_retention(body: PolicyIn, actor: EditsRetention, transaction: Transaction) -> RuleOut:
    """Set the policy. One that deletes more than the former takes effect a day later."""
    return RuleOut.of(await service.change(transaction, actor, body.policy, now_ms()))
