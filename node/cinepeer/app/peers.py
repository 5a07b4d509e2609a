"""Whom this node knows, dials and turns away, and whether others reach it: the address book at work."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Collection, Coroutine, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from cinepeer import __version__
from cinepeer.app.acquaintances import Acquaintances
from cinepeer.app.reach import DIALBACK, Reachability
from cinepeer.app.versions import VERSION_OF, Versions
from cinepeer.errors import BadInput, CinepeerError, Refused, Unreachable
from cinepeer.records import dagcbor
from cinepeer.records.cid import Cid
from cinepeer.replication.addresses import Reach, parse_notice, reach_of, sign_notice, worth_dialling
from cinepeer.replication.book import Book
from cinepeer.replication.reputation import Ban, Reputation

log = logging.getLogger(__name__)

PEERS = "/cinepeer/peers/1"
NOTICES = 32
ANSWER_PAUSE_MS = 5_000
ASK_TIMEOUT_S = 10.0
ANYWHERE = "1.1.1.1"  # any address outside

Answer = Callable[[bytes], Awaitable[bytes]]


class Talk(Protocol):
    """An open conversation."""

    async def ask(self, question: bytes, timeout_s: float) -> bytes: ...


class Neighbour(Protocol):
    """A connected peer."""

    @property
    def peer_id(self) -> str: ...
    @property
    def addrs(self) -> tuple[str, ...]: ...


class Network(Protocol):
    """The peer-to-peer network, as far as finding peers needs it."""

    @property
    def peer_id(self) -> str: ...
    @property
    def addrs(self) -> Sequence[str]: ...
    @property
    def restarts(self) -> int: ...
    @property
    def dropped(self) -> int: ...
    def neighbours(self) -> Sequence[Neighbour]: ...
    def conversation(self, peer_id: str, protocol: str) -> AbstractAsyncContextManager[Talk]: ...
    async def dial(self, peer_id: str, addrs: Sequence[str]) -> None: ...
    async def probe(self, peer_id: str, addr: str, timeout_s: float) -> bool: ...
    async def turn_away(self, peer_ids: Collection[str]) -> None: ...


@dataclass(frozen=True, slots=True)
class Pace:
    """How often what is done, in seconds, and with how many neighbours no more are looked for."""

    look_s: float = 5.0
    ask_s: float = 300.0
    reach_s: float = 600.0
    version_s: float = 3600.0
    enough: int = 8
    dials_at_once: int = 4


class Peers:
    """Finds peers of the network, keeps what is known of them, and turns away those that lie.

    Made before the network, because the network needs its handlers: `responders`, `on_neighbour` and `on_blame` go to
    the network, then `start(network)` begins.
    """

    def __init__(
        self,
        seed: bytes,
        network_id: Cid,
        known: Acquaintances,
        *,
        clock_ms: Callable[[], int],
        chance: Callable[[], float],
        keep: Callable[[Acquaintances], None],
        pace: Pace | None = None,
        version: str = __version__,
    ) -> None:
        """`seed` is the peer key's; `known` is what an earlier run kept by `keep`; `chance` gives a share in [0, 1)."""
        self._seed = seed
        self._network_id = network_id
        self._clock_ms = clock_ms
        self._chance = chance
        self._keep = keep
        self._pace = pace or Pace()
        self.reputation = Reputation(bans=known.bans)
        self.reach = Reachability(self._ip_of, clock_ms, self.blame)
        self.versions = Versions(version, clock_ms, self.blame)
        self.book = Book("", known.entries)
        self._p2p: Network | None = None
        self._answered_ms: dict[str, int] = {}
        self._asked_ms: dict[str, int] = {}
        self._banned: frozenset[str] = frozenset()
        self._wake = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_changed = False
        self.refused: dict[str, int] = {}

    @property
    def responders(self) -> dict[str, Callable[[str], Answer]]:
        """The protocols that are answered here, for the network."""
        return {PEERS: self._responder, DIALBACK: self.reach.responder, VERSION_OF: self.versions.responder}

    async def start(self, p2p: Network) -> None:
        """Begins to look for peers."""
        self._p2p = p2p
        self.book = Book(p2p.peer_id, self.book.entries())
        self.reach.p2p = self.versions.p2p = p2p
        await self._turn_away()
        self._spawn(self._look_often())

    async def stop(self) -> None:
        """Stops looking, and keeps what is known."""
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._p2p = None
        self._keep(self._known())

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work, name="peers")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _known(self) -> Acquaintances:
        return Acquaintances(tuple(self.book.entries()), tuple(self.bans()))

    async def on_neighbour(self, peer_id: str, up: bool) -> None:
        """Takes note of a neighbour that came or went."""
        self._wake.set()
        log.info("peer.%s peer=%s", "up" if up else "down", peer_id)
        if up:
            self.book.reached(peer_id, self._clock_ms())
        else:
            self._asked_ms.pop(peer_id, None)
            self.reach.forget(peer_id)
            self.versions.forget(peer_id)

    async def on_blame(self, peer_id: str, reason: str) -> None:
        """Takes note of what the network holds against a peer."""
        self.blame(peer_id, reason)

    def blame(self, peer_id: str, reason: str) -> None:
        """Holds something against a peer; a ban that begins by it takes effect at once."""
        if reason == "silent":
            self.reputation.note_silence(peer_id)
            return
        self.refused[reason] = self.refused.get(reason, 0) + 1
        ban = self.reputation.hold_against(peer_id, reason, self._clock_ms())
        if ban is not None:
            log.warning("peer.banned peer=%s reason=%s times=%d until_ms=%d", peer_id, reason, ban.times, ban.until_ms)
            self._is_changed = True
            self._spawn(self._turn_away())

    def note(self, addrs: Sequence[str], teller: str) -> None:
        """Takes full multiaddrs that a person typed, the LAN showed or a record names; those of other forms are not."""
        for text in addrs:
            addr, _, peer = text.rpartition("/p2p/")
            if addr and peer:
                self._is_changed |= self.book.note(peer, [addr], teller, self._clock_ms())
        self._wake.set()

    def note_network(self, author: str, body: Mapping[str, dagcbor.Value]) -> None:
        """Takes the peers that a `network` record names, as far as anybody could reach them: anybody may sign one."""
        addrs = body.get("bootstrap")
        if body.get("genesis") != self._network_id or not isinstance(addrs, list):
            return
        for text in map(str, addrs):
            addr = text.partition("/p2p/")[0]
            try:
                self.note([text] if worth_dialling([addr], ANYWHERE) else [], author)
            except Refused:
                continue  # of another form

    def bans(self) -> list[Ban]:
        """The bans in force."""
        return self.reputation.bans(self._clock_ms())

    def standing(self, peer_id: str) -> str:
        """One word for how a peer behaves."""
        return self.reputation.standing(peer_id, self._clock_ms())

    @property
    def restarts(self) -> int:
        """How often the network's thread was started again."""
        return self._p2p.restarts if self._p2p is not None else 0

    @property
    def dropped(self) -> int:
        """How many gossip messages were lost because this node was too slow."""
        return self._p2p.dropped if self._p2p is not None else 0

    async def forgive(self, peer_id: str) -> None:
        """Ends a peer's ban; raises `BadInput` when there is none."""
        if not self.reputation.forgive(peer_id):
            raise BadInput(f"found no ban of {peer_id[:80]!r}, expected a peer that is banned")
        self._is_changed = True
        await self._turn_away()

    # Looking

    async def _look_often(self) -> None:
        """Dials, asks and keeps, soon after something changed and now and again."""
        kept_ms = 0
        while True:
            try:
                await self._turn_away()
                await self._ask_around()
                await self.reach.look(self._pace.reach_s)
                await self.versions.look(self._pace.version_s)
                await self._dial_some()
                self.book.expire(self._clock_ms())
                if self._is_changed and self._clock_ms() - kept_ms > 1000 * self._pace.look_s:
                    self._is_changed, kept_ms = False, self._clock_ms()
                    self._keep(self._known())
            except CinepeerError as error:
                log.info("peers.failed reason=%s", error)
            except Exception:  # a task's edge: one bad round must not end the search
                log.exception("peers.failed")
            self._wake.clear()
            try:
                async with asyncio.timeout(self._pace.look_s * (0.75 + self._chance() / 2)):
                    await self._wake.wait()
                await asyncio.sleep(min(0.2, self._pace.look_s))  # several changes at once are one
            except TimeoutError:
                pass

    async def _turn_away(self) -> None:
        """Has the network turn away whoever is banned now, and nobody else."""
        banned = frozenset(ban.peer for ban in self.bans())
        if banned != self._banned and self._p2p is not None:
            self._banned = banned
            with contextlib.suppress(Unreachable):  # the network is starting again, and knows whom to turn away
                await self._p2p.turn_away(banned)

    async def _dial_some(self) -> None:
        """Dials a few of the book while there are not enough neighbours."""
        assert self._p2p is not None
        near = {neighbour.peer_id for neighbour in self._p2p.neighbours()}
        wanted = min(self._pace.enough - len(near), self._pace.dials_at_once)
        found = self.book.due(wanted, self._clock_ms(), near | self._banned) if wanted > 0 else []
        if found:
            await asyncio.gather(*(self._dial(entry.peer, entry.addrs) for entry in found))

    async def _dial(self, peer_id: str, addrs: Sequence[str]) -> None:
        assert self._p2p is not None
        try:
            await self._p2p.dial(peer_id, addrs)
            self.book.reached(peer_id, self._clock_ms())
        except CinepeerError as error:
            self.book.failed(peer_id, self._clock_ms(), self._chance())
            log.debug("peer.unreached peer=%s reason=%s", peer_id, error)
        self._is_changed = True

    # Exchange

    async def _ask_around(self) -> None:
        """Asks neighbours that were not asked lately whom else they know, and tells them where we listen."""
        assert self._p2p is not None
        now_ms = self._clock_ms()
        near = [neighbour.peer_id for neighbour in self._p2p.neighbours()]
        due = [peer for peer in near if now_ms - self._asked_ms.get(peer, 0) >= 1000 * self._pace.ask_s]
        self._asked_ms.update(dict.fromkeys(due, now_ms))
        await asyncio.gather(*map(self._ask, due))

    async def _ask(self, peer_id: str) -> None:
        assert self._p2p is not None
        try:
            async with self._p2p.conversation(peer_id, PEERS) as talk:
                answer = await talk.ask(dagcbor.encode(self._own_notice()), ASK_TIMEOUT_S)
            found = dagcbor.decode(answer)
            if not isinstance(found, list) or len(found) > NOTICES:
                raise Refused("bad-addresses", f"found no list of at most {NOTICES} notices of addresses")
            for data in found:
                self._learn(data, peer_id)
        except Refused as error:
            self.blame(peer_id, error.reason)
        except Unreachable as error:
            log.debug("peer.unasked peer=%s reason=%s", peer_id, error)

    def _own_notice(self) -> bytes | None:
        """Where we listen, signed; of this machine's own addresses only where there are no others."""
        assert self._p2p is not None
        listening = [addr.split("/p2p/")[0] for addr in self._p2p.addrs]
        addrs = list(dict.fromkeys([*self.reach.outside(), *listening]))
        far = [addr for addr in addrs if reach_of(addr.split("/")[2]) > Reach.MACHINE]
        told = far or [addr for addr in addrs if reach_of(addr.split("/")[2])]
        return sign_notice(self._seed, self._network_id, self._clock_ms(), told) if told else None

    def _learn(self, data: object, teller: str) -> None:
        """Takes a notice that a neighbour passed on, its own or another's; raises `Refused`."""
        if not isinstance(data, bytes):
            raise Refused("bad-addresses", "found no bytes, expected a signed notice of addresses")
        notice = parse_notice(data, self._network_id, self._clock_ms())
        if self.book.learn(notice, worth_dialling(notice.addrs, self._ip_of(teller)), teller):
            self._is_changed = True
            self._wake.set()

    def _ip_of(self, peer_id: str) -> str:
        """The IP address at which a neighbour is connected, or an empty text."""
        if self._p2p is not None:
            for neighbour in self._p2p.neighbours():
                if neighbour.peer_id == peer_id and neighbour.addrs:
                    return neighbour.addrs[0].split("/")[2]
        return ""

    def _responder(self, peer_id: str) -> Answer:
        """Answers who else is known here, and takes what the asker says of itself; one answer every few seconds."""

        async def answer(question: bytes) -> bytes:
            now_ms = self._clock_ms()
            if now_ms - self._answered_ms.get(peer_id, 0) < ANSWER_PAUSE_MS:
                return dagcbor.encode([])
            if len(self._answered_ms) > 4096:
                self._answered_ms.clear()
            self._answered_ms[peer_id] = now_ms
            own = dagcbor.decode(question)
            if own is not None:
                self._learn(own, peer_id)
            return dagcbor.encode(list(self.book.sample(NOTICES, now_ms, self._chance)))

        return answer
