"""People who sign records for tests and vectors: the same bytes in every run."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

from cinepeer.records.bodies import new_body
from cinepeer.records.cid import Cid
from cinepeer.records.feed import Feeds
from cinepeer.records.keys import public_key
from cinepeer.records.record import Record, sign_record

Pair = tuple[Record, bytes]

BORN_MS = 1_700_000_000_000
NOW_MS = BORN_MS + 86_400_000


def seed_of(*words: object) -> bytes:
    """32 bytes that follow from `words`."""
    return hashlib.sha256(" ".join(map(str, words)).encode()).digest()


class Writer:
    """One key that signs a feed: a root or a device of `person`."""

    def __init__(self, person: Person, name: str) -> None:
        self.person = person
        self.seed = seed_of(person.name, name)
        self.key = public_key(self.seed)
        self.pairs: list[Pair] = []
        self._signed = 0

    def write(self, kind: str, *, after: Record | None = None, at: int | None = None, **fields: Any) -> Pair:
        """Signs a record after the newest one, or after an earlier one (a fork); `at`: time in ms since birth."""
        self._signed += 1
        return self._sign(kind, after or (self.pairs[-1][0] if self.pairs else None), at, fields)

    def begin(self, kind: str, **fields: Any) -> Pair:
        """Signs a record at seq 0, even when there is one already."""
        self._signed += 1
        return self._sign(kind, None, None, fields)

    def _sign(self, kind: str, prev: Record | None, at: int | None, fields: dict[str, Any]) -> Pair:
        seq = 0 if prev is None else prev.seq + 1
        body = new_body(kind, seed_of(self.seed.hex(), self._signed)[:16], **fields)
        author = None if kind == "inception" else self.person.id
        time = (prev.time + 1000 if prev else BORN_MS) if at is None else BORN_MS + at
        record = sign_record(
            self.seed, author=author, seq=seq, prev=prev.id if prev else None, time=time, kind=kind, body=body
        )
        self.pairs.append((record, body))
        self.person.pairs.append((record, body))
        return record, body

    def rate(self, film: int | str, stars: int | None = 7, **how: Any) -> Record:
        """Signs a rating of one film."""
        text = film if isinstance(film, str) else f"movielens:{film}"
        return self.write("rating", ratings=[[text, stars]], **how)[0]


class Person:
    """An author: roots that follow each other, and devices."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.pairs: list[Pair] = []  # all that was signed, each after what it needs
        self.root = Writer(self, "root 0")
        self.roots = [self.root]
        self.id = Cid()
        self.inception, _ = self.root.write("inception", root=self.root.key, next=self.promise(1))
        self.id = self.inception.id

    def promise(self, number: int) -> bytes:
        """The digest of a root's key."""
        return hashlib.sha256(public_key(seed_of(self.name, f"root {number}"))).digest()

    def device(self, name: str = "laptop") -> Writer:
        """A device that the newest root admits."""
        device = Writer(self, name)
        self.delegate(device, name)
        return device

    def delegate(self, device: Writer, name: str = "laptop", **how: Any) -> Record:
        """Admits a device, perhaps again."""
        return self.root.write("delegate", device=device.key, name=name, **how)[0]

    def revoke(self, device: Writer, last: Record | None, reason: str = "lost", **how: Any) -> Record:
        """Revokes a device after its record `last`; all of it when None."""
        seq, head = (-1, None) if last is None else (last.seq, last.id)
        return self.root.write("revocation", device=device.key, seq=seq, head=head, reason=reason, **how)[0]

    def rotate(
        self, last: Record | None = None, promise: int | None = None, before: tuple[int, Cid] | None = None
    ) -> Record:
        """Goes on with the next root, promised or not; of the feed before it, `last` (None: the newest) stays last.

        `promise` is the number of the root after this one, `before` what the rotation says instead of `last`.
        """
        newest = last or self.root.pairs[-1][0]
        number = len(self.roots)
        self.root = Writer(self, f"root {number}")
        self.roots.append(self.root)
        seq, head = before or (newest.seq, newest.id)
        after = number + 1 if promise is None else promise
        previous: dict[str, Any] = {"seq": seq, "head": head}
        return self.root.begin("rotation", root=self.root.key, next=self.promise(after), previous=previous)[0]

    def begin_root(self, root: Writer, number: int, before: Record) -> Record:
        """Another rotation with which a root begins its feed."""
        previous: dict[str, Any] = {"seq": before.seq, "head": before.id}
        return root.begin("rotation", root=root.key, next=self.promise(number + 1), previous=previous)[0]


def fold(pairs: Iterable[Pair], feeds: Feeds | None = None) -> tuple[Feeds, list[Pair]]:
    """The feeds over `pairs`, each taken as soon as what it needs is held, and those that wait for ever."""
    feeds = feeds or Feeds()
    left = list(pairs)
    while left:
        waiting = []
        for record, body in left:
            if feeds.missing(record, NOW_MS) is not None:
                waiting.append((record, body))
            else:
                feeds.verify(record, body)
                feeds.apply(record, body)
        if len(waiting) == len(left):
            break
        left = waiting
    return feeds, left
