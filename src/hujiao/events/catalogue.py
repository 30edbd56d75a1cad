"""Every fact there is, by its name in the ledger."""

from types import ModuleType

from hujiao.events import callbacks, calls, floor, retention
from hujiao.events.fact import Fact


def _facts_of(module: ModuleType) -> dict[str, type[Fact]]:
    return {
        value.type: value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Fact) and value is not Fact
    }


CATALOGUE: dict[str, type[Fact]] = {
    **_facts_of(calls),
    **_facts_of(floor),
    **_facts_of(callbacks),
    **_facts_of(retention),
}
