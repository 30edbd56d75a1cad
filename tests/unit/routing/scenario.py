"""Scenarios as text: one line per event, below it everything the router answered.

    <seconds> <verb> <arguments> [option=value ...]

`play` runs the events of a scenario and returns the text with the answers it got, so that a wrong
answer is a difference between two texts. The verbs are the names in `_EVENTS` and `_QUERIES`.
"""

from collections.abc import Callable
from dataclasses import dataclass

from hujiao.routing.core import (
    State,
    agent_state,
    expected_wait_ms,
    longest_wait_since,
    position,
    step,
    waiting,
    why_waiting,
)
from hujiao.routing.model import (
    AgentChanged,
    AgentConfig,
    AgentEngaged,
    AgentId,
    AgentReadySet,
    AgentRemoved,
    AgentSet,
    AgentSignedIn,
    AgentSignedOut,
    CancelOffer,
    Command,
    ContactEnded,
    ContactId,
    ContactLeft,
    ContactQueued,
    Event,
    Explain,
    FailWhy,
    Offer,
    OfferAccepted,
    OfferFailed,
    Overflowed,
    QueueConfig,
    QueueId,
    QueueRemoved,
    QueueSet,
    Rank,
    Refused,
    Strategy,
    Tick,
    WakeAt,
    WrapUpEnded,
)

_INDENT = "    "


@dataclass(frozen=True, slots=True)
class Line:
    """One event line, taken apart."""

    at_ms: int
    words: list[str]
    options: dict[str, str]

    def number(self, name: str, default: int) -> int:
        return int(self.options.get(name, default))

    def maybe(self, name: str) -> int | None:
        return int(self.options[name]) if name in self.options else None

    def skills(self) -> dict[str, int]:
        pairs = [pair.split(":") for pair in self.options.get("skills", "").split(",") if pair]
        return {skill: int(level) for skill, level in pairs}


def play(text: str) -> str:
    """The same scenario with the answers the router gives now."""
    state = State()
    played: list[str] = []
    for raw in text.splitlines():
        if raw.startswith(_INDENT):
            continue
        played.append(raw)
        if not raw.strip() or raw.startswith("#"):
            continue
        line = _parse(raw)
        verb = line.words[0]
        if verb == "?":
            answers = [_QUERIES[line.words[1]](state, line.words[2])]
        else:
            answers = [_say(command) for command in step(state, _EVENTS[verb](line))]
        played.extend(
            [_INDENT + part for answer in answers for part in answer.splitlines() if part]
        )
    return "\n".join(played) + "\n"


def _parse(raw: str) -> Line:
    time, *parts = raw.split()
    words = [part for part in parts if "=" not in part]
    options = dict(part.split("=", 1) for part in parts if "=" in part)
    return Line(_ms(time), words, options)


def _ms(seconds: str) -> int:
    return round(float(seconds) * 1000)


def _queue(line: Line) -> Event:
    config = QueueConfig(
        QueueId(line.words[1]),
        Strategy(line.options.get("strategy", "longest_idle")),
        line.skills(),
        priority=line.number("priority", 0),
        ageing_s=line.number("ageing", 60),
        ring_timeout_s=line.number("ring", 20),
        wrap_up_s=line.number("wrap_up", 15),
        max_waiting=line.maybe("max_waiting"),
        max_wait_s=line.maybe("max_wait"),
        overflow_to=QueueId(line.options["overflow"]) if "overflow" in line.options else None,
        prefer_level="prefer_level" in line.words,
        level_relax_after_s=line.maybe("relax"),
    )
    return QueueSet(config, line.at_ms)


def _agent(line: Line) -> Event:
    config = AgentConfig(
        AgentId(line.words[1]),
        line.skills(),
        wrap_up_s=line.maybe("wrap_up"),
        rest_s=line.number("rest", 0),
        max_missed=line.number("max_missed", 3),
    )
    return AgentSet(config, line.at_ms)


def _arrive(line: Line) -> Event:
    preferred, _, wait_s = line.options.get("prefer", "").partition(":")
    excluded = line.options.get("exclude", "")
    return ContactQueued(
        ContactId(line.words[1]),
        QueueId(line.words[2]),
        line.number("priority", 0),
        line.at_ms,
        _ms(line.options["arrived"]) if "arrived" in line.options else line.at_ms,
        AgentId(preferred) if preferred else None,
        int(wait_s or 0),
        frozenset(AgentId(name) for name in excluded.split(",") if name),
        line.options.get("place", ""),
    )


def _agent_of(line: Line, word: int = 1) -> AgentId:
    return AgentId(line.words[word])


def _contact_of(line: Line, word: int = 1) -> ContactId:
    return ContactId(line.words[word])


_EVENTS: dict[str, Callable[[Line], Event]] = {
    "queue": _queue,
    "queue_removed": lambda line: QueueRemoved(QueueId(line.words[1]), line.at_ms),
    "agent": _agent,
    "agent_removed": lambda line: AgentRemoved(_agent_of(line), line.at_ms),
    "sign_in": lambda line: AgentSignedIn(_agent_of(line), line.at_ms),
    "sign_out": lambda line: AgentSignedOut(_agent_of(line), line.at_ms),
    "ready": lambda line: AgentReadySet(_agent_of(line), True, None, line.at_ms),
    "not_ready": lambda line: AgentReadySet(
        _agent_of(line), False, line.words[2] if len(line.words) > 2 else None, line.at_ms
    ),
    "engaged": lambda line: AgentEngaged(
        _agent_of(line),
        _contact_of(line, 2),
        line.at_ms,
        QueueId(line.options["queue"]) if "queue" in line.options else None,
    ),
    "arrive": _arrive,
    "left": lambda line: ContactLeft(_contact_of(line), line.at_ms),
    "accept": lambda line: OfferAccepted(_contact_of(line), _agent_of(line, 2), line.at_ms),
    "fail": lambda line: OfferFailed(
        _contact_of(line),
        _agent_of(line, 2),
        line.at_ms,
        FailWhy(line.words[3]),
        line.number("offer", 0),
    ),
    "end": lambda line: ContactEnded(
        _contact_of(line), _agent_of(line, 2), line.at_ms, "no_wrap_up" not in line.words
    ),
    "wrap_up_end": lambda line: WrapUpEnded(_agent_of(line), line.at_ms),
    "tick": lambda line: Tick(line.at_ms),
}

_QUERIES: dict[str, Callable[[State, str], str]] = {
    "waiting": lambda state, name: str(waiting(state, QueueId(name))),
    "position": lambda state, name: str(position(state, ContactId(name))),
    "expected": lambda state, name: _seconds(expected_wait_ms(state, ContactId(name))),
    "longest": lambda state, name: _seconds(longest_wait_since(state, QueueId(name))),
    "agent": lambda state, name: agent_state(state, AgentId(name)),
    "why": lambda state, name: _explained(why_waiting(state, ContactId(name))),
}


def _seconds(ms: int | None) -> str:
    return "unknown" if ms is None else f"{ms / 1000:g}"


def _key(rank: Rank) -> str:
    return " (" + " ".join(str(part) for part in rank) + ")" if rank else ""


def _explained(explain: Explain) -> str:
    relaxed = " relaxed" if explain.relaxed else ""
    winners = f" -> {','.join(explain.winners)}" if explain.winners else ""
    head = f"{explain.reason}{relaxed}{winners} order={_key(explain.order).strip() or '-'}"
    body = [f"  {c.agent}{_key(c.rank)} {c.note}" for c in explain.candidates]
    return "\n".join([head, *body])


def _say(command: Command) -> str:
    match command:
        case Offer(contact, queue, agents, ring_timeout_s, explain, number):
            to = ",".join(agents)
            head = f"offer {number} {contact} of {queue} to {to} for {ring_timeout_s}s: "
            return head + _explained(explain)
        case CancelOffer(contact, agent, why):
            return f"cancel {contact} at {agent}: {why}"
        case Overflowed(contact, from_queue, to_queue, why):
            return f"overflow {contact} from {from_queue} to {to_queue}: {why}"
        case Refused(contact, queue, why):
            return f"refuse {contact} of {queue}: {why}"
        case AgentChanged(agent, state, reason, contact, until_ms, _):
            because = f" because {reason}" if reason else ""
            doing = f" {contact}" if contact else ""
            until = f" until {_seconds(until_ms)}" if until_ms is not None else ""
            return f"{agent} is {state}{doing}{because}{until}"
        case WakeAt(at_ms):
            return f"wake at {_seconds(at_ms)}"
