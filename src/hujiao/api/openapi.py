"""`python -m hujiao.api.openapi` writes the OpenAPI description to standard output."""

import sys

import orjson

from hujiao.api.app import schema


def export() -> bytes:
    """Indented JSON with sorted keys, so that a change reads as a change."""
    return orjson.dumps(
        schema("1"),
        option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE,
    )


if __name__ == "__main__":
    sys.stdout.buffer.write(export())
