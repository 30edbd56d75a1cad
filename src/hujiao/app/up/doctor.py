"""`hujiao doctor`: looks at everything that can stand in the way, and says how to mend it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence

import httpx
import psycopg
from rich.console import Console

from hujiao.app.places import database_url, node_addresses
from hujiao.app.settings import Settings
from hujiao.app.up.checks import browser_sound, disk, taken_ports, web_build
from hujiao.app.up.home import UpLock
from hujiao.app.up.problems import Finding
from hujiao.app.up.run import local_url
from hujiao.kit.listen import libpq_url
from hujiao.kit.processes import service_account, unreachable_for
from hujiao.telephony.config import NodeAddress
from hujiao.telephony.private import PrivateTreeError
from hujiao.telephony.private.apt import SUITE, machine_mirrors
from hujiao.telephony.private.fetch import tree_folder
from hujiao.telephony.private.tree import LOCK_NAME

TIMEOUT_S = 5.0
COLOURS = {"good": "green", "warning": "yellow", "bad": "red"}
WORDS = {"good": "good", "warning": "look", "bad": "BAD"}


def examine() -> list[Finding]:
    """Every finding, good ones too. Nothing is changed; network waits are 5 s at most."""
    settings = Settings()
    found: list[Finding] = []
    for look in _looks(settings):
        found.extend(look(settings))
    return found


def report(findings: Sequence[Finding], console: Console | None = None) -> int:
    """Prints the findings; 1 when something is bad."""
    out = console or Console(highlight=False)
    for finding in findings:
        colour = COLOURS[finding.level]
        mark = f"[{colour}]{WORDS[finding.level]:<5}[/{colour}]"
        out.print(f"{mark} {finding.matter:<11} {finding.text}", soft_wrap=True)
        if finding.advice:
            out.print(f"{'':<18}{finding.advice}", soft_wrap=True)
    return 1 if any(finding.level == "bad" for finding in findings) else 0


def _looks(settings: Settings) -> Iterator[Callable[[Settings], list[Finding]]]:
    yield _programs
    yield _data
    yield lambda known: [disk(known)]
    yield _switch
    yield lambda known: [web_build(known)]
    yield lambda known: [browser_sound(known)]
    running = UpLock(settings).held_by_other()
    if running:
        yield _health
    else:
        yield _ports
    if not settings.embedded_postgres:
        yield _database
    if running or not settings.private_asterisk:
        yield _nodes


def _programs(settings: Settings) -> list[Finding]:
    advice = "Install it: it belongs to every Debian 12 and 13."
    return [
        Finding("bad", "machine", f"The program {name} is missing.", advice)
        for name in ("apt-get", "dpkg-deb", "setpriv")
        if shutil.which(name) is None
    ]


def _data(settings: Settings) -> list[Finding]:
    try:
        account = service_account(settings.run_as)
    except KeyError as failure:
        text = f"There is no account {failure.args[0]}."
        return [Finding("bad", "account", text, "Correct HUJIAO_RUN_AS.")]
    closed = unreachable_for(settings.data, account)
    if closed is not None and settings.data.exists() and account is not None:
        text = f"{account.name}, who runs Asterisk and the database, may not enter {closed}."
        advice = "Move HUJIAO_DATA to /var/lib or /srv."
        return [Finding("bad", "data", text, advice)]
    who = f"; Asterisk and the database run as {account.name}" if account else ""
    return [Finding("good", "data", f"{settings.data}{who}.")]


def _switch(settings: Settings) -> list[Finding]:
    if not settings.private_asterisk:
        return []
    folder = tree_folder(settings.cache)
    if (folder / LOCK_NAME).exists():
        return [Finding("good", "Asterisk", f"Fetched, in {folder}: no network is needed.")]
    try:
        mirrors = machine_mirrors()
    except PrivateTreeError as failure:
        return [Finding("bad", "Asterisk", str(failure), failure.advice)]
    for mirror in mirrors:
        try:
            answer = httpx.head(f"{mirror}dists/{SUITE}/InRelease", timeout=TIMEOUT_S)
        except httpx.TransportError:
            continue
        if answer.status_code < 400:
            return [Finding("good", "Asterisk", f"Will be fetched once from {mirror} (82 MB).")]
    return [
        Finding(
            "bad",
            "Asterisk",
            f"No mirror of this machine answers with Debian {SUITE}: {' '.join(mirrors)}",
            "Check the network and the proxy, or correct /etc/apt/sources.list*.",
        )
    ]


def _ports(settings: Settings) -> list[Finding]:
    return taken_ports(settings) or [Finding("good", "ports", "All free.")]


def _health(settings: Settings) -> list[Finding]:
    url = f"{local_url(settings)}/healthz"
    try:
        answer = httpx.get(url, verify=False, timeout=TIMEOUT_S)  # noqa: S501 - our own loopback
    except httpx.TransportError as failure:
        advice = f"Look into {settings.logs_dir / 'web.log'}."
        return [Finding("bad", "running", f"{url} does not answer: {failure}", advice)]
    if answer.status_code == 200:
        return [Finding("good", "running", f"Calls can be taken: {settings.base_url}")]
    advice = f"Look into the logs in {settings.logs_dir}."
    return [Finding("bad", "running", f"Not ready: {answer.text[:300]}", advice)]


def _database(settings: Settings) -> list[Finding]:
    try:
        psycopg.connect(libpq_url(database_url(settings)), connect_timeout=int(TIMEOUT_S)).close()
    except psycopg.OperationalError as failure:
        text = f"DATABASE_URL does not answer: {failure}"
        return [Finding("bad", "database", text, "Check the address, the password, the firewall.")]
    return [Finding("good", "database", "DATABASE_URL answers.")]


def _nodes(settings: Settings) -> list[Finding]:
    advice = "Check HUJIAO_ASTERISK_NODES, and ari.conf and http.conf of that node."
    if settings.private_asterisk:
        advice = f"Look into {settings.logs_dir}/asterisk*; it is started again by itself."
    return [_node(node, advice) for node in node_addresses(settings)]


def _node(node: NodeAddress, advice: str) -> Finding:
    try:
        answer = httpx.get(
            f"{node.ari_url}/ari/asterisk/info",
            auth=(node.ari_user, node.ari_password),
            timeout=TIMEOUT_S,
        )
    except httpx.TransportError as failure:
        text = f"{node.name} at {node.ari_url} does not answer: {failure}"
        return Finding("bad", "Asterisk", text, advice)
    if answer.status_code != 200:
        text = f"{node.name} refuses our sign-in: {answer.status_code}"
        return Finding("bad", "Asterisk", text, advice)
    version = answer.json()["system"]["version"]
    return Finding("good", "Asterisk", f"{node.name} answers: {version}")
