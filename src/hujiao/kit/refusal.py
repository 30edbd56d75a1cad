"""Expected refusals: a class each, with an HTTP status, a stable id and details for the screen."""

from typing import Any, ClassVar


class Refusal(Exception):  # noqa: N818  a refusal is an answer, not an error
    """What was asked cannot be done and the asker can be told why. Screens translate `error`."""

    status: ClassVar[int] = 409
    error: ClassVar[str] = "refused"

    def __init__(self, message: str = "", **details: Any) -> None:
        super().__init__(message or self.error.replace("_", " "))
        self.details = details


class NotFound(Refusal):
    status = 404
    error = "not_found"


class Forbidden(Refusal):
    status = 403
    error = "forbidden"


class InvalidInput(Refusal):
    """`details["fields"]` maps a field's path to a code that screens translate."""

    status = 422
    error = "invalid_input"


class Unavailable(Refusal):
    status = 503
    error = "unavailable"


class Taken(Refusal):
    """`details["field"]` names the field whose value somebody else has."""

    error = "taken"


class InUse(Refusal):
    """`details["used_by"]` lists what still needs it: kind, id and name of each."""

    error = "in_use"
