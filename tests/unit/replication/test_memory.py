"""However much a peer sends, what it makes the machine hold is bounded."""

from __future__ import annotations

import gc
import hashlib
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache

import pytest

from cinepeer.records.record import pack
from cinepeer.replication import events, frames, gossip
from cinepeer.replication.fingerprints import SealedSet
from cinepeer.replication.machine import Limits, Machine
from unit.replication.rig import NETWORK, NOW_MS, Author, Pair

PER_PEER_BYTES = 32 << 20
HELLO = frames.Hello(frames.VERSION, NETWORK, count=10**9)


@cache
def large() -> list[Pair]:
    """Records of an author whose keys nobody has, as large as ratings get: all of them wait."""
    author = Author(1)
    author.rate(frames.MAX_RECORDS, size=256)
    return author.pairs[2:]


@contextmanager
def measured(peak: list[int]) -> Iterator[None]:
    """Adds to `peak` how many bytes were allocated at most."""
    gc.collect()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        yield
        peak.append(tracemalloc.get_traced_memory()[1] - before)
    finally:
        tracemalloc.stop()


class Liar:
    """Answers every question by as much as fits, and nothing of it can be admitted."""

    def __init__(self) -> None:
        self.listed = 0
        self.batches = [frames.encode(frames.Records(tuple(batch))) for batch in frames.batches(large())]
        self.sent = 0

    def answer(self, question: bytes) -> bytes:
        match frames.parse_question(question):
            case frames.Hello():
                return frames.encode(HELLO)
            case frames.Reconcile():
                ids = [hashlib.sha256(str(self.listed + one).encode()).digest() for one in range(2000)]
                self.listed += 2000
                listed = b"a\x07\x00\x02" + b"\x8f\x50" + b"".join(ids)
                return frames.encode(frames.Reconcile(listed + b"\x00\x00\x01" + bytes(16)))
            case frames.PlacesWanted(ids):
                return frames.encode(frames.Places(tuple(range(len(ids)))))
            case frames.RecordsWanted(ids):
                self.sent += 1
                return self.batches[self.sent % len(self.batches)]
        raise AssertionError


def run(machine: Machine, answer: Callable[[bytes], bytes], most: int) -> int:
    """Goes on until nothing is wanted any more, or so many questions were answered; returns how many."""
    queue = list(machine.handle(events.Connected("peer"), NOW_MS))
    asked = 0
    while queue and asked < most:
        match queue.pop(0):
            case events.Ask(ticket, _, _, frame):
                asked += 1
                queue += machine.handle(events.Answered(ticket, answer(frame)), NOW_MS)
            case events.LoadSet(ticket) | events.LoadBodiless(ticket):
                queue += machine.handle(events.Loaded(ticket, SealedSet(())), NOW_MS)
            case events.Store(ticket, _, records):
                waiting = tuple((record, body, "author") for record, body in records)
                queue += machine.handle(events.Stored(ticket, waiting=waiting), NOW_MS)
    return asked


def test_a_peer_that_lists_and_sends_without_end_is_held_within_its_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    # What was not asked for would end the sync at the first batch.
    monkeypatch.setattr(
        "cinepeer.replication.exchange.Dialler._missing", lambda _self, asked, _records: list(asked[1:])
    )
    liar, peak = Liar(), list[int]()
    machine = Machine(NETWORK, 1, me="a")
    with measured(peak):
        asked = run(machine, liar.answer, 120)
    assert asked == 120
    assert peak[0] < PER_PEER_BYTES


def test_a_peer_that_asks_on_every_stream_at_once_is_held_within_its_bound() -> None:
    machine, peak = Machine(NETWORK, 1, me="a", limits=Limits()), list[int]()
    hello = frames.encode(HELLO)
    give = frames.encode(frames.Give(tuple(frames.batches(large())[0])))
    with measured(peak):
        for stream in range(16):
            for effect in machine.handle(events.Asked("peer", stream, hello), NOW_MS):
                if isinstance(effect, events.LoadSet):
                    machine.handle(events.Loaded(effect.ticket, SealedSet(())), NOW_MS)
        held = [machine.handle(events.Asked("peer", stream, bytes(bytearray(give))), NOW_MS) for stream in range(16)]
        stores = [effect for effects in held for effect in effects if isinstance(effect, events.Store)]
    assert len(stores) == Limits().answers_at_once
    assert peak[0] < PER_PEER_BYTES


def test_gossip_that_nothing_can_be_done_with_is_held_within_the_pool() -> None:
    machine, peak = Machine(NETWORK, 1, me="a"), list[int]()
    author = Author(2)
    author.rate(7_000)
    messages = gossip.messages(author.pairs)
    with measured(peak):
        for message in messages:  # the first store never ends
            machine.handle(events.Gossiped("peer", bytes(bytearray(message))), NOW_MS)
    assert machine.pool.dropped > 0
    assert peak[0] < 2 * Limits().pool_bytes
    assert sum(len(pack(*pair)) for pair in author.pairs) > Limits().pool_bytes / 4
