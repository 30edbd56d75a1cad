"""APT with a state of its own: reads the machine's mirror, writes nothing of the machine's."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from hujiao.telephony.private.refusals import PrivateTreeError

SUITE = "forky"
KEYRINGS = (
    Path("/usr/share/keyrings/debian-archive-keyring.gpg"),
    Path("/usr/share/keyrings/debian-archive-keyring.pgp"),
)
UPDATE_TIMEOUT_S = 300
DOWNLOAD_TIMEOUT_S = 1800

Fraction = Callable[[float], None]
"""Called with 0.0 to 1.0 while something downloads."""


def machine_mirrors() -> list[str]:
    """The Debian mirrors the machine's own APT sources name, main archive first.

    APT itself reads the sources, so list files, deb822 files and mirror settings all count.
    """
    form = "$(REPO_URI)\t$(RELEASE)\t$(COMPONENT)"
    try:
        listed = subprocess.run(
            ["apt-get", "indextargets", "--format", form, "Created-By: Packages"],
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
    except (OSError, subprocess.SubprocessError) as failure:
        raise PrivateTreeError(
            f"The machine's package sources cannot be read: {failure}",
            advice="Hujiao fetches Asterisk with apt-get; run it on Debian 12 or 13.",
        ) from failure
    return pick_mirrors(listed.stdout.splitlines())


def pick_mirrors(lines: Iterable[str]) -> list[str]:
    """From `uri<TAB>release<TAB>component` lines: whole Debian archives, without repetition."""
    found: list[str] = []
    for line in lines:
        uri, release, component = ([*line.split("\t"), "", ""])[:3]
        partial = any(
            release.endswith(end) for end in ("-security", "-updates", "-backports", "/updates")
        )
        if (
            component != "main"
            or partial
            or uri.startswith("cdrom:")
            or "security" in uri.rstrip("/").rsplit("/", 1)[-1]
        ):
            continue
        if uri not in found:
            found.append(uri)
    return found


@dataclass(frozen=True, slots=True)
class PrivateApt:
    """APT commands against lists, cache and sources below `folder`."""

    folder: Path

    @property
    def archives(self) -> Path:
        return self.folder / "cache" / "archives"

    def prepare(self, mirror: str, *, suite: str = SUITE) -> None:
        """Writes the private configuration; nothing is fetched yet."""
        (self.folder / "state" / "lists" / "partial").mkdir(parents=True, exist_ok=True)
        (self.archives / "partial").mkdir(parents=True, exist_ok=True)
        (self.folder / "state" / "status").touch()
        source = f"deb [signed-by={_keyring()}] {mirror} {suite} main\n"
        (self.folder / "sources.list").write_text(source)
        (self.folder / "apt.conf").write_text(_configuration(self.folder))

    def update(self) -> None:
        """Fetches the package lists. Raises PrivateTreeError with APT's own last words."""
        done = self._run("apt-get", "update", timeout_s=UPDATE_TIMEOUT_S)
        # APT calls some failed fetches a warning and still exits with 0.
        if done.returncode or "Failed to fetch" in done.stderr:
            raise PrivateTreeError(
                f"The package lists could not be fetched: {_last(done.stderr)}",
                advice="Check the network, the proxy and the mirror in /etc/apt/sources.list*.",
            )

    def closure(self, packages: Sequence[str]) -> None:
        """Raises PrivateTreeError unless all packages and what they need can be had."""
        done = self._run("apt-get", "install", "--simulate", *packages, timeout_s=120)
        if done.returncode:
            raise PrivateTreeError(
                f"The mirror cannot deliver {' '.join(packages)[:200]}: {_last(done.stderr)}",
                advice="The mirror may be in the middle of an update; try again in an hour.",
            )

    def download(self, packages: Sequence[str], report: Fraction) -> list[Path]:
        """Downloads the closure of `packages`; APT checks every hash. Returns the .deb files."""
        reading, writing = os.pipe()
        argv = self._argv("apt-get", "install", "-y", "--download-only", *packages)
        argv[1:1] = ["-o", f"APT::Status-Fd={writing}"]
        errors = self.folder / "download.log"
        with errors.open("w") as log, os.fdopen(reading) as status:
            process = subprocess.Popen(
                argv, stdout=log, stderr=log, stdin=subprocess.DEVNULL, pass_fds=(writing,)
            )
            os.close(writing)
            try:
                _follow(status, report)
                code = process.wait(timeout=DOWNLOAD_TIMEOUT_S)
            finally:
                process.kill()
                process.wait()
        if code:
            raise PrivateTreeError(
                f"The download failed: {_last(errors.read_text())}",
                advice="Check the network and the free disk space, then start again.",
            )
        return sorted(self.archives.glob("*.deb"))

    def _argv(self, program: str, *arguments: str) -> list[str]:
        return [program, "-c", str(self.folder / "apt.conf"), *arguments]

    def _run(
        self, program: str, *arguments: str, timeout_s: float
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self._argv(program, *arguments),
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=timeout_s,
            env={**os.environ, "LC_ALL": "C.UTF-8"},
        )


def _keyring() -> Path:
    for path in KEYRINGS:
        if path.exists():
            return path
    raise PrivateTreeError(
        "Debian's archive keys are not on this machine.",
        advice="Install the package debian-archive-keyring.",
    )


def _configuration(folder: Path) -> str:
    """Read after the machine's own configuration, so its proxies and certificates stay valid."""
    architecture = subprocess.run(
        ["dpkg", "--print-architecture"], capture_output=True, text=True, check=True, timeout=30
    ).stdout.strip()
    return f"""\
Dir::State "{folder}/state";
Dir::State::status "{folder}/state/status";
Dir::Cache "{folder}/cache";
Dir::Etc::sourcelist "{folder}/sources.list";
Dir::Etc::sourceparts "-";
Dir::Etc::preferences "-";
Dir::Etc::preferencesparts "-";
Acquire::Check-Valid-Until "false";
Acquire::Languages "none";
Acquire::Retries "3";
APT::Architectures {{ "{architecture}"; }};
APT::Install-Recommends "false";
APT::Install-Suggests "false";
APT::Sandbox::User "root";
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Pre-Invoke;
#clear DPkg::Post-Invoke;
#clear DPkg::Pre-Install-Pkgs;
"""


def _follow(status: IO[str], report: Fraction) -> None:
    """APT's status lines: `dlstatus:<item>:<percent>:<text>`."""
    for line in status:
        kind, _, rest = line.partition(":")
        if kind == "dlstatus":
            percent = rest.split(":")[1]
            report(min(float(percent) / 100, 1.0))


def _last(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("E:")]
    return (errors or lines or ["no reason given"])[-1]
