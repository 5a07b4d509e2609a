"""Authors with feeds, a store in memory over the real fold, and a sync between two of them without a network."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from cinepeer.errors import Refused
from cinepeer.records.bodies import new_body
from cinepeer.records.cid import DAG_CBOR, Cid
from cinepeer.records.feed import Feeds
from cinepeer.records.keys import public_key
from cinepeer.records.record import Record, sign_record, verify_body, verify_record
from cinepeer.replication import events, exchange
from cinepeer.replication.budget import in_turn
from cinepeer.replication.events import Stored
from cinepeer.replication.exchange import Answerer, Dialler
from cinepeer.replication.fingerprints import SealedSet
from cinepeer.replication.frames import digest_of
from cinepeer.replication.scope import EVERYTHING, Scope
from cinepeer.replication.statistics import Synced

Pair = tuple[Record, bytes | None]
NOW_MS = 1_800_000_000_000
NETWORK = Cid.of(b"\xa0", DAG_CBOR)
OTHER = Cid.of(b"\xa1", DAG_CBOR)


def seed(*parts: object) -> bytes:
    """A key seed that is named by its parts."""
    return hashlib.sha256(repr(parts).encode()).digest()


class Author:
    """An author with a root key and one device; `pairs` are the records in the order in which they were made."""

    def __init__(self, number: int) -> None:
        self._number = number
        self.root, self.device = seed("root", number), seed("device", number)
        self._clock = NOW_MS - 500_000 + number
        self.pairs: list[Pair] = []
        following = hashlib.sha256(public_key(seed("next", number))).digest()
        inception = self._sign(self.root, None, None, "inception", root=public_key(self.root), next=following)
        self.id = inception.id
        delegate = self._sign(self.root, self.id, inception, "delegate", device=public_key(self.device), name="phone")
        self.keys: tuple[Record, ...] = (inception, delegate)
        self.head: Record | None = None

    def _sign(self, key: bytes, author: Cid | None, prev: Record | None, kind: str, **fields: Any) -> Record:
        self._clock += 1
        body = new_body(kind, hashlib.sha256(repr((key, self._clock)).encode()).digest()[:16], **fields)
        record = sign_record(
            key,
            author=author,
            seq=prev.seq + 1 if prev else 0,
            prev=prev.id if prev else None,
            time=self._clock,
            kind=kind,
            body=body,
        )
        self.pairs.append((record, body))
        return record

    def rate(self, count: int = 1, size: int = 1) -> list[Record]:
        """That many more ratings on the device's feed, each of `size` films."""
        made = []
        for _ in range(count):
            films = [[f"movielens:{number + 1}", 1 + self._clock % 10] for number in range(size)]
            self.head = self._sign(self.device, self.id, self.head, "rating", ratings=films)
            made.append(self.head)
        return made

    def rate_film(self, film: int) -> Record:
        """One more rating on the device's feed, of one film."""
        self.head = self._sign(self.device, self.id, self.head, "rating", ratings=[[f"movielens:{film}", 7]])
        return self.head

    def revoke(self, last: Record | None) -> Record:
        """The root's word that of the device's feed nothing after `last` counts."""
        seq, head = (-1, None) if last is None else (last.seq, last.id)
        device = public_key(self.device)
        fields = {"device": device, "seq": seq, "head": head, "reason": "lost"}
        return self._root_says("revocation", **fields)

    def rotate(self) -> Record:
        """The promised root takes the place of the old one, and admits a second device."""
        key, last = seed("next", self._number), self.keys[-1]
        following = hashlib.sha256(public_key(seed("third", self._number))).digest()
        previous = {"seq": last.seq, "head": last.id}
        self.root = key
        rotation = self._sign(key, self.id, None, "rotation", root=public_key(key), next=following, previous=previous)
        self.keys = (*self.keys, rotation)
        self.device, self.head = seed("second", self._number), None
        return self._root_says("delegate", device=public_key(self.device), name="second")

    def _root_says(self, kind: str, **fields: Any) -> Record:
        record = self._sign(self.root, self.id, self.keys[-1], kind, **fields)
        self.keys = (*self.keys, record)
        return record

    def fork(self, at: Record) -> Record:
        """A second record after `at`, beside the one that followed it."""
        return self._sign(self.device, self.id, at, "rating", ratings=[["movielens:1", 1]])


@dataclass
class Outcome:
    added: list[Record] = field(default_factory=list)
    completed: list[Record] = field(default_factory=list)
    known: int = 0
    waiting: list[tuple[Record, bytes | None, str]] = field(default_factory=list)
    refused: list[tuple[Cid, Refused]] = field(default_factory=list)


class MemoryStore:
    """Records in the order of arrival, judged by the real fold."""

    def __init__(self, pairs: Iterable[Pair] = ()) -> None:
        self.feeds = Feeds()
        self.held: dict[Cid, Pair] = {}
        self.forgotten: set[Cid] = set()
        self.add_now(list(pairs))

    def add_now(self, batch: Sequence[Pair], now_ms: int = NOW_MS) -> Outcome:
        outcome = Outcome()
        left = []
        for record, body in batch:
            try:
                verify_record(record)
                left.append((record, body))
            except Refused as error:
                outcome.refused.append((record.id, error))
        progress = True
        while left and progress:
            progress, waiting = False, []
            for record, body in left:
                if record.id in self.held:
                    self._complete(record, body, outcome)
                elif need := self.feeds.missing(record, now_ms):
                    waiting.append((record, body, need))
                else:
                    self._admit(record, body, outcome)
                    progress = True
            outcome.waiting = waiting
            left = [(record, body) for record, body, _ in waiting]
        return outcome

    def _complete(self, record: Record, body: bytes | None, outcome: Outcome) -> None:
        outcome.known += 1
        if self.held[record.id][1] is None and body is not None and record.id not in self.forgotten:
            verify_body(record, body)
            self.held[record.id] = (record, body)
            outcome.completed.append(record)

    def _admit(self, record: Record, body: bytes | None, outcome: Outcome) -> None:
        try:
            self.feeds.verify(record, body)
        except Refused as error:
            outcome.refused.append((record.id, error))
            return
        self.feeds.apply(record, body)
        self.held[record.id] = (record, body)
        outcome.added.append(record)

    def sealed_now(self, scope: Scope = EVERYTHING) -> SealedSet:
        authors = {record.author for record, body in self.held.values() if scope.concerns(record, body)}
        held = [record for record, _ in self.held.values() if record.author in authors]
        return SealedSet((record.time, digest_of(record.id)) for record in held)

    def places_now(self, ids: Iterable[Cid]) -> list[int | None]:
        arrival = {one: place for place, one in enumerate(self.held, 1)}
        places = in_turn((one, self.held[one][0].author, arrival[one]) for one in set(ids) if one in arrival)
        return [places.get(one) for one in ids]

    def records_now(self, ids: Iterable[Cid]) -> list[Pair]:
        wanted = set(ids)
        return [pair for one, pair in self.held.items() if one in wanted]

    def bodiless_now(self, limit: int) -> list[Pair]:
        return [pair for pair in self.held.values() if pair[1] is None and pair[0].id not in self.forgotten][:limit]

    def forget(self, record_id: Cid) -> None:
        self.held[record_id] = (self.held[record_id][0], None)
        self.forgotten.add(record_id)

    # The same as the application sees it.

    async def add(self, batch: Sequence[Pair], now_ms: int) -> Outcome:
        return self.add_now(batch, now_ms)

    async def count(self) -> int:
        return len(self.held)

    async def sealed(self, scope: Scope) -> SealedSet:
        return self.sealed_now(scope)

    async def places(self, ids: Iterable[Cid]) -> list[int | None]:
        return self.places_now(ids)

    async def records(self, ids: Iterable[Cid]) -> list[Pair]:
        return self.records_now(ids)

    async def bodiless(self, scope: Scope, limit: int, start: float) -> list[Pair]:
        return self.bodiless_now(limit)


class CutError(Exception):
    """The connection broke off."""


def stored(ticket: int, outcome: Outcome) -> Stored:
    """An outcome as the machine hears of it."""
    return Stored(
        ticket,
        tuple(outcome.added),
        tuple(outcome.completed),
        outcome.known,
        tuple(outcome.waiting),
        tuple((record_id, error.reason) for record_id, error in outcome.refused),
    )


def load(effect: events.Effect, store: MemoryStore) -> Any:
    """What a load or a store finds or does."""
    match effect:
        case events.LoadSet(_, scope):
            return store.sealed_now(scope)
        case events.LoadPlaces(_, ids):
            return store.places_now(ids)
        case events.LoadRecords(_, ids):
            return store.records_now(ids)
        case events.LoadBodiless(_, _, limit, _):
            return store.bodiless_now(limit)
        case events.Store(ticket, _, records):
            return stored(ticket, store.add_now(records))
    raise AssertionError(effect)


def perform(steps: exchange.Steps[Any], store: MemoryStore, ask: Callable[[bytes], bytes] | None = None) -> Any:
    """Runs steps to their end against a store, asking by `ask`."""
    results: Any = None
    ahead: list[bytes] = []
    try:
        while True:
            wishes = steps.send(results)
            results = []
            for wish in wishes:
                if isinstance(wish, exchange.Question):
                    assert ask is not None
                    (ahead if wish.is_ahead else results).append(ask(wish.frame))
                elif isinstance(wish, exchange.Due):
                    results.append(ahead.pop(0))
                else:
                    results.append(load(wish(0), store))
    except StopIteration as stop:
        return stop.value


def sync(
    dialler: MemoryStore,
    answerer: MemoryStore,
    *,
    cut_after: int | None = None,
    networks: tuple[Cid, Cid] = (NETWORK, NETWORK),
    scopes: tuple[Scope, Scope] = (EVERYTHING, EVERYTHING),
    tamper: Callable[[bytes, bytes], bytes] = lambda _question, answer: answer,
) -> Synced:
    """One sync; `cut_after` so many questions it breaks off, `tamper(question, answer)` changes what is answered."""
    machine = Answerer("dialler", networks[1], scopes[1])
    asked = 0

    def ask(question: bytes) -> bytes:
        nonlocal asked
        if asked == cut_after:
            raise CutError
        asked += 1
        return tamper(question, perform(machine.answer(question), answerer))

    done = perform(Dialler("answerer", networks[0], scopes[0]).run(), dialler, ask)
    assert isinstance(done, Synced)
    return done
