"""Writes the configuration folder of a node and makes the folders it works in."""

from __future__ import annotations

import ipaddress
import os
import re
import socket
from importlib import resources
from pathlib import Path

import psutil

from hujiao.telephony.config.modules import PRELOADED, modules
from hujiao.telephony.config.node import UNHEARD, NodeSettings
from hujiao.telephony.spelling import LONGEST, SPELT

SORCERY_TYPES = ("endpoint", "auth", "aor")
MUSIC_STEP_S = 1
"""How long extensions.conf plays music between two looks for the floor."""
_PLACEHOLDER = re.compile(r"@\{(\w+)\}")


def render(node: NodeSettings, target: Path) -> list[Path]:
    """Writes every configuration file of the node into `target` and returns them.

    Files are readable by owner and group only, for they hold the node's passwords.
    """
    target.mkdir(parents=True, exist_ok=True)
    target.chmod(0o750)
    words = _words(node, target)
    written: list[Path] = []
    templates = resources.files("hujiao.telephony.config") / "templates"
    for template in sorted(templates.iterdir(), key=lambda entry: entry.name):
        if not template.name.endswith(".conf"):
            continue
        path = target / template.name
        text = _PLACEHOLDER.sub(lambda match: words[match[1]], template.read_text("utf-8"))
        _write(path, text)
        written.append(path)
    return written


def prepare_folders(node: NodeSettings) -> list[Path]:
    """Makes what Asterisk expects to find; returns the folders it must be able to write to."""
    writable = [
        node.var,
        node.var / "keys",
        node.spool,
        node.spool / "recording",
        node.spool / "tmp",
        node.recordings,
        node.message_spool,
        node.message_spool / UNHEARD,
        node.run,
        node.logs,
    ]
    for folder in (*writable, node.share / "sounds", node.sounds, node.music):
        folder.mkdir(parents=True, exist_ok=True)
    # MixMonitor writes relative names below <spool>/monitor.
    _link(node.spool / "monitor", node.recordings)
    for entry in sorted(node.installation.data.iterdir()):
        if entry.name not in ("sounds", "moh"):
            _link(node.share / entry.name, entry)
    for entry in sorted((node.installation.data / "sounds").iterdir()):
        _link(node.share / "sounds" / entry.name, entry)
    _link(node.share / "sounds" / "hujiao", node.sounds)
    return writable


def _words(node: NodeSettings, target: Path) -> dict[str, str]:
    first, last = node.rtp_ports
    return {
        "name": node.name,
        "etc": str(target),
        "modules_dir": str(node.installation.modules),
        "share": str(node.share),
        "var": str(node.var),
        "spool": str(node.spool),
        "run": str(node.run),
        "logs": str(node.logs),
        "ari_port": str(node.ari_port),
        "ari_user": node.ari_user,
        "ari_password": node.ari_password,
        "ami_port": str(node.ami_port),
        "ami_user": node.ami_user,
        "ami_password": node.ami_password,
        "sip_address": _with_port(node.sip_bind, node.sip_port),
        "nat": _nat(node),
        "rtp_first": str(first),
        "rtp_last": str(last),
        "ice": _ice(node),
        "music": str(node.music),
        "language": node.language,
        "messages": str(node.message_spool),
        "unheard": str(node.message_spool / UNHEARD),
        "spelt": SPELT,
        "longest": str(LONGEST),
        "step": str(MUSIC_STEP_S),
        "tries": str(max(node.floor_wait_s // MUSIC_STEP_S, 1)),
        "preloads": "\n".join(f"preload = {name}.so" for name in PRELOADED),
        "loads": "\n".join(f"load = {name}.so" for name in modules(with_queue=node.with_queue)),
        "sorcery": "\n".join(
            f"{kind}=memory\n{kind}=config,pjsip.conf,criteria=type={kind}"
            for kind in SORCERY_TYPES
        ),
    }


def _with_port(address: str, port: int) -> str:
    bare = f"[{address}]" if ":" in address else address
    return f"{bare}:{port}"


def _nat(node: NodeSettings) -> str:
    if not node.external_address:
        return ""
    inside = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8")
    lines = [f"local_net={network}" for network in inside]
    lines.append(f"external_media_address={node.external_address}")
    lines.append(f"external_signaling_address={node.external_address}")
    return "\n".join(lines)


def _ice(node: NodeSettings) -> str:
    """On loopback the browser must be told 127.0.0.1, which Asterisk never offers by itself."""
    if node.on_loopback:
        lines = [f"{address} => 127.0.0.1" for address in own_ipv4_addresses()]
        return "\n".join(["ice_deny=::/0", "", "[ice_host_candidates]", *lines])
    if node.external_address:
        lines = [
            f"{address} => {node.external_address},include_local_address"
            for address in own_ipv4_addresses()
        ]
        return "\n".join(["", "[ice_host_candidates]", *lines])
    return ""


def own_ipv4_addresses() -> list[str]:
    """This machine's IPv4 addresses beyond 127.0.0.0/8, in a stable order."""
    found = {
        entry.address
        for entries in psutil.net_if_addrs().values()
        for entry in entries
        if entry.family == socket.AF_INET and not ipaddress.ip_address(entry.address).is_loopback
    }
    return sorted(found)


def _write(path: Path, text: str) -> None:
    fresh = path.with_name(f".{path.name}.new")
    fresh.write_text(text, "utf-8")
    fresh.chmod(0o640)
    fresh.replace(path)


def _link(link: Path, target: Path) -> None:
    if link.is_symlink():
        if os.readlink(link) == str(target):
            return
        link.unlink()
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(target)
