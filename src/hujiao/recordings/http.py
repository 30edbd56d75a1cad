"""HTTP of recordings: the sound in ranges, and its shape."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Response
from fastapi.requests import HTTPConnection, Request
from fastapi.responses import FileResponse
from pydantic import BaseModel

from hujiao.identity.http import require
from hujiao.identity.model import Actor, Permission
from hujiao.kit.sound import sound_response, sound_responses
from hujiao.kit.web import Transaction
from hujiao.recordings.service import Library

router = APIRouter(prefix="/api")


def _library(connection: HTTPConnection) -> Library:
    found: Library = connection.app.state.recordings
    return found


TheLibrary = Annotated[Library, Depends(_library)]
Hears = Annotated[
    Actor,
    Depends(
        require(
            Permission.RECORDINGS_HEAR_OWN,
            Permission.RECORDINGS_HEAR_TEAM,
            Permission.RECORDINGS_HEAR_ALL,
        )
    ),
]
CallIdPath = Annotated[str, Path(min_length=1, max_length=120)]


@router.get(
    "/calls/{call_id}/recording",
    tags=["recordings"],
    response_class=FileResponse,
    responses=sound_responses("Ogg Vorbis, customer left, centre right"),
)
async def get_recording(
    call_id: CallIdPath,
    request: Request,
    actor: Hears,
    library: TheLibrary,
    transaction: Transaction,
) -> Response:
    recording, path = await library.open(transaction, actor, call_id)
    return sound_response(request, path, recording.sha256 or "")


class PeaksOut(BaseModel):
    """Loudest sample of equal slices, 0 to 1: customer left, centre right."""

    duration_ms: int
    left: list[float]
    right: list[float]


@router.get("/calls/{call_id}/peaks", tags=["recordings"])
async def get_peaks(
    call_id: CallIdPath, actor: Hears, library: TheLibrary, transaction: Transaction
) -> PeaksOut:
    peaks = await library.peaks(transaction, actor, call_id)
    return PeaksOut(duration_ms=peaks.duration_ms, left=peaks.left, right=peaks.right)
