"""What of the floor is kept on disk beside the facts, so that the next floor can go on with it."""

import orjson
from pydantic import TypeAdapter, ValidationError

from hujiao.calls.model import Call
from hujiao.events.ledger import FactSink
from hujiao.floor.desks import Desk
from hujiao.kit.log import logger
from hujiao.kit.values import value
from hujiao.routing.model import AgentState
from hujiao.telephony.port import NodeName

CALL = "call"
DESK = "desk"
DRAINING = "draining"

log = logger(__name__)


@value
class SavedDesk:
    """A desk without its settings, which come from the configuration."""

    id: str
    state: AgentState
    reason: str | None
    since_ms: int
    until_ms: int | None
    contact: str | None
    wants_ready: bool
    wants_reason: str | None
    tab: str
    online_on: tuple[str, ...] | str | None
    """The nodes of the phone. One name or none was what floors kept that knew one node each."""
    unready_by_phone: bool
    handled: int
    missed: int

    @classmethod
    def of(cls, desk: Desk) -> "SavedDesk":
        return cls(
            id=desk.id,
            state=desk.state,
            reason=desk.reason,
            since_ms=desk.since_ms,
            until_ms=desk.until_ms,
            contact=desk.contact,
            wants_ready=desk.wants_ready,
            wants_reason=desk.wants_reason,
            tab=desk.tab,
            online_on=tuple(sorted(desk.online_on)),
            unready_by_phone=desk.unready_by_phone,
            handled=desk.handled,
            missed=desk.missed,
        )

    def put_into(self, desk: Desk) -> None:
        """Bring a desk to what was saved of it."""
        desk.state = self.state
        desk.reason = self.reason
        desk.since_ms = self.since_ms
        desk.until_ms = self.until_ms
        desk.contact = self.contact
        desk.wants_ready = self.wants_ready
        desk.wants_reason = self.wants_reason
        desk.tab = self.tab
        kept = (self.online_on,) if isinstance(self.online_on, str) else self.online_on or ()
        desk.online_on = frozenset(NodeName(node) for node in kept)
        desk.unready_by_phone = self.unready_by_phone
        desk.handled = self.handled
        desk.missed = self.missed


_CALL: TypeAdapter[Call] = TypeAdapter(Call)
_DESK: TypeAdapter[SavedDesk] = TypeAdapter(SavedDesk)


def save_call(ledger: FactSink, call_id: str, call: Call | None) -> None:
    ledger.keep(CALL, call_id, None if call is None else orjson.dumps(call))


def save_desk(ledger: FactSink, desk_id: str, desk: Desk | None) -> None:
    ledger.keep(DESK, desk_id, None if desk is None else orjson.dumps(SavedDesk.of(desk)))


def save_draining(ledger: FactSink, node: NodeName, draining: bool) -> None:
    ledger.keep(DRAINING, node, orjson.dumps(node) if draining else None)


def saved_draining(ledger: FactSink) -> set[NodeName]:
    """The nodes that were draining when the last floor ended."""
    return {NodeName(orjson.loads(body)) for body in ledger.living(DRAINING)}


def saved_calls(ledger: FactSink) -> list[Call]:
    """Calls that lived when the last floor ended. One that cannot be read is logged and let go."""
    found: list[Call] = []
    for body in ledger.living(CALL):
        try:
            found.append(_CALL.validate_json(body))
        except ValidationError as error:
            log.error("a saved call cannot be read", problems=error.error_count())
    return found


def saved_desks(ledger: FactSink) -> list[SavedDesk]:
    found: list[SavedDesk] = []
    for body in ledger.living(DESK):
        try:
            found.append(_DESK.validate_json(body))
        except ValidationError as error:
            log.error("a saved desk cannot be read", problems=error.error_count())
    return found
