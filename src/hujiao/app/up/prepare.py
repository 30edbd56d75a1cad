"""Everything that has to be there before the first program starts. Safe to repeat."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hujiao.app.places import cluster, load_secrets, node_settings
from hujiao.app.settings import Settings, own_address
from hujiao.app.up.problems import refuse
from hujiao.app.up.tls import ensure_certificate
from hujiao.kit.postgres import PostgresError
from hujiao.kit.processes import Account, hand_over, let_read
from hujiao.telephony.config import Installation, NodeSettings, prepare_folders, render
from hujiao.telephony.config.render import own_ipv4_addresses
from hujiao.telephony.music import ensure_music
from hujiao.telephony.private import Command, PrivateTree, PrivateTreeError, ensure_tree
from hujiao.telephony.speaking import speak_prompts
from hujiao.telephony.speech import EspeakSpeech, SpeechError

OLDEST_VERSION = (22, 10)
LOG_BYTES = 20_000_000
LOCK_NAME = "asterisk.lock.json"

Progress = Callable[[str, float], None]
"""Called with a stage and its fraction, 0.0 to 1.0."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """What the supervisor is to run; `nodes` is empty when they run elsewhere."""

    nodes: tuple[NodeSettings, ...]
    account: Account | None


def prepare(settings: Settings, account: Account | None, progress: Progress) -> Prepared:
    """Fetches, speaks, writes and makes what is missing. Raises CannotStartError."""
    load_secrets(settings)
    try:
        tree = ensure_tree(
            settings.cache,
            lock=settings.data / LOCK_NAME,
            progress=lambda stage, fraction: progress(f"switch-{stage}", fraction),
        )
        _speak(settings, tree, progress)
        music = ensure_music(tree, settings.cache)
    except PrivateTreeError as failure:
        raise refuse("switch", str(failure), failure.advice) from failure
    except SpeechError as failure:
        raise refuse(
            "prompts", str(failure), f"Delete {settings.cache}/switch-* and start again."
        ) from failure
    except OSError as failure:
        raise refuse(
            "cache",
            f"{settings.cache} cannot be used: {failure}",
            "Check its rights and the disk, or set HUJIAO_CACHE to another folder.",
        ) from failure
    nodes = []
    if settings.private_asterisk:
        installation = _installation(settings, tree)
        for own in settings.own_nodes:
            nodes.append(_node(node_settings(settings, own, installation, music), account))
    if settings.embedded_postgres:
        _database(settings, progress)
    if settings.serves_tls:
        _certificate(settings)
    settings.recordings_dir.mkdir(exist_ok=True)
    return Prepared(tuple(nodes), account)


def _speak(settings: Settings, tree: PrivateTree, progress: Progress) -> None:
    speech = EspeakSpeech(tree.tool_command("espeak-ng"), tree.versions["espeak-ng-data"])
    speak_prompts(
        speech,
        settings.sounds_dir,
        settings.cache / "speech",
        lambda fraction: progress("prompts", fraction),
    )


def _installation(settings: Settings, tree: PrivateTree) -> Installation:
    if settings.asterisk is None:
        return Installation.of_tree(tree)
    return system_installation(settings.asterisk)


def system_installation(program: Path) -> Installation:
    """An Asterisk that the machine's owner installed. Raises CannotStartError if it is too old."""
    try:
        said = subprocess.run([program, "-V"], capture_output=True, text=True, timeout=10).stdout
        version = tuple(int(part) for part in said.split()[1].split("+")[0].split(".")[:2])
    except (OSError, IndexError, ValueError, subprocess.SubprocessError) as failure:
        raise refuse(
            "switch", f"{program} cannot be run: {failure}", "Correct HUJIAO_ASTERISK, or unset it."
        ) from failure
    modules = [*Path("/usr/lib").glob("*/asterisk/modules"), Path("/usr/lib/asterisk/modules")]
    found = [path for path in modules if path.is_dir()]
    if version < OLDEST_VERSION or not found:
        raise refuse(
            "switch",
            f"{program} is Asterisk {'.'.join(map(str, version))}; 22.10 or newer is needed.",
            "Unset HUJIAO_ASTERISK to use the private Asterisk.",
        )
    return Installation(Command((str(program),)), found[0], Path("/usr/share/asterisk"))


def _node(node: NodeSettings, account: Account | None) -> NodeSettings:
    node.home.mkdir(parents=True, exist_ok=True)
    let_read([node.home, *render(node, node.etc), node.etc], account)
    node.home.chmod(0o750)
    hand_over(prepare_folders(node), account)
    messages = node.logs / "messages.log"
    if messages.exists() and messages.stat().st_size > LOG_BYTES:
        messages.replace(messages.with_suffix(".log.1"))
    return node


def _database(settings: Settings, progress: Progress) -> None:
    server = cluster(settings)
    progress("database", 0.0)
    server.sockets.mkdir(parents=True, exist_ok=True)
    hand_over([server.sockets], server.account)
    try:
        server.initialise()
    except PostgresError as failure:
        raise refuse(
            "database", str(failure), "See docs/operations/troubleshooting.md, 'Database'."
        ) from failure
    progress("database", 1.0)


def _certificate(settings: Settings) -> None:
    if settings.tls_cert is None:
        hosts = [own_address(), *own_ipv4_addresses()]
        if settings.public_host:
            hosts.append(settings.public_host)
        ensure_certificate(*settings.tls_files, hosts)
        return
    for path in settings.tls_files:
        if not path.exists():
            raise refuse("certificate", f"{path} does not exist.", "Correct HUJIAO_TLS_CERT/KEY.")
