"""The asyncio face of the peer-to-peer network: connections, gossip, conversations and blocks by peer id."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING

from cinepeer.adapters.p2p.bridge import Bridge, Outbox, ask_loop
from cinepeer.adapters.p2p.late import postpone
from cinepeer.adapters.p2p.plan import Neighbour, Pace, Plan, Unpaced
from cinepeer.errors import Unreachable
from cinepeer.ports import BlockSource
from cinepeer.records.cid import Cid

if TYPE_CHECKING:
    from cinepeer.adapters.p2p.service import Peerage

log = logging.getLogger(__name__)

Answer = Callable[[bytes], Awaitable[bytes]]
GOSSIP_QUEUE = 1024
NEIGHBOUR_QUEUE = 4096
OPEN_TIMEOUT_S = 10.0


class Talk:
    """An open conversation with one peer: any number of questions, one answer each, in the order of the calls.

    A question need not wait for the answer to the one before it; once one has failed, all later ones do.
    """

    def __init__(self, bridge: Bridge[Peerage], number: int, peer_id: str) -> None:
        self._bridge = bridge
        self._number = number
        self._turns = count()
        self.peer_id = peer_id

    async def ask(self, question: bytes, timeout_s: float = 30.0) -> bytes:
        """The answer to a frame of at most 4 MiB; raises `Unreachable`, or `Refused` for a malformed answer."""
        turn = next(self._turns)
        return await self._bridge.call(lambda peerage: peerage.ask(self._number, turn, question, timeout_s))


class P2P:
    """A libp2p node in a thread of its own, started again by a watchdog when it crashes."""

    def __init__(
        self,
        plan: Plan,
        blocks: BlockSource,
        allow: Callable[[str, Cid], bool],
        responders: Mapping[str, Callable[[str], Answer]],
        on_gossip: Callable[[str, str, bytes], Awaitable[None]],
        on_neighbour: Callable[[str, bool], Awaitable[None]],
        chance: Callable[[], float],
        on_blame: Callable[[str, str], Awaitable[None]],
        pace: Pace,
    ) -> None:
        """Made by `start`."""
        loop = asyncio.get_running_loop()
        self._plan = plan
        self._blocks = blocks
        self._allow = allow
        self._pace = pace
        self._on_gossip = on_gossip
        self._on_neighbour = on_neighbour
        self._on_blame = on_blame
        self._known: dict[str, None] = dict.fromkeys(plan.known)
        self._gossip: Outbox[tuple[str, str, bytes]] = Outbox(loop, GOSSIP_QUEUE)
        self._events: Outbox[tuple[str, bool]] = Outbox(loop, NEIGHBOUR_QUEUE)
        self._blames: Outbox[tuple[str, str]] = Outbox(loop, NEIGHBOUR_QUEUE)
        self._outlets = _Reports(loop, responders, self._gossip, self._events, self._blames, chance)
        self._bridge: Bridge[Peerage] = Bridge(self._make, chance=chance)
        self._tasks: list[asyncio.Task[None]] = []
        self._numbers = count()
        self.peer_id = ""
        self.addrs: list[str] = []

    @classmethod
    async def start(
        cls,
        identity_seed: bytes,
        listen: Sequence[str],
        blocks: BlockSource,
        allow: Callable[[str, Cid], bool],
        responders: Mapping[str, Callable[[str], Answer]],
        topics: Sequence[str],
        on_gossip: Callable[[str, str, bytes], Awaitable[None]],
        on_neighbour: Callable[[str, bool], Awaitable[None]],
        *,
        known: Sequence[str] = (),
        chance: Callable[[], float] = random.random,
        on_blame: Callable[[str, str], Awaitable[None]] | None = None,
        plan: Plan | None = None,
        pace: Pace | None = None,
    ) -> P2P:
        """Starts the thread and listens; raises `BadInput` for a bad or busy listen address.

        `responders[protocol](peer_id)` makes the answering function of one stream. `known` are multiaddrs that are
        dialled now and again whenever they are lost. `on_blame(peer_id, reason)` hears of broken protocols and of
        peers that were hung up on because they left pings unanswered (`silent`). `plan` overrides timeouts and limits.
        `pace` says how fast blocks go and come.
        """
        made = replace(
            plan or Plan(b"", ()),
            seed=identity_seed,
            listen=tuple(listen),
            topics=tuple(topics),
            protocols=tuple(responders),
            known=tuple(known),
        )
        node = cls(
            made, blocks, allow, responders, on_gossip, on_neighbour, chance, on_blame or _overhear, pace or Unpaced()
        )
        await node._begin()
        return node

    async def _begin(self) -> None:
        await self._bridge.start()
        self.peer_id, self.addrs, ports = await self._bridge.call(_describe)
        self._plan = replace(self._plan, listen=tuple(ports))  # a restart keeps the ports that were free at first
        self._tasks = [
            asyncio.create_task(self._pump(self._gossip, self._on_gossip), name="p2p-gossip"),
            asyncio.create_task(self._pump(self._events, self._on_neighbour), name="p2p-neighbours"),
            asyncio.create_task(self._pump(self._blames, self._on_blame), name="p2p-blames"),
        ]

    def _make(self) -> Peerage:
        # Called in the trio thread; nothing above imports libp2p, which takes as long as all else together.
        postpone()
        from cinepeer.adapters.p2p.service import Peerage

        plan = replace(self._plan, known=tuple(self._known))
        return Peerage(plan, self._outlets, self._blocks, self._allow, self._pace)

    async def _pump(self, box: Outbox, listener: Callable[..., Awaitable[None]]) -> None:  # type: ignore[type-arg]
        """Calls `listener` with every report, one after the other."""
        while True:
            report = await box.take()
            try:
                await listener(*report)
            except Exception as error:  # a task's edge: a listener's mistake must not silence the rest
                log.exception("a listener of the peer-to-peer network failed: %r", error)

    async def connect(self, multiaddr: str) -> str:
        """Connects to `/ip4/…/tcp/…/p2p/ID`, keeps the connection up, returns the id; `BadInput`, `Unreachable`."""
        peer_id = await self._bridge.call(lambda peerage: peerage.connect(multiaddr))
        self._known[multiaddr] = None
        return peer_id

    async def dial(self, peer_id: str, addrs: Sequence[str]) -> None:
        """Connects to a peer at one of `/ip4/…/tcp/…` without keeping the connection up; `BadInput`, `Unreachable`."""
        await self._bridge.call(lambda peerage: peerage.dial(peer_id, addrs))

    async def probe(self, peer_id: str, addr: str, timeout_s: float) -> bool:
        """Whether that very peer answers a new connection at `/ip4/…/tcp/…`, which is closed after its handshake."""
        return await self._bridge.call(lambda peerage: peerage.probe(peer_id, addr, timeout_s))

    async def map_port(self, port: int) -> str | None:
        """Asks the router by UPnP to pass `port` on to this machine until the end; the address outside, or None."""
        return await self._bridge.call(lambda peerage: peerage.map_port(port))

    async def turn_away(self, peer_ids: Collection[str]) -> None:
        """Has these peers, and no others, turned away from now on; their connections are closed."""
        self._outlets.unwelcome = frozenset(peer_ids)
        if self._bridge.is_up:
            for neighbour in self.neighbours():
                if neighbour.peer_id in self._outlets.unwelcome:
                    await self.disconnect(neighbour.peer_id)

    async def disconnect(self, peer_id: str) -> None:
        """Closes the connections to a peer; one that was connected to by address is dialled again."""
        await self._bridge.call(lambda peerage: peerage.disconnect(peer_id))

    async def publish(self, topic: str, data: bytes) -> None:
        """Publishes at most 64 KiB on a topic (`LimitReached` above); nobody promises that anyone hears it."""
        await self._bridge.call(lambda peerage: peerage.publish(topic, data))

    @asynccontextmanager
    async def conversation(self, peer_id: str, protocol: str) -> AsyncIterator[Talk]:
        """An open conversation with a connected peer; raises `Unreachable`, or `Refused` (`unknown-protocol`)."""
        number = next(self._numbers)
        try:
            await self._bridge.call(lambda peerage: peerage.open(number, peer_id, protocol, OPEN_TIMEOUT_S))
            yield Talk(self._bridge, number, peer_id)
        finally:
            with contextlib.suppress(Unreachable):  # the thread has ended, and the stream with it
                await self._bridge.call(lambda peerage: peerage.close(number))

    async def want(self, cids: Sequence[Cid], peers: Sequence[str], timeout_s: float) -> dict[Cid, bytes]:
        """Blocks by id from the named peers, those that came within `timeout_s`, each checked against its id."""
        return await self._bridge.call(lambda peerage: peerage.want(cids, peers, timeout_s))

    async def fetch(
        self, root: Cid, peers: Sequence[str], timeout_s: float, progress: Callable[[int], None] | None = None
    ) -> int:
        """Fetches a whole DAG into the block store and returns the number of blocks; `progress` is called here."""
        loop = asyncio.get_running_loop()

        def report(done: int) -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody watches
                loop.call_soon_threadsafe(progress or (lambda _: None), done)

        return await self._bridge.call(
            lambda peerage: peerage.fetch(root, peers, timeout_s, report if progress else None)
        )

    def neighbours(self) -> list[Neighbour]:
        """The connected peers, the oldest first; none while the thread is starting again."""
        return list(self._outlets.present) if self._bridge.is_up else []

    async def block_counts(self) -> dict[str, dict[str, int]]:
        """What each peer gave and took of blocks since the thread started, by peer id."""
        return await self._bridge.call(lambda peerage: peerage.block_counts())

    @property
    def restarts(self) -> int:
        """How often the watchdog started the thread again."""
        return self._bridge.restarts

    @property
    def dropped(self) -> int:
        """How many gossip messages were lost because the application was too slow."""
        return self._gossip.dropped

    async def stop(self) -> None:
        """Closes every connection and ends the thread."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._bridge.stop()


class _Reports:
    """What the trio side reports, carried over to the asyncio side."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        responders: Mapping[str, Callable[[str], Answer]],
        gossip: Outbox[tuple[str, str, bytes]],
        events: Outbox[tuple[str, bool]],
        blames: Outbox[tuple[str, str]],
        chance: Callable[[], float],
    ) -> None:
        self._loop = loop
        self._responders = responders
        self._gossip = gossip
        self._events = events
        self._blames = blames
        self._answers: dict[int, Answer] = {}
        self.present: tuple[Neighbour, ...] = ()
        self.unwelcome: frozenset[str] = frozenset()
        self.chance = chance

    def gossip(self, topic: str, peer_id: str, data: bytes) -> None:
        self._gossip.offer((topic, peer_id, data))

    def neighbour(self, peer_id: str, up: bool) -> None:
        self._events.offer((peer_id, up))

    def is_welcome(self, peer_id: str) -> bool:
        return peer_id not in self.unwelcome  # one reference, replaced whole: readable from the other thread

    def blame(self, peer_id: str, reason: str) -> None:
        self._blames.offer((peer_id, reason))

    def around(self, neighbours: tuple[Neighbour, ...]) -> None:
        self.present = neighbours  # one reference, replaced whole: readable from the other thread at any time

    async def answer(self, stream: int, protocol: str, peer_id: str, question: bytes) -> bytes:
        async def respond() -> bytes:  # on the asyncio side
            if stream not in self._answers:
                self._answers[stream] = self._responders[protocol](peer_id)
            return await self._answers[stream](question)

        return await ask_loop(self._loop, respond)

    def closed(self, stream: int) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed, and the answers with it
            self._loop.call_soon_threadsafe(self._answers.pop, stream, None)


async def _overhear(_peer_id: str, _reason: str) -> None:
    """Nobody wants to hear of what peers do wrong."""


async def _describe(peerage: Peerage) -> tuple[str, list[str], list[str]]:
    """Peer id, full addresses, and the listen addresses with the ports that were given."""
    return peerage.peer_id, peerage.addrs, peerage.listening()
