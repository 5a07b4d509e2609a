"""People who sign records, the same ones in every run."""

from __future__ import annotations

import hashlib
from typing import Any

from cinepeer.records.bodies import new_body
from cinepeer.records.keys import public_key
from cinepeer.records.record import Record, sign_record

Pair = tuple[Record, bytes]

BORN_MS = 1_700_000_000_000
NOW_MS = BORN_MS + 3_600_000


def seed_of(*words: object) -> bytes:
    """32 bytes that follow from `words`."""
    return hashlib.sha256(repr(words).encode()).digest()


class Feed:
    """One device's chain as its owner writes it."""

    def __init__(self, seed: bytes, author: Record | None = None) -> None:
        self.seed = seed
        self.author = author
        self.pairs: list[Pair] = []

    @property
    def device(self) -> bytes:
        """The device's public key."""
        return public_key(self.seed)

    def write(self, kind: str, *, after: Record | None = None, time: int | None = None, **fields: Any) -> Pair:
        """Signs the next record of the chain, or another one after `after`: a fork."""
        prev = after or (self.pairs[-1][0] if self.pairs else None)
        seq = 0 if prev is None else prev.seq + 1
        body = new_body(kind, seed_of(self.seed, len(self.pairs), "nonce")[:16], **fields)
        record = sign_record(
            self.seed,
            author=None if self.author is None else self.author.id,
            seq=seq,
            prev=None if prev is None else prev.id,
            time=BORN_MS + 1000 * seq if time is None else time,
            kind=kind,
            body=body,
        )
        self.pairs.append((record, body))
        return record, body


class Person:
    """An author with a root feed and a device that it admits."""

    def __init__(self, name: object) -> None:
        root_seed = seed_of("root", name)
        self.root = Feed(root_seed)
        next_root = public_key(seed_of("next", name))
        self.inception, _ = self.root.write("inception", root=self.root.device, next=hashlib.sha256(next_root).digest())
        self.root.author = self.inception
        self.device = Feed(seed_of("device", name), self.inception)
        self.delegate, _ = self.root.write("delegate", device=self.device.device, name="laptop")

    def rate(self, film: int, stars: int = 7, **more: Any) -> Pair:
        """A rating by this person's device."""
        return self.device.write("rating", ratings=[[f"movielens:{film}", stars]], **more)

    @property
    def pairs(self) -> list[Pair]:
        """Everything this person has signed, in causal order."""
        return self.root.pairs + self.device.pairs


def rater(name: object, ratings: int) -> Person:
    """A person who has rated `ratings` films."""
    person = Person(name)
    for film in range(1, ratings + 1):
        person.rate(film, 1 + film % 10)
    return person
