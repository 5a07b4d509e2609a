"""The counted ratings as arrays: one form for one set of ratings, whatever the order in which they came."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from cinepeer.records.cid import Cid

_DOMAIN = b"cinepeer/counted/1\0"


@dataclass(frozen=True, slots=True, eq=False)
class RatingArrays:
    """Every counted rating, ascending by author, then film; nothing of what was withdrawn.

    `authors` and `films` ascend, and each has a rating. Of author number a the ratings are `starts[a]` up to
    `starts[a + 1]` (int64 [authors + 1]) of `film` (int32, numbers of films), `stars` (int8, 1..10), `time` (int64,
    header time of the record in ms) and `record` (int32, for `Counted.record_id`). So
    `csr_array((stars, film, starts), shape)` is the matrix [authors, films] in canonical form.
    """

    authors: tuple[Cid, ...]
    films: tuple[str, ...]
    starts: npt.NDArray[np.int64]
    film: npt.NDArray[np.int32]
    stars: npt.NDArray[np.int8]
    time: npt.NDArray[np.int64]
    record: npt.NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.stars)

    @property
    def shape(self) -> tuple[int, int]:
        """How many authors and films."""
        return len(self.authors), len(self.films)

    @property
    def author(self) -> npt.NDArray[np.int32]:
        """The author's number of every rating; int32."""
        return np.repeat(np.arange(len(self.authors), dtype=np.int32), np.diff(self.starts))

    @property
    def root(self) -> bytes:
        """32 bytes that name these ratings: sha2-256 over all but `record`. Equal ratings, equal root, on any node."""
        digest = hashlib.sha256(_DOMAIN)
        for size in (len(self.authors), len(self.films), len(self.stars)):
            digest.update(size.to_bytes(8, "big"))
        digest.update(b"".join(self.authors))
        digest.update("".join(f"{film}\n" for film in self.films).encode())
        columns: tuple[tuple[npt.NDArray[Any], str], ...] = (
            (self.starts, "<i8"),
            (self.film, "<i4"),
            (self.stars, "|i1"),
            (self.time, "<i8"),
        )
        for values, dtype in columns:
            digest.update(np.ascontiguousarray(values, dtype).data)
        return digest.digest()
