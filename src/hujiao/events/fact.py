"""What a fact is: something that happened, in the past tense, written once and never changed."""

from typing import ClassVar

from hujiao.kit.values import value


class Fact:
    """Base of all facts. `type` names it in the ledger; `version` grows when its fields change."""

    __slots__ = ()
    type: ClassVar[str] = ""
    version: ClassVar[int] = 1


@value
class Subject:
    """Whom a fact is about. Ids only; None where it does not apply."""

    call: str | None = None
    agent: str | None = None
    queue: str | None = None


NOBODY = Subject()
