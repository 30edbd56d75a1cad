"""A fact of an old version in a real ledger comes out as the program of today needs it."""

import psycopg
import pytest

from hujiao.calls import store
from hujiao.calls.projector import projector
from hujiao.events.calls import CallArrived
from hujiao.events.versions import STEPS
from hujiao.kit.db import Database

pytestmark = pytest.mark.integration

OLD_ARRIVAL = """
INSERT INTO fact (source, seq, at, type, version, call_id, data) VALUES
    ('floor-old', 1, now(), 'call.arrived', 1, 'c1',
     '{"direction": "in", "from": "13800138000", "caller_name": "", "called": "95588",
       "trunk": "t", "node": "n1", "leg": "c1"}')
"""


async def test_the_call_list_reads_an_arrival_of_the_first_version(
    database: Database, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if the caller's number had been called `from` at first."""
    monkeypatch.setattr(CallArrived, "version", 2)
    monkeypatch.setitem(
        STEPS, ("call.arrived", 1), lambda data: {**data, "caller": data["from"], "name": ""}
    )
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(OLD_ARRIVAL)
        await projector(database).catch_up()
        row = connection.execute("SELECT version, data ? 'caller' FROM fact").fetchone()
    assert row == (1, False)
    async with database.transaction() as transaction:
        contacts = await store.load_contacts(transaction, ["c1"])
    assert contacts["c1"].caller == "13800138000"
