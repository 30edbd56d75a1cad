"""Recordings over HTTP: in ranges, to whom they may be heard, and who heard them."""

from pathlib import Path

import pytest

from hujiao.identity.model import Role
from hujiao.kit.db import Database
from hujiao.recordings.shelf import Shelf
from tests.integration.api.conftest import AddPerson, Client, Enter
from tests.integration.api.told import Teller
from tests.integration.recordings.sounds import write_pair

pytestmark = pytest.mark.integration


@pytest.fixture
async def recorded(
    database: Database, tmp_path: Path, admin: Client, add_person: AddPerson
) -> bytes:
    """Call c1 of agent Wang (team 1), recorded and merged; the merged file."""
    teams = [
        (await admin.post("/api/teams", json={"name": name})).json()["id"] for name in ("1", "2")
    ]
    wang = await add_person("wang", Role.AGENT, team_id=teams[0])
    await add_person("zhao", Role.AGENT, team_id=teams[1])
    await add_person("leader1", Role.TEAM_LEADER, team_id=teams[0])
    await add_person("leader2", Role.TEAM_LEADER, team_id=teams[1])
    zhao_missed = (await admin.get("/api/people?q=zhao")).json()["items"][0]["id"]
    await Teller(database).answered("c1", agent=wang, recorded=True, missed_by=(zhao_missed,))
    await Teller(database).answered("c2", agent=wang)
    write_pair(tmp_path / "raw", "c1")
    shelf = Shelf(
        database=database, folder=tmp_path / "recordings", raw=tmp_path / "raw", settled_ms=0
    )
    await shelf.follower().catch_up()
    assert await shelf.merge("c1")
    shelf.close()
    return only_file(tmp_path / "recordings")


def only_file(folder: Path) -> bytes:
    (path,) = folder.rglob("*.ogg")
    return path.read_bytes()


async def heard(admin: Client) -> list[str]:
    items = (await admin.get("/api/audit?action=recording.heard")).json()["items"]
    return [item["person_name"] for item in items]


async def test_a_recording_is_heard_in_full_and_in_ranges(recorded: bytes, enter: Enter) -> None:
    wang = await enter("wang")
    whole = await wang.get("/api/calls/c1/recording")
    assert whole.status_code == 200
    assert whole.headers["content-type"] == "audio/ogg"
    assert whole.headers["accept-ranges"] == "bytes"
    assert whole.content == recorded
    piece = await wang.get("/api/calls/c1/recording", headers={"Range": "bytes=100-199"})
    assert piece.status_code == 206
    assert piece.headers["content-range"] == f"bytes 100-199/{len(recorded)}"
    assert piece.content == recorded[100:200]
    tail = await wang.get("/api/calls/c1/recording", headers={"Range": "bytes=-50"})
    assert tail.content == recorded[-50:]


async def test_a_range_behind_the_end_cannot_be_served(recorded: bytes, enter: Enter) -> None:
    wang = await enter("wang")
    behind = {"Range": f"bytes={len(recorded)}-"}
    answer = await wang.get("/api/calls/c1/recording", headers=behind)
    assert answer.status_code == 416
    assert answer.headers["content-range"] == f"bytes */{len(recorded)}"


async def test_a_browser_keeps_what_it_has_as_long_as_it_is_the_same(
    recorded: bytes, enter: Enter
) -> None:
    wang = await enter("wang")
    etag = (await wang.get("/api/calls/c1/recording")).headers["etag"]
    again = await wang.get("/api/calls/c1/recording", headers={"If-None-Match": etag})
    assert (again.status_code, again.content) == (304, b"")
    ranged = {"Range": "bytes=0-9"}
    same = await wang.get("/api/calls/c1/recording", headers={**ranged, "If-Range": etag})
    assert same.status_code == 206
    other = await wang.get("/api/calls/c1/recording", headers={**ranged, "If-Range": '"old"'})
    assert (other.status_code, len(other.content)) == (200, len(recorded))


async def test_the_shape_of_both_voices_is_told(recorded: bytes, enter: Enter) -> None:
    peaks = (await (await enter("wang")).get("/api/calls/c1/peaks")).json()
    assert peaks["duration_ms"] == 4_000
    assert len(peaks["left"]) == len(peaks["right"]) == 800
    assert max(peaks["left"]) == pytest.approx(0.5, abs=0.03)
    assert max(peaks["right"]) == pytest.approx(0.125, abs=0.03)


async def test_a_foreign_teams_recording_is_refused(recorded: bytes, enter: Enter) -> None:
    for path in ("/api/calls/c1/recording", "/api/calls/c1/peaks"):
        # Leader 2 sees the call, for his agent let it pass, but it was talked to by another team.
        leader = await (await enter("leader2")).get(path)
        assert (leader.status_code, leader.json()["error"]) == (403, "forbidden")
        agent = await (await enter("zhao")).get(path)
        assert (agent.status_code, agent.json()["error"]) == (404, "not_found")


async def test_hearing_anothers_call_is_put_on_record_once(
    recorded: bytes, enter: Enter, admin: Client
) -> None:
    wang = await enter("wang")
    await wang.get("/api/calls/c1/recording")
    assert await heard(admin) == []
    leader = await enter("leader1")
    for first in (0, 100, 200):
        piece = await leader.get(
            "/api/calls/c1/recording", headers={"Range": f"bytes={first}-{first + 99}"}
        )
        assert piece.status_code == 206
    assert await heard(admin) == ["Leader1"]


async def test_a_call_without_recording_says_so(recorded: bytes, enter: Enter) -> None:
    answer = await (await enter("wang")).get("/api/calls/c2/recording")
    assert (answer.status_code, answer.json()["error"]) == (404, "no_recording")


async def test_a_recording_that_is_not_merged_yet_is_pending(
    database: Database, tmp_path: Path, admin: Client
) -> None:
    await Teller(database).answered("c1", agent="a1", recorded=True)
    shelf = Shelf(database=database, folder=tmp_path / "recordings", raw=tmp_path / "raw")
    await shelf.follower().catch_up()
    shelf.close()
    for path in ("/api/calls/c1/recording", "/api/calls/c1/peaks"):
        answer = await admin.get(path)
        assert (answer.status_code, answer.json()["error"]) == (409, "recording_pending")
    page = (await admin.get("/api/calls/c1")).json()
    assert page["recording"] == {"id": "c1", "state": "pending", "duration_ms": None}


async def test_a_recording_whose_file_is_gone_is_none(
    recorded: bytes, admin: Client, tmp_path: Path
) -> None:
    remove_all(tmp_path / "recordings")
    answer = await admin.get("/api/calls/c1/recording")
    assert (answer.status_code, answer.json()["error"]) == (404, "no_recording")
    assert answer.json()["details"] == {"state": "failed"}


def remove_all(folder: Path) -> None:
    for path in folder.rglob("*.ogg"):
        path.unlink()
