"""Raw libp2p hosts and whole nodes on loopback, for the tests of the peer-to-peer network."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Container
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import trio
from libp2p.host.basic_host import BasicHost
from libp2p.peer.peerinfo import PeerInfo
from libp2p.pubsub.pubsub import Pubsub
from libp2p.tools.anyio_service import background_trio_service
from multiaddr import Multiaddr

from cinepeer.adapters.p2p.gossip import SafeGossip, make_gossip
from cinepeer.adapters.p2p.guard import guard_accept, guard_streams
from cinepeer.adapters.p2p.host import make_host
from cinepeer.adapters.p2p.network import P2P
from cinepeer.adapters.p2p.plan import Neighbour, Plan
from cinepeer.records.cid import Cid

LOOPBACK = "/ip4/127.0.0.1/tcp/0"
TOPIC = "/test/1"
MESHSUB = "/meshsub/1.1.0"


def plan(number: int, **changes: object) -> Plan:
    """A plan for the host numbered so."""
    return replace(Plan(bytes([number]) * 32, (LOOPBACK,), (TOPIC,)), **changes)  # type: ignore[arg-type]


def info(host: BasicHost) -> PeerInfo:
    """Where a running host is reached."""
    return PeerInfo(host.get_id(), host.get_transport_addrs())


def is_linked(host: BasicHost, other: BasicHost) -> bool:
    """Whether `host` has an open connection to `other`."""
    connections = host.get_network().get_connections(other.get_id())
    return any(not one.muxed_conn.is_closed for one in connections)


@asynccontextmanager
async def running(*hosts: BasicHost) -> AsyncIterator[None]:
    """Runs hosts on loopback."""
    async with contextlib.AsyncExitStack() as stack:
        for host in hosts:
            await stack.enter_async_context(host.run([Multiaddr(LOOPBACK)]))
        yield


@dataclass
class Victim:
    """A host with gossip that a test attacks, guarded or as the library ships it; `end` is what it died of."""

    is_guarded: bool
    host: BasicHost = field(init=False)
    pubsub: Pubsub = field(init=False)
    heard: list[tuple[str, str, bytes]] = field(default_factory=list)
    end: BaseException | None = None
    ended: trio.Event = field(default_factory=trio.Event)

    def __post_init__(self) -> None:
        made = plan(200)
        self.host = make_host(made)
        if self.is_guarded:
            guard_streams(self.host, made)
            guard_accept(self.host, made)
            self.router, self.pubsub = make_gossip(self.host, [TOPIC], lambda *message: self.heard.append(message))
        else:
            self.router = SafeGossip([MESHSUB], 6, 4, 12, heartbeat_interval=1)
            self.pubsub = Pubsub(self.host, self.router)

    async def run(self, task_status: trio.TaskStatus[None]) -> None:
        """Lives until it is cancelled or dies."""
        try:
            async with running(self.host), background_trio_service(self.pubsub), background_trio_service(self.router):
                await self.pubsub.subscribe(TOPIC)
                task_status.started()
                await trio.sleep_forever()
        except Exception as error:  # noqa: BLE001  whatever it died of is what the test asks about
            self.end = error
        finally:
            self.pubsub.seen_messages._stop_event.set()
            self.ended.set()


class Blocks(dict[Cid, bytes]):
    """A block store in memory."""

    def put(self, cid: Cid, block: bytes) -> None:
        self[cid] = block

    def has(self, cid: Cid) -> bool:
        return cid in self


@dataclass
class Node:
    """A whole node and what it heard."""

    p2p: P2P
    blocks: Blocks
    gossip: list[tuple[str, str, bytes]]
    events: list[tuple[str, bool]]
    blames: list[tuple[str, str]]

    @property
    def neighbours(self) -> list[Neighbour]:
        return self.p2p.neighbours()


async def _echo(question: bytes) -> bytes:
    return b"echo " + question


@asynccontextmanager
async def node(
    number: int,
    respond: Callable[[bytes], Awaitable[bytes]] = _echo,
    *,
    listen: str = LOOPBACK,
    hidden: Container[Cid] = (),
    **changes: object,
) -> AsyncIterator[Node]:
    """A node that answers `/test/ask/1` by `respond`; `hidden` blocks are not served, `changes` go to its plan."""
    gossip: list[tuple[str, str, bytes]] = []
    events: list[tuple[str, bool]] = []
    blames: list[tuple[str, str]] = []
    blocks = Blocks()

    async def on_gossip(topic: str, peer_id: str, data: bytes) -> None:
        gossip.append((topic, peer_id, data))

    async def on_neighbour(peer_id: str, up: bool) -> None:
        events.append((peer_id, up))

    async def on_blame(peer_id: str, reason: str) -> None:
        blames.append((peer_id, reason))

    p2p = await P2P.start(
        bytes([number]) * 32,
        [listen],
        blocks,
        lambda _peer, cid: cid not in hidden,
        {ASK: lambda _peer: respond},
        [TOPIC],
        on_gossip,
        on_neighbour,
        chance=lambda: 0.5,
        on_blame=on_blame,
        plan=plan(number, **changes),
    )
    try:
        yield Node(p2p, blocks, gossip, events, blames)
    finally:
        await p2p.stop()


ASK = "/test/ask/1"


async def until(condition: Callable[[], bool], timeout_s: float = 60.0) -> None:
    """Waits for a condition; the time is a bound against hanging, not a measurement."""
    async with asyncio.timeout(timeout_s):
        while not condition():
            await asyncio.sleep(0.02)


async def trio_until(condition: Callable[[], bool], timeout_s: float = 60.0) -> None:
    """The same under trio."""
    with trio.fail_after(timeout_s):
        while not condition():
            await trio.sleep(0.02)
