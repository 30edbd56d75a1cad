"""The embedded PostgreSQL and the copies of it that tests work on."""

import pytest
from sqlalchemy import text

from hujiao.kit.db import Database

pytestmark = pytest.mark.integration


async def test_the_embedded_server_is_postgresql_18_in_utf8(database: Database) -> None:
    async with database.transaction() as connection:
        version = await connection.scalar(text("SHOW server_version_num"))
        encoding = await connection.scalar(text("SHOW server_encoding"))
        upper = await connection.scalar(text("SELECT upper('straße 呼叫 é')"))
    assert str(version).startswith("18")
    assert encoding == "UTF8"
    assert upper == "STRAßE 呼叫 É"
