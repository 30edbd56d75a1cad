"""Which PJSIP objects phones and trunks are, and what must change at a node to get there."""

import logging
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import orjson

from hujiao.telephony.ari.link import Order, encoded
from hujiao.telephony.endpoints import Phone, PhoneKind, Trunk

AGENTS_CONTEXT = "agents"
TRUNK_CONTEXT = "from-trunk"

QUALIFY_PHONE_S = "30"
QUALIFY_PATIENCE_S = "8.0"
"""Three seconds, Asterisk's own, call a phone on a busy machine away for half a minute."""
QUALIFY_TRUNK_S = "60"
RTP_SILENCE_S = "20"
"""A phone that sends no sound for so long has gone: a muted one goes on sending."""
RTP_HOLD_SILENCE_S = "300"

log = logging.getLogger(__name__)

Fields = Mapping[str, str]


class Thing(NamedTuple):
    """One object of Asterisk's dynamic configuration."""

    kind: str
    name: str

    @property
    def uri(self) -> str:
        return f"asterisk/config/dynamic/res_pjsip/{self.kind}/{encoded(self.name)}"


_RANK = {"auth": 0, "aor": 1, "endpoint": 2, "identify": 3, "registration": 4}

_COMMON: Fields = {
    # Without a word of its own, an endpoint that is put again gets the caller id "unknown",
    # which would hide the number of every caller on a trunk (22.10).
    "callerid": "",
    "disallow": "all",
    "direct_media": "no",
    # REFER with `Refer-Sub: false` crashes 22.10.1 (#2021); transfers are the floor's business.
    "allow_transfer": "no",
    "allow_subscribe": "no",
    "rtp_timeout": RTP_SILENCE_S,
    "rtp_timeout_hold": RTP_HOLD_SILENCE_S,
}


def desired(
    phones: Iterable[Phone], trunks: Iterable[Trunk], media_address: str = ""
) -> dict[Thing, Fields]:
    """All objects, those first that others name.

    A trunk that would take the name of a phone or of another trunk is left out: a phone must
    never become a way in from outside. With a `media_address` voice is received there alone;
    else Asterisk opens its RTP ports on every address of the machine, wherever SIP is bound.
    """
    things: dict[Thing, Fields] = {}
    for phone in phones:
        things.update(_phone(phone))
    for trunk in trunks:
        more = _trunk(trunk)
        if taken := more.keys() & things.keys():
            log.error("trunk %s is left out: %s exist already", trunk.endpoint, sorted(taken))
            continue
        things.update(more)
    if media_address:
        bound = {"media_address": media_address, "bind_rtp_to_media_address": "yes"}
        for thing in things:
            if thing.kind == "endpoint":
                things[thing] = {**things[thing], **bound}
    return dict(sorted(things.items(), key=lambda item: _RANK[item[0].kind]))


class Change(NamedTuple):
    """One object to be put (`fields`) or deleted (None)."""

    thing: Thing
    fields: Fields | None

    @property
    def order(self) -> Order:
        if self.fields is None:
            return Order("DELETE", self.thing.uri)
        return Order("PUT", self.thing.uri, body(self.fields))


def changes(known: Mapping[Thing, Fields], wanted: Mapping[Thing, Fields]) -> list[Change]:
    """What turns `known` into `wanted`, and nothing else.

    A PUT on an existing object keeps the fields it does not name, so an object that loses a
    field is deleted first; so is what Asterisk (22.10) would not copy rightly. Nothing else is:
    an endpoint that is deleted during a call takes the state of its successor along when the
    call ends.
    """
    gone = [Change(thing, None) for thing in known if thing not in wanted]
    found = gone[::-1]
    for thing, fields in wanted.items():
        was = known.get(thing)
        if was == fields:
            continue
        if was is not None and (was.keys() - fields.keys() or _copy_spoils(thing, fields)):
            found.append(Change(thing, None))
        found.append(Change(thing, fields))
    return found


def _copy_spoils(thing: Thing, fields: Fields) -> bool:
    """Whether Asterisk's copy of the object would not become what the fields say.

    A contact or an address to match is added to the old ones: a trunk that moved would be
    called at its old place, and trusted from there.
    """
    return thing.kind == "identify" or "contact" in fields


def body(fields: Fields) -> bytes:
    """The JSON of an object's fields."""
    return orjson.dumps({"fields": [{"attribute": k, "value": v} for k, v in fields.items()]})


def _auth(name: str, username: str, secret: str) -> dict[Thing, Fields]:
    fields = {"auth_type": "digest", "username": username, "password": secret}
    return {Thing("auth", name): fields}


def _phone(phone: Phone) -> dict[Thing, Fields]:
    name = phone.endpoint
    endpoint: dict[str, str] = {
        **_COMMON,
        "context": AGENTS_CONTEXT,
        "allow": "alaw,opus" if phone.kind is PhoneKind.BROWSER else "alaw,ulaw,g722",
        "aors": name,
        "identify_by": "username",
    }
    if phone.display_name:
        endpoint["callerid"] = f'"{_plain(phone.display_name)}" <{name}>'
    aor: dict[str, str] = {"max_contacts": "1", "remove_existing": "yes"}
    things: dict[Thing, Fields] = {}
    if phone.kind is PhoneKind.STATIC:
        aor["contact"] = phone.contact
    else:
        aor |= {"qualify_frequency": QUALIFY_PHONE_S, "qualify_timeout": QUALIFY_PATIENCE_S}
    if phone.kind is PhoneKind.BROWSER:
        endpoint["webrtc"] = "yes"
    elif phone.kind is PhoneKind.SIP:
        endpoint |= {"rtp_symmetric": "yes", "force_rport": "yes", "rewrite_contact": "yes"}
    if phone.secret:
        endpoint["auth"] = name
        things |= _auth(name, name, phone.secret)
    things[Thing("aor", name)] = aor
    things[Thing("endpoint", name)] = endpoint
    return things


def _trunk(trunk: Trunk) -> dict[Thing, Fields]:
    endpoint: dict[str, str] = {
        **_COMMON,
        "context": TRUNK_CONTEXT,
        "allow": ",".join(trunk.codecs),
        "aors": trunk.endpoint,
        "rtp_timeout": "60",
    }
    return _peer(trunk, endpoint) if trunk.host else _account(trunk, endpoint)


def _peer(trunk: Trunk, endpoint: dict[str, str]) -> dict[Thing, Fields]:
    name = trunk.endpoint
    address = f"{trunk.host}:{trunk.port}"
    endpoint |= {"identify_by": "ip", "trust_id_inbound": "yes"}
    things: dict[Thing, Fields] = {
        Thing("aor", name): {
            "contact": f"sip:{address}",
            "qualify_frequency": QUALIFY_TRUNK_S,
        },
        Thing("endpoint", name): endpoint,
        Thing("identify", name): {"endpoint": name, "match": address},
    }
    if trunk.username:
        things |= _auth(name, trunk.username, trunk.secret)
        endpoint["outbound_auth"] = name
    if trunk.register and trunk.username:
        endpoint["from_user"] = trunk.caller_number or trunk.username
        things[Thing("registration", name)] = {
            "server_uri": f"sip:{address}",
            "client_uri": f"sip:{trunk.username}@{address}",
            "contact_user": trunk.caller_number or trunk.username,
            "outbound_auth": name,
            "retry_interval": "30",
            "forbidden_retry_interval": "300",
            "expiration": "300",
        }
    return things


def _account(trunk: Trunk, endpoint: dict[str, str]) -> dict[Thing, Fields]:
    """A gateway that signs in: known by the user name of its credentials, never by address.

    Asterisk takes that user name for the endpoint's, so a gateway with another name is two
    endpoints: one that calls in (its user name) and one that is called (its name here).
    """
    name, username = trunk.endpoint, trunk.username or trunk.endpoint
    endpoint |= {
        "aors": username,
        "rtp_symmetric": "yes",
        "force_rport": "yes",
        "rewrite_contact": "yes",
    }
    calling = {**endpoint, "auth": username, "identify_by": "auth_username,username"}
    things: dict[Thing, Fields] = {
        **_auth(username, username, trunk.secret),
        Thing("aor", username): {
            "max_contacts": "1",
            "remove_existing": "yes",
            "qualify_frequency": QUALIFY_TRUNK_S,
        },
        Thing("endpoint", username): calling,
    }
    if name != username:
        # Known by no address that exists, so it can be called and never calls.
        things[Thing("endpoint", name)] = {**endpoint, "identify_by": "ip"}
    return things


def aliases(trunks: Iterable[Trunk]) -> dict[str, str]:
    """The names under which gateways call in, and what they are called here."""
    accounts = (trunk for trunk in trunks if not trunk.host and trunk.username)
    return {trunk.username: trunk.endpoint for trunk in accounts}


def _plain(text: str) -> str:
    return "".join(c for c in text if c not in '"<>\\\r\n\0')
