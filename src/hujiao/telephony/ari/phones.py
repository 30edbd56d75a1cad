"""Keeps one node's phones and trunks as provisioned, and tells which phones can be reached."""

import asyncio
import hashlib
import logging
from collections.abc import Awaitable, Callable, Mapping

from hujiao.kit.clock import Clock
from hujiao.telephony.ari.link import LOST, Answer, Order
from hujiao.telephony.ari.provisioning import Change, Fields, Thing, aliases, changes, desired
from hujiao.telephony.endpoints import Phone, PhoneKind, Trunk
from hujiao.telephony.port import Event, NodeName, PhoneChanged

log = logging.getLogger(__name__)

Ask = Callable[[Order], Awaitable[Answer]]

_MARK = "HUJIAO_PUSHED"
_MARKED = Order("GET", f"asterisk/variable?variable={_MARK}")
_LIST = Order("GET", "endpoints/PJSIP")
_START_TIME = Order("GET", "asterisk/info?only=status")


def _parted(endpoint: str) -> tuple[str, str]:
    """`PJSIP/<number>@<trunk>` into both; `PJSIP/<phone>` has no number."""
    number, _, name = endpoint.removeprefix("PJSIP/").rpartition("@")
    return number, name


class Phones:
    """The phones and trunks of one node. Used from the event loop only."""

    def __init__(
        self,
        node: NodeName,
        ask: Ask,
        tell: Callable[[Event], None],
        clock: Clock,
        media_address: str = "",
    ) -> None:
        self.aliases: dict[str, str] = {}
        """Under which names gateways call in -> their endpoint names."""
        self.contacts: dict[str, str] = {}
        """Who is registered here -> the SIP address at which any node reaches him."""
        self._node = node
        self._media_address = media_address
        self._ask = ask
        self._tell = tell
        self._clock = clock
        self._wanted: dict[Thing, Fields] | None = None
        """None until somebody said what shall be known: nothing is deleted on a guess."""
        self._phones: frozenset[str] = frozenset()
        self._sip_phones: frozenset[str] = frozenset()
        self._accounts: dict[str, str] = {}
        """Trunks that sign in -> the names they are registered under."""
        self._pushed: dict[Thing, Fields] = {}
        self._online: dict[str, bool] = {}
        self._start_time = ""
        self._ready = False
        self._fresh: set[str] = set()
        """Phones whose change was told while the list of all was on its way, which is older."""
        self._turn = asyncio.Lock()

    def want(self, phones: tuple[Phone, ...], trunks: tuple[Trunk, ...]) -> None:
        """Note what shall be known; `push` does it."""
        self._wanted = desired(phones, trunks, self._media_address)
        self.aliases.clear()
        self.aliases.update(aliases(trunks))
        self._phones = frozenset(phone.endpoint for phone in phones)
        self._sip_phones = frozenset(p.endpoint for p in phones if p.kind is PhoneKind.SIP)
        self._accounts = {t.endpoint: t.username or t.endpoint for t in trunks if not t.host}

    async def connected(self) -> None:
        """Push what the node lacks (all, after its restart) and tell the state of every phone."""
        self._ready = False
        self._online.clear()
        async with self._turn:
            answer = await self._ask(_START_TIME)
            if answer.status != 200:
                return
            start_time = str(answer.body["status"]["startup_time"])
            if start_time != self._start_time:
                self._start_time = start_time
                self._pushed = await self._left_over()
        await self.push()

    async def push(self) -> None:
        """Make the node know exactly what is wanted. What it refuses is logged and tried again
        at the next push."""
        async with self._turn:
            if self._wanted is None:
                return
            if todo := changes(self._pushed, self._wanted):
                await self._mark("")
                for change in todo:
                    await self._push_one(change)
                if self._pushed == self._wanted:
                    await self._mark(_digest(self._wanted))
            await self._tell_states()

    async def look(self) -> None:
        """Tell what changed while nobody watched."""
        async with self._turn:
            await self._tell_states()

    def manager_event(self, event: Mapping[str, str]) -> None:
        """Take an event of the manager interface."""
        name = event.get("Event")
        if name == "PeerStatus":
            self._peer_status(event)
        elif name == "ContactList":
            self._contact(event.get("Endpoint", ""), event.get("Uri", ""))
        elif name == "ContactStatus":
            removed = event.get("ContactStatus") == "Removed"
            self._contact(event.get("AOR", ""), event.get("URI", ""), removed=removed)

    def online(self, phone: str) -> bool:
        """Whether the phone is registered at this node and answers it."""
        return self._online.get(phone, False)

    def forget_contacts(self) -> None:
        """All are told anew."""
        self.contacts.clear()

    def _contact(self, phone: str, uri: str, *, removed: bool = False) -> None:
        if not removed:
            self.contacts[phone] = uri
        elif self.contacts.get(phone) == uri:
            # The new contact of a phone that moved is told before the end of the old one.
            del self.contacts[phone]

    def needs_a_way(self, endpoint: str) -> bool:
        """Whether it is registered by a phone or a gateway, and not here."""
        number, name = _parted(endpoint)
        if number:
            return name in self._accounts and self._accounts[name] not in self.contacts
        return name in self._sip_phones and not self.online(name)

    def way_to(self, endpoint: str) -> str:
        """What another node calls instead, by what is registered here; empty when nothing is."""
        number, name = _parted(endpoint)
        contact = self.contacts.get(self._accounts.get(name, "") if number else name, "")
        if not contact or not (number or self.online(name)):
            return ""
        if number:
            scheme, _, rest = contact.partition(":")
            contact = f"{scheme}:{number}@{rest.rpartition('@')[2]}"
        return f"PJSIP/{name}/{contact}"

    def _peer_status(self, event: Mapping[str, str]) -> None:
        """It comes once per change of an endpoint."""
        technology, _, name = event.get("Peer", "").partition("/")
        status = event.get("PeerStatus")
        if technology == "PJSIP" and status in ("Reachable", "Unreachable"):
            self._fresh.add(name)
            self._told(name, status == "Reachable")

    # --- inside

    async def _push_one(self, change: Change) -> None:
        answer = await self._ask(change.order)
        if change.fields is None and answer.status in (200, 204, 404):
            self._pushed.pop(change.thing, None)
        elif change.fields is not None and answer.status == 200:
            self._pushed[change.thing] = change.fields
        elif answer.status != LOST:
            log.error("node %s refused %s: %s", self._node, change.thing, answer)

    async def _mark(self, digest: str) -> None:
        """Note at the node what it knows, for the next floor."""
        await self._ask(Order("POST", f"asterisk/variable?variable={_MARK}&value={digest}"))

    async def _left_over(self) -> dict[Thing, Fields]:
        """Objects of an earlier floor. Unless they are marked as exactly what is wanted their
        fields are unknown, and all is pushed anew: a moment in which a trunk's call is refused."""
        marked = await self._ask(_MARKED)
        known = marked.body.get("value") if marked.status == 200 else None
        if self._wanted is not None and known == _digest(self._wanted):
            return dict(self._wanted)
        answer = await self._ask(_LIST)
        if answer.status != 200:  # 404 when there is no endpoint at all
            return {}
        names = [str(endpoint["resource"]) for endpoint in answer.body]
        kinds = ("auth", "aor", "endpoint", "identify", "registration")
        return {Thing(kind, name): {} for name in names for kind in kinds}

    async def _tell_states(self) -> None:
        if not self._phones:
            return
        self._ready = True
        self._fresh.clear()
        answer = await self._ask(_LIST)
        if answer.status == LOST:
            return  # nothing is known of them; the next connection tells
        listed = answer.body if answer.status == 200 else []
        online = {e["resource"] for e in listed if e["state"] == "online"}
        for phone in sorted(self._phones - self._fresh):
            # What an event said meanwhile is newer than this list.
            self._told(phone, phone in online)

    def _told(self, phone: str, online: bool) -> None:
        known = self._ready and phone in self._phones
        if known and self._online.get(phone) is not online:
            self._online[phone] = online
            self._tell(PhoneChanged(self._clock(), self._node, phone, online))


def _digest(things: Mapping[Thing, Fields]) -> str:
    plain = sorted((*thing, sorted(fields.items())) for thing, fields in things.items())
    return hashlib.sha256(repr(plain).encode()).hexdigest()
