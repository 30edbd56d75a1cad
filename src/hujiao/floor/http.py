"""HTTP of administration: queues, public numbers, trunks."""

from dataclasses import fields as fields_of
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Query
from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints

from hujiao.floor import admin, store
from hujiao.floor.lines import Language, Number, Queue, Trunk, TrunkKind
from hujiao.identity.http import EditsConfig, SeesConfig, SignedIn
from hujiao.kit.ids import new_id
from hujiao.kit.patch import Patch
from hujiao.kit.web import Id, Listed, Name, Paging, Transaction
from hujiao.routing.model import Strategy

DAY_S = 86_400
HOUR_S = 3_600

Level = Annotated[int, Field(ge=1, le=10)]
SoundName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,59}$")]
Digit = Annotated[str, StringConstraints(pattern=r"^[0-9*#]$")]
Codec = Literal["alaw", "ulaw", "g722", "opus", "gsm"]

router = APIRouter(prefix="/api")


# --- queues -------------------------------------------------------------------------------------


class QueueIn(BaseModel):
    """Who may take the calls of a queue and in which order they are given."""

    name: Name
    strategy: Strategy = Strategy.LONGEST_IDLE
    skills: dict[Id, Level] = Field(default_factory=dict, max_length=50)
    priority: int = Field(default=0, ge=-100, le=100)
    ageing_s: int = Field(default=60, ge=0, le=HOUR_S)
    ring_timeout_s: int = Field(default=20, ge=3, le=300)
    wrap_up_s: int = Field(default=15, ge=0, le=HOUR_S)
    max_waiting: int | None = Field(default=None, ge=0, le=100_000)
    max_wait_s: int | None = Field(default=None, ge=0, le=DAY_S)
    overflow_to: Id | None = None
    sl_threshold_s: int = Field(default=20, ge=1, le=HOUR_S)
    announce_every_s: int = Field(default=30, ge=0, le=HOUR_S)
    music: SoundName = "default"
    level_relax_after_s: int | None = Field(default=None, ge=0, le=DAY_S)
    recorded: bool = True
    active: bool = True

    def queue(self, queue_id: str) -> Queue:
        return Queue(id=queue_id, **{name: getattr(self, name) for name in type(self).model_fields})


class QueueOut(QueueIn):
    id: str

    @classmethod
    def of(cls, queue: Queue) -> "QueueOut":
        return cls(**_fields(queue))


def _fields(value: Queue | Number | Trunk) -> dict[str, Any]:
    return {field.name: getattr(value, field.name) for field in fields_of(value)}


@router.get("/queues", tags=["queues"])
async def list_queues(
    _actor: SignedIn,
    transaction: Transaction,
    page: Paging,
    removed_too: Annotated[bool, Query()] = False,
) -> Listed[QueueOut]:
    """For everybody: desks, boards and call lists name queues; old calls also removed ones."""
    found = await store.queues(
        transaction, after=page.after(str, str), limit=page.fetch, removed_too=removed_too
    )
    rows, cursor = page.cut(found, lambda queue: (queue.name, queue.id))
    return Listed(items=[QueueOut.of(queue) for queue in rows], next_cursor=cursor)


@router.post("/queues", tags=["queues"], status_code=201)
async def add_queue(body: QueueIn, actor: EditsConfig, transaction: Transaction) -> QueueOut:
    queue = await admin.put_queue(transaction, actor, body.queue(new_id()), new=True)
    return QueueOut.of(queue)


@router.patch("/queues/{queue_id}", tags=["queues"])
async def change_queue(
    queue_id: Id,
    patch: Annotated[Patch[QueueIn], Body()],
    actor: EditsConfig,
    transaction: Transaction,
) -> QueueOut:
    before = await admin.living_queue(transaction, queue_id)
    body = patch.over(QueueIn(**_fields(before)))
    queue = await admin.put_queue(transaction, actor, body.queue(queue_id), new=False)
    return QueueOut.of(queue)


@router.delete("/queues/{queue_id}", tags=["queues"], status_code=204)
async def remove_queue(queue_id: Id, actor: EditsConfig, transaction: Transaction) -> None:
    await admin.remove_queue(transaction, actor, queue_id)


# --- numbers ------------------------------------------------------------------------------------


class NumberIn(BaseModel):
    """A public number: what a caller hears and where his keys lead."""

    number: str = Field(max_length=40)
    name: Name
    queue_id: Id
    language: Language = Language.ZH
    greeting_prompt: SoundName | Literal[""] = "greeting"
    menu: dict[Digit, Id] = Field(default_factory=dict, max_length=12)
    menu_timeout_s: int = Field(default=6, ge=2, le=60)
    active: bool = True

    def as_number(self, number_id: str) -> Number:
        return Number(
            id=number_id, **{name: getattr(self, name) for name in type(self).model_fields}
        )


class NumberOut(NumberIn):
    id: str

    @classmethod
    def of(cls, number: Number) -> "NumberOut":
        return cls(**_fields(number))


@router.get("/numbers", tags=["numbers"])
async def list_numbers(
    _actor: SeesConfig, transaction: Transaction, page: Paging
) -> Listed[NumberOut]:
    found = await store.numbers(transaction, after=page.after(str), limit=page.fetch)
    rows, cursor = page.cut(found, lambda number: (number.number,))
    return Listed(items=[NumberOut.of(number) for number in rows], next_cursor=cursor)


@router.post("/numbers", tags=["numbers"], status_code=201)
async def add_number(body: NumberIn, actor: EditsConfig, transaction: Transaction) -> NumberOut:
    number = await admin.put_number(transaction, actor, body.as_number(new_id()), new=True)
    return NumberOut.of(number)


@router.patch("/numbers/{number_id}", tags=["numbers"])
async def change_number(
    number_id: Id,
    patch: Annotated[Patch[NumberIn], Body()],
    actor: EditsConfig,
    transaction: Transaction,
) -> NumberOut:
    before = await admin.living_number(transaction, number_id)
    body = patch.over(NumberIn(**_fields(before)))
    number = await admin.put_number(transaction, actor, body.as_number(number_id), new=False)
    return NumberOut.of(number)


@router.delete("/numbers/{number_id}", tags=["numbers"], status_code=204)
async def remove_number(number_id: Id, actor: EditsConfig, transaction: Transaction) -> None:
    await admin.remove_number(transaction, actor, number_id)


# --- trunks -------------------------------------------------------------------------------------


class TrunkFields(BaseModel):
    """A line to the world: a peer at an address, or an account that signs in to us."""

    # `register` itself is a method of every abstract class.
    model_config = ConfigDict(populate_by_name=True)

    name: str = Field(max_length=40)
    kind: TrunkKind
    host: str = Field(default="", max_length=100)
    port: int = Field(default=5060, ge=1, le=65535)
    username: str = Field(default="", max_length=64)
    registers: bool = Field(default=False, alias="register")
    codecs: list[Codec] = Field(default=["alaw", "ulaw"], min_length=1, max_length=5)
    caller_number: str = Field(default="", max_length=21)
    prefixes: list[str] = Field(default_factory=list, max_length=200)
    active: bool = True


class TrunkIn(TrunkFields):
    """`secret` is only written; left out of a change, the trunk keeps its own."""

    secret: SecretStr | None = Field(default=None, max_length=64)

    def trunk(self, trunk_id: str, *, secret: str) -> Trunk:
        plain = {name: getattr(self, name) for name in TrunkFields.model_fields}
        plain["register"] = plain.pop("registers")
        plain["codecs"] = tuple(dict.fromkeys(self.codecs))
        plain["prefixes"] = tuple(dict.fromkeys(self.prefixes))
        given = self.secret.get_secret_value() if self.secret is not None else secret
        return Trunk(id=trunk_id, secret=given, **plain)


class TrunkOut(TrunkFields):
    id: str
    has_secret: bool

    @classmethod
    def of(cls, trunk: Trunk) -> "TrunkOut":
        values = _fields(trunk)
        secret = values.pop("secret")
        return cls(has_secret=bool(secret), **values)


@router.get("/trunks", tags=["trunks"])
async def list_trunks(
    _actor: SeesConfig, transaction: Transaction, page: Paging
) -> Listed[TrunkOut]:
    found = await store.trunks(transaction, after=page.after(str), limit=page.fetch)
    rows, cursor = page.cut(found, lambda trunk: (trunk.name,))
    return Listed(items=[TrunkOut.of(trunk) for trunk in rows], next_cursor=cursor)


@router.post("/trunks", tags=["trunks"], status_code=201)
async def add_trunk(body: TrunkIn, actor: EditsConfig, transaction: Transaction) -> TrunkOut:
    trunk = body.trunk(new_id(), secret="")
    return TrunkOut.of(await admin.put_trunk(transaction, actor, trunk, new=True))


@router.patch("/trunks/{trunk_id}", tags=["trunks"])
async def change_trunk(
    trunk_id: Id,
    patch: Annotated[Patch[TrunkIn], Body()],
    actor: EditsConfig,
    transaction: Transaction,
) -> TrunkOut:
    before = await admin.living_trunk(transaction, trunk_id)
    values = _fields(before)
    secret = values.pop("secret")
    body = patch.over(TrunkIn(**values))
    trunk = body.trunk(trunk_id, secret=secret)
    return TrunkOut.of(await admin.put_trunk(transaction, actor, trunk, new=False))


@router.delete("/trunks/{trunk_id}", tags=["trunks"], status_code=204)
async def remove_trunk(trunk_id: Id, actor: EditsConfig, transaction: Transaction) -> None:
    await admin.remove_trunk(transaction, actor, trunk_id)
