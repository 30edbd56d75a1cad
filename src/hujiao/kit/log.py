"""Structured logs: one JSON object per line, ids in fields, personal data masked.

A log's text never holds a number or a name. Whoever needs one in a line passes it as
`personal(value)`; fields of the names in `PERSONAL_FIELDS` are masked even when that was forgotten.
"""

import logging
import sys
from typing import IO, Any

import orjson
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

PERSONAL_FIELDS = frozenset(
    {
        "caller",
        "caller_name",
        "called",
        "customer_name",
        "customer_number",
        "login",
        "number",
        "person_name",
        "phone_number",
    }
)
SECRET_FIELDS = frozenset({"authorization", "cookie", "password", "secret", "token"})
QUIET_LOGGERS = ("alembic.runtime", "httpcore", "httpx", "uvicorn.access", "websockets")

SHORTEST_PARTLY_SHOWN = 8


class Personal(str):
    """Text that belongs to a person: written masked unless the log was told to show it."""

    __slots__ = ()


def personal(value: str) -> Personal:
    """Mark a value as personal for the log."""
    return Personal(value)


def mask(value: str) -> str:
    """Enough to compare two lines with each other, too little to call or to name somebody."""
    if len(value) < SHORTEST_PARTLY_SHOWN:
        return "***"
    return f"{value[:3]}***{value[-2:]}"


def configure(
    process: str,
    *,
    level: str = "info",
    show_personal: bool = False,
    stream: IO[str] | None = None,
) -> None:
    """Send all logs of this process, those of libraries too, to `stream` (standard error)."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        _Named(process),
        _Masker(show_personal),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.PositionalArgumentsFormatter(),
            *shared[:2],
            *shared[3:],
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(serializer=_dump),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in QUIET_LOGGERS:
        logging.getLogger(name).setLevel(logging.WARNING)


def logger(name: str) -> structlog.stdlib.BoundLogger:
    """The logger of a module."""
    bound: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return bound


def bind(**fields: str) -> None:
    """Put fields into every further line of this request or task."""
    structlog.contextvars.bind_contextvars(**fields)


class _Named:
    def __init__(self, process: str) -> None:
        self._process = process

    def __call__(self, _logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        event["process"] = self._process
        return event


class _Masker:
    def __init__(self, show_personal: bool) -> None:
        self._show = show_personal

    def __call__(self, _logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        for key, value in event.items():
            event[key] = self._cleaned(key, value)
        return event

    def _cleaned(self, key: str, value: Any) -> Any:
        if isinstance(value, dict):
            return {name: self._cleaned(str(name), inner) for name, inner in value.items()}
        if isinstance(value, list | tuple):
            return [self._cleaned(key, inner) for inner in value]
        if key in SECRET_FIELDS and value:
            return "***"
        if not isinstance(value, str) or self._show:
            return value
        return mask(value) if isinstance(value, Personal) or key in PERSONAL_FIELDS else value


def _dump(event: EventDict, **_: Any) -> str:
    return orjson.dumps(event, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
