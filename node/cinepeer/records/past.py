"""The past: what feeds look up of all that was folded before, in memory or on a disk."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, Protocol

from cinepeer.records.bodies import parse_body
from cinepeer.records.cid import Cid
from cinepeer.records.record import Record
from cinepeer.records.roots import Act, Keys
from cinepeer.records.span import NOTHING, Span


class Place(NamedTuple):
    """Where a held record stands, and when it says it was signed (Unix time in ms)."""

    id: Cid
    author: Cid
    device: bytes
    seq: int
    time: int


class Author:
    """One author's keys, and the lowest seq that each forked device signed twice."""

    __slots__ = ("forks", "keys", "weight")

    def __init__(self, keys: Keys, forks: dict[bytes, int], weight: int) -> None:
        """Use `begun`."""
        self.keys = keys
        self.forks = forks
        self.weight = weight  # how many key records made it: what it costs to keep, and to make again

    @classmethod
    def begun(cls, inception: Record, body: bytes) -> Author:
        """The author of an inception with its verified body."""
        fields: dict[str, Any] = parse_body(inception.kind, body)
        return cls(Keys(inception.device, fields["next"]), {}, 1)

    def copy(self) -> Author:
        """Another one in the same state."""
        return Author(self.keys.copy(), dict(self.forks), self.weight)

    def fork(self, device: bytes) -> int | None:
        """From which seq on nothing of a device counts, or None."""
        return self.forks.get(device)

    def set_fork(self, device: bytes, seq: int) -> None:
        """Notes that a device signed two records at `seq`, and none lower."""
        self.forks[device] = seq
        self.keys.set_fork(device, seq)

    def take(self, record: Record, fields: dict[str, Any]) -> None:
        """Folds in a rotation, delegate or revocation with the fields of its body; a fork is noted before."""
        self.weight += 1
        if record.kind == "rotation":
            seq, head = fields["previous"]["seq"], fields["previous"]["head"]
            # The begin of a feed is what promised its successor, so that nothing can cut it off.
            limit = Span(seq, head) if seq else Span(1)
            self.keys.rotate(record.device, fields["next"], limit, self.forks.get(record.device))
            return
        limit = Span(fields["seq"], fields["head"]) if fields.get("head") else NOTHING
        is_revocation = record.kind == "revocation"
        act = Act(record.seq, record.id, fields["device"], fields.get("name", ""), limit if is_revocation else None)
        self.keys.take(record.device, act)

    def may_open(self, device: bytes) -> bool:
        """Whether a key was promised, so that it may open a root's feed by a rotation."""
        return hashlib.sha256(device).digest() in self.keys.promised


def author_of(pairs: Iterable[tuple[Record, bytes]], forks: dict[bytes, int]) -> Author | None:
    """An author from its key records with their bodies, the inception first, and the forks of its devices."""
    found: Author | None = None
    for record, body in pairs:
        if found is None:
            found = Author.begun(record, body)
        else:
            found.take(record, parse_body(record.kind, body))
    if found is not None:
        for device, seq in forks.items():
            found.set_fork(device, seq)
    return found


class Past(Protocol):
    """What was folded before. What it gives belongs to it: whoever changes an author changes a copy."""

    def author(self, author: Cid, /) -> Author | None:
        """An author's keys and forks, None for one that is not known."""

    def authors_of(self, device: bytes, /) -> Sequence[Cid]:
        """The authors for whom a device signed: one, if it is honest."""

    def tail(self, author: Cid, device: bytes, /) -> Place | None:
        """A record of a feed's highest seq, None for a feed without records."""

    def place(self, record_id: Cid, /) -> Place | None:
        """Where a record stands, None for one that is not held."""

    def between(self, author: Cid, device: bytes, begin: int, end: int, /) -> Sequence[Record]:
        """The records of a feed with a seq from `begin` up to `end`, in any order; of a fork all sides."""


class Nothing:
    """The past of a fold that begins: it knows nobody and holds nothing."""

    def author(self, _author: Cid, /) -> Author | None:
        """None."""
        return None

    def authors_of(self, _device: bytes, /) -> Sequence[Cid]:
        """None."""
        return ()

    def tail(self, _author: Cid, _device: bytes, /) -> Place | None:
        """None."""
        return None

    def place(self, _record_id: Cid, /) -> Place | None:
        """None."""
        return None

    def between(self, _author: Cid, _device: bytes, _begin: int, _end: int, /) -> Sequence[Record]:
        """None."""
        return ()
