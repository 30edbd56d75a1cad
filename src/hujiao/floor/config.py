"""All that the floor knows from the database, as one value. `store.load_configuration` reads it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from hujiao.telephony.endpoints import PhoneKind


@dataclass(frozen=True, slots=True)
class AgentSettings:
    """An active person who has a phone. `id` is the person's."""

    id: str
    name: str
    team_id: str | None
    extension: str
    phone_kind: PhoneKind
    phone_secret: str
    contact: str = ""
    skills: Mapping[str, int] = field(default_factory=dict)
    wrap_up_s: int | None = None
    rest_s: int = 0
    max_missed: int = 3


@dataclass(frozen=True, slots=True)
class QueueSettings:
    """A queue as administrated. `strategy` is a routing strategy's name."""

    id: str
    name: str
    strategy: str = "longest_idle"
    skills: Mapping[str, int] = field(default_factory=dict)
    priority: int = 0
    ageing_s: int = 60
    ring_timeout_s: int = 20
    wrap_up_s: int = 15
    max_waiting: int | None = None
    max_wait_s: int | None = None
    overflow_to: str | None = None
    level_relax_after_s: int | None = None
    announce_every_s: int = 30
    music: str = "default"
    recorded: bool = True


@dataclass(frozen=True, slots=True)
class NumberSettings:
    """A public number: what a caller hears and where he can go.

    `greeting_prompt` is a prompt id, empty for none. `menu` maps a digit to a queue id; with an
    empty menu the caller goes to `queue_id` after the greeting.
    """

    number: str
    name: str
    queue_id: str
    language: str = "zh"
    greeting_prompt: str = ""
    menu: Mapping[str, str] = field(default_factory=dict)
    menu_timeout_s: int = 6


@dataclass(frozen=True, slots=True)
class TrunkSettings:
    """A line to the world. `host` is empty for an account that signs in to us.

    `prefixes`: digits that a dialled number (E.164 without plus, or as typed) must begin with for
    this trunk to carry it; none means nothing may be dialled over it.
    """

    name: str
    host: str = ""
    port: int = 5060
    username: str = ""
    secret: str = ""
    register: bool = False
    codecs: tuple[str, ...] = ("alaw", "ulaw")
    caller_number: str = ""
    prefixes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Configuration:
    """`reasons` maps the id of a not-ready reason to its name."""

    agents: Mapping[str, AgentSettings] = field(default_factory=dict)
    queues: Mapping[str, QueueSettings] = field(default_factory=dict)
    numbers: Mapping[str, NumberSettings] = field(default_factory=dict)
    trunks: Mapping[str, TrunkSettings] = field(default_factory=dict)
    reasons: Mapping[str, str] = field(default_factory=dict)
