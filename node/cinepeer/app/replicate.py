"""Replication: records reach every neighbour by gossip soon and by both-way sync surely."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol

from cinepeer.errors import CinepeerError, Refused, Unreachable
from cinepeer.records.cid import Cid
from cinepeer.records.record import Record
from cinepeer.replication import exchange, gossip
from cinepeer.replication.exchange import Answerer, Dialler, Stored, Synced
from cinepeer.replication.frames import Summary

log = logging.getLogger(__name__)

SYNC = "/cinepeer/sync/1"
ANSWER_TIMEOUT_S = 60.0
# A slow peer may not hold one of the few turns for ever; what it brought is kept, and the next sync goes on.
SYNC_TIMEOUT_S = 600.0
SYNCS_AT_ONCE = 4
GOSSIP_AT_MOST = 256
PEERS_REMEMBERED = 1024
PAUSE_AFTER_GAP_S = 1.0
NEWS_PAUSE_S = 0.1

Pair = tuple[Record, bytes | None]
Answer = Callable[[bytes], Awaitable[bytes]]


class Outcome(Protocol):
    """What became of a batch of records."""

    @property
    def added(self) -> Sequence[Record]:
        """The records that were new and are stored now."""

    @property
    def completed(self) -> Sequence[Record]:
        """Records that were held without their bodies, and have them now."""

    @property
    def known(self) -> int:
        """How many were held before."""

    @property
    def waiting(self) -> Sequence[tuple[Record, bytes | None, str]]:
        """Those that cannot be judged yet, with what they wait for: author, device, prev or time."""

    @property
    def refused(self) -> Sequence[tuple[Cid, Refused]]:
        """Those that are not valid, with the reason."""


class Store(Protocol):
    """The records held here, as far as replication needs them."""

    async def add(self, batch: Sequence[Pair], now_ms: int) -> Outcome:
        """Verifies and stores durably; safe to repeat."""

    async def summary(self) -> Sequence[tuple[bytes, int, bytes]]:
        """(device, count, digest of 16 bytes) of every device."""

    async def ids(self, device: bytes) -> Sequence[Cid]:
        """The ids held of one device, in feed order."""

    async def records(self, ids: Sequence[Cid]) -> Sequence[Pair]:
        """Those of `ids` that are held, in an order in which they can be admitted."""


class Talk(Protocol):
    """An open conversation."""

    async def ask(self, question: bytes, timeout_s: float) -> bytes:
        """The answer to one question."""


class Present(Protocol):
    """A connected peer."""

    @property
    def peer_id(self) -> str:
        """Its id."""


class Network(Protocol):
    """The peer-to-peer network, as far as replication needs it."""

    @property
    def peer_id(self) -> str:
        """This node's id."""

    async def publish(self, topic: str, data: bytes) -> None:
        """Gossips one message."""

    def conversation(self, peer_id: str, protocol: str) -> AbstractAsyncContextManager[Talk]:
        """A conversation with a neighbour."""

    def neighbours(self) -> Sequence[Present]:
        """The connected peers."""


@dataclass(slots=True)
class PeerStatistics:
    """What one peer brought and took. `lag` is how many records it listed at the last sync and we still lack."""

    received: int = 0
    sent: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    last_sync_ms: int | None = None
    lag: int = 0


class Replication:
    """Keeps the records held here and those of the neighbours the same.

    Made before the network, because the network needs its handlers: `responders`, `topic`, `on_gossip` and
    `on_neighbour` go to the network, then `start(network)` begins.
    """

    def __init__(
        self,
        store: Store,
        network_id: Cid,
        *,
        clock_ms: Callable[[], int],
        chance: Callable[[], float],
        interval_s: float = 120.0,
        on_records: Callable[[list[Record]], Awaitable[None]] | None = None,
    ) -> None:
        """`chance` gives numbers in [0, 1); `on_records` hears of every record or body that came from elsewhere."""
        self._store = store
        self._network_id = network_id
        self._clock_ms = clock_ms
        self._chance = chance
        self._interval_s = interval_s
        self._on_records = on_records
        self._p2p: Network | None = None
        self._peers: dict[str, PeerStatistics] = {}
        self._running: dict[str, asyncio.Task[None]] = {}
        self._again: set[str] = set()
        self._turns = asyncio.Semaphore(SYNCS_AT_ONCE)
        self._locks: dict[str, asyncio.Lock] = {}
        self._clockwork: asyncio.Task[None] | None = None
        self._news: dict[str, list[Cid]] = {}
        self._herald: asyncio.Task[None] | None = None
        self.topic = gossip.topic(network_id)

    @property
    def responders(self) -> dict[str, Callable[[str], Answer]]:
        """The protocols that replication answers, for the network."""
        return {SYNC: self._responder}

    async def start(self, network: Network) -> None:
        """Begins to sync: with every neighbour now, and again and again."""
        self._p2p = network
        self._clockwork = asyncio.create_task(self._sync_often(), name="sync-often")
        for neighbour in network.neighbours():
            self._request(neighbour.peer_id)

    async def stop(self) -> None:
        """Breaks off what runs; whatever is unfinished is resumed by a later sync."""
        tasks = [task for task in (*self._running.values(), self._clockwork, self._herald) if task is not None]
        self._p2p = None
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def peers(self) -> dict[str, PeerStatistics]:
        """What each peer brought and took, by peer id."""
        return dict(self._peers)

    async def announce(self, records: Sequence[Pair]) -> None:
        """Gossips records that are stored here already; who misses it gets them by sync."""
        if self._p2p is None:
            return
        for message in gossip.messages(records):
            try:
                await self._p2p.publish(self.topic, message)
            except CinepeerError as error:
                log.info("an announcement was not published: %s", error)

    async def on_gossip(self, _topic: str, peer_id: str, data: bytes) -> None:
        """Stores what a gossip message brings; a gap before it is closed by a sync."""
        statistics = self._of(peer_id)
        try:
            records = gossip.parse_message(data)
        except Refused as error:
            statistics.refused[error.reason] += 1
            return
        outcome = await self._add(records, peer_id)
        statistics.received += len(outcome.added)
        if any(reason in ("author", "device", "prev") for _, _, reason in outcome.waiting):
            self._close_gap(peer_id)

    async def on_neighbour(self, peer_id: str, up: bool) -> None:
        """Syncs with a new neighbour: the side with the smaller id at once, the other a little later."""
        if not up or self._p2p is None:
            return
        self._request(peer_id, 0.0 if self._p2p.peer_id < peer_id else 1.0 + self._chance())

    async def sync(self, peer_id: str) -> Synced:
        """One both-way sync with a neighbour; raises `Unreachable`, or `Refused` when the peer breaks the protocol."""
        if self._p2p is None:
            raise Unreachable("found replication stopped, expected it running")
        lock = self._locks.setdefault(peer_id, asyncio.Lock())
        async with lock, self._turns:
            dialler = Dialler(self._network_id)
            statistics = self._of(peer_id)
            fresh: list[Record] = []
            try:
                async with asyncio.timeout(SYNC_TIMEOUT_S), self._p2p.conversation(peer_id, SYNC) as talk:
                    await self._run(dialler.run(), peer_id, fresh, talk)
            except Refused as error:
                statistics.refused[error.reason] += 1
                raise
            except TimeoutError as error:
                raise Unreachable(f"the sync with {peer_id} was not done within {SYNC_TIMEOUT_S:g} s") from error
            finally:
                statistics.received += dialler.done.received
                statistics.sent += dialler.done.sent
                self._forward(fresh, peer_id)
            statistics.last_sync_ms = self._clock_ms()
            statistics.lag = dialler.done.waiting + dialler.done.withheld + dialler.done.refused
            return dialler.done

    def _responder(self, peer_id: str) -> Answer:
        """The answering side of one conversation."""
        answerer = Answerer(self._network_id)

        async def answer(question: bytes) -> bytes:
            statistics = self._of(peer_id)
            fresh: list[Record] = []
            try:
                return await self._run(answerer.answer(question), peer_id, fresh, None)
            except Refused as error:
                statistics.refused[error.reason] += 1
                raise
            finally:
                statistics.received += len(fresh)
                self._forward(fresh, peer_id)

        return answer

    async def _run(
        self, steps: exchange.Steps[exchange.T], peer_id: str, fresh: list[Record], talk: Talk | None
    ) -> exchange.T:
        """Does what the machine asks for, step by step, until its end."""
        result: Any = None
        try:
            while True:
                result = await self._perform(steps.send(result), peer_id, fresh, talk)
        except StopIteration as stop:
            return stop.value  # type: ignore[no-any-return]
        finally:
            steps.close()

    async def _perform(self, effect: exchange.Effect, peer_id: str, fresh: list[Record], talk: Talk | None) -> object:
        match effect:
            case exchange.Ask(question):
                assert talk is not None
                return await talk.ask(question, ANSWER_TIMEOUT_S)
            case exchange.LoadSummary():
                return [Summary(*row) for row in await self._store.summary()]
            case exchange.LoadIds(device):
                return list(await self._store.ids(device))
            case exchange.LoadRecords(ids):
                return list(await self._store.records(ids))
            case exchange.Store(records):
                outcome = await self._add(records, peer_id)
                fresh += outcome.added
                waiting = tuple((record, body) for record, body, _ in outcome.waiting)
                return Stored(len(outcome.added), outcome.known, len(outcome.refused), waiting)

    async def _add(self, records: Sequence[Pair], peer_id: str) -> Outcome:
        """Stores a batch from a peer, counts what is refused against it, and tells the application what is new."""
        outcome = await self._store.add(records, self._clock_ms())
        for _, error in outcome.refused:
            self._of(peer_id).refused[error.reason] += 1
        news = [*outcome.added, *outcome.completed]
        if news and self._on_records is not None:
            await self._on_records(news)
        return outcome

    def _forward(self, fresh: Sequence[Record], source: str) -> None:
        """Notes what a sync brought, so that the other neighbours are told once it is quiet for a moment."""
        if fresh and self._p2p is not None:
            self._news.setdefault(source, []).extend(record.id for record in fresh)
            if self._herald is None or self._herald.done():
                self._herald = asyncio.create_task(self._tell_others(), name="tell-others")

    async def _tell_others(self) -> None:
        """Tells the neighbours that did not bring the news: a few records by gossip, many by syncing with them."""
        while self._news and self._p2p is not None:
            await asyncio.sleep(NEWS_PAUSE_S)
            news, self._news = self._news, {}
            neighbours = {one.peer_id for one in self._p2p.neighbours()}
            few = [one for ids in news.values() for one in ids]
            if len(few) > GOSSIP_AT_MOST:
                for peer_id in neighbours - (news.keys() if len(news) == 1 else set()):
                    self._request(peer_id)
            elif neighbours - news.keys():
                await self.announce(await self._store.records(few))

    def _close_gap(self, peer_id: str) -> None:
        """Syncs with the peer that gossiped past a gap, or with another neighbour when it is none itself."""
        neighbours = [] if self._p2p is None else [one.peer_id for one in self._p2p.neighbours()]
        if peer_id not in neighbours and neighbours:
            peer_id = neighbours[int(self._chance() * len(neighbours))]
        if peer_id in neighbours:
            self._request(peer_id)

    def _request(self, peer_id: str, delay_s: float = 0.0) -> None:
        """Has a sync run with a peer soon; requests while one runs become one more after it."""
        if peer_id in self._running:
            self._again.add(peer_id)
            return
        task = asyncio.create_task(self._sync_on_request(peer_id, delay_s), name=f"sync-{peer_id}")
        self._running[peer_id] = task
        task.add_done_callback(lambda _: self._running.pop(peer_id, None))

    async def _sync_on_request(self, peer_id: str, delay_s: float) -> None:
        await asyncio.sleep(delay_s)
        while True:
            self._again.discard(peer_id)
            try:
                await self.sync(peer_id)
            except CinepeerError as error:
                log.info("sync with %s: %s", peer_id, error)
            except Exception as error:  # a task's edge: the next sync starts afresh
                log.exception("sync with %s failed: %r", peer_id, error)
            if peer_id not in self._again:
                return
            await asyncio.sleep(PAUSE_AFTER_GAP_S * (0.5 + self._chance()))

    async def _sync_often(self) -> None:
        """Syncs with every neighbour, each time after another pause of half the interval to the whole of it."""
        while True:
            await asyncio.sleep(self._interval_s * (0.5 + self._chance() / 2))
            if self._p2p is not None:
                for neighbour in self._p2p.neighbours():
                    self._request(neighbour.peer_id)

    def _of(self, peer_id: str) -> PeerStatistics:
        """The statistics of a peer; those of the peer heard of first give way when there are too many."""
        if peer_id not in self._peers and len(self._peers) >= PEERS_REMEMBERED:
            with contextlib.suppress(StopIteration):
                oldest = next(iter(self._peers))
                del self._peers[oldest]
                self._locks.pop(oldest, None)
        return self._peers.setdefault(peer_id, PeerStatistics())
