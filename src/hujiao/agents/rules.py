"""Which extensions and SIP addresses may be used. Pure.

All of this ends up in the switch's configuration: the character classes leave no way to put a line
or a second value into it.
"""

import re

from hujiao.agents.model import AgentProfile
from hujiao.kit.hosts import is_host
from hujiao.telephony.endpoints import PhoneKind

EXTENSION = re.compile(r"[1-9][0-9]{2,5}")
NEVER_AN_EXTENSION = frozenset({"110", "112", "119", "120", "122", "911", "999"})
"""Who dials these wants help, not a colleague."""

_SIP_ADDRESS = re.compile(
    r"sip:(?:[A-Za-z0-9._+-]{1,40}@)?([A-Za-z0-9.-]{1,100})(?::([0-9]{1,5}))?"
)
MAX_PORT = 65535


def is_sip_address(text: str) -> bool:
    """`sip:[user@]host[:port]`."""
    match = _SIP_ADDRESS.fullmatch(text)
    if match is None:
        return False
    port = match[2]
    return is_host(match[1]) and (port is None or 1 <= int(port) <= MAX_PORT)


def profile_faults(profile: AgentProfile) -> dict[str, str]:
    """What is wrong with a profile: field -> code; empty when nothing is."""
    faults: dict[str, str] = {}
    if not EXTENSION.fullmatch(profile.extension):
        faults["agent.extension"] = "bad_extension"
    elif profile.extension in NEVER_AN_EXTENSION:
        faults["agent.extension"] = "emergency_number"
    if profile.phone_kind == PhoneKind.STATIC and not is_sip_address(profile.contact):
        faults["agent.contact"] = "bad_sip_address"
    if profile.phone_kind != PhoneKind.STATIC and profile.contact:
        faults["agent.contact"] = "only_for_static"
    return faults
