"""Who may hear which recording, and where it lies. The side of `web`."""

import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncConnection

from hujiao.calls.record import RecordedCall, RecordingLabel
from hujiao.calls.service import CallRecords
from hujiao.identity.model import Actor, Permission
from hujiao.identity.service import audit
from hujiao.kit.refusal import Forbidden, NotFound, Refusal
from hujiao.recordings import store
from hujiao.recordings.model import Peaks, Recording, State

HEARD_AGAIN_S = 900.0
"""A player asks for one recording in many pieces: one line in the audit trail for so long."""
MAX_REMEMBERED = 10_000


class NoRecording(NotFound):
    """`details["state"]` is failed when there should be one."""

    error = "no_recording"


class RecordingTooOld(NotFound):
    """There was one."""

    error = "recording_deleted"


class RecordingPending(Refusal):
    """The call still goes on, or its two voices are being merged."""

    error = "recording_pending"


def may_hear(actor: Actor, call: RecordedCall) -> bool:
    """Whether the role reaches this call's agent."""
    if actor.may(Permission.RECORDINGS_HEAR_ALL):
        return True
    if actor.may(Permission.RECORDINGS_HEAR_OWN) and call.contact.agent_id == actor.person_id:
        return True
    return (
        actor.may(Permission.RECORDINGS_HEAR_TEAM)
        and actor.team_id is not None
        and call.agent_team_id == actor.team_id
    )


class RecordingLabels:
    """Tells the list of calls what became of their recordings."""

    async def labels(
        self, connection: AsyncConnection, call_ids: Sequence[str]
    ) -> Mapping[str, RecordingLabel]:
        """Call id -> its newest recording."""
        return {
            one.call_id: RecordingLabel(one.id, one.state.value, one.duration_ms)
            for one in await store.of_calls(connection, call_ids)
        }


class Library:
    """Recordings to be listened to. One per `web` process; `folder` holds the merged files."""

    def __init__(self, *, calls: CallRecords, folder: Path) -> None:
        self._calls = calls
        self._folder = folder
        self._heard: OrderedDict[tuple[str, str], float] = OrderedDict()

    async def open(
        self, connection: AsyncConnection, actor: Actor, call_id: str
    ) -> tuple[Recording, Path]:
        """The recording of a call and its file; hearing another's is put on record.

        Raises NotFound, Forbidden, NoRecording, RecordingPending, RecordingTooOld.
        """
        call, recording = await self._find(connection, actor, call_id)
        path = self._folder / (recording.file or "")
        if recording.file is None or not path.is_file():
            raise NoRecording("The recording's file is gone", state="failed")
        if call.contact.agent_id != actor.person_id and self._is_new(actor, recording):
            details = {"call_id": call_id, "agent_id": call.contact.agent_id}
            await audit(connection, actor, "recording.heard", "recording", recording.id, details)
        return recording, path

    async def peaks(self, connection: AsyncConnection, actor: Actor, call_id: str) -> Peaks:
        """Raises as `open`."""
        _, recording = await self._find(connection, actor, call_id)
        kept = await store.peaks_of(connection, recording.id)
        return Peaks.of(recording.duration_ms or 0, kept)

    async def _find(
        self, connection: AsyncConnection, actor: Actor, call_id: str
    ) -> tuple[RecordedCall, Recording]:
        call = await self._calls.one(connection, actor, call_id)
        if not may_hear(actor, call):
            raise Forbidden("Your role may not hear this call")
        found = await store.of_calls(connection, [call_id])
        if not found:
            raise NoRecording("This call was not recorded")
        recording = found[-1]
        if recording.state in (State.PENDING, State.MERGING):
            raise RecordingPending("The recording is not ready yet", state=recording.state.value)
        if recording.state is State.DELETED:
            raise RecordingTooOld("The recording was deleted by the policy of retention")
        if recording.state is State.FAILED:
            raise NoRecording("The recording failed", state="failed")
        return call, recording

    def _is_new(self, actor: Actor, recording: Recording) -> bool:
        """Not heard by this session just now."""
        key, now = (actor.session_id, recording.id), time.monotonic()
        heard_at = self._heard.get(key)
        if heard_at is not None and now - heard_at < HEARD_AGAIN_S:
            return False
        self._heard[key] = now
        self._heard.move_to_end(key)
        while len(self._heard) > MAX_REMEMBERED:
            self._heard.popitem(last=False)
        return True
