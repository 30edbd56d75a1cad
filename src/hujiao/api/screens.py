"""The built screens: files with hashed names for ever, the one page for every other address."""

from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

PAGE = "index.html"
HASHED = "assets/"
FOR_EVER = "public, max-age=31536000, immutable"
ASK_AGAIN = "no-cache"
NOT_BUILT = """<!doctype html><meta charset="utf-8"><title>Hujiao</title>
<p>界面尚未构建。The screens have not been built yet: run <code>make run</code>.</p>
"""


class Screens(StaticFiles):
    """Serves the folder that Vite built; what is no file is an address inside the page."""

    def __init__(self, folder: Path) -> None:
        super().__init__(directory=folder, check_dir=False)
        self._page = folder / PAGE

    async def get_response(self, path: str, scope: Scope) -> Response:
        if scope["path"].startswith("/api/"):
            raise HTTPException(404)
        if path not in ("", ".", PAGE):
            try:
                response = await super().get_response(path, scope)
            except HTTPException as error:
                if error.status_code != 404 or path.startswith(HASHED):
                    raise
            else:
                kept = FOR_EVER if path.startswith(HASHED) else ASK_AGAIN
                response.headers["cache-control"] = kept
                return response
        return self._the_page(scope)

    def _the_page(self, scope: Scope) -> Response:
        if scope["method"] not in ("GET", "HEAD"):
            raise HTTPException(405)
        if not self._page.is_file():
            return HTMLResponse(NOT_BUILT, 503)
        return FileResponse(self._page, headers={"cache-control": ASK_AGAIN})
