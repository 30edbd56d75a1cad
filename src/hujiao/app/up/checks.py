"""Looking before starting: ports, folders, disk. Nothing is changed here."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from hujiao.app.settings import Settings
from hujiao.app.up.problems import Finding
from hujiao.kit.disk import FULL_BYTES, free_bytes
from hujiao.telephony.config.render import own_ipv4_addresses

LOW_BYTES = 2_000_000_000


@dataclass(frozen=True, slots=True)
class Door:
    """A port we are going to listen on."""

    use: str
    variable: str
    address: str
    port: int
    kind: socket.SocketKind = socket.SOCK_STREAM

    @property
    def protocol(self) -> str:
        return "TCP" if self.kind is socket.SOCK_STREAM else "UDP"


def doors(settings: Settings) -> Iterator[Door]:
    """Every port this installation opens, apart from the RTP range."""
    yield Door("the web pages", "HUJIAO_HTTP_PORT", settings.bind, settings.http_port)
    if settings.embedded_postgres:
        port = settings.postgres_port_in_use
        yield Door("the database", "HUJIAO_POSTGRES_PORT", "127.0.0.1", port)
    for node in settings.own_nodes:
        which = f" of {node.name}" if settings.private_nodes > 1 else ""
        yield Door(f"Asterisk's ARI{which}", "HUJIAO_ARI_PORT", "127.0.0.1", node.ari_port)
        yield Door(f"Asterisk's AMI{which}", "HUJIAO_AMI_PORT", "127.0.0.1", node.ami_port)
        bind = settings.sip_bind_in_use
        for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
            yield Door(f"SIP{which}", "HUJIAO_SIP_PORT", bind, node.sip_port, kind)


def taken_ports(settings: Settings) -> list[Finding]:
    """A finding for every port that cannot be opened, naming who holds it where that is known."""
    found: list[Finding] = []
    numbers: dict[tuple[int, socket.SocketKind], str] = {}
    for door in doors(settings):
        twin = numbers.setdefault((door.port, door.kind), door.variable)
        if twin != door.variable:
            text = f"{door.variable} and {twin} are both {door.protocol} port {door.port}."
            found.append(Finding("bad", "ports", text, "Give them different numbers."))
        elif reason := _refusal(door):
            text = f"{door.protocol} port {door.port} for {door.use} {reason}."
            advice = f"End that program, or set {door.variable} to a free port."
            found.append(Finding("bad", "ports", text, advice))
    return found


def _refusal(door: Door) -> str:
    family = socket.AF_INET6 if ":" in door.address else socket.AF_INET
    with socket.socket(family, door.kind) as probe:
        if door.kind is socket.SOCK_STREAM:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((door.address, door.port))
        except PermissionError:
            return "needs rights this account does not have"
        except OSError as failure:
            holder = _holder(door)
            return f"is taken{holder}" if holder else f"cannot be opened ({failure.strerror})"
    return ""


def _holder(door: Door) -> str:
    kind = "tcp" if door.kind is socket.SOCK_STREAM else "udp"
    try:
        rows = psutil.net_connections(kind)
    except (psutil.AccessDenied, OSError):
        return " by another program"
    for row in rows:
        listening = kind == "udp" or row.status == psutil.CONN_LISTEN
        if row.laddr and row.laddr.port == door.port and listening:
            name = _program(row.pid) if row.pid else "another program"
            return f" by {name}" + (f" (process {row.pid})" if row.pid else "")
    return ""


def _program(pid: int) -> str:
    """A process's name; of a program run through a loader of its own, the program's."""
    try:
        process = psutil.Process(pid)
        name = process.name()
        words = process.cmdline()
    except psutil.Error:
        return "another program"
    if name.startswith("ld-linux") and "--library-path" in words[:-2]:
        return Path(words[words.index("--library-path") + 2]).name
    return str(name)


def disk(settings: Settings) -> Finding:
    """The free space where recordings and the database grow."""
    free = free_bytes(settings.data)
    text = f"{free / 1e9:.1f} GB are free for {settings.data}."
    if free < FULL_BYTES:
        return Finding("bad", "disk", text, "Free some space, or move HUJIAO_DATA elsewhere.")
    if free < LOW_BYTES:
        advice = "Recordings take 1 MB a minute at first: free some space soon."
        return Finding("warning", "disk", text, advice)
    return Finding("good", "disk", text)


def browser_sound(settings: Settings) -> Finding:
    """What stands between a browser and the voice, for the way this installation is bound."""
    matter = "microphone"
    if not settings.on_loopback and not settings.serves_tls:
        return Finding(
            "warning",
            matter,
            "Pages are served over plain http beyond this machine: browsers give no microphone.",
            "Leave HUJIAO_TLS on auto, or put an https proxy in front.",
        )
    if settings.on_loopback and not own_ipv4_addresses():
        return Finding(
            "bad",
            matter,
            "This machine has no address beside 127.0.0.1, which Asterisk never offers a browser.",
            "Give it one, for example: ip addr add 10.99.0.1/32 dev lo",
        )
    if settings.serves_tls and settings.tls_cert is None:
        return Finding(
            "good",
            matter,
            "https with a certificate of our own: the browser warns once; accept it there, or "
            "give HUJIAO_TLS_CERT and HUJIAO_TLS_KEY.",
        )
    return Finding("good", matter, "Browsers may open the microphone here.")


def web_build(settings: Settings) -> Finding:
    if (settings.web_dist / "index.html").exists():
        return Finding("good", "screens", f"Built, in {settings.web_dist}.")
    return Finding(
        "bad",
        "screens",
        f"{settings.web_dist} holds no built screens.",
        "Run: make web   (npm ci && npm run build in web/)",
    )
