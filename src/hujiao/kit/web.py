"""What every HTTP slice needs: refusals as JSON, pages, the request's transaction, text types."""

import base64
import binascii
import unicodedata
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Generic, TypeVar

import orjson
from fastapi import Depends, FastAPI, Query
from fastapi.exceptions import RequestValidationError
from fastapi.requests import HTTPConnection, Request
from fastapi.responses import JSONResponse
from pydantic import AfterValidator, BaseModel, StringConstraints
from pydantic_core import PydanticCustomError
from sqlalchemy import exc as sql_errors
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.exceptions import HTTPException

from hujiao.kit.db import Database
from hujiao.kit.log import logger
from hujiao.kit.refusal import InvalidInput, Refusal

DEFAULT_LIMIT = 50
MAX_LIMIT = 500
MAX_CURSOR_CHARS = 500

T = TypeVar("T")

log = logger(__name__)


# --- errors -------------------------------------------------------------------------------------


def error_response(
    status: int, error: str, message: str, details: dict[str, Any] | None = None
) -> JSONResponse:
    """The one shape of every error: screens translate `error`, people read `message`."""
    return JSONResponse(
        {"error": error, "message": message, "details": details or {}}, status_code=status
    )


async def _refused(_request: Request, refusal: Exception) -> JSONResponse:
    assert isinstance(refusal, Refusal)
    response = error_response(refusal.status, refusal.error, str(refusal), refusal.details)
    retry_after_s = refusal.details.get("retry_after_s")
    if isinstance(retry_after_s, int):
        response.headers["Retry-After"] = str(retry_after_s)
    return response


async def _invalid(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    fields = {_path(problem["loc"]): str(problem["type"]) for problem in error.errors()}
    return error_response(422, "invalid_input", "The input is not valid", {"fields": fields})


def _path(location: Sequence[int | str]) -> str:
    parts = [str(part) for part in location]
    if parts and parts[0] in ("body", "query", "path", "header", "cookie"):
        parts = parts[1:]
    return ".".join(parts)


HTTP_ERRORS = {
    401: "not_signed_in",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    415: "unsupported_media_type",
}


async def _http_error(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    name = HTTP_ERRORS.get(error.status_code, "bad_request")
    response = error_response(error.status_code, name, str(error.detail))
    response.headers.update(error.headers or {})
    return response


async def _database_away(_request: Request, error: Exception) -> JSONResponse:
    log.warning("database unavailable", error=type(error).__name__)
    return error_response(503, "database_unavailable", "The database is away; try again soon")


async def _not_storable(_request: Request, error: Exception) -> JSONResponse:
    log.warning("value refused by the database", error=type(error).__name__)
    return error_response(422, "invalid_input", "A value cannot be stored", {"fields": {}})


async def _conflict(_request: Request, error: Exception) -> JSONResponse:
    """Two requests raced past the checks of a service; the database kept one of them out."""
    assert isinstance(error, sql_errors.IntegrityError)
    diagnosis = getattr(error.orig, "diag", None)
    constraint = getattr(diagnosis, "constraint_name", None)
    log.warning("constraint held", constraint=constraint)
    return error_response(
        409, "conflict", "Somebody else changed this meanwhile", {"constraint": constraint}
    )


def answer_errors(app: FastAPI) -> None:
    """Let every error that a handler may raise leave as the one JSON shape."""
    app.add_exception_handler(Refusal, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(sql_errors.OperationalError, _database_away)
    app.add_exception_handler(sql_errors.InterfaceError, _database_away)
    app.add_exception_handler(sql_errors.TimeoutError, _database_away)
    app.add_exception_handler(sql_errors.DataError, _not_storable)
    app.add_exception_handler(sql_errors.IntegrityError, _conflict)


# --- the request's transaction ------------------------------------------------------------------


async def transaction(connection: HTTPConnection) -> AsyncIterator[AsyncConnection]:
    """One request is one transaction: committed before the answer leaves, else rolled back."""
    database: Database = connection.app.state.database
    async with database.transaction() as open_transaction:
        yield open_transaction


Transaction = Annotated[AsyncConnection, Depends(transaction, scope="function")]


# --- pages --------------------------------------------------------------------------------------


class Listed(BaseModel, Generic[T]):
    """One page of a list; `next_cursor` asks for the next, null ends the list."""

    items: list[T]
    next_cursor: str | None = None


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Ask the store for `fetch` rows behind `after(...)`, then `cut` them to a page."""

    limit: int = DEFAULT_LIMIT
    cursor: str | None = None

    @property
    def fetch(self) -> int:
        """One more than a page holds, to know whether there is another."""
        return self.limit + 1

    def after(self, *types: type) -> tuple[Any, ...] | None:
        """The key that the last page ended with. Raises InvalidInput for a cursor not ours."""
        if self.cursor is None:
            return None
        key = _decode_cursor(self.cursor)
        if len(key) != len(types) or any(
            type(value) is not expected for value, expected in zip(key, types, strict=True)
        ):
            raise InvalidInput("Not a cursor of this list", fields={"cursor": "bad_cursor"})
        return tuple(key)

    def cut(
        self, rows: Sequence[T], key: Callable[[T], tuple[Any, ...]]
    ) -> tuple[Sequence[T], str | None]:
        """The page's rows and the cursor of the next page."""
        if len(rows) <= self.limit:
            return rows, None
        shown = rows[: self.limit]
        return shown, encode_cursor(key(shown[-1]))


def page_request(
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT,
    cursor: Annotated[str | None, Query(max_length=MAX_CURSOR_CHARS)] = None,
) -> PageRequest:
    return PageRequest(limit, cursor)


Paging = Annotated[PageRequest, Depends(page_request)]


def encode_cursor(key: tuple[Any, ...]) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(key)).decode().rstrip("=")


def _decode_cursor(cursor: str) -> list[Any]:
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        key = orjson.loads(base64.urlsafe_b64decode(padded.encode("ascii")))
    except (ValueError, binascii.Error) as error:
        raise InvalidInput("Not a cursor", fields={"cursor": "bad_cursor"}) from error
    if not isinstance(key, list):
        raise InvalidInput("Not a cursor", fields={"cursor": "bad_cursor"})
    return key


# --- text that people type ----------------------------------------------------------------------

FORBIDDEN_IN_LINE = frozenset({"Cc", "Cs", "Co", "Cn", "Zl", "Zp"})
ALLOWED_IN_TEXT = frozenset("\n\t")
DIRECTION_MARKS = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def clean_line(value: str) -> str:
    """One line: trimmed, NFC, nothing that controls a terminal, a log or the writing direction."""
    value = unicodedata.normalize("NFC", value.strip())
    for character in value:
        if unicodedata.category(character) in FORBIDDEN_IN_LINE or character in DIRECTION_MARKS:
            raise PydanticCustomError("bad_character", "a character that cannot be stored")
    return value


def clean_text(value: str) -> str:
    """Several lines, otherwise as `clean_line`."""
    value = value.replace("\r\n", "\n").replace("\r", "\n")
    clean_line("".join(c for c in value if c not in ALLOWED_IN_TEXT))
    return unicodedata.normalize("NFC", value.strip())


def filled(value: str) -> str:
    """At least one visible character is left after trimming."""
    if not value:
        raise PydanticCustomError("string_too_short", "must not be empty")
    return value


Name = Annotated[
    str, StringConstraints(max_length=80), AfterValidator(clean_line), AfterValidator(filled)
]
"""A short name, at least one visible character."""

Line = Annotated[str, StringConstraints(max_length=200), AfterValidator(clean_line)]
"""One line, may be empty."""

Text = Annotated[str, StringConstraints(max_length=10_000), AfterValidator(clean_text)]
"""A note of several lines, may be empty."""

Id = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
"""A primary key made by `kit.ids.new_id`."""
