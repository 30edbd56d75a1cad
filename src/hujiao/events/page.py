"""The page of all facts, made from the catalogue: `python -m hujiao.events.page > docs/ledger.md`.

A test holds page and code together; `make docs` writes the page anew.
"""

import inspect
from collections.abc import Iterator
from dataclasses import MISSING, Field, fields

from hujiao.events.catalogue import CATALOGUE
from hujiao.events.fact import Fact
from hujiao.events.versions import STEPS

HEAD = """\
# The ledger: every fact there is

Made from the code by `make docs`; do not edit. Every number that Hujiao shows is derived from these
facts and counted nowhere else.

A fact is a row of the table `fact`, written once and never changed:

| column | meaning |
| --- | --- |
| `position` | its place in the ledger, given in the order of commits |
| `source`, `seq` | who wrote it, its number there: a floor's without gaps, `web`'s ascending |
| `at` | when it happened |
| `type`, `version` | which of the facts below |
| `call_id`, `agent_id`, `queue_id` | whom it is about; empty where that does not apply |
| `data` | its own fields, below |

## Versions

When the fields of a fact change, its version grows and the old facts stay as they were written.
`src/hujiao/events/versions.py` holds one pure step from each version to the next; every reader of
the ledger gets the newest form. A fact whose version is newer than the program stops the reader
with an error instead of being guessed at: upgrade `worker` and `web` together with `floor`.

`hujiao ledger verify` checks all of it: docs/operations/ledger.md.
"""


def page() -> str:
    """The whole page in Markdown, ending in a newline."""
    return "\n".join([HEAD, "## Facts", "", *_chapters()]).rstrip("\n") + "\n"


def _chapters() -> Iterator[str]:
    families = sorted({name.partition(".")[0] for name in CATALOGUE})
    for family in families:
        yield f"### {family}"
        yield ""
        for name, fact in sorted(CATALOGUE.items()):
            if name.partition(".")[0] == family:
                yield from _section(name, fact)


def _section(name: str, fact: type[Fact]) -> Iterator[str]:
    publisher = fact.__module__.rpartition(".")[2]
    yield f"#### `{name}`"
    yield ""
    yield f"Version {fact.version}, published by `{publisher}`. {_meaning(fact)}"
    yield ""
    own = fields(fact)  # type: ignore[arg-type]
    if own:
        yield "| field | type |"
        yield "| --- | --- |"
        yield from (f"| `{field.name}` | `{_type(field)}`{_default(field)} |" for field in own)
        yield ""
    for (type_name, version), step in sorted(STEPS.items(), key=lambda item: item[0]):
        if type_name == name:
            yield f"From version {version}: {inspect.getdoc(step) or step.__name__}"
            yield ""


def _meaning(fact: type[Fact]) -> str:
    return " ".join((inspect.getdoc(fact) or "").split())


def _type(field: "Field[object]") -> str:
    named = field.type
    word = named.__name__ if type(named) is type else str(named)
    return word.replace("typing.", "").replace("|", "or")


def _default(field: "Field[object]") -> str:
    if field.default is MISSING:
        return "" if field.default_factory is MISSING else ", may be missing"
    return f", {field.default!r} when missing"


if __name__ == "__main__":
    print(page(), end="")
