"""Words of agents: the phone and pace of a person who takes calls, skills, reasons."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from hujiao.telephony.endpoints import PhoneKind

DEFAULT_MAX_MISSED = 3


class CountsAs(StrEnum):
    """What the time in a not-ready state is counted as."""

    BREAK = "break"
    MEETING = "meeting"
    TRAINING = "training"
    WORK = "work"


@dataclass(frozen=True, slots=True)
class AgentProfile:
    """How a person takes calls. `skills` maps a skill's id to a level of 1 to 10.

    `contact` is the SIP address of a static phone, else empty. Without `wrap_up_s` the queue's
    counts; `max_missed` 0 means that missed calls never set the agent not ready.
    """

    extension: str
    phone_kind: PhoneKind = PhoneKind.BROWSER
    contact: str = ""
    wrap_up_s: int | None = None
    rest_s: int = 0
    max_missed: int = DEFAULT_MAX_MISSED
    skills: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Skill:
    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Reason:
    """Why an agent is not ready. Shown by `position`."""

    id: str
    name: str
    name_en: str = ""
    active: bool = True
    position: int = 0
    counts_as: CountsAs = CountsAs.BREAK


@dataclass(frozen=True, slots=True)
class Usage:
    """Something that still needs what is to be removed."""

    kind: str
    id: str
    name: str
