"""The supervisor: its configuration, and asking and telling it over its socket."""

from __future__ import annotations

import http.client
import os
import shlex
import socket
import sys
import xmlrpc.client
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hujiao.app.places import cluster
from hujiao.app.program import SPARE_OF
from hujiao.app.settings import Settings
from hujiao.app.up.prepare import Prepared
from hujiao.kit.processes import EndSignal, tethered

ANSWER_TIMEOUT_S = 60.0
"""A program may take its time to end in order."""
PAIRED = ("floor", "web")
SPARE = "-2"


@dataclass(frozen=True, slots=True)
class Program:
    """A line of the supervisor's list. Lower `order` starts earlier and ends later."""

    name: str
    argv: Sequence[str]
    order: int
    end: EndSignal = "TERM"
    end_wait_s: int = 15
    at_once: bool = True
    """Started with the supervisor; others wait until the database has its schema."""
    spare: bool = False
    """Stands in for a program of the same kind; started when calls can be taken."""
    environment: Mapping[str, str] = field(default_factory=dict)


def programs(settings: Settings, prepared: Prepared) -> list[Program]:
    """What `hujiao up` runs on this machine."""
    found: list[Program] = []
    if settings.embedded_postgres:
        server = cluster(settings)
        argv = tethered(server.argv, account=server.account, end="INT")
        found.append(Program("postgres", argv, 10, end="INT", end_wait_s=60))
    for node in prepared.nodes:
        # glibc keeps freed memory in an arena per thread; Asterisk has many short-lived ones.
        environment = {"HOME": str(node.var), "MALLOC_ARENA_MAX": "4"}
        environment.update(node.installation.command.env)
        argv = tethered(node.argv, account=prepared.account)
        found.append(Program(node.home.name, argv, 20, environment=environment))
    for order, name in ((30, "floor"), (40, "web"), (50, "worker")):
        argv = tethered([sys.executable, "-m", "hujiao.app.program", name])
        found.append(Program(name, argv, order, at_once=False))
        if settings.standby and name in PAIRED:
            way = {SPARE_OF: str(settings.floor_socket)} if name == "floor" else {}
            found.append(
                Program(name + SPARE, argv, order + 1, at_once=False, spare=True, environment=way)
            )
    return found


def write_configuration(settings: Settings, listed: Sequence[Program]) -> Path:
    """Writes supervisord's configuration and returns it."""
    path = settings.run_dir / "supervisord.conf"
    text = "\n".join([_head(settings), *(_section(settings, program) for program in listed)])
    path.touch(0o600)
    path.write_text(text)
    return path


def supervisor_socket(settings: Settings) -> Path:
    return settings.run_dir / "supervisor.sock"


def _head(settings: Settings) -> str:
    control = _escape(str(supervisor_socket(settings)))
    # Said outright, or supervisord complains: it has to start programs as other accounts.
    user = "user = root\n" if os.geteuid() == 0 else ""
    return f"""\
[supervisord]
nodaemon = true
{user}logfile = {_escape(str(settings.logs_dir / "supervisor.log"))}
logfile_maxbytes = 5MB
logfile_backups = 2
pidfile = {_escape(str(settings.run_dir / "supervisor.pid"))}
childlogdir = {_escape(str(settings.logs_dir))}
identifier = hujiao

[unix_http_server]
file = {control}
chmod = 0700

[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface
"""


def _section(settings: Settings, program: Program) -> str:
    log = _escape(str(settings.logs_dir / f"{program.name}.log"))
    pairs = ",".join(f'{key}="{_escape(value)}"' for key, value in program.environment.items())
    words = _escape(shlex.join(program.argv))
    return f"""\
[program:{program.name}]
command = {words}
environment = {pairs}
priority = {program.order}
autostart = {str(program.at_once).lower()}
autorestart = true
; Never given up: each end within `startsecs` only makes the next try wait a second longer.
startretries = 100000
startsecs = 5
stopsignal = {program.end}
stopwaitsecs = {program.end_wait_s}
redirect_stderr = true
stdout_logfile = {log}
stdout_logfile_maxbytes = 10MB
stdout_logfile_backups = 3
"""


def _escape(text: str) -> str:
    """supervisord expands %(...)s everywhere."""
    return text.replace("%", "%%")


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=ANSWER_TIMEOUT_S)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(os.fspath(self._path))


class _UnixTransport(xmlrpc.client.Transport):
    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path

    def make_connection(self, host: Any) -> http.client.HTTPConnection:
        return _UnixConnection(self._path)


@dataclass(frozen=True, slots=True)
class ProgramState:
    """`name` is the program's, `state` supervisord's word: RUNNING, BACKOFF, STOPPED …"""

    name: str
    state: str
    pid: int
    description: str


class Supervisor:
    """Talks to the running supervisor. Methods raise OSError while it cannot be reached."""

    def __init__(self, settings: Settings) -> None:
        transport = _UnixTransport(supervisor_socket(settings))
        self._server = xmlrpc.client.ServerProxy("http://localhost", transport=transport)

    def states(self) -> list[ProgramState]:
        """Of every program, started or not."""
        rows: Any = self._server.supervisor.getAllProcessInfo()
        return [
            ProgramState(row["name"], row["statename"], row["pid"], row["description"])
            for row in rows
        ]

    def start(self, name: str) -> None:
        """Starts a program without waiting for it; one that runs already is left alone."""
        try:
            self._server.supervisor.startProcess(name, False)
        except xmlrpc.client.Fault as fault:
            if "ALREADY_STARTED" not in fault.faultString:
                raise

    def stop(self, name: str) -> None:
        """Ends a program and waits until it has gone; one that does not run is left alone."""
        try:
            self._server.supervisor.stopProcess(name, True)
        except xmlrpc.client.Fault as fault:
            if "NOT_RUNNING" not in fault.faultString:
                raise
