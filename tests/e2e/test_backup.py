"""A whole installation is backed up in the middle of its calls and lives on from the backup."""

import io
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
import soundfile

from hujiao.app.places import database_url
from tests.harness.demo import Demo
from tests.harness.installation import RunningInstallation, new_home, start_installation
from tests.harness.waiting import wait_for

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

DAY_S = 200.0


def ready_recordings(installation: RunningInstallation) -> int:
    with psycopg.connect(database_url(installation.settings)) as connection:
        row = connection.execute("SELECT count(*) FROM recording WHERE state = 'ready'").fetchone()
    assert row is not None
    return int(row[0])


def ready_recordings_in(backup: Path) -> int:
    return len(list(backup.rglob("*.ogg")))


def live_channels(installation: RunningInstallation) -> int:
    return int(installation.console("core show channels count").split()[0])


def restored(installation: RunningInstallation, backup: Path, cache: Path) -> RunningInstallation:
    home = new_home()
    environment = os.environ | {
        "HUJIAO_DATA": str(home / "data"),
        "HUJIAO_CACHE": str(cache),
        "HUJIAO_HTTP_PORT": str(installation.settings.http_port),
    }
    done = subprocess.run(
        [sys.executable, "-m", "hujiao.cli.main", "restore", str(backup)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return start_installation(cache, home)


def signed_in(url: str, password: str) -> httpx.Client:
    client = httpx.Client(base_url=url, headers={"X-Hujiao": "1"}, timeout=20)
    answer = client.post("/api/session", json={"name": "admin", "password": password})
    assert answer.status_code == 200, answer.text
    return client


def calls(client: httpx.Client) -> dict[str, Any]:
    found: dict[str, Any] = {}
    cursor = None
    while True:
        page = {"cursor": cursor} if cursor else {}
        answer = client.get("/api/calls", params={"limit": 200, **page}).json()
        found.update({one["id"]: one for one in answer["items"]})
        cursor = answer["next_cursor"]
        if cursor is None:
            return found


def test_a_backup_taken_among_calls_becomes_an_installation_that_works(
    installation: RunningInstallation, day: Demo, tmp_path: Path, cache: Path
) -> None:
    before = ready_recordings(installation)

    def in_full_swing() -> bool:
        assert day.process.poll() is None, day.said
        return ready_recordings(installation) > before and live_channels(installation) >= 2

    wait_for(in_full_swing, timeout_s=DAY_S, what="a merged recording and live calls")
    made = installation.run("backup", str(tmp_path / "backups"))
    assert made.returncode == 0, made.stdout + made.stderr
    assert "vanished" not in made.stdout
    (backup,) = (tmp_path / "backups").iterdir()
    merged = ready_recordings_in(backup)
    second = restored(installation, backup, cache)
    try:
        _lives(second, installation.passwords["admin"], day.since, merged)
    finally:
        second.remove()
    assert day.process.wait(timeout=DAY_S) == 0, day.said
    assert "The books agree." in day.said, "the backup disturbed the calls"


def _lives(second: RunningInstallation, password: str, begin: str, merged: int) -> None:
    client = signed_in(second.base_url, password)

    def all_over() -> bool:
        return all(one["ended_at"] is not None for one in calls(client).values())

    wait_for(all_over, timeout_s=30, what="the calls that lived at the backup are closed")
    wait_for(lambda: clean(second, begin), timeout_s=60, what="the books of the restored agree")
    recorded = [one for one in calls(client).values() if one["has_recording"]]
    assert recorded

    def heard() -> list[bytes]:
        """The sound of every recorded call, or nothing while one of them is being merged.

        A call that was connected just before the backup has no sound on disk yet.
        """
        answers = [client.get(f"/api/calls/{one['id']}/recording") for one in recorded]
        if any(answer.status_code == 409 for answer in answers):
            return []
        assert {answer.status_code for answer in answers} <= {200, 404}
        return [answer.content for answer in answers if answer.status_code == 200]

    sounds = wait_for(heard, timeout_s=60, what="every recording is merged")
    assert len(sounds) >= merged > 0
    for sound in sounds:
        assert soundfile.info(io.BytesIO(sound)).channels == 2


def clean(second: RunningInstallation, begin: str) -> bool:
    done = second.run("ledger", "verify", "--since", begin)
    print(done.stdout, done.stderr)
    return done.returncode == 0
