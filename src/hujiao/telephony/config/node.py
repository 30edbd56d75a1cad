"""What one Asterisk node is told, where it keeps its files, and how it is reached."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from pathlib import Path

from hujiao.telephony.private import Command, PrivateTree

UNHEARD = "unheard"
"""Below the messages: a folder that takes files also while no more messages are taken."""


@dataclass(frozen=True, slots=True)
class NodeAddress:
    """How the floor reaches a node. `ari_url` is `http://host:port`, without a path."""

    name: str
    ari_url: str
    ari_user: str
    ari_password: str
    ami_host: str
    ami_port: int
    ami_user: str
    ami_password: str
    media_address: str = ""
    """The only address its voice ports may be bound to; empty: all of them."""
    recordings: Path | None = None
    """The node's recording folder when it lies on this machine."""


@dataclass(frozen=True, slots=True)
class Installation:
    """An Asterisk that can be run: its command, its modules and its read-only data."""

    command: Command
    modules: Path
    data: Path

    @classmethod
    def of_tree(cls, tree: PrivateTree) -> Installation:
        return cls(tree.tool_command("asterisk"), tree.asterisk_modules, tree.asterisk_data)

    def argv(self, etc: Path, *more: str) -> tuple[str, ...]:
        """Runs in the foreground; with `-rx <words>` it is a console of the running one."""
        return (*self.command.argv, "-C", str(etc / "asterisk.conf"), *(more or ("-f",)))


@dataclass(frozen=True, slots=True)
class NodeSettings:
    """One node on this machine. Its folders lie below `home`; sockets below `run`.

    `name` becomes Asterisk's system name: the ids of arriving legs are `<name>-<epoch>.<n>`.
    """

    name: str
    installation: Installation
    home: Path
    run: Path
    logs: Path
    recordings: Path
    sounds: Path
    music: Path
    ari_port: int
    ari_password: str
    ami_port: int
    ami_password: str
    sip_port: int
    sip_bind: str = "127.0.0.1"
    rtp_ports: tuple[int, int] = (30000, 31000)
    external_address: str = ""
    """What the world sees behind a 1:1 address translation; empty without one."""
    language: str = "zh"
    ari_user: str = "hujiao"
    ami_user: str = "hujiao"
    floor_wait_s: int = 60
    """How long a caller hears music when the floor is away, before he may leave a message."""
    messages: Path | None = None
    """Where those messages are recorded; below `home` when not given."""
    with_queue: bool = False
    """Load app_queue too, which only the benchmark compares itself with."""

    @property
    def etc(self) -> Path:
        return self.home / "etc"

    @property
    def share(self) -> Path:
        return self.home / "share"

    @property
    def var(self) -> Path:
        return self.home / "var"

    @property
    def spool(self) -> Path:
        return self.home / "spool"

    @property
    def message_spool(self) -> Path:
        return self.messages or self.home / "messages"

    @property
    def on_loopback(self) -> bool:
        return ipaddress.ip_address(self.sip_bind).is_loopback

    @property
    def media_address(self) -> str:
        """Voice follows SIP: bound to its address, unless that is every address."""
        return "" if ipaddress.ip_address(self.sip_bind).is_unspecified else self.sip_bind

    @property
    def argv(self) -> tuple[str, ...]:
        return self.installation.argv(self.etc)

    def console(self, words: str) -> tuple[str, ...]:
        """A command line that asks the running node, such as `core show channels`."""
        return self.installation.argv(self.etc, "-rx", words)

    @property
    def address(self) -> NodeAddress:
        return NodeAddress(
            name=self.name,
            ari_url=f"http://127.0.0.1:{self.ari_port}",
            ari_user=self.ari_user,
            ari_password=self.ari_password,
            ami_host="127.0.0.1",
            ami_port=self.ami_port,
            ami_user=self.ami_user,
            ami_password=self.ami_password,
            media_address=self.media_address,
            recordings=self.recordings,
        )
