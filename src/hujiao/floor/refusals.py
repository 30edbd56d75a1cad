"""Why the floor does not do what a desk asks. Screens translate `error`."""

from hujiao.kit.refusal import Refusal


class FloorUnavailable(Refusal):
    """The floor cannot be reached; nothing was changed."""

    status = 503
    error = "floor_unavailable"


class NotAnAgent(Refusal):
    status = 409
    error = "not_an_agent"


class NotSignedIn(Refusal):
    status = 409
    error = "not_signed_in"


class PhoneOffline(Refusal):
    status = 409
    error = "phone_offline"


class CallGone(Refusal):
    status = 409
    error = "call_gone"


class NotYours(Refusal):
    status = 403
    error = "not_yours"


class WrongState(Refusal):
    """The call or the agent is in a state in which this cannot be done."""

    status = 409
    error = "wrong_state"


class AgentBusy(Refusal):
    status = 409
    error = "agent_busy"


class BadNumber(Refusal):
    status = 422
    error = "bad_number"


class NumberNotAllowed(Refusal):
    """No trunk may carry this number (toll fraud is impossible by construction)."""

    status = 403
    error = "number_not_allowed"


class UnknownReason(Refusal):
    status = 422
    error = "unknown_reason"


class NoSwitch(Refusal):
    status = 503
    error = "no_switch"


class UnknownNode(Refusal):
    status = 404
    error = "unknown_node"


class UnknownCommand(Refusal):
    status = 422
    error = "unknown_command"
