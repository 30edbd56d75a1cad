"""What people ask of the floor: each command is checked, done at once, or refused with a reason."""

from collections.abc import Callable, Mapping
from typing import Any

from hujiao.calls import outbound, talk
from hujiao.calls.model import CONNECTED, Call, CallId, Effects, EndedBy, Phase
from hujiao.events import floor as facts
from hujiao.events.fact import Subject
from hujiao.floor import nodes, refusals
from hujiao.floor.core import Floor
from hujiao.floor.desks import Desk
from hujiao.floor.dialplan import diallable
from hujiao.kit.ids import new_id
from hujiao.kit.refusal import InvalidInput
from hujiao.routing import model as routing
from hujiao.telephony import port

MAX_DIGITS = 32
_DTMF = frozenset("0123456789*#ABCD")

Arguments = Mapping[str, Any]


class Commands:
    """One method per command name; `do` is the door."""

    def __init__(self, floor: Floor) -> None:
        self._floor = floor
        self._methods: dict[str, Callable[[Arguments, int], dict[str, Any]]] = {
            "phone": self._phone,
            "sign_in": self._sign_in,
            "sign_out": self._sign_out,
            "state": self._state,
            "dial": self._dial,
            "hold": self._hold,
            "resume": self._resume,
            "hangup": self._hangup,
            "reject": self._reject,
            "digits": self._digits,
            "record_pause": self._record_pause,
            "record_resume": self._record_resume,
            "wrap_up_done": self._wrap_up_done,
            "test_call": self._test_call,
            "drain": self._drain,
            "nodes": self._nodes,
        }

    def do(self, name: str, arguments: Arguments, now_ms: int) -> dict[str, Any]:
        """Carry out a command. Raises a Refusal (`floor.refusals`) when it cannot be done."""
        method = self._methods.get(name)
        if method is None:
            raise refusals.UnknownCommand(command=name)
        self._floor.now_ms = now_ms
        return method(arguments, now_ms)

    # --- desk ---

    def _phone(self, arguments: Arguments, now_ms: int) -> dict[str, Any]:
        """A page has loaded and is this agent's phone now; an older page's media is dead."""
        desk = self._desk(arguments)
        tab = _text(arguments, "tab")
        former, desk.tab = desk.tab, tab
        call = self._floor.calls.get(desk.contact or "")
        if former != tab and call is not None and call.agent == desk.id:
            self._drop_old_page(call, now_ms)
        self._floor.mark_agent(desk.id)
        settings = desk.settings
        return {
            "former_tab": former if former != tab else "",
            "nodes": sorted(self._floor.nodes),
            "username": settings.extension,
            "password": settings.phone_secret,
            "display_name": settings.name,
        }

    def _drop_old_page(self, call: Call, now_ms: int) -> None:
        leg = call.legs.get(call.agent_leg or port.LegId(""))
        if call.phase not in CONNECTED or leg is None or not leg.survives_loss:
            return
        out = Effects()
        out.do(port.HangUpLeg(leg.id))
        talk.interrupt(call, "page reloaded", now_ms, out)
        self._floor.settle(call, out, now_ms)

    def _sign_in(self, arguments: Arguments, now_ms: int) -> dict[str, Any]:
        desk = self._desk(arguments)
        if desk.signed_in:
            return {}
        desk.handled = desk.missed = 0
        desk.wants_ready = False
        self._floor.tell(facts.AgentWentIn(), Subject(agent=desk.id), now_ms)
        self._floor.route(routing.AgentSignedIn(routing.AgentId(desk.id), now_ms))
        return {}

    def _sign_out(self, arguments: Arguments, now_ms: int) -> dict[str, Any]:
        desk = self._desk(arguments)
        if desk.signed_in:
            why = "asked" if arguments.get("by") == desk.id else "by_leader"
            self._floor.sign_out(desk, why, now_ms)
        return {}

    def _state(self, arguments: Arguments, now_ms: int) -> dict[str, Any]:
        desk = self._signed_in(arguments)
        ready = arguments.get("state") == "ready"
        if not ready and arguments.get("state") != "not_ready":
            raise InvalidInput(fields={"state": "unknown"})
        reason = arguments.get("reason_id")
        if reason is not None and reason not in self._floor.configuration.reasons:
            raise refusals.UnknownReason()
        if ready and not desk.phone_online:
            raise refusals.PhoneOffline()
        desk.unready_by_phone = False
        self._floor.set_ready(desk, ready, None if ready else reason, now_ms)
        return {}

    def _dial(self, arguments: Arguments, now_ms: int) -> dict[str, Any]:
        floor, desk = self._floor, self._signed_in(arguments)
        number = diallable(_text(arguments, "number"))
        if number is None:
            raise refusals.BadNumber()
        to = floor.destination(number)
        if to is None:
            raise refusals.NumberNotAllowed()
        if desk.contact is not None and desk.state is not routing.AgentState.WRAP_UP:
            raise refusals.AgentBusy()
        if not desk.phone_online:
            raise refusals.PhoneOffline()
        node = nodes.node_for(floor, desk)
        if node is None:
            raise refusals.NoSwitch()
        out = Effects()
        call = outbound.dial(CallId(f"o-{new_id()}"), node, desk.invited, to, now_ms, out)
        floor.take_on(call)
        floor.settle(call, out, now_ms)
        return {"call_id": call.id}

    # --- the call in hand ---

    def _hold(self, arguments: Arguments, now_ms: int) -> dict[str, Any]:
        return self._act(arguments, now_ms, lambda c, out: talk.hold(c, "desk", now_ms, out))

    def _resume(self, arguments: Arguments, now_ms: int) -> dict[str, Any]:
        return self._act(arguments, now_ms, lambda c, out: talk.resume(c, "desk", now_ms, out))

    def _record_pause(self, arguments: Arguments, now_ms: int) -> dict[str, Any]:
        return self._act(arguments, now_ms, talk.pause_recording)

    def _record_resume(self, arguments: Arguments, now_ms: int) -> dict[str, Any]:
        return self._act(arguments, now_ms, talk.resume_recording)

    def _digits(self, arguments: Arguments, now_ms: int) -> dict[str, Any]:
        digits = _text(arguments, "digits").upper()
        if not digits or len(digits) > MAX_DIGITS or not _DTMF.issuperset(digits):
            raise InvalidInput(fields={"digits": "invalid"})
        return self._act(arguments, now_ms, lambda c, out: talk.send_digits(c, digits, out))

    def _hangup(self, arguments: Arguments, now_ms: int) -> dict[str, Any]:
        def end(call: Call, out: Effects) -> bool:
            talk.hang_up(call, EndedBy.AGENT, now_ms, out)
            return True

        return self._act(arguments, now_ms, end)

    def _reject(self, arguments: Arguments, now_ms: int) -> dict[str, Any]:
        """Refuse an offer: the ringing leg is ended, the caller keeps his place."""
        desk, call = self._desk(arguments), self._call(arguments)
        if desk.id not in call.offered:
            raise refusals.WrongState()
        self._floor.end_offer(call, desk.id, port.Cause.REJECTED, now_ms)
        return {}

    def _wrap_up_done(self, arguments: Arguments, now_ms: int) -> dict[str, Any]:
        desk = self._signed_in(arguments)
        self._floor.route(routing.WrapUpEnded(routing.AgentId(desk.id), now_ms))
        return {}

    def _test_call(self, arguments: Arguments, now_ms: int) -> dict[str, Any]:
        numbers = self._floor.configuration.numbers
        number = arguments.get("number") or next(iter(numbers), None)
        if number not in numbers:
            raise refusals.BadNumber()
        leg = port.LegId(f"t-{new_id()}")
        caller = _text(arguments, "caller_number", "13800138000")
        node = nodes.node_for(self._floor)
        if node is None:
            raise refusals.NoSwitch()
        self._floor.send(port.PlaceTestCall(leg, node, str(number), caller))
        return {"number": number}

    def _drain(self, arguments: Arguments, now_ms: int) -> dict[str, Any]:
        """Put nothing new on a node (`on`), or use it again; tells the calls that are left."""
        floor, node = self._floor, port.NodeName(_text(arguments, "node"))
        if node not in floor.nodes:
            raise refusals.UnknownNode(node=node, nodes=sorted(floor.nodes))
        by = _text(arguments, "by", "")
        nodes.drain(floor, node, draining=bool(arguments.get("on")), by=by, now_ms=now_ms)
        return {"calls": floor.calls_on[node]}

    def _nodes(self, _arguments: Arguments, _now_ms: int) -> dict[str, Any]:
        return {"nodes": nodes.nodes_view(self._floor)}

    def _act(
        self, arguments: Arguments, now_ms: int, rule: Callable[[Call, Effects], bool]
    ) -> dict[str, Any]:
        """Apply a rule to a call that is in this agent's hands."""
        desk, call = self._desk(arguments), self._call(arguments)
        if call.agent != desk.id:
            raise refusals.NotYours()
        out = Effects()
        if call.is_over or not rule(call, out):
            raise refusals.WrongState(phase=call.phase)
        self._floor.settle(call, out, now_ms)
        return {}

    def _desk(self, arguments: Arguments) -> Desk:
        desk = self._floor.desks.get(_text(arguments, "agent"))
        if desk is None:
            raise refusals.NotAnAgent()
        return desk

    def _signed_in(self, arguments: Arguments) -> Desk:
        desk = self._desk(arguments)
        if not desk.signed_in:
            raise refusals.NotSignedIn()
        return desk

    def _call(self, arguments: Arguments) -> Call:
        call = self._floor.calls.get(_text(arguments, "call"))
        if call is None or call.phase is Phase.ENDED:
            raise refusals.CallGone()
        return call


def _text(arguments: Arguments, name: str, default: str | None = None) -> str:
    value = arguments.get(name, default)
    if not isinstance(value, str):
        raise InvalidInput(fields={name: "required"})
    return value
