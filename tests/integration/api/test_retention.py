"""How long things are kept: seen by those who see the configuration, set by administrators."""

import pytest

from hujiao.identity.model import Role
from hujiao.kit.clock import now_ms
from hujiao.kit.db import Database
from hujiao.recordings import store
from hujiao.recordings.model import Merged, Recording, State
from hujiao.retention.model import GRACE_MS
from tests.integration.api.conftest import Client, SignIn

pytestmark = pytest.mark.integration

YEAR_MS = 366 * 24 * 3_600_000


async def test_everything_is_kept_for_ever_but_recordings_for_a_year(admin: Client) -> None:
    told = (await admin.get("/api/retention")).json()
    assert (told["ledger_months"], told["recording_months"]) == (0, 12)
    assert told["ledger_from"] is None
    assert told["effective_at"] <= now_ms()


async def test_what_a_policy_would_delete_is_told_before_it_is_set(
    admin: Client, database: Database
) -> None:
    async with database.transaction() as connection:
        for name, age_ms in (("r1", YEAR_MS), ("r2", YEAR_MS // 2), ("r3", 0)):
            begun = now_ms() - age_ms - 1
            row = Recording(name, name, "n1", name, State.PENDING, begun, begun)
            await store.add(connection, row)
            await store.finish(connection, name, Merged(f"{name}.ogg", 1_000, 5, "", b""))
    asked = {"ledger_months": 0, "recording_months": 3}
    effect = (await admin.get("/api/retention/effect", params=asked)).json()
    assert (effect["recordings"], effect["recording_bytes"]) == (2, 2_000)
    assert (effect["months"], effect["ledger_before"]) == ([], None)
    asked["recording_months"] = 0
    effect = (await admin.get("/api/retention/effect", params=asked)).json()
    assert (effect["recordings"], effect["recordings_before"]) == (0, None)


async def test_a_shorter_policy_begins_a_day_later_and_is_audited(admin: Client) -> None:
    begun = now_ms()
    answer = await admin.put("/api/retention", json={"ledger_months": 24, "recording_months": 6})
    assert answer.status_code == 200, answer.text
    assert begun + GRACE_MS <= answer.json()["effective_at"] <= now_ms() + GRACE_MS
    trail = (await admin.get("/api/audit", params={"action": "retention.changed"})).json()["items"]
    assert trail[0]["details"] == {"ledger_months": [0, 24], "recording_months": [12, 6]}


@pytest.mark.parametrize(
    ("ledger", "recordings", "code"),
    [(6, 3, "ledger_too_short"), (24, 36, "shorter_than_recordings")],
)
async def test_a_policy_that_deletes_too_much_is_refused(
    admin: Client, ledger: int, recordings: int, code: str
) -> None:
    policy = {"ledger_months": ledger, "recording_months": recordings}
    for answer in (
        await admin.put("/api/retention", json=policy),
        await admin.get("/api/retention/effect", params=policy),
    ):
        assert answer.status_code == 422
        assert answer.json()["details"]["fields"] == {"ledger_months": code}


async def test_a_supervisor_sees_the_policy_and_does_not_set_it(sign_in: SignIn) -> None:
    browser = await sign_in(Role.SUPERVISOR)
    assert (await browser.get("/api/retention")).status_code == 200
    policy = {"ledger_months": 0, "recording_months": 1}
    assert (await browser.put("/api/retention", json=policy)).status_code == 403
