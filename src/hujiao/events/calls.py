"""Facts of a call: from its arrival to its end. Published by `calls`."""

from hujiao.events.fact import Fact
from hujiao.kit.values import value


@value
class CallArrived(Fact):
    """A call exists. Inbound: at the trunk; outbound: an agent asked for it."""

    type = "call.arrived"
    direction: str
    caller: str
    caller_name: str
    called: str
    trunk: str
    node: str
    leg: str
    name: str = ""


@value
class CallRefused(Fact):
    """We did not take the call: unknown or closed number."""

    type = "call.refused"
    why: str


@value
class CallGreeted(Fact):
    """The caller hears the greeting of the number he called."""

    type = "call.greeted"


@value
class MenuEntered(Fact):
    """The caller hears the menu for the first time."""

    type = "menu.entered"


@value
class MenuDigit(Fact):
    """The caller pressed a digit while the menu was his."""

    type = "menu.digit"
    digit: str


@value
class MenuInvalid(Fact):
    """`digit` is empty when the caller pressed nothing in time."""

    type = "menu.invalid"
    digit: str


@value
class MenuChosen(Fact):
    """`path` is all digits so far; empty when the number's default was taken."""

    type = "menu.chosen"
    path: str


@value
class LegStarted(Fact):
    """A phone is being called. `role` is agent or customer."""

    type = "leg.started"
    leg: str
    role: str


@value
class LegRang(Fact):
    """The called phone rings."""

    type = "leg.ringing"
    leg: str


@value
class LegWasAnswered(Fact):
    """The called phone was picked up."""

    type = "leg.answered"
    leg: str


@value
class LegWasEnded(Fact):
    """`cause` is the Q.850 cause."""

    type = "leg.ended"
    leg: str
    role: str
    cause: int


@value
class CallConnected(Fact):
    """Customer and agent hear each other."""

    type = "call.connected"


@value
class CallHeld(Fact):
    """The customer hears music. `by` is desk or phone."""

    type = "call.held"
    by: str


@value
class CallResumed(Fact):
    """The customer is back from hold. `by` is desk or phone."""

    type = "call.resumed"
    by: str


@value
class CallInterrupted(Fact):
    """The agent's phone was lost in mid-call; the customer hears music and waits for it."""

    type = "call.interrupted"
    why: str


@value
class CallRestored(Fact):
    """The agent's phone is back in the call."""

    type = "call.restored"


@value
class DigitsSent(Fact):
    """Only how many: digits may be card data."""

    type = "call.digits_sent"
    count: int


@value
class CallDialled(Fact):
    """The customer of an outbound call is being called."""

    type = "call.dialled"
    number: str
    trunk: str


@value
class CustomerAnswered(Fact):
    """The customer of an outbound call picked up."""

    type = "call.customer_answered"


@value
class CallLostItsNode(Fact):
    """The switch node that carried the call has ended or stays away; the call ends by it."""

    type = "call.node_lost"
    node: str


@value
class CallEnded(Fact):
    """`phase` is where the call stood; `ended_by` customer, agent or system; `cause` is Q.850."""

    type = "call.ended"
    phase: str
    ended_by: str
    cause: int


@value
class RecordingStarted(Fact):
    """Two raw files `<path>-rx.alaw` (customer) and `<path>-tx.alaw` (centre) grow on `node`."""

    type = "recording.started"
    recording: str
    node: str
    path: str


@value
class RecordingPaused(Fact):
    """From now on both voices are recorded as silence."""

    type = "recording.paused"
    recording: str


@value
class RecordingResumed(Fact):
    """Both voices are recorded again."""

    type = "recording.resumed"
    recording: str


@value
class RecordingStopped(Fact):
    """The raw files grow no more."""

    type = "recording.stopped"
    recording: str


@value
class NoteSaved(Fact):
    """The agent saved his note and the result of the call."""

    type = "note.saved"
    disposition_id: str | None
    customer_id: str | None
