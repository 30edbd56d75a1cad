"""The life of `hujiao up`: look, prepare, start, tell, wait, end everything."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Sequence
from types import FrameType

import httpx

from hujiao.app.places import cluster, database_url
from hujiao.app.settings import Settings
from hujiao.app.up.checks import disk, taken_ports, web_build
from hujiao.app.up.home import UpLock, make_home
from hujiao.app.up.prepare import Prepared, prepare
from hujiao.app.up.problems import CannotStartError, refuse
from hujiao.app.up.supervise import Program, Supervisor, programs, write_configuration
from hujiao.app.up.telling import Teller
from hujiao.kit.postgres import PostgresError, wait_ready
from hujiao.kit.processes import Account, service_account, tethered
from hujiao.kit.refusal import InvalidInput
from hujiao.migrations.run import migrate

SUPERVISOR_TIMEOUT_S = 15.0
DATABASE_TIMEOUT_S = 60.0
HEALTH_TIMEOUT_S = 120.0
STOP_TIMEOUT_S = 120.0
POLL_S = 0.1


def up(teller: Teller) -> int:
    """Runs until ended by a signal or by the supervisor's end; returns the exit code."""
    os.umask(0o022)  # the shared cache is read by the servers' account
    settings = Settings()
    try:
        account = _account(settings)
        make_home(settings, account)
        settings = Settings()  # the data folder may have become a link
        with _Instance(settings, teller) as instance:
            return instance.run(account)
    except CannotStartError as refusal:
        teller.refused(refusal.findings)
        return 1


def _account(settings: Settings) -> Account | None:
    try:
        return service_account(settings.run_as)
    except KeyError as failure:
        raise refuse(
            "account",
            f"There is no account {failure.args[0]} to run the database and Asterisk as.",
            "Make one (adduser --system --group hujiao), or name another in HUJIAO_RUN_AS.",
        ) from failure


class _Ended(Exception):  # noqa: N818 - a way out, not an error
    """A signal asked us to end."""


class _Instance:
    """One running installation on one data folder."""

    def __init__(self, settings: Settings, teller: Teller) -> None:
        self._settings = settings
        self._teller = teller
        self._lock = UpLock(settings)
        self._supervisor: subprocess.Popen[bytes] | None = None
        self._said: deque[str] = deque(maxlen=3)
        """The supervisor's last words."""

    def __enter__(self) -> _Instance:
        if not self._lock.take():
            raise refuse(
                "instance",
                f"Hujiao already runs on {self._settings.data}.",
                "Open its page, or set HUJIAO_DATA and HUJIAO_HTTP_PORT to run a second one.",
            )
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, _end)
        return self

    def __exit__(self, *_: object) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        self._stop()
        self._lock.give_back()

    def run(self, account: Account | None) -> int:
        try:
            prepared = self._prepare(account)
            listed = programs(self._settings, prepared)
            supervisor = self._start_supervisor(listed)
            self._start_programs(supervisor, listed)
            self._tell_when_healthy(supervisor)
            for program in listed:
                if program.spare:
                    supervisor.start(program.name)
            return self._wait()
        except _Ended:
            self._teller.ending()
            return 0

    def _prepare(self, account: Account | None) -> Prepared:
        findings = [*taken_ports(self._settings), disk(self._settings), web_build(self._settings)]
        bad = [finding for finding in findings if finding.level == "bad"]
        if bad:
            raise CannotStartError(bad)
        with self._teller.progress() as progress:
            return prepare(self._settings, account, progress)

    def _start_supervisor(self, listed: Sequence[Program]) -> Supervisor:
        path = write_configuration(self._settings, listed)
        argv = [sys.executable, "-m", "supervisor.supervisord", "-n", "-c", str(path)]
        self._supervisor = subprocess.Popen(
            tethered(argv),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=self._settings.data,
            env=_environment(self._settings),
            # Ctrl-C reaches us alone, and we end the others in order.
            start_new_session=True,
        )
        threading.Thread(target=self._hear_supervisor, name="supervisor", daemon=True).start()
        supervisor = Supervisor(self._settings)
        deadline = time.monotonic() + SUPERVISOR_TIMEOUT_S
        while True:
            try:
                supervisor.states()
            except OSError as failure:
                self._refuse_if_ended()
                if time.monotonic() > deadline:
                    raise self._no_supervisor() from failure
                time.sleep(POLL_S)
            else:
                return supervisor

    def _hear_supervisor(self) -> None:
        """Not into a file: what it cannot write into its log it says here, and were that on the
        same full disk, it would end, and every program with it."""
        assert self._supervisor is not None
        assert self._supervisor.stdout is not None
        for line in self._supervisor.stdout:
            self._said.append(line.decode(errors="replace").strip())

    def _refuse_if_ended(self) -> None:
        if self._supervisor is None or self._supervisor.poll() is not None:
            raise self._no_supervisor()

    def _no_supervisor(self) -> CannotStartError:
        log = self._settings.logs_dir / "supervisor.log"
        said = " ".join(self._said)
        return refuse("supervisor", f"The supervisor ended: {said}", f"Look into {log}.")

    def _start_programs(self, supervisor: Supervisor, listed: Sequence[Program]) -> None:
        url = database_url(self._settings)
        try:
            self._teller.stage("database")
            if self._settings.embedded_postgres:
                server = cluster(self._settings)
                server.wait_ready(DATABASE_TIMEOUT_S)
                server.ensure_database()
            wait_ready(url, timeout_s=DATABASE_TIMEOUT_S)
        except PostgresError as failure:
            raise refuse(
                "database",
                str(failure),
                f"Look into {self._settings.logs_dir / 'postgres.log'}; check DATABASE_URL.",
            ) from failure
        migrate(url)
        try:
            self._teller.first_start(self._settings)
        except InvalidInput as refusal:
            raise refuse(
                "HUJIAO_ADMIN_PASSWORD",
                f"The administrator's password breaks a rule: {refusal.details}",
                "Choose a longer one, or leave HUJIAO_ADMIN_PASSWORD unset.",
            ) from refusal
        self._teller.stage("programs")
        for program in listed:
            if not program.at_once and not program.spare:
                supervisor.start(program.name)

    def _tell_when_healthy(self, supervisor: Supervisor) -> None:
        """Waits for /healthz; says what hangs when it takes too long, and goes on running."""
        url = f"{local_url(self._settings)}/healthz"
        deadline = time.monotonic() + HEALTH_TIMEOUT_S
        answer = ""
        with httpx.Client(verify=False, timeout=5.0) as client:  # noqa: S501 - our own loopback
            while time.monotonic() < deadline:
                try:
                    response = client.get(url)
                except httpx.TransportError as failure:
                    answer = str(failure)
                else:
                    if response.status_code == 200:
                        self._teller.ready(self._settings)
                        return
                    answer = response.text
                if self._supervisor is not None and self._supervisor.poll() is not None:
                    return
                time.sleep(POLL_S)
        self._teller.unhealthy(self._settings, answer, supervisor.states())

    def _wait(self) -> int:
        assert self._supervisor is not None
        code = self._supervisor.wait()
        self._teller.supervisor_ended(self._settings)
        return code or 1

    def _stop(self) -> None:
        process = self._supervisor
        if process is None or process.poll() is not None:
            return
        process.terminate()
        try:
            process.wait(timeout=STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()  # its children are tethered to it
            process.wait()


def _end(number: int, frame: FrameType | None) -> None:
    raise _Ended


def local_url(settings: Settings) -> str:
    """How this machine itself reaches the web process."""
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(settings.bind, settings.bind)  # noqa: S104
    if ":" in host and not host.startswith("["):
        host = f"[{host}]"
    return f"{'https' if settings.serves_tls else 'http'}://{host}:{settings.http_port}"


def _environment(settings: Settings) -> dict[str, str]:
    """Ours, with paths that hold in any working directory and compiled modules kept."""
    inherited = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    return {
        **inherited,
        "HUJIAO_DATA": str(settings.data),
        "HUJIAO_CACHE": str(settings.cache),
        "HUJIAO_WEB_DIST": str(settings.web_dist),
        "PYTHONUNBUFFERED": "1",
    }
