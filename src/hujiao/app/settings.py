"""Everything an installation may be told by its environment, with defaults for one machine.

Every variable is `HUJIAO_<NAME>`; `DATABASE_URL` alone goes without the prefix. Several instances
run side by side when `HUJIAO_DATA` and the ports differ; ports that are not given follow from
`HUJIAO_HTTP_PORT`.
"""

from __future__ import annotations

import hashlib
import ipaddress
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AliasChoices, BaseModel, Field, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

REPOSITORY = Path(__file__).resolve().parents[3]

MAX_PRIVATE_NODES = 8
PORTS_APART = 10
"""The ports of one private Asterisk lie so far behind those of the one before it."""
RTP_PORTS_PER_NODE = 20

# Linux refuses unix socket paths over 107 bytes; `/.s.PGSQL.65535` has to fit behind ours.
MAX_SOCKET_FOLDER = 80


def default_cache() -> Path:
    """The folder shared by all data folders of a user: the switch, its tools, spoken prompts.

    Root gets a folder that other accounts can enter, for root's switch and database run as an
    account without rights.
    """
    if os.geteuid() == 0:
        return Path("/var/cache/hujiao")
    home = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(home) / "hujiao"


class RemoteNode(BaseModel, frozen=True):
    """An Asterisk that somebody else runs: `url` is its ARI address, `http://host:port`."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,30}$")
    url: str
    user: str
    password: str
    ami: str = ""
    ami_user: str = ""
    ami_password: str = ""


@dataclass(frozen=True, slots=True)
class PrivateNode:
    """An Asterisk that `hujiao up` runs. `folder` names its folders in data, run and logs, and
    its program in the supervisor's list."""

    name: str
    folder: str
    ari_port: int
    ami_port: int
    sip_port: int
    rtp_ports: tuple[int, int]


class Settings(BaseSettings):
    """The environment of one installation. Ports are TCP unless their name says otherwise."""

    model_config = SettingsConfigDict(
        env_prefix="HUJIAO_", frozen=True, extra="ignore", populate_by_name=True
    )

    data: Path = Path("data")
    cache: Path = Field(default_factory=default_cache)
    web_dist: Path = REPOSITORY / "web" / "dist"

    bind: str = "127.0.0.1"
    public_host: str = ""
    http_port: int = Field(default=8800, ge=1, le=65535)
    postgres_port: int = Field(default=0, ge=0, le=65535)
    ari_port: int = Field(default=0, ge=0, le=65535)
    ami_port: int = Field(default=0, ge=0, le=65535)

    sip_bind: str = ""
    sip_port: int = Field(default=5160, ge=1, le=65535)
    external_address: str = ""
    rtp_ports: Annotated[tuple[int, int], NoDecode] = (30000, 31000)

    standby: bool = True
    """A second floor and a second web process beside the first, ready to stand in for them."""

    tls: Literal["auto", "on", "off"] = "auto"
    tls_cert: Path | None = None
    tls_key: Path | None = None

    given_database_url: str = Field(
        default="", validation_alias=AliasChoices("DATABASE_URL", "given_database_url")
    )
    asterisk_nodes: tuple[RemoteNode, ...] = ()
    private_nodes: int = Field(default=1, ge=1, le=MAX_PRIVATE_NODES)
    asterisk: Path | None = None
    run_as: str = ""

    admin_password: str = ""
    locale: Literal["zh-CN", "en"] = "zh-CN"
    default_region: str = Field(default="CN", pattern=r"^[A-Z]{2}$")
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @field_validator("rtp_ports", mode="before")
    @classmethod
    def _parse_range(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        first, dash, last = value.partition("-")
        if not dash or not first.strip().isdigit() or not last.strip().isdigit():
            raise ValueError("write a range of ports, for example 30000-31000")
        return int(first), int(last)

    @field_validator("bind", "sip_bind")
    @classmethod
    def _address(cls, value: str) -> str:
        if value:
            ipaddress.ip_address(value)
        return value

    @field_validator("data", "cache", "web_dist")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.expanduser().resolve()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        first, last = self.rtp_ports
        needed = RTP_PORTS_PER_NODE * self.private_nodes
        if not 1024 <= first < last <= 65535 or last - first < needed:
            raise ValueError(f"HUJIAO_RTP_PORTS: at least {needed} ports between 1024 and 65535")
        if (self.tls_cert is None) != (self.tls_key is None):
            raise ValueError("HUJIAO_TLS_CERT and HUJIAO_TLS_KEY belong together: give both")
        if self.http_port > 65532 and 0 in (self.postgres_port, self.ari_port, self.ami_port):
            raise ValueError("HUJIAO_HTTP_PORT: three ports above it are needed, take a lower one")
        further = PORTS_APART * (self.private_nodes - 1)
        highest = max(self.ari_port_in_use, self.ami_port_in_use, self.sip_port) + further
        if highest > 65535:
            raise ValueError("HUJIAO_PRIVATE_NODES: no ports are left above, take lower ones")
        return self

    # -- what follows from the above ---------------------------------------------------------

    @property
    def embedded_postgres(self) -> bool:
        return not self.given_database_url

    @property
    def private_asterisk(self) -> bool:
        return not self.asterisk_nodes

    @property
    def postgres_port_in_use(self) -> int:
        return self.postgres_port or self.http_port + 1

    @property
    def ari_port_in_use(self) -> int:
        return self.ari_port or self.http_port + 2

    @property
    def ami_port_in_use(self) -> int:
        return self.ami_port or self.http_port + 3

    def private_node(self, number: int) -> PrivateNode:
        """The ports of the private Asterisk with this number, from 1."""
        further = PORTS_APART * (number - 1)
        first, last = self.rtp_ports
        share = (last - first + 1) // self.private_nodes // 2 * 2
        begin = first + share * (number - 1)
        return PrivateNode(
            name=f"n{number}",
            folder="asterisk" if number == 1 else f"asterisk-n{number}",
            ari_port=self.ari_port_in_use + further,
            ami_port=self.ami_port_in_use + further,
            sip_port=self.sip_port + further,
            rtp_ports=(begin, last if number == self.private_nodes else begin + share - 1),
        )

    @property
    def own_nodes(self) -> tuple[PrivateNode, ...]:
        """The Asterisks that `hujiao up` runs itself; none when others are given."""
        if not self.private_asterisk:
            return ()
        return tuple(self.private_node(number + 1) for number in range(self.private_nodes))

    @property
    def sip_bind_in_use(self) -> str:
        """SIP and RTP follow `bind`, so that nothing but loopback is open unless told."""
        return self.sip_bind or self.bind

    @property
    def on_loopback(self) -> bool:
        return ipaddress.ip_address(self.bind).is_loopback

    @property
    def serves_tls(self) -> bool:
        """A browser opens the microphone on a secure page only; loopback counts as secure."""
        if self.tls == "auto":
            return self.tls_cert is not None or not self.on_loopback
        return self.tls == "on"

    @property
    def tls_files(self) -> tuple[Path, Path]:
        """Certificate and key, PEM; the generated pair when none is given."""
        if self.tls_cert and self.tls_key:
            return self.tls_cert.absolute(), self.tls_key.absolute()
        return self.data / "tls" / "hujiao.crt", self.data / "tls" / "hujiao.key"

    @property
    def base_url(self) -> str:
        """What a person types into the browser."""
        host = self.public_host or ("127.0.0.1" if self.on_loopback else own_address())
        bare = f"[{host}]" if ":" in host else host
        return f"{'https' if self.serves_tls else 'http'}://{bare}:{self.http_port}"

    @property
    def run_dir(self) -> Path:
        """Unix sockets and process ids; in the temporary folder when the data path is too long."""
        inside = self.data / "run"
        if len(os.fsencode(inside)) <= MAX_SOCKET_FOLDER:
            return inside
        digest = hashlib.sha256(os.fsencode(self.data)).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"hujiao-{os.getuid()}-{digest}"

    @property
    def floor_socket(self) -> Path:
        return self.run_dir / "floor.sock"

    @property
    def recordings_dir(self) -> Path:
        return self.data / "recordings"

    @property
    def messages_dir(self) -> Path:
        """What callers left while no floor was there, as it is kept."""
        return self.data / "messages"

    @property
    def message_spool(self) -> Path:
        """Where the switch records messages, until the worker takes them in."""
        return self.messages_dir / "spool"

    @property
    def sounds_dir(self) -> Path:
        return self.data / "sounds"

    @property
    def logs_dir(self) -> Path:
        return self.data / "logs"


def own_address() -> str:
    """The address other machines of the house most likely reach this one by."""
    import socket

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # no packet leaves: connect only picks a route
        except OSError:
            return "127.0.0.1"
        return str(probe.getsockname()[0])
