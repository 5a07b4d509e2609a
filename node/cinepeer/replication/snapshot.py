"""A snapshot: a set of records, and the standing rating of every author for every film among them, as columns."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, NamedTuple

from cinepeer.records.cid import Cid
from cinepeer.replication.fingerprints import KEY_BYTES
from cinepeer.replication.scope import Scope

WITHDRAWN = 0  # in the column of stars
DIGEST_BYTES = 32

_LOW = 0xFFFFFFFF
_SOME = 10_000


class Said(NamedTuple):
    """A rating record that counts: whose, its digest and header time (ms), and (film id, stars or None) as it says."""

    author: bytes
    digest: bytes
    time: int
    ratings: Sequence[tuple[str, int | None]]


class Standing(NamedTuple):
    """One author's standing word on one film: stars 1–10, or None where it was withdrawn; header time in ms."""

    author: Cid
    film: str
    stars: int | None
    time: int


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """A set of records, and the standing rating of every author for every film, ascending by author, then film.

    Columns of numbers point into `authors`, `films`, and the records in the order of (time, digest).
    """

    scope: Scope
    moment_ms: int
    times: array[int]
    digests: bytes  # of the records' ids, 32 bytes each; empty where they were not loaded
    authors: Sequence[Cid]
    films: Sequence[str]
    author: array[int]
    film: array[int]
    record: array[int]
    stars: bytes

    @property
    def records(self) -> int:
        """How many records it is over."""
        return len(self.times)

    @property
    def ratings(self) -> int:
        """How many standing words, withdrawn ones among them."""
        return len(self.stars)

    def keys(self) -> Iterator[bytes]:
        """The keys (40 bytes: time and digest) of all records, ascending; only where the digests were loaded."""
        for place, time in enumerate(self.times):
            yield time.to_bytes(8, "big") + self.digests[place * DIGEST_BYTES : (place + 1) * DIGEST_BYTES]

    def standing(self) -> Iterator[Standing]:
        """Every standing word."""
        return map(self._standing, range(self.ratings))

    def of_author(self, author: Cid) -> list[Standing]:
        """All that one author says."""
        at = bisect_left(self.authors, author)
        if at == len(self.authors) or self.authors[at] != author:
            return []
        begin, end = bisect_left(self.author, at), bisect_left(self.author, at + 1)
        return list(map(self._standing, range(begin, end)))

    def spread(self) -> dict[str, list[int]]:
        """For each film how often it was given 1, 2 … 10 stars."""
        found = [[0] * 11 for _ in self.films]
        for film, stars in zip(self.film, self.stars, strict=True):
            found[film][stars] += 1
        return {film: counts[1:] for film, counts in zip(self.films, found, strict=True)}

    def _standing(self, at: int) -> Standing:
        stars = self.stars[at]
        time = self.times[self.record[at]]
        return Standing(self.authors[self.author[at]], self.films[self.film[at]], stars or None, time)


@dataclass(frozen=True, slots=True)
class Difference:
    """How the standing words that someone claims differ from those that the same records come to.

    `more` are claimed and not there, `fewer` are there and not claimed, `other` have other stars, times or records.
    """

    more: int = 0
    fewer: int = 0
    other: int = 0

    @property
    def is_any(self) -> bool:
        """Whether any word differs."""
        return bool(self.more or self.fewer or self.other)

    def __str__(self) -> str:
        """In words, as it is shown."""
        if not self.is_any:
            return "the ratings are the same, other columns are not"
        return f"{self.more:,} ratings too many, {self.fewer:,} too few, {self.other:,} otherwise"


def difference(claimed: Snapshot, found: Snapshot) -> Difference:
    """How `claimed` differs from `found`, both ascending by author, then film."""
    end: tuple[bytes, str] = (b"\xff" * 64, "")
    nothing = Standing(Cid(end[0]), "", None, 0)
    ones, others = (chain(one.standing(), [nothing]) for one in (claimed, found))
    one, other = next(ones), next(others)
    more = fewer = otherwise = 0
    while True:
        mine, theirs = (bytes(one.author), one.film), (bytes(other.author), other.film)
        if mine == theirs == end:
            return Difference(more, fewer, otherwise)
        if mine == theirs:
            otherwise += one != other
        more += mine < theirs
        fewer += theirs < mine
        if mine <= theirs:
            one = next(ones)
        if theirs <= mine:
            other = next(others)


def snapshot(scope: Scope, moment_ms: int, keys: bytes, said: Iterable[Said]) -> Snapshot:
    """What `said`, in any order, comes to.

    `keys` are those of all records of the scope (40 bytes each, ascending), those of `said` among them.
    """
    authors: dict[bytes, int] = {}
    films: dict[str, int] = {}
    newest: dict[int, int] = {}  # author and film -> place of the record and stars, of which the greater one is newer
    for author, digest, time, ratings in said:
        place = _place(keys, time.to_bytes(8, "big") + digest)
        whose = authors.setdefault(author, len(authors)) << 32
        for film, stars in ratings:
            about = whose | films.setdefault(film, len(films))
            word = place << 4 | (stars or WITHDRAWN)
            if newest.get(about, -1) < word:
                newest[about] = word
    author_rank, film_rank = _ranks(authors), _ranks(films)
    # One number for each rating, because of millions of pairs of numbers the pairs take most of the memory.
    rows = [(author_rank[about >> 32] << 32 | film_rank[about & _LOW]) << 64 | word for about, word in newest.items()]
    newest.clear()
    rows.sort()
    places = range(0, len(keys), KEY_BYTES)
    digests = bytearray()
    for begin in range(0, len(keys), _SOME * KEY_BYTES):
        some = keys[begin : begin + _SOME * KEY_BYTES]
        digests += b"".join([some[at + 8 : at + KEY_BYTES] for at in range(0, len(some), KEY_BYTES)])
    return Snapshot(
        scope,
        moment_ms,
        array("Q", (int.from_bytes(keys[at : at + 8], "big") for at in places)),
        bytes(digests),
        [Cid(author) for author in sorted(authors)],
        sorted(films),
        array("I", (row >> 96 for row in rows)),
        array("I", (row >> 64 & _LOW for row in rows)),
        array("I", (row >> 4 & _LOW for row in rows)),
        bytes(row & 15 for row in rows),
    )


def _place(keys: bytes, key: bytes) -> int:
    """Where a key stands among the sorted ones."""
    low, high = 0, len(keys) // KEY_BYTES
    while low < high:
        middle = (low + high) // 2
        if keys[middle * KEY_BYTES : (middle + 1) * KEY_BYTES] < key:
            low = middle + 1
        else:
            high = middle
    return low


def _ranks(numbered: Mapping[Any, int]) -> list[int]:
    """For each number its place in the order of what it stands for."""
    ranks = [0] * len(numbered)
    for rank, name in enumerate(sorted(numbered)):
        ranks[numbered[name]] = rank
    return ranks
