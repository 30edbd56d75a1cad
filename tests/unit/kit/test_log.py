"""Logs hold ids, not people."""

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from hujiao.kit.log import configure, logger, personal


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    stream = io.StringIO()
    configure("test", stream=stream)
    yield stream
    root.handlers[:] = before
    root.setLevel(level)
    structlog.reset_defaults()


def lines(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_each_line_is_one_object_with_time_level_process_and_ids(stream: io.StringIO) -> None:
    with structlog.contextvars.bound_contextvars(request="r1"):
        logger("a.b").info("call arrived", call="n1-1", ms=3)
    (line,) = lines(stream)
    assert line.pop("at")
    assert line == {
        "event": "call arrived",
        "level": "info",
        "process": "test",
        "request": "r1",
        "call": "n1-1",
        "ms": 3,
    }


def test_personal_values_are_masked_marked_or_not(stream: io.StringIO) -> None:
    logger("a").info(
        "x",
        caller="13800138000",
        other=personal("王小明"),
        nested={"number": "13800138000", "password": "p"},
        many=[{"customer_name": "Li"}],
    )
    text = stream.getvalue()
    assert "13800138000" not in text
    assert "王小明" not in text
    (line,) = lines(stream)
    assert line["caller"] == "138***00"
    assert line["nested"] == {"number": "138***00", "password": "***"}
    assert line["many"] == [{"customer_name": "***"}]


def test_personal_values_are_shown_to_who_asked_for_it_and_secrets_never() -> None:
    stream = io.StringIO()
    configure("test", stream=stream, show_personal=True)
    logger("a").info("x", caller="13800138000", token="t")
    (line,) = lines(stream)
    assert (line["caller"], line["token"]) == ("13800138000", "***")


def test_the_libraries_lines_have_the_same_form(stream: io.StringIO) -> None:
    logging.getLogger("some.library").warning("took %s ms", 5, extra={"caller": "13800138000"})
    (line,) = lines(stream)
    assert (line["event"], line["level"], line["caller"]) == ("took 5 ms", "warning", "138***00")


def test_an_exception_keeps_its_trace(stream: io.StringIO) -> None:
    try:
        raise ValueError("bad")
    except ValueError:
        logger("a").exception("failed")
    (line,) = lines(stream)
    assert "ValueError: bad" in str(line["exception"])


def test_what_is_below_the_level_is_not_written(stream: io.StringIO) -> None:
    logger("a").debug("x")
    assert not stream.getvalue()
