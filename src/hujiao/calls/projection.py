"""From facts to contacts: one row per call, folded fact by fact. Pure.

A contact is never counted or corrected anywhere else; `store.rebuild` makes all of them anew from
the ledger. Times are milliseconds since epoch, durations milliseconds.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from hujiao.events.follow import Entry as LedgerEntry
from hujiao.kit.numbers import DEFAULT_REGION, number_key

Q850_BUSY = 17
Q850_NOT_ANSWERED = frozenset({0, 16, 18, 19, 20, 26, 31})
Q850_REJECTED = 21


@dataclass(frozen=True, slots=True)
class Stay:
    """One stay in one queue. `why` it ended: answered, abandoned, overflowed, refused or None."""

    queue_id: str
    entered_at: int
    left_at: int | None = None
    why: str | None = None


@dataclass(frozen=True, slots=True)
class Contact:
    """A call as the ledger has told it so far.

    `wait_ms` runs from the first queue to the answer or the end (inbound only), `talk_ms` is
    without `hold_ms`, and `hold_ms` holds also the time that the customer waited because the
    agent's phone was lost. `missed_by` names an agent once for each offer that he let pass.
    """

    id: str
    direction: str
    caller: str
    caller_name: str
    called: str
    customer_number: str
    trunk: str
    node: str
    arrived_at: int
    queue_id: str | None = None
    agent_id: str | None = None
    queued_at: int | None = None
    dialled_at: int | None = None
    answered_at: int | None = None
    ended_at: int | None = None
    wait_ms: int = 0
    talk_ms: int = 0
    hold_ms: int = 0
    wrap_up_ms: int = 0
    result: str = "in_progress"
    ended_by: str | None = None
    cause: int | None = None
    menu_path: str = ""
    has_recording: bool = False
    stays: tuple[Stay, ...] = ()
    missed_by: tuple[str, ...] = ()
    refused: bool = False
    held_at: int | None = None
    wrap_up_at: int | None = None
    n_facts: int = 0
    last_position: int = 0


def apply(
    contact: Contact | None, fact: LedgerEntry, region: str = DEFAULT_REGION
) -> Contact | None:
    """The contact after `fact`; facts already folded in change nothing.

    None stays None until the call arrives: what the ledger no longer has cannot be told.
    """
    if contact is None:
        if fact.type != "call.arrived" or fact.call_id is None:
            return None
        contact = _arrived(fact.call_id, fact, region)
    elif fact.position <= contact.last_position:
        return contact
    else:
        change = _CHANGES.get(fact.type)
        if change is not None:
            contact = change(contact, fact, region)
    return replace(contact, n_facts=contact.n_facts + 1, last_position=fact.position)


def _arrived(call_id: str, fact: LedgerEntry, region: str) -> Contact:
    data = fact.data
    outbound = data.get("direction") == "out"
    caller, called = _text(data, "caller"), _text(data, "called")
    return Contact(
        id=call_id,
        direction="out" if outbound else "in",
        caller=caller,
        caller_name=_text(data, "caller_name"),
        called=called,
        customer_number=number_key(called if outbound else caller, region),
        trunk=_text(data, "trunk"),
        node=_text(data, "node"),
        arrived_at=fact.at_ms,
        agent_id=fact.agent_id if outbound else None,
    )


def _text(data: Mapping[str, Any], name: str) -> str:
    value = data.get(name)
    return value if isinstance(value, str) else ""


def _cause(fact: LedgerEntry) -> int | None:
    value = fact.data.get("cause")
    return value if isinstance(value, int) else None


def _refused(contact: Contact, _fact: LedgerEntry, _region: str) -> Contact:
    return replace(contact, refused=True)


def _menu_chosen(contact: Contact, fact: LedgerEntry, _region: str) -> Contact:
    return replace(contact, menu_path=_text(fact.data, "path"))


def _entered_queue(contact: Contact, fact: LedgerEntry, region: str) -> Contact:
    if fact.queue_id is None:
        return contact
    contact = _leave(contact, fact.at_ms, "overflowed")
    if contact.answered_at is not None:
        contact = _held(contact, fact, region)
    return replace(
        contact,
        queue_id=fact.queue_id,
        queued_at=contact.queued_at if contact.queued_at is not None else fact.at_ms,
        stays=(*contact.stays, Stay(fact.queue_id, fact.at_ms)),
    )


def _left_queue(contact: Contact, fact: LedgerEntry, _region: str) -> Contact:
    return _leave(contact, fact.at_ms, _text(fact.data, "why"))


def _queue_refused(contact: Contact, fact: LedgerEntry, _region: str) -> Contact:
    """A caller whom a full queue turns away was offered to it nevertheless."""
    if fact.queue_id is None:
        return replace(contact, refused=True)
    if not _waits(contact):
        turned_away = Stay(fact.queue_id, fact.at_ms, fact.at_ms, "refused")
        contact = replace(
            contact,
            queue_id=fact.queue_id,
            queued_at=contact.queued_at if contact.queued_at is not None else fact.at_ms,
            stays=(*contact.stays, turned_away),
        )
    return replace(_leave(contact, fact.at_ms, "refused"), refused=True)


def _waits(contact: Contact) -> bool:
    return bool(contact.stays) and contact.stays[-1].left_at is None


def _leave(contact: Contact, at_ms: int, why: str) -> Contact:
    if not _waits(contact):
        return contact
    left = replace(contact.stays[-1], left_at=at_ms, why=why)
    return replace(contact, stays=(*contact.stays[:-1], left))


def _offer_failed(contact: Contact, fact: LedgerEntry, _region: str) -> Contact:
    if fact.agent_id is None:
        return contact
    return replace(contact, missed_by=(*contact.missed_by, fact.agent_id))


def _connected(contact: Contact, fact: LedgerEntry, region: str) -> Contact:
    contact = replace(_resumed(contact, fact, region), agent_id=fact.agent_id or contact.agent_id)
    if contact.answered_at is not None or contact.ended_at is not None:
        return contact
    wait_ms = 0 if contact.queued_at is None else fact.at_ms - contact.queued_at
    return replace(contact, answered_at=fact.at_ms, wait_ms=wait_ms, result="answered")


def _dialled(contact: Contact, fact: LedgerEntry, region: str) -> Contact:
    number = _text(fact.data, "number") or contact.called
    return replace(
        contact,
        dialled_at=fact.at_ms,
        customer_number=number_key(number, region),
        trunk=_text(fact.data, "trunk") or contact.trunk,
    )


def _held(contact: Contact, fact: LedgerEntry, _region: str) -> Contact:
    if contact.held_at is not None or contact.ended_at is not None:
        return contact
    return replace(contact, held_at=fact.at_ms)


def _resumed(contact: Contact, fact: LedgerEntry, _region: str) -> Contact:
    if contact.held_at is None:
        return contact
    held_ms = fact.at_ms - contact.held_at
    return replace(contact, held_at=None, hold_ms=contact.hold_ms + held_ms)


def _ended(contact: Contact, fact: LedgerEntry, region: str) -> Contact:
    if contact.ended_at is not None:
        return contact
    contact = _resumed(contact, fact, region)
    ended_by, cause = _text(fact.data, "ended_by") or None, _cause(fact)
    contact = _leave(contact, fact.at_ms, "abandoned" if ended_by == "customer" else "failed")
    contact = replace(contact, ended_at=fact.at_ms, ended_by=ended_by, cause=cause)
    if contact.answered_at is not None:
        talk_ms = fact.at_ms - contact.answered_at - contact.hold_ms
        return replace(contact, talk_ms=max(0, talk_ms))
    left_at = contact.stays[-1].left_at if contact.stays else None
    wait_ms = 0 if left_at is None or contact.queued_at is None else left_at - contact.queued_at
    result = _result_out(contact) if contact.direction == "out" else _result_in(contact)
    return replace(contact, wait_ms=wait_ms, result=result)


def _result_in(contact: Contact) -> str:
    last = contact.stays[-1].why if contact.stays else None
    if last == "abandoned":
        return "abandoned_queue"
    if last in ("overflowed", "refused"):
        return last
    if contact.refused:
        return "refused"
    if last is None and contact.ended_by == "customer":
        return "abandoned_menu"
    return "failed"


def _result_out(contact: Contact) -> str:
    if contact.dialled_at is None:
        return "failed"
    if contact.cause == Q850_BUSY:
        return "busy"
    if contact.cause == Q850_REJECTED:
        return "refused"
    if contact.cause in Q850_NOT_ANSWERED or contact.ended_by == "agent":
        return "no_answer"
    return "failed"


def _wrap_up_started(contact: Contact, fact: LedgerEntry, _region: str) -> Contact:
    return replace(contact, wrap_up_at=fact.at_ms)


def _wrap_up_ended(contact: Contact, fact: LedgerEntry, _region: str) -> Contact:
    if contact.wrap_up_at is None:
        return contact
    spent_ms = fact.at_ms - contact.wrap_up_at
    return replace(contact, wrap_up_at=None, wrap_up_ms=contact.wrap_up_ms + spent_ms)


def _recorded(contact: Contact, _fact: LedgerEntry, _region: str) -> Contact:
    return replace(contact, has_recording=True)


_CHANGES: Mapping[str, Callable[[Contact, LedgerEntry, str], Contact]] = {
    "call.refused": _refused,
    "menu.chosen": _menu_chosen,
    "queue.entered": _entered_queue,
    "queue.left": _left_queue,
    "queue.refused": _queue_refused,
    "offer.failed": _offer_failed,
    "call.connected": _connected,
    "call.customer_answered": _connected,
    "call.dialled": _dialled,
    "call.held": _held,
    "call.interrupted": _held,
    "call.resumed": _resumed,
    "call.restored": _resumed,
    "call.ended": _ended,
    "wrap_up.started": _wrap_up_started,
    "wrap_up.ended": _wrap_up_ended,
    "recording.started": _recorded,
}


@dataclass(frozen=True, slots=True)
class LegSpan:
    """One party's line from its start to its end."""

    leg: str
    role: str
    agent_id: str | None
    started_at: int | None = None
    answered_at: int | None = None
    ended_at: int | None = None
    cause: int | None = None


def legs_of(facts: list[LedgerEntry]) -> tuple[LegSpan, ...]:
    """The legs that a call's facts tell of, in order of their first fact."""
    legs: dict[str, LegSpan] = {}
    for fact in facts:
        name = _text(fact.data, "leg")
        if not name:
            continue
        leg = legs.get(name) or LegSpan(name, _text(fact.data, "role") or "customer", None)
        if fact.type == "call.arrived":
            answered = fact.at_ms if leg.role == "customer" else None
            leg = replace(leg, started_at=fact.at_ms, answered_at=answered)
        elif fact.type == "leg.started":
            leg = replace(leg, started_at=fact.at_ms, agent_id=_agent_of(leg, fact))
        elif fact.type == "leg.answered":
            leg = replace(leg, answered_at=fact.at_ms)
        elif fact.type == "leg.ended":
            leg = replace(leg, ended_at=fact.at_ms, cause=_cause(fact))
        legs[name] = leg
    return tuple(legs.values())


def _agent_of(leg: LegSpan, fact: LedgerEntry) -> str | None:
    return fact.agent_id if leg.role == "agent" else None
