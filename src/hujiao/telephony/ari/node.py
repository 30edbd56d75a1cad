"""One node: connect, reconcile, carry commands and events, and do it again when it breaks."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, MutableMapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import httpx

from hujiao.kit.clock import Clock, to_ms
from hujiao.kit.trust import trust
from hujiao.telephony.ari import notes
from hujiao.telephony.ari.ami import Ami, AmiAddress, Recorder, RecordingCommand
from hujiao.telephony.ari.commands import (
    APP,
    DIALED,
    Commands,
    cause_of_refusal,
    refusal_is_harmless,
)
from hujiao.telephony.ari.events import Events, arrival, endpoint_of
from hujiao.telephony.ari.fence import Fence, Leader, SupersededError
from hujiao.telephony.ari.legs import Leg, Legs
from hujiao.telephony.ari.link import (
    HTTP_TIMEOUT_S,
    LOST,
    RESPONSE,
    Answer,
    HttpLink,
    Link,
    Order,
    WireLink,
)
from hujiao.telephony.ari.phones import Phones
from hujiao.telephony.ari.wire import Wire, WireRefusedError
from hujiao.telephony.port import (
    BridgeId,
    Cause,
    Command,
    DialInBridge,
    EventSink,
    LegId,
    LiveLeg,
    NodeConnected,
    NodeGone,
    NodeLost,
    NodeName,
    OriginateLeg,
    PlayMedia,
    cause_unheard,
)

log = logging.getLogger(__name__)

FIRST_RETRY_S = 0.1
LONGEST_RETRY_S = 5.0
_DRAINING = "asterisk/variable?variable=HUJIAO_DRAINING"
"""The global variable that the trunks' context in extensions.conf looks at."""
PROBE_TIMEOUT_S = 2.0
"""How long a node may take over its first REST over WebSocket answer before we use HTTP."""


@dataclass(frozen=True, slots=True)
class AriAddress:
    """Where a node's ARI listens. `url` is like ``http://127.0.0.1:8088/ari``."""

    url: str
    user: str
    password: str
    media_address: str = ""
    """Where alone the node may receive voice; empty: on every address."""


class AriNode:
    """A node's connection. `run()` lives until cancelled."""

    def __init__(
        self,
        name: NodeName,
        address: AriAddress,
        ami: AmiAddress,
        clock: Clock,
        sink: EventSink,
        where: MutableMapping[LegId, NodeName],
        leader: Leader,
    ) -> None:
        self.name = name
        self.connected = False
        self._address = address
        self._clock = clock
        self._sink = sink
        self.legs = Legs(name, clock, sink, where)
        self.commands = Commands(self.legs, self._order)
        self.events = Events(self.legs, self.commands.dial_created, self.commands.music_again)
        self.events.hear("ApplicationReplaced", self._on_replaced)
        self._fence = Fence(leader, self._do)
        self.phones = Phones(name, self.ask, sink, clock, address.media_address)
        self.legs.aliases = self.phones.aliases
        self._watching = asyncio.Event()
        """Set when the manager connection begins to tell changes of phones."""
        self._ami = Ami(ami, self._on_watching, self.phones.manager_event)
        self._recorder = Recorder(self.legs, self._ami)
        self._link: Link | None = None
        self._take_response: Callable[[bytes], None] = _ignore
        self._lost: asyncio.Event = asyncio.Event()
        self._told_gone = False
        self._up_since_ms = 0
        self._draining = False
        self._draining_changed = asyncio.Event()
        self._held_back: list[tuple[int, bytes]] | None = None
        """What came before we know what is there, and when (ms since epoch)."""

    # --- commands

    def send(self, command: Command) -> None:
        if not self.connected:
            self._refuse_unconnected(command)
        elif self._fence.is_open:
            self._do(command)
        elif not self._fence.hold(command):
            self.drop()
            self._refuse_unconnected(command)

    def _do(self, command: Command) -> None:
        if isinstance(command, RecordingCommand):
            self._recorder.run(command)
        else:
            self.commands.run(command)

    def _order(self, command: Command, order: Order) -> None:
        if self._link is not None:
            self._link.order(command, order)

    def _refuse_unconnected(self, command: Command) -> None:
        if isinstance(command, OriginateLeg | DialInBridge) and command.leg not in self.legs.live:
            self.legs.add(Leg(command.leg, outbound=True))
        reason = "no connection to the node"
        event_loop = asyncio.get_running_loop()
        event_loop.call_soon(self._refused_unconnected, command, reason)

    def _refused_unconnected(self, command: Command, reason: str) -> None:
        self.legs.refuse(command, LOST, gone=False, reason=reason)
        if isinstance(command, OriginateLeg | DialInBridge):
            self.legs.end_unmade(command, Cause.FAILURE)

    def _refused(self, command: Command, order: Order, status: int, reason: str) -> None:
        if refusal_is_harmless(command, order, status):
            return
        leg_id: LegId | None = getattr(command, "leg", None)
        leg = self.legs.live.get(leg_id) if leg_id is not None else None
        unready = leg is not None and leg.outbound and not leg.answered
        gone = status == 404 or (status == 400 and "not found" in reason)
        gone = gone or (status in (409, 422) and not unready)
        self.legs.refuse(command, status, gone=gone, reason=reason)
        if isinstance(command, PlayMedia):
            if self.legs.playing.pop(command.playback, None) and leg is not None:
                leg.playing -= 1
        elif isinstance(command, OriginateLeg):
            self.legs.end_unmade(command, cause_of_refusal(status))
        elif isinstance(command, DialInBridge):
            if order.uri.startswith("channels/create"):
                self.legs.end_unmade(command, cause_of_refusal(status))
            elif leg is not None:
                self._order(command, Order("DELETE", leg.path))

    async def ask(self, order: Order) -> Answer:
        """Ask the node something. Status `LOST` when there is no connection.

        Nothing is changed at a node that another floor may lead by now.
        """
        if self._link is None or not (order.method == "GET" or await self._fence.opened()):
            return Answer(LOST, None)
        return await self._ask_unfenced(order)

    async def _ask_unfenced(self, order: Order) -> Answer:
        if self._link is None:
            return Answer(LOST, None)
        return await self._link.ask(order)

    def drain(self, on: bool) -> None:
        """Let the node refuse new calls of trunks, or take them again."""
        if on is not self._draining:
            self._draining = on
            self._draining_changed.set()

    # --- the connection

    async def run(self) -> None:
        """Stay connected for ever. Cancel to stop; live legs are left as they are."""
        recording = asyncio.create_task(self._ami.run(), name=f"ami-{self.name}")
        retry_s = FIRST_RETRY_S
        try:
            while True:
                try:
                    await self._connect_once()
                    retry_s = FIRST_RETRY_S
                except (WireRefusedError, TimeoutError, ConnectionError) as trouble:
                    log.info("node %s cannot be reached: %s", self.name, trouble)
                    self._tell_gone(trouble)
                except SupersededError:
                    return
                except Exception:
                    # An answer nobody thought of must not end the connection for good.
                    log.exception("connecting to node %s failed", self.name)
                await asyncio.sleep(retry_s)
                retry_s = min(retry_s * 2, LONGEST_RETRY_S)
        finally:
            recording.cancel()
            self._disconnect()

    async def _connect_once(self) -> None:
        self._lost = asyncio.Event()
        self._held_back = []
        address = self._address
        others = await self._others_connected()
        wire = await Wire.connect(
            self._websocket_url(), address.user, address.password, self._take, self._on_lost
        )
        async with AsyncExitStack() as stack:
            stack.callback(self._disconnect)
            link = WireLink(wire, self._refused)
            self._link = link
            self._take_response = link.take_response
            if not await self._probe(link):
                log.warning("node %s knows no REST over WebSocket; HTTP is used", self.name)
                self._link = await self._http_link(wire, stack)
            await self._fence.take(self._ask_unfenced, others=others)
            self._begin(self._fence.keep(self._ask_unfenced), "fence", stack)
            await self._reconcile()
            self._begin(self._keep_phones(), "phones", stack)
            self._begin(self._keep_draining(), "drain", stack)
            await self._lost.wait()

    def _begin(self, work: Coroutine[Any, Any, None], name: str, stack: AsyncExitStack) -> None:
        task = asyncio.create_task(self._needed(work, name), name=f"ari-{name}-{self.name}")
        stack.callback(task.cancel)

    async def _needed(self, work: Coroutine[Any, Any, None], name: str) -> None:
        """The connection is given up with what it cannot do without."""
        try:
            await work
        except (TimeoutError, ConnectionError, SupersededError) as trouble:
            self._on_lost(f"{name}: {str(trouble) or 'no answer in time'}")
        except Exception:
            # Whatever it was, a connection that only seems to be one would hold calls back.
            log.exception("node %s: %s failed", self.name, name)
            self.drop()

    async def _others_connected(self) -> bool:
        """Whether a lower floor may still act at the node. Raises SupersededError."""
        async with self._http_client() as client:

            async def ask(order: Order) -> Answer:
                try:
                    reply = await client.request(order.method, "/" + order.uri)
                    # One that is still starting answers in HTML.
                    return Answer(reply.status_code, reply.json())
                except (httpx.HTTPError, ValueError) as trouble:
                    raise ConnectionError(str(trouble) or type(trouble).__name__) from trouble

            return await self._fence.look(ask)

    def _http_client(self) -> httpx.AsyncClient:
        address = self._address
        return httpx.AsyncClient(
            base_url=address.url,
            auth=(address.user, address.password),
            timeout=HTTP_TIMEOUT_S,
            trust_env=False,
            verify=trust(address.url),
        )

    async def _http_link(self, wire: Wire, stack: AsyncExitStack) -> HttpLink:
        client = await stack.enter_async_context(self._http_client())
        link = HttpLink(wire, client, self._refused)
        sending = asyncio.create_task(link.run(), name=f"ari-http-{self.name}")
        stack.callback(sending.cancel)
        return link

    async def _probe(self, link: WireLink) -> bool:
        """Whether the node answers over the WebSocket at all."""
        try:
            async with asyncio.timeout(PROBE_TIMEOUT_S):
                await link.ask(self._filter_order())
        except TimeoutError:
            return False
        return True

    def _filter_order(self) -> Order:
        return Order("PUT", f"applications/{APP}/eventFilter", self.events.allowed())

    def _websocket_url(self) -> str:
        parts = urlsplit(self._address.url)
        scheme = "wss" if parts.scheme == "https" else "ws"
        return f"{scheme}://{parts.netloc}{parts.path}/events?app={APP}"

    def _on_lost(self, reason: str) -> None:
        log.warning("connection to node %s lost: %s", self.name, reason)
        self._disconnect()
        self._lost.set()

    def _disconnect(self) -> None:
        link, self._link = self._link, None
        if link is None:
            return
        open_commands = [*link.close(), *self._fence.close()]
        if not self.connected:
            return
        self.connected = False
        self._sink(NodeLost(self._clock(), self.name))
        for command in open_commands:
            # Whether a leg was made is told at reconnection; of all else nothing is known.
            if not isinstance(command, OriginateLeg | DialInBridge):
                self.legs.refuse(command, LOST, gone=False, reason="connection lost")

    async def _keep_phones(self) -> None:
        await self.phones.connected()
        while True:
            await self._watching.wait()
            self._watching.clear()
            await self.phones.look()

    async def _keep_draining(self) -> None:
        """An Asterisk that was started anew knows nothing of it."""
        while True:
            self._draining_changed.clear()
            value = "1" if self._draining else "0"
            await self.ask(Order("POST", f"{_DRAINING}&value={value}"))
            await self._draining_changed.wait()

    def _on_watching(self) -> None:
        self._watching.set()
        self.phones.forget_contacts()
        self._ami.act((("Action", "PJSIPShowContacts"),), _contacts_asked)

    def _tell_gone(self, trouble: Exception) -> None:
        """Nobody listens where the node did: its process has ended, and all its calls with it."""
        if not self._told_gone and _was_refused(trouble):
            self._told_gone = True
            self._sink(NodeGone(self._clock(), self.name))

    def drop(self) -> None:
        """Give the connection up as if it had broken; a new one follows."""
        self._on_lost("given up")

    def _on_replaced(self, _event: dict[str, Any]) -> None:
        # Whether it may, tells its epoch, which is looked at before we connect again.
        self._on_lost("another floor has connected to this node")

    # --- frames

    def _take(self, frame: bytes) -> None:
        if frame.startswith(RESPONSE):
            self._take_response(frame)
        elif self._held_back is not None:
            self._held_back.append((self._clock(), frame))
        else:
            self._hear(frame)

    def _hear(self, frame: bytes) -> None:
        try:
            self.events.take(frame)
        except Exception:
            # One event that we or the floor cannot digest must not cost the connection.
            log.exception("an event of node %s was not understood", self.name)

    # --- reconcile

    async def _reconcile(self) -> None:
        """Compare what we know with what is there; tell what was missed, then `NodeConnected`."""
        filtered = await self.ask(self._filter_order())
        channels = await self.ask(Order("GET", "channels"))
        bridges = await self.ask(Order("GET", "bridges"))
        if (filtered.status, channels.status, bridges.status) != (200, 200, 200):
            raise ConnectionError(f"refused: {filtered} {channels.status} {bridges.status}")
        up_since_ms = await self._up_since()
        if 0 < self._up_since_ms < up_since_ms and not self._told_gone:
            # It was back before anybody saw that it had gone.
            self._sink(NodeGone(self._clock(), self.name))
        self._up_since_ms = up_since_ms
        inside: dict[str, BridgeId] = {}
        self.legs.bridges = {BridgeId(bridge["id"]) for bridge in bridges.body}
        for bridge in bridges.body:
            inside.update(dict.fromkeys(bridge["channels"], BridgeId(bridge["id"])))
        ours = [channel for channel in channels.body if self._is_ours(channel)]
        there = {channel["id"] for channel in ours}
        ended = await notes.read(self.ask, self.name, self.legs.aliases)
        for leg in [leg for leg in self.legs.live.values() if leg.id not in there]:
            note = ended.get(leg.id)
            if note is not None:
                self.legs.end(leg, leg.cause or note.cause, note.ended_ms)
            else:
                agent_was_up = leg.answered and leg.outbound and leg.dial is None
                self.legs.end(leg, leg.cause or cause_unheard(agent_was_up=agent_was_up))
        arrived = [channel for channel in ours if self._take_over(channel, inside)]
        self.connected = True
        self._told_gone = False
        live = tuple(self._live_leg(channel) for channel in ours)
        talks = tuple(self.legs.bridges)
        lately = tuple(ended.values())
        self._sink(NodeConnected(self._clock(), self.name, live, up_since_ms, talks, lately))
        for channel in arrived:
            self._sink(arrival(self.legs, channel, _stasis_args(channel)))
        held_back, self._held_back = self._held_back or [], None
        for heard_ms, frame in held_back:
            self.legs.heard_ms = heard_ms
            self._hear(frame)
        self.legs.heard_ms = None

    async def _up_since(self) -> int:
        """When the node's process began, ms since epoch; 0 when it does not say."""
        answer = await self.ask(Order("GET", "asterisk/info?only=status"))
        if answer.status != 200:
            raise ConnectionError(f"refused: {answer.status}")
        try:
            return to_ms(datetime.fromisoformat(answer.body["status"]["startup_time"]))
        except (KeyError, TypeError, ValueError):
            log.warning("node %s does not say since when it is up", self.name)
            return 0

    def _live_leg(self, channel: dict[str, Any]) -> LiveLeg:
        leg = self.legs.live[channel["id"]]
        came = None if leg.outbound else arrival(self.legs, channel, _stasis_args(channel))
        return LiveLeg(leg.id, leg.bridge, leg.answered, came, endpoint_of(leg.name))

    def _is_ours(self, channel: dict[str, Any]) -> bool:
        return channel["id"] in self.legs.live or _stasis_args(channel) != []

    def _take_over(self, channel: dict[str, Any], inside: dict[str, BridgeId]) -> bool:
        """Bring a leg up to date; True if it arrived unseen and still waits for an answer."""
        args = _stasis_args(channel)
        leg = self.legs.live.get(channel["id"])
        known = leg is not None
        if leg is None:
            leg = self.legs.add(Leg(LegId(channel["id"]), outbound=args[:1] == [DIALED]))
        leg.name = channel["name"]
        leg.told = True
        if not known:
            leg.music, leg.subscribed = None, False
        leg.bridge = inside.get(channel["id"])
        leg.answered = channel["state"] == "Up" and (leg.dial is not None or args != [])
        return not known and not leg.outbound and not leg.answered


def _stasis_args(channel: dict[str, Any]) -> list[str]:
    """The Stasis arguments of a channel that is in our application, otherwise nothing."""
    dialplan = channel["dialplan"]
    if dialplan.get("app_name") != "Stasis":
        return []
    app, *args = str(dialplan.get("app_data", "")).split(",")
    return args if app == APP else []


def _was_refused(trouble: BaseException | None) -> bool:
    """Whether the first of the errors that led to this one is a refused connection."""
    while trouble is not None:
        if isinstance(trouble, ConnectionRefusedError):
            return True
        trouble = trouble.__cause__ or trouble.__context__
    return False


def _ignore(_frame: bytes) -> None:
    return None


def _contacts_asked(_succeeded: bool, _reason: str) -> None:
    """No contacts at all is a refusal, too; those there are come as events."""
