"""Replication: performs on the network and the store what the pure machine wants, and tells it what came of it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from cinepeer.app.replica import Network, Store, Talk
from cinepeer.app.sets import Sets
from cinepeer.errors import CinepeerError, LimitReached, Refused, Unreachable
from cinepeer.records.cid import Cid
from cinepeer.records.fork import ForkProof
from cinepeer.records.record import Record
from cinepeer.replication import events, gossip
from cinepeer.replication.events import Effect, Event, Pair, Timer
from cinepeer.replication.fingerprints import SealedSet
from cinepeer.replication.machine import Limits, Machine
from cinepeer.replication.scope import EVERYTHING, Scope
from cinepeer.replication.statistics import PeerStatistics, Synced

log = logging.getLogger(__name__)

SYNC = "/cinepeer/sync/1"
# Messages that wait to be gossiped; what finds no room reaches everyone by sync.
OUTBOX = 64

Answer = Callable[[bytes], Awaitable[bytes]]


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
        scope: Scope = EVERYTHING,
        limits: Limits | None = None,
        on_records: Callable[[list[Record]], Awaitable[None]] | None = None,
        on_refused: Callable[[str, str], None] | None = None,
    ) -> None:
        """`chance` gives a number in [0, 1) to begin with; `on_records` hears of every record or body from elsewhere.

        `on_refused(peer, reason)` hears of everything that is held against a peer.
        """
        self._store = store
        self._sets = Sets(store)
        self._clock_ms = clock_ms
        self._on_records = on_records
        self._on_refused = on_refused
        self._machine = Machine(
            network_id,
            int(chance() * 2**64),
            scope=scope,
            limits=limits or Limits(interval_ms=int(interval_s * 1000)),
        )
        self._p2p: Network | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._conversations: dict[int, _Asking] = {}
        self._timers: dict[Timer, asyncio.TimerHandle] = {}
        self._answers: dict[int, asyncio.Future[bytes]] = {}
        self._done: dict[int, asyncio.Future[Synced]] = {}
        self._proved: set[tuple[bytes, int]] = set()
        self._outbox: list[bytes] = []
        self._is_publishing = False
        self._numbers = count(1)
        self.topic = gossip.topic(network_id)

    @property
    def responders(self) -> dict[str, Callable[[str], Answer]]:
        """The protocols that replication answers, for the network."""
        return {SYNC: self._responder}

    @property
    def scope(self) -> Scope:
        """Which records this node holds."""
        return self._machine.scope

    async def start(self, network: Network) -> None:
        """Begins to sync: with every neighbour now, and again and again."""
        self._p2p = network
        self._machine.me = network.peer_id
        for neighbour in network.neighbours():
            self._handle(events.Connected(neighbour.peer_id))

    async def stop(self) -> None:
        """Breaks off what runs; whatever is unfinished is resumed by a later sync."""
        self._p2p = None
        for timer in self._timers.values():
            timer.cancel()
        for answer in self._answers.values():
            answer.cancel()
        for sync in self._done.values():
            sync.cancel()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def peers(self) -> dict[str, PeerStatistics]:
        """What each peer brought and took, by peer id."""
        return dict(self._machine.peers())

    async def holding(self) -> tuple[int, bytes]:
        """How many records of its scope this node holds, and the fingerprint that any peer can check by reconciling."""
        held = await self._store.sealed(self._machine.scope)
        return len(held), held.fingerprint(0, len(held))

    async def announce(self, records: Sequence[Pair]) -> None:
        """Gossips records that are stored here already; who misses it gets them by sync."""
        if self._p2p is not None:
            self._handle(events.Announced(tuple(records)))

    async def on_gossip(self, _topic: str, peer_id: str, data: bytes) -> None:
        """Takes what a gossip message brings."""
        self._handle(events.Gossiped(peer_id, data))

    async def on_neighbour(self, peer_id: str, up: bool) -> None:
        """Takes note of a neighbour that came or went."""
        if self._p2p is not None:
            self._handle(events.Connected(peer_id) if up else events.Disconnected(peer_id))

    async def sync(self, peer_id: str) -> Synced:
        """One both-way sync with a neighbour, begun after this call.

        Raises `Unreachable`, `Refused` when the peer breaks the protocol, `LimitReached` when the disk is full.
        """
        if self._p2p is None:
            raise Unreachable("found replication stopped, expected it running")
        number = next(self._numbers)
        waiting: asyncio.Future[Synced] = asyncio.get_running_loop().create_future()
        self._done[number] = waiting
        try:
            self._handle(events.Wanted(peer_id, number))
            return await waiting
        finally:
            del self._done[number]

    def _responder(self, peer_id: str) -> Answer:
        """The answering side of one conversation."""
        stream = next(self._numbers)

        async def answer(question: bytes) -> bytes:
            waiting: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
            self._answers[stream] = waiting
            try:
                self._handle(events.Asked(peer_id, stream, question))
                return await waiting
            finally:
                del self._answers[stream]

        return answer

    # Effects

    def _handle(self, event: Event, not_before_ms: int = 0) -> None:
        """Tells the machine, and starts what it wants in that order."""
        for effect in self._machine.handle(event, max(self._clock_ms(), not_before_ms)):
            self._perform(effect)

    def _perform(self, effect: Effect) -> None:
        match effect:
            case events.Ask():
                self._ask(effect)
            case events.Close(_, conversation):
                if (asking := self._conversations.pop(conversation, None)) is not None:
                    asking.close()
            case events.Answer(_, stream, frame):
                if (answer := self._answers.get(stream)) is not None and not answer.done():
                    answer.set_result(frame)
            case events.Reset(peer, stream, reason):
                if (answer := self._answers.get(stream)) is not None and not answer.done():
                    answer.set_exception(Refused(reason, f"a question of {peer} was refused: {reason}"))
            case events.Publish(data):
                if len(self._outbox) < OUTBOX:
                    self._outbox.append(data)
                if not self._is_publishing:
                    self._is_publishing = True
                    self._spawn(self._publish(), "publish")
            case events.Store():
                self._spawn(self._run(effect.ticket, lambda: self._add(effect)), "store")
            case events.Wake(timer, at_ms):
                self._set_timer(timer, at_ms)
            case events.Refuse(peer, reason):
                if self._on_refused is not None:
                    self._on_refused(peer, reason)
            case events.Done():
                self._finish(effect)
            case load:
                self._spawn(self._run(load.ticket, lambda: self._load(load)), "load")

    def _spawn(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        task = asyncio.create_task(work, name=f"replication-{name}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _set_timer(self, timer: Timer, at_ms: int) -> None:
        if (before := self._timers.pop(timer, None)) is not None:
            before.cancel()
        delay_s = max(0, at_ms - self._clock_ms()) / 1000

        def wake() -> None:
            self._timers.pop(timer, None)
            if self._p2p is not None:
                self._handle(events.Woke(timer), at_ms)

        self._timers[timer] = asyncio.get_running_loop().call_later(delay_s, wake)

    async def _run(self, ticket: int, work: Callable[[], Awaitable[Event]]) -> None:
        """Tells the machine how a piece of work ended; work that is cancelled before it begins was never made."""
        try:
            event = await work()
        except LimitReached as error:
            log.warning("replication: %s", error)
            event = events.Failed(ticket, "disk-full")
        except CinepeerError as error:
            log.warning("replication: %s", error)
            event = events.Failed(ticket, "unable")
        except Exception as error:  # a task's edge: the sync that wanted it fails, and the next one starts afresh
            log.exception("replication failed: %r", error)
            event = events.Failed(ticket, "unable")
        self._handle(event)

    async def _load(
        self, effect: events.LoadSet | events.LoadPlaces | events.LoadRecords | events.LoadBodiless
    ) -> Event:
        found: SealedSet | Sequence[int | None] | Sequence[Pair]
        match effect:
            case events.LoadSet(_, scope):
                found = await self._sets.sealed(scope)
            case events.LoadPlaces(_, ids):
                found = await self._store.places(ids)
            case events.LoadRecords(_, ids):
                found = await self._store.records(ids)
            case events.LoadBodiless(_, scope, limit, start):
                found = await self._store.bodiless(scope, limit, start)
        return events.Loaded(effect.ticket, found)

    async def _add(self, effect: events.Store) -> Event:
        """Stores a batch and tells the application what is new."""
        revision = self._store.feeds.revision
        outcome = await self._store.add(effect.records, self._clock_ms())
        for record_id, error in outcome.refused:
            log.info("record.refused peer=%s record=%s reason=%s", effect.peer or "gossip", record_id, error.reason)
        if log.isEnabledFor(logging.DEBUG):
            for record in outcome.added:
                log.debug("record.added peer=%s record=%s kind=%s", effect.peer or "gossip", record.id, record.kind)
        news = [*outcome.added, *outcome.completed]
        if news and self._on_records is not None:
            await self._on_records(news)
        return events.Stored(
            effect.ticket,
            tuple(outcome.added),
            tuple(outcome.completed),
            outcome.known,
            tuple(outcome.waiting),
            tuple((record_id, error.reason) for record_id, error in outcome.refused),
            # Whatever completes a proof changes what earlier records count for.
            () if self._store.feeds.revision == revision else tuple(self._forks(outcome.added)),
        )

    def _forks(self, added: Sequence[Record]) -> list[ForkProof]:
        """The proofs that new records complete, each once."""
        found = [self._store.feeds.fork(device) for device in {record.device for record in added}]
        fresh = [proof for proof in found if proof is not None and (proof.device, proof.seq) not in self._proved]
        self._proved.update((proof.device, proof.seq) for proof in fresh)
        return fresh

    async def _publish(self) -> None:
        """Publishes what is in the outbox, in its order."""
        while self._outbox:
            if self._p2p is not None:
                try:
                    await self._p2p.publish(self.topic, self._outbox[0])
                except CinepeerError as error:
                    log.info("an announcement was not published: %s", error)
            del self._outbox[0]
        self._is_publishing = False

    def _finish(self, done: events.Done) -> None:
        """Tells whoever waits for a sync how it went."""
        if done.failure is not None:
            log.info("sync with %s: %s", done.peer, done.failure)
        for number in done.numbers:
            waiting = self._done.get(number)
            if waiting is None or waiting.done():
                continue
            error = _in_words(done)
            waiting.set_result(done.synced) if error is None else waiting.set_exception(error)

    # Asking

    def _ask(self, ask: events.Ask) -> None:
        asking = self._conversations.get(ask.conversation)
        if asking is None:
            asking = self._conversations[ask.conversation] = _Asking(asyncio.get_running_loop().create_future())
            asking.tasks.append(self._spawn(self._converse(ask.peer, asking.talk), f"sync-{ask.peer}"))
        asking.tasks = [task for task in asking.tasks if not task.done()]
        asking.tasks.append(self._spawn(self._question(ask, asking.talk), f"ask-{ask.peer}"))

    async def _converse(self, peer: str, opened: asyncio.Future[Talk]) -> None:
        """Opens a conversation, and closes it when this is cancelled."""
        try:
            if self._p2p is None:
                raise Unreachable("found replication stopped, expected it running")
            async with self._p2p.conversation(peer, SYNC) as talk:
                opened.set_result(talk)
                await asyncio.Event().wait()
        except Exception as error:  # noqa: BLE001  a task's edge: whoever asks is told whatever it was
            log.debug("sync with %s: %r", peer, error)
            if not opened.done():
                opened.set_exception(error)
                opened.exception()  # looked at, should nobody ask any more

    async def _question(self, ask: events.Ask, opened: asyncio.Future[Talk]) -> None:
        """Asks once the conversation is open; those of one conversation begin in their order."""
        try:
            talk = opened.result() if opened.done() else await opened
            self._handle(events.Answered(ask.ticket, await talk.ask(ask.frame, ask.timeout_ms / 1000)))
        except Refused as error:
            self._handle(events.Failed(ask.ticket, error.reason, is_peers_fault=True))
        except CinepeerError as error:
            log.debug("sync with %s: %s", ask.peer, error)
            self._handle(events.Failed(ask.ticket, "unreachable"))
        except Exception as error:  # a task's edge: this sync fails, and the next one starts afresh
            log.exception("sync with %s failed: %r", ask.peer, error)
            self._handle(events.Failed(ask.ticket, "unable"))


@dataclass(slots=True)
class _Asking:
    """A conversation that we opened: what asks in it, and the task that keeps it open."""

    talk: asyncio.Future[Talk]
    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    def close(self) -> None:
        """Breaks off whatever is asked."""
        for task in self.tasks:
            task.cancel()
        self.talk.cancel()


def _in_words(done: events.Done) -> CinepeerError | None:
    """The error of a sync that did not go to its end."""
    match done.failure:
        case None:
            return None
        case "unreachable":
            return Unreachable(f"the sync with {done.peer} broke off or was not answered")
        case "timeout":
            return Unreachable(f"the sync with {done.peer} was not done in time")
        case "disk-full" | "unable":
            return LimitReached(f"the sync with {done.peer} stopped: what it brought could not be stored")
        case reason:
            return Refused(reason, f"the sync with {done.peer} was refused: {reason}")
