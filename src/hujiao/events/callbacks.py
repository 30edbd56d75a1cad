"""Facts of customers to be called back. Published by `callbacks`."""

from hujiao.events.fact import Fact
from hujiao.kit.values import value


@value
class MessageLeft(Fact):
    """A caller spoke a message while no floor was there. `at_ms` is when he began to speak.

    `message` is the switch's name of his call. The call's other facts are told when it is over.
    """

    type = "message.left"
    message: str
    number: str
    called: str
    at_ms: int
    length_ms: int


@value
class CallbackOpened(Fact):
    """A customer has to be called back. `kind`: lost_call or message."""

    type = "callback.opened"
    callback: str
    kind: str
    why: str


@value
class CallbackTaken(Fact):
    """The subject's agent does it now."""

    type = "callback.taken"
    callback: str


@value
class CallbackReturned(Fact):
    """Given back: anybody may take it again."""

    type = "callback.returned"
    callback: str


@value
class CallbackDone(Fact):
    """`result` called_again: the customer called himself and was answered; nobody closed it."""

    type = "callback.done"
    callback: str
    result: str


@value
class CallbackDropped(Fact):
    """It will not be done; the reason stands in the work item."""

    type = "callback.dropped"
    callback: str
