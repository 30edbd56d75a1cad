"""A file of sound as an answer: in ranges, kept by the browser, sent again only when it changed."""

from pathlib import Path
from typing import Any

from fastapi import Response
from fastapi.requests import Request
from fastapi.responses import FileResponse

MEDIA_TYPE = "audio/ogg"


def sound_responses(description: str) -> dict[int | str, dict[str, Any]]:
    """What OpenAPI says of the answers of `sound_response`; `description` is of the sound."""
    return {
        200: {"content": {MEDIA_TYPE: {}}, "description": description},
        206: {"description": "The asked range"},
        304: {"description": "What the browser has is right"},
        416: {"description": "A range outside of the sound"},
    }


def sound_response(request: Request, path: Path, sha256: str) -> Response:
    """The file, the range of it that was asked for, or that the browser has it (`sha256`)."""
    etag = f'"{sha256}"'
    headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
    if etag in [tag.strip() for tag in request.headers.get("if-none-match", "").split(",")]:
        return Response(status_code=304, headers=headers)
    return FileResponse(
        path,
        media_type=MEDIA_TYPE,
        headers=headers,
        filename=path.name,
        content_disposition_type="inline",
    )
