"""A disk in memory: records in the order of arrival, judged by the real fold, kept when everything else is lost."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from cinepeer.errors import Refused
from cinepeer.records.cid import Cid
from cinepeer.records.feed import KEY_KINDS, Feeds
from cinepeer.records.fork import ForkProof
from cinepeer.records.record import Record, verify_body, verify_record
from cinepeer.replication.budget import in_turn
from cinepeer.replication.events import Pair, Stored
from cinepeer.replication.fingerprints import SealedSet
from cinepeer.replication.frames import digest_of
from cinepeer.replication.scope import Scope

_verdicts: dict[bytes, Refused | None] = {}


def signature_verdict(record: Record) -> Refused | None:
    """What the real check says of a signature. It hangs on the block alone, so that once is enough for all nodes."""
    if record.block not in _verdicts:
        try:
            verify_record(record)
            _verdicts[record.block] = None
        except Refused as error:
            _verdicts[record.block] = error
    return _verdicts[record.block]


def _distinct(batch: Iterable[Pair]) -> list[Pair]:
    """Each record once, with the right body where several came."""
    found: dict[Cid, Pair] = {}
    for record, body in batch:
        before = found.get(record.id, (record, None))[1]
        is_better = before is None or (body is not None and not record.header.body.matches(before))
        found[record.id] = (record, body if is_better else before)
    return [*found.values()]


class Disk:
    """What one node has stored."""

    def __init__(self) -> None:
        self.held: dict[Cid, Pair] = {}
        self.feeds = Feeds()
        self.forgotten: set[Cid] = set()
        self.evicted: set[Cid] = set()
        self._places: dict[Cid, int] = {}
        self._fresh: list[tuple[int, bytes]] = []
        self._sealed = SealedSet([])
        self._told: set[tuple[Cid, Cid]] = set()

    def restart(self) -> None:
        """Folds what is stored once more, as a start does."""
        self.feeds = Feeds()
        for record, body in self.held.values():
            self.feeds.verify(record, body)
            self.feeds.apply(record, body)

    # Writing

    def add(self, ticket: int, batch: Sequence[Pair], now_ms: int) -> Stored:
        """Judges and stores a batch in any order, in one step."""
        added: list[Record] = []
        completed: list[Record] = []
        refused: list[tuple[Cid, str]] = []
        waiting: list[tuple[Record, bytes | None, str]] = []
        left: list[Pair] = []
        pairs = _distinct(batch)
        known = len(batch) - len(pairs) + sum(record.id in self.held for record, _ in pairs)
        for record, given in pairs:
            if record.id in self.held and self.held[record.id][1] is not None:
                continue
            if error := signature_verdict(record):
                refused.append((record.id, error.reason))
                continue
            body = self._right_body(record, given, refused)
            if record.id in self.held:
                if body is not None:
                    self.evicted.discard(record.id)
                    self.held[record.id] = (record, body)
                    completed.append(record)
            elif body is not None or record.kind not in KEY_KINDS:
                left.append((record, body))
            elif given is None:
                waiting.append((record, None, "body"))
        waiting += self._admit(left, now_ms, added, refused)
        return Stored(ticket, added, completed, known, waiting, refused, self._new_forks(added))

    def _right_body(self, record: Record, body: bytes | None, refused: list[tuple[Cid, str]]) -> bytes | None:
        if body is None or record.id in self.forgotten:
            return None
        try:
            verify_body(record, body)
        except Refused as error:
            refused.append((record.id, error.reason))
            return None
        return body

    def _admit(
        self, left: list[Pair], now_ms: int, added: list[Record], refused: list[tuple[Cid, str]]
    ) -> list[tuple[Record, bytes | None, str]]:
        left = sorted(left, key=lambda pair: (pair[0].time, pair[0].seq))
        while True:
            waiting: list[tuple[Record, bytes | None, str]] = []
            for record, body in left:
                need = self.feeds.missing(record, now_ms)
                if need is not None:
                    waiting.append((record, body, need))
                elif record.id not in self.held:
                    self._take(record, body, added, refused)
            if len(waiting) == len(left):
                return waiting
            left = [(record, body) for record, body, _ in waiting]

    def _take(self, record: Record, body: bytes | None, added: list[Record], refused: list[tuple[Cid, str]]) -> None:
        try:
            self.feeds.verify(record, body)
        except Refused as error:
            refused.append((record.id, error.reason))
            return
        self.feeds.apply(record, body)
        self.keep(record, body)
        added.append(record)

    def keep(self, record: Record, body: bytes | None) -> None:
        """Writes a record that was judged."""
        self._places[record.id] = len(self.held)
        self.held[record.id] = (record, body)
        self._fresh.append((record.time, digest_of(record.id)))

    def _new_forks(self, added: Iterable[Record]) -> list[ForkProof]:
        """The proofs that these records completed."""
        found = []
        for device in dict.fromkeys(record.device for record in added):
            proof = self.feeds.fork(device)
            if proof is not None and (proof.one.id, proof.other.id) not in self._told:
                self._told.add((proof.one.id, proof.other.id))
                found.append(proof)
        return found

    def forget(self, record_id: Cid) -> None:
        """Wipes a body for ever."""
        record, _ = self.held[record_id]
        if record.kind not in KEY_KINDS:
            self.forgotten.add(record_id)
            self.held[record_id] = (record, None)

    def evict(self, keep: Mapping[Cid, int]) -> int:
        """Lets go of these authors' newest bodies of ratings, until so many bytes are left; returns how many."""
        left = dict(keep)
        before = len(self.evicted)
        for record, body in list(self.held.values()):  # in the order of arrival
            if record.author in left and record.kind == "rating" and body is not None:
                left[record.author] -= len(body)
                if left[record.author] < 0:
                    self.evicted.add(record.id)
                    self.held[record.id] = (record, None)
        return len(self.evicted) - before

    @property
    def gone(self) -> set[Cid]:
        """Records whose bodies are not here, and are not asked for."""
        return self.forgotten | self.evicted

    # Reading

    def sealed(self, scope: Scope) -> SealedSet:
        """The set to reconcile: every record of each author whom the scope concerns."""
        if scope.is_everything:
            if self._fresh:
                self._sealed = self._sealed.with_items(self._fresh)
                self._fresh = []
            return self._sealed
        concerned = {record.author for record, body in self.held.values() if scope.concerns(record, body)}
        return SealedSet(
            (record.time, digest_of(record.id)) for record, _ in self.held.values() if record.author in concerned
        )

    def places(self, ids: Iterable[Cid]) -> list[int | None]:
        """A place for each of `ids` by which they can be admitted, in turn by author."""
        held = ((one, self.held[one][0].author, self._places[one]) for one in set(ids) if one in self._places)
        places = in_turn(held)
        return [places.get(one) for one in ids]

    def records(self, ids: Iterable[Cid]) -> list[Pair]:
        """Those of `ids` that are held, in the order of arrival."""
        held = sorted((one for one in set(ids) if one in self._places), key=self._places.__getitem__)
        return [self.held[one] for one in held]

    def bodiless(self, scope: Scope, limit: int, start: float) -> list[Pair]:
        """Records of the authors and times of a scope whose bodies are missing and were not let go."""
        found = [
            (record, body)
            for record, body in self.held.values()
            if body is None and record.id not in self.gone and scope.since_ms <= record.time < scope.until_ms
            if scope.authors is None or record.author in scope.authors
        ]
        at = int(start * len(found))
        return [*found[at:], *found[:at]][:limit]
