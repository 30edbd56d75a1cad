"""The schema: built by the migrations, equal to what the code believes, safe to build at once."""

import threading

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine
from sqlalchemy.schema import SchemaItem

import hujiao.agents.tables
import hujiao.callbacks.tables
import hujiao.calls.tables
import hujiao.crm.tables
import hujiao.floor.tables
import hujiao.identity.tables
import hujiao.recordings.tables
import hujiao.retention.tables  # noqa: F401
from hujiao.kit.db import metadata, sqlalchemy_url
from hujiao.migrations.run import alembic_config, migrate
from tests.harness.database import RunningCluster

BY_SQL_ALONE = ("fact", "floor_lead", "ledger_", "procrastinate_", "alembic_")
"""Tables that no code describes a second time: the ledger's and those of the job queue."""


def is_ours(item: SchemaItem, kind: str) -> bool:
    table = item.name if kind == "table" else getattr(getattr(item, "table", None), "name", "")
    return not str(table).startswith(BY_SQL_ALONE)


def test_the_tables_in_the_code_are_those_in_the_database(postgres_url: str) -> None:
    engine = create_engine(sqlalchemy_url(postgres_url))
    with engine.connect() as connection:
        options = {
            "include_object": lambda item, _name, kind, *_: is_ours(item, kind),
            "compare_server_default": True,
        }
        context = MigrationContext.configure(connection, opts=options)
        differences = compare_metadata(context, metadata)
    engine.dispose()
    assert differences == []


def test_the_history_is_one_line() -> None:
    script = ScriptDirectory.from_config(alembic_config())
    assert len(script.get_heads()) == 1
    assert len(script.get_bases()) == 1


def test_two_processes_may_migrate_an_empty_database_at_once(postgres: RunningCluster) -> None:
    postgres.cluster.ensure_database("migrated_twice")
    url = postgres.cluster.url("migrated_twice")
    failures: list[BaseException] = []

    def run() -> None:
        try:
            migrate(url)
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    postgres.drop(url)
    assert failures == []


FACT = "INSERT INTO fact (source, seq, at, type, version, data) VALUES ('t', 1, %s, 'x', 1, '{}')"


def test_the_ledger_takes_facts_of_any_time_and_refuses_to_change_them(postgres_url: str) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        for moment in ("1999-01-01Z", "now", "2199-01-01Z"):
            connection.execute(FACT, (moment,))
        assert connection.execute("SELECT count(*) FROM fact").fetchone() == (3,)
        for sql in ("UPDATE fact SET type = 'y'", "DELETE FROM fact"):
            with pytest.raises(psycopg.errors.RestrictViolation, match="append-only"):
                connection.execute(sql)


def test_facts_of_this_and_the_next_months_have_partitions_of_their_own(
    postgres_url: str,
) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        for ahead in range(4):
            connection.execute(FACT.replace("%s", f"now() + interval '{ahead} months'"))
        assert connection.execute("SELECT count(*) FROM fact_default").fetchone() == (0,)
        assert connection.execute("SELECT make_fact_partitions(3)").fetchone() == (0,)


def test_a_month_that_began_in_the_default_partition_stays_there_in_peace(
    postgres_url: str,
) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(FACT.replace("%s", "now() + interval '5 months'"))
        assert connection.execute("SELECT make_fact_partitions(6)").fetchone() == (2,)
        assert connection.execute("SELECT count(*) FROM fact").fetchone() == (1,)
