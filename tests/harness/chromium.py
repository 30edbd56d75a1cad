"""A Chromium for the browser tests: the machine's own, or one fetched into the private cache.

The fetched one is of the machine's own Debian release, so it runs with the machine's libc.
"""

import os
import platform
import shutil
from pathlib import Path

from hujiao.telephony.private.fetch import Wanted, ensure_packages

VARIABLE = "HUJIAO_CHROMIUM"
NAMES = ("chromium", "chromium-browser", "google-chrome")
# libc must be the one of the loader that starts the program: the machine's.
LEFT_OUT = frozenset({"libc6", "libc-bin", "libc-l10n"})
PACKAGES = ("chromium", "fonts-wqy-microhei", "fonts-dejavu-core")

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
    "--allow-loopback-in-peer-connection",
)
"""Needed for calls on loopback; add `--use-file-for-fake-audio-capture=<48 kHz WAV>`."""


def find_chromium(cache: Path) -> Path:
    """The program to start. Raises PrivateTreeError when none can be had."""
    given = os.environ.get(VARIABLE)
    if given:
        return Path(given)
    for name in NAMES:
        if path := shutil.which(name):
            return Path(path)
    return _private_chromium(cache)


def _private_chromium(cache: Path) -> Path:
    wanted = Wanted(PACKAGES, platform.freedesktop_os_release()["VERSION_CODENAME"], LEFT_OUT)
    folder = wanted.folder(cache, "browser")
    ensure_packages(wanted, folder)
    start = folder / "chromium"
    if not start.exists():
        _write_fonts(folder)
        fresh = folder / f".chromium.{os.getpid()}"
        fresh.write_text(_script(folder))
        fresh.chmod(0o755)
        fresh.replace(start)
    return start


def _script(folder: Path) -> str:
    root = folder / "root"
    libraries = [path.parent for path in root.glob("usr/lib/*/libnss3.so")]
    search = ":".join(str(path) for path in [*libraries, *(p / "nss" for p in libraries)])
    return f"""\
#!/bin/sh
export LD_LIBRARY_PATH="{search}"
export FONTCONFIG_FILE="{folder}/fonts.conf"
exec "{root}/usr/lib/chromium/chromium" "$@"
"""


def _write_fonts(folder: Path) -> None:
    (folder / "fonts.conf").write_text(
        f"""\
<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>{folder}/root/usr/share/fonts</dir>
  <dir>/usr/share/fonts</dir>
  <cachedir>{folder}/font-cache</cachedir>
</fontconfig>
"""
    )
