"""Rows: what rating records say, collected for the fold of counted ratings without an object for each rating."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field

WITHDRAWN = 0  # in a column of stars
DIGEST_BYTES = 32


@dataclass(slots=True)
class Rows:
    """Rating records, and the words that they say: numbers point into the names collected beside them.

    Of a record: author, device, seq, header time in ms, digest of its id, and whether it counts. Of a word: the place
    of the record here, the film, stars from 1 to 10 or `WITHDRAWN`.
    """

    authors: dict[bytes, int] = field(default_factory=dict)
    devices: dict[bytes, int] = field(default_factory=dict)
    films: dict[str, int] = field(default_factory=dict)
    author: array[int] = field(default_factory=lambda: array("i"))
    device: array[int] = field(default_factory=lambda: array("i"))
    seq: array[int] = field(default_factory=lambda: array("q"))
    time: array[int] = field(default_factory=lambda: array("q"))
    digests: bytearray = field(default_factory=bytearray)
    counts: bytearray = field(default_factory=bytearray)
    record: array[int] = field(default_factory=lambda: array("i"))
    film: array[int] = field(default_factory=lambda: array("i"))
    stars: bytearray = field(default_factory=bytearray)
    bodiless: bytearray = field(default_factory=bytearray)  # digests of the records that say nothing yet

    def __len__(self) -> int:
        return len(self.counts)

    def add(
        self,
        author: bytes,
        device: bytes,
        seq: int,
        time_ms: int,
        record: bytes,
        ratings: Iterable[tuple[str, int | None]],
        counts: bool = True,
    ) -> None:
        """Appends one rating record by its id; each film of `ratings` stands in it once."""
        place = len(self.counts)
        self.author.append(self.authors.setdefault(author, len(self.authors)))
        self.device.append(self.devices.setdefault(device, len(self.devices)))
        self.seq.append(seq)
        self.time.append(time_ms)
        self.digests += record[-DIGEST_BYTES:]
        self.counts.append(counts)
        for film, stars in ratings:
            self.record.append(place)
            self.film.append(self.films.setdefault(film, len(self.films)))
            self.stars.append(stars or WITHDRAWN)

    def add_bodiless(self, record: bytes) -> None:
        """Notes a rating record whose body is not held."""
        self.bodiless += record[-DIGEST_BYTES:]
