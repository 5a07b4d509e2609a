"""Replication: the sync stream beside a raw one on the same transport, gossip's cost, negentropy beside its reference.

Verifying and storing are left out of the stream and the gossip here, `store` measures them; they are printed apart.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any

import flood

from cinepeer.adapters.p2p.network import P2P, Talk
from cinepeer.adapters.store.outcome import Outcome
from cinepeer.app.replicate import Replication
from cinepeer.daemon.memory import settle
from cinepeer.records.bodies import new_body
from cinepeer.records.cid import DAG_CBOR, Cid
from cinepeer.records.feed import Feeds
from cinepeer.records.record import Record, pack, sign_record
from cinepeer.replication import events, frames, gossip
from cinepeer.replication.fingerprints import SealedSet
from cinepeer.replication.machine import Machine
from cinepeer.replication.reconcile import Initiator, Responder
from cinepeer.replication.scope import Scope

Pair = tuple[Record, bytes | None]
Run = tuple[int, float, float]

NETWORK = Cid.of(b"\xa0", DAG_CBOR)
RAW, CPU = "/bench/raw/1", "/bench/cpu/1"
RECORDS = 20_000
FILMS = {"single": 1, "sixty": 60}
ROUNDS = 5
GOSSIPED = 60
MESSAGES = 300
MESSAGES_PER_S = 50
BORN_MS = 1_700_000_000_000
# The JavaScript reference over the same items (commit 6edb041, no frame limit): bytes of both sides, round trips.
REFERENCE = {1_000: (50_473, 2), 100_000: (204_631, 2), 1_000_000: (173_289, 3)}
REFERENCE_EQUAL_BYTES = 338
NAMES = {1_000: "1k", 100_000: "100k", 1_000_000: "1m"}


class Shelf:
    """Records in memory. Of what comes only the ids are kept: as little as the raw stream keeps of its bytes."""

    def __init__(self, pairs: Sequence[Pair] = ()) -> None:
        self.feeds = Feeds()
        self.taken: set[Cid] = set()
        self._held = {record.id: (record, body) for record, body in pairs}
        self._sealed = SealedSet(())
        self._fresh = [(record.time, frames.digest_of(record.id)) for record, _ in pairs]

    async def add(self, batch: Sequence[Pair], _now_ms: int) -> Outcome:
        """Everything is new and good."""
        fresh = [record for record, _ in batch]
        ids = [record.id for record in fresh]
        self.taken.update(ids)
        self._fresh += [(record.time, one[-frames.DIGEST_BYTES :]) for record, one in zip(fresh, ids, strict=True)]
        return Outcome(added=fresh)

    async def count(self) -> int:
        """How many there are."""
        return len(self._held) + len(self.taken)

    async def sealed(self, _scope: Scope) -> SealedSet:
        """All of them."""
        if self._fresh:
            self._sealed, self._fresh = self._sealed.with_items(self._fresh), []
        return self._sealed

    async def places(self, ids: Sequence[Cid]) -> Sequence[int | None]:
        """In the order in which they came."""
        places = {one: place for place, one in enumerate(self._held)}
        return [places.get(one) for one in ids]

    async def records(self, ids: Sequence[Cid]) -> Sequence[Pair]:
        """Those that were here from the begin."""
        return [self._held[one] for one in ids if one in self._held]

    async def bodiless(self, _scope: Scope, _limit: int, _start: float) -> Sequence[Pair]:
        """None."""
        return []

    def clear(self) -> None:
        """Forgets what came."""
        self.taken.clear()
        self._sealed, self._fresh = SealedSet(()), []


class NoBlocks:
    """No film is here."""

    def get(self, _cid: Cid) -> bytes | None:
        """Never anything."""
        return None

    def has(self, _cid: Cid) -> bool:
        """Never."""
        return False

    def put(self, _cid: Cid, _block: bytes) -> None:
        """Nothing is kept."""


def figures() -> dict[str, dict[str, Any]]:
    """All figures of replication; the stream's are medians of rounds that take turns with the raw stream."""
    found: dict[str, dict[str, Any]] = {"figures": {}, "baselines": {}, "ratios": {}, "notes": {}}
    _negentropy(found)
    settle()
    found["figures"]["gossip_machine_ms_per_record"] = _gossip_machine()
    asyncio.run(_streams(found))
    for key, values in flood.figures().items():
        found[key].update(values)
    found["notes"]["gossip_node_cpu_ms_per_record"] = "libp2p, parsing and the machine, one neighbour"
    return found


def _item(number: int) -> tuple[int, bytes]:
    return 1_600_000_000 + number * 7919 % 1_000_003, hashlib.sha256(f"item {number}".encode()).digest()


def _negentropy(found: dict[str, dict[str, Any]]) -> None:
    """A hundred scattered differences on each side, and equal sets."""
    for size, (bytes_, rounds) in REFERENCE.items():
        name = NAMES[size]
        common = SealedSet(map(_item, range(size)))
        ours = common.with_items(map(_item, range(2 * size, 2 * size + 100)))
        theirs = common.with_items(map(_item, range(3 * size, 3 * size + 100)))
        begin = time.perf_counter()
        our_bytes, our_rounds = _reconcile(ours, theirs)
        found["figures"][f"negentropy_ms_{name}"] = (time.perf_counter() - begin) * 1000
        found["figures"][f"negentropy_bytes_{name}"] = our_bytes
        found["baselines"][f"negentropy_bytes_{name}"] = bytes_
        found["ratios"][f"negentropy_bytes_{name}"] = our_bytes / bytes_
        found["figures"][f"negentropy_rounds_{name}"] = our_rounds
        found["baselines"][f"negentropy_rounds_{name}"] = rounds
    found["figures"]["negentropy_equal_bytes"] = _reconcile(common, common)[0]
    found["baselines"]["negentropy_equal_bytes"] = REFERENCE_EQUAL_BYTES
    begin = time.perf_counter()
    grown = common.with_items(map(_item, range(4_000_000, 4_000_100)))
    grown.fingerprint(0, len(grown))
    found["figures"]["fingerprint_after_100_more_at_1m_ms"] = (time.perf_counter() - begin) * 1000


def _reconcile(ours: SealedSet, theirs: SealedSet) -> tuple[int, int]:
    """Bytes of both sides and round trips."""
    one, other = Initiator(ours), Responder(theirs)
    frame: bytes | None = one.open()
    size_bytes = 0
    while frame is not None:
        answer = other.answer(frame)
        size_bytes += len(frame) + len(answer)
        frame = one.answer(answer).frame
    return size_bytes, one.rounds


def _gossip_machine() -> float:
    """CPU of the machine alone, in ms, for a record that comes in a batch of sixty: parse, pool, store asked for."""
    pairs = _ratings(GOSSIPED)
    (message,) = gossip.messages(pairs)
    machine = Machine(NETWORK, 1, me="bench")
    begin = time.process_time()
    for _ in range(MESSAGES):
        (store,) = machine.handle(events.Gossiped("peer", message), BORN_MS)
        assert isinstance(store, events.Store)
        machine.handle(events.Stored(store.ticket, tuple(record for record, _ in pairs)), BORN_MS)
    return (time.process_time() - begin) * 1000 / (MESSAGES * GOSSIPED)


def _ratings(count: int, films: int = 1) -> list[Pair]:
    """Records of some ratings each, of a hundred authors in turn; nobody verifies them here, so no key is there."""
    seeds = [hashlib.sha256(f"device {number}".encode()).digest() for number in range(100)]
    authors = {seed: Cid.of(seed, DAG_CBOR) for seed in seeds}
    heads: dict[bytes, Record] = {}
    pairs: list[Pair] = []
    for number in range(count):
        seed = seeds[number % 100]
        prev = heads.get(seed)
        stars = [[f"movielens:{1 + (number * 7 + film) % 60_000}", 7] for film in range(films)]
        body = new_body("rating", hashlib.sha256(str(number).encode()).digest()[:16], ratings=stars)
        seq = 0 if prev is None else prev.seq + 1
        before = None if prev is None else prev.id
        heads[seed] = sign_record(
            seed, author=authors[seed], seq=seq, prev=before, time=BORN_MS + number, kind="rating", body=body
        )
        pairs.append((heads[seed], body))
    return pairs


async def _streams(found: dict[str, dict[str, Any]]) -> None:
    """The sync and the raw stream from a process of its own, and what gossip costs that process."""
    for name, films in FILMS.items():
        shelf = Shelf()
        async with _node(shelf) as (replication, p2p), _child(films) as address:
            peer = await p2p.connect(address)
            await replication.sync(peer)
            async with p2p.conversation(peer, CPU) as talk:
                synced, raw = [], []
                for _ in range(ROUNDS):
                    shelf.clear()
                    synced.append(await _timed(talk, partial(_synced, replication, peer)))
                    raw.append(await _timed(talk, partial(_raw, p2p, peer)))
            _state(found, f"sync_stream_{name}", synced, raw, f"{films} ratings to a record; not verified or stored")
            rate = statistics.median(1 / seconds for _, seconds, _ in synced) * len(shelf.taken)
            found["figures"][f"sync_stream_{name}_records_per_s"] = rate
            if films == 1:
                found["figures"]["gossip_node_cpu_ms_per_record"] = await _gossip_node(p2p, peer)


def _state(found: dict[str, dict[str, Any]], name: str, synced: list[Run], raw: list[Run], note: str) -> None:
    """Speed and CPU of both processes together, beside those of the raw stream in the round after."""
    for figure, value in (
        ("mb_per_s", lambda run: run[0] / run[1] / 1e6),
        ("mb_per_cpu_s", lambda run: run[0] / run[2] / 1e6),
    ):
        ours, others = list(map(value, synced)), list(map(value, raw))
        found["figures"][f"{name}_{figure}"] = statistics.median(ours)
        found["baselines"][f"{name}_{figure}"] = statistics.median(others)
        pairs = zip(ours, others, strict=True)
        found["ratios"][f"{name}_{figure}"] = statistics.median(one / other for one, other in pairs)
        found["notes"][f"{name}_{figure}"] = note


async def _timed(talk: Talk, run: Callable[[], Awaitable[int]]) -> Run:
    """Bytes that a run moved, its seconds, and its CPU seconds in both processes."""
    cpu, begin = -float(await talk.ask(b"", 10)) - time.process_time(), time.perf_counter()
    size_bytes = await run()
    seconds = time.perf_counter() - begin
    return size_bytes, seconds, cpu + float(await talk.ask(b"", 10)) + time.process_time()


async def _synced(replication: Replication, peer: str) -> int:
    return (await replication.sync(peer)).answered_bytes


async def _gossip_node(p2p: P2P, peer: str) -> float:
    """CPU of the other process in ms for each record that is gossiped to it, less what it takes when nothing comes."""
    messages = gossip.messages(_ratings(GOSSIPED))
    async with p2p.conversation(peer, CPU) as talk:
        idle = -float(await talk.ask(b"", 10))
        await asyncio.sleep(3)
        idle = (idle + float(await talk.ask(b"", 10))) / 3
        begin, cpu = time.perf_counter(), -float(await talk.ask(b"", 10))
        for number in range(MESSAGES):
            await p2p.publish(gossip.topic(NETWORK), messages[0])
            await asyncio.sleep(max(0, begin + number / MESSAGES_PER_S - time.perf_counter()))
        await asyncio.sleep(1)
        cpu += float(await talk.ask(b"", 10))
        seconds = time.perf_counter() - begin
        heard = int((await talk.ask(b"heard", 10)).decode())
    return (cpu - idle * seconds) * 1000 / (heard * GOSSIPED)


async def _raw(p2p: P2P, peer: str) -> int:
    """The same bytes, asked for frame by frame and not looked at."""
    async with p2p.conversation(peer, RAW) as talk:
        size_bytes = number = 0
        while data := await talk.ask(str(number).encode(), 60):
            size_bytes += len(data)
            number += 1
        return size_bytes


@asynccontextmanager
async def _node(
    shelf: Shelf,
    more: dict[str, Callable[[str], Callable[[bytes], Awaitable[bytes]]]] | None = None,
    heard: list[bytes] | None = None,
) -> AsyncIterator[tuple[Replication, P2P]]:
    """A node over real sockets; `heard` takes note of every gossip message."""

    async def listen(topic: str, peer: str, data: bytes) -> None:
        if heard is not None:
            heard.append(data)
        await replication.on_gossip(topic, peer, data)

    async def meet(peer: str, up: bool) -> None:
        if heard is None:
            await replication.on_neighbour(peer, up)

    replication = Replication(shelf, NETWORK, clock_ms=lambda: BORN_MS, chance=lambda: 0.5, interval_s=1e6)
    p2p = await P2P.start(
        os.urandom(32),
        ["/ip4/127.0.0.1/tcp/0"],
        NoBlocks(),
        lambda _peer, _cid: True,
        {**replication.responders, **(more or {})},
        [replication.topic],
        listen,
        meet,
    )
    try:
        await replication.start(p2p)
        settle()  # as a node does once it is built
        yield replication, p2p
    finally:
        await replication.stop()
        await p2p.stop()


@asynccontextmanager
async def _child(films: int) -> AsyncIterator[str]:
    """Another process with a full shelf; gives its address."""
    process = subprocess.Popen(
        [sys.executable, __file__, "serve", str(films)], stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        yield json.loads(await asyncio.to_thread(process.stdout.readline))
    finally:
        process.terminate()
        process.wait(10)


async def _serve(films: int) -> None:
    """The other process: answers the sync, the raw stream, and how much CPU it took; it never asks."""
    pairs = _ratings(RECORDS // max(1, films // 12), films)
    runs = frames.batches(pairs)
    slices = [b"".join(pack(record, body) for record, body in run) for run in runs]
    heard: list[bytes] = []

    async def raw(question: bytes) -> bytes:
        number = int(question)
        return slices[number] if number < len(slices) else b""

    async def cpu(question: bytes) -> bytes:
        return str(len(heard) if question == b"heard" else time.process_time()).encode()

    shelf = Shelf(pairs)
    async with _node(shelf, {RAW: lambda _peer: raw, CPU: lambda _peer: cpu}, heard) as (_, p2p):
        print(json.dumps(p2p.addrs[0]), flush=True)
        with suppress(asyncio.CancelledError):
            await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        asyncio.run(_serve(int(sys.argv[2])))
    else:
        print(figures())
