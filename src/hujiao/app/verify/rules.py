"""What one call's facts must look like, and whether the call list tells the same. Pure."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import fields

from hujiao.app.verify.model import Difference, Line
from hujiao.calls.projection import Contact, apply

TOUCH_MS = 1_000
"""What two sides do within so short a time of each other may be told in either order."""
ANYBODY = "web"
"""The source of facts of people and jobs: its numbers may have gaps, its time is its own."""

NEVER_AFTER_END = frozenset(
    {
        "call.greeted",
        "menu.entered",
        "menu.digit",
        "menu.chosen",
        "queue.entered",
        "offer.made",
        "offer.accepted",
        "call.dialled",
        "call.customer_answered",
        "call.connected",
        "call.held",
        "call.resumed",
        "call.interrupted",
        "call.restored",
        "recording.started",
    }
)


def is_over(lines: Sequence[Line]) -> bool:
    """Whether the ledger has the call's end."""
    return any(line.entry.type == "call.ended" for line in lines)


def check_call(call_id: str, lines: Sequence[Line]) -> Iterator[Difference]:
    """What is wrong with a call by its own facts, given in order. Its end may be still to come."""
    counts = Counter(line.entry.type for line in lines)
    if not counts["call.arrived"]:
        yield Difference("no_arrival", call_id, {"facts": len(lines)})
    for kind, type_name in (("arrived_again", "call.arrived"), ("ended_again", "call.ended")):
        if counts[type_name] > 1:
            yield Difference(kind, call_id, {"times": counts[type_name]})
    yield from _out_of_order(call_id, lines)


def _out_of_order(call_id: str, lines: Sequence[Line]) -> Iterator[Difference]:
    first = ""
    ended = False
    before: dict[str, Line] = {}
    for line in lines:
        entry = line.entry
        former = before.get(line.source)
        if former is not None and entry.at_ms < former.entry.at_ms - TOUCH_MS:
            back_ms = former.entry.at_ms - entry.at_ms
            yield Difference("time_goes_back", call_id, {"type": entry.type, "ms": back_ms})
        before[line.source] = line
        if line.source == ANYBODY:
            continue
        first = first or entry.type
        if entry.type == "call.arrived" != first:
            yield Difference("before_arrival", call_id, {"type": first})
        if ended and entry.type in NEVER_AFTER_END:
            yield Difference("after_end", call_id, {"type": entry.type})
        ended = ended or entry.type == "call.ended"


def check_listed(
    call_id: str, lines: Sequence[Line], listed: Contact | None, *, read_to: int, region: str
) -> Iterator[Difference]:
    """Whether the call list says what the facts up to position `read_to` say."""
    told: Contact | None = None
    for line in lines:
        if line.entry.position <= read_to:
            told = apply(told, line.entry, region)
    if told is None:
        if listed is not None:
            yield Difference("listed_unknown", call_id)
    elif listed is None:
        yield Difference("not_listed", call_id)
    else:
        wrong = [
            f"{one.name}: {getattr(told, one.name)} ≠ {getattr(listed, one.name)}"
            for one in fields(Contact)
            if getattr(told, one.name) != getattr(listed, one.name)
        ]
        if wrong:
            yield Difference("listed_otherwise", call_id, {"fields": "; ".join(wrong)})
