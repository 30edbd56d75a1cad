"""Where the parts of an installation find each other, and the passwords they share.

The passwords between our own programs are made at the first start and kept in the data folder;
nobody types them.
"""

from __future__ import annotations

import ipaddress
import json
import os
import secrets
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from urllib.parse import urlsplit

from hujiao.app.settings import PrivateNode, Settings
from hujiao.kit.postgres import Cluster, reachable_binaries
from hujiao.kit.processes import service_account
from hujiao.telephony.config import Installation, NodeAddress, NodeSettings
from hujiao.telephony.prompts import language_of

SECRETS = "secrets.json"
DEFAULT_AMI_PORT = 5038


@dataclass(frozen=True, slots=True)
class Secrets:
    """Passwords between our own programs, and the key that signs sessions."""

    database: str
    ari: str
    ami: str
    session: str


def load_secrets(settings: Settings) -> Secrets:
    """The installation's secrets, made when it has none. Readable by the owner only."""
    path = settings.data / SECRETS
    if not path.exists():
        made = Secrets(*(secrets.token_urlsafe(32) for _ in fields(Secrets)))
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(f".{SECRETS}.{os.getpid()}")
        fresh.touch(0o600)
        fresh.write_text(json.dumps(asdict(made), indent=1) + "\n")
        try:
            # A link fails when another process was first; its secrets are then the ones.
            os.link(fresh, path)
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return Secrets(**json.loads(path.read_text()))


def database_url(settings: Settings) -> str:
    """The address of the database, given or embedded, for libpq and for `kit.db`."""
    if settings.given_database_url:
        return settings.given_database_url
    return cluster(settings).url()


def cluster(settings: Settings) -> Cluster:
    """The embedded database of this installation."""
    account = service_account(settings.run_as)
    return Cluster(
        binaries=reachable_binaries(settings.cache, account),
        folder=settings.data / "postgres",
        sockets=settings.run_dir / "postgres",
        port=settings.postgres_port_in_use,
        password=load_secrets(settings).database,
        account=account,
    )


def node_addresses(settings: Settings) -> tuple[NodeAddress, ...]:
    """How the floor reaches every Asterisk of this installation."""
    if settings.private_asterisk:
        shared = load_secrets(settings)
        return tuple(_private(settings, shared, node) for node in settings.own_nodes)
    return tuple(_remote(settings, index) for index in range(len(settings.asterisk_nodes)))


def _private(settings: Settings, shared: Secrets, node: PrivateNode) -> NodeAddress:
    return NodeAddress(
        name=node.name,
        ari_url=f"http://127.0.0.1:{node.ari_port}",
        ari_user="hujiao",
        ari_password=shared.ari,
        ami_host="127.0.0.1",
        ami_port=node.ami_port,
        ami_user="hujiao",
        ami_password=shared.ami,
        media_address=media_address(settings),
        recordings=settings.recordings_dir,
    )


def media_address(settings: Settings) -> str:
    """Where voice is received: SIP's address, or every address when SIP takes every one."""
    bind = settings.sip_bind_in_use
    return "" if ipaddress.ip_address(bind).is_unspecified else bind


def _remote(settings: Settings, index: int) -> NodeAddress:
    node = settings.asterisk_nodes[index]
    host = urlsplit(node.url).hostname or "127.0.0.1"
    ami_host, _, ami_port = (node.ami or host).partition(":")
    return NodeAddress(
        name=node.name,
        ari_url=node.url.rstrip("/"),
        ari_user=node.user,
        ari_password=node.password,
        ami_host=ami_host,
        ami_port=int(ami_port or DEFAULT_AMI_PORT),
        ami_user=node.ami_user or node.user,
        ami_password=node.ami_password or node.password,
    )


def node_settings(
    settings: Settings, node: PrivateNode, installation: Installation, music: Path
) -> NodeSettings:
    """An Asterisk that `hujiao up` runs on this machine; all write into one recordings folder."""
    shared = load_secrets(settings)
    return NodeSettings(
        name=node.name,
        installation=installation,
        home=settings.data / node.folder,
        run=settings.run_dir / node.folder,
        logs=settings.logs_dir / node.folder,
        recordings=settings.recordings_dir,
        messages=settings.message_spool,
        sounds=settings.sounds_dir,
        music=music,
        ari_port=node.ari_port,
        ari_password=shared.ari,
        ami_port=node.ami_port,
        ami_password=shared.ami,
        sip_port=node.sip_port,
        sip_bind=settings.sip_bind_in_use,
        rtp_ports=node.rtp_ports,
        external_address=settings.external_address,
        language=language_of(settings.locale),
    )
