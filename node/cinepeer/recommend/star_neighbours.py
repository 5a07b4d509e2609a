"""Predicted stars from the viewer's own ratings of films that others rate alike, beyond what viewer and film explain.

A star is mean + offset of the film + offset of the viewer + what is left. Films whose left-overs go together over
many authors (a correlation, shrunk towards 0 where few rated both) speak for each other, by its square.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from cinepeer.errors import Refused
from cinepeer.recommend.arrays import pack, unpack
from cinepeer.recommend.evidence import Evidence, evidence_of
from cinepeer.recommend.history import Floats, Integers, Times, rated, row_numbers, sparse, verify_stars

SHRUNK_OFFSET = 5.0  # ratings that say 0 beside those of a viewer or a film
SHRUNK_PAIR = 30.0  # authors who say 0 beside those of a pair of films
DOUBT = 0.05  # weight that says nothing is left over
MAX_FILMS = 6_000  # the most rated; three float32 matrices of this order are taken
ROUNDS = 10


@dataclass(frozen=True, slots=True)
class StarNeighbours:
    """`offsets`: float32 [films + 1], the mean of all stars last. `kept`: int64 film numbers of the `weights`.

    `weights`: float32 [kept, kept], row i is what the left-over of film i says about the others; signed.
    """

    offsets: Floats
    kept: Integers
    weights: Floats
    name: str = "star-neighbours"

    def scores(self, stars: csr_array, times: Times | None = None) -> Floats:
        """float32 [viewers, films]: the stars (not clipped) each viewer would give."""
        verify_stars(stars, times, len(self.offsets) - 1)
        left, mine = self._left(stars)
        found = np.asarray(self.offsets[-1] + self.offsets[None, :-1] + mine[:, None], dtype=np.float32)
        told = np.asarray(left @ self.weights)
        weight = np.asarray(rated(left) @ np.abs(self.weights)) + DOUBT
        found[:, self.kept] += (told / weight).astype(np.float32)
        return found

    def explain(self, stars: csr_array, film: int, times: Times | None = None) -> Evidence:
        """What each rating's left-over adds; `rest` is what mean and offsets say."""
        verify_stars(stars, times, len(self.offsets) - 1)
        left, mine = self._left(stars)
        rest = float(self.offsets[-1] + self.offsets[film] + mine[0])
        [place] = np.flatnonzero(self.kept == film) if (self.kept == film).any() else [-1]
        if place < 0:
            return evidence_of(film, np.zeros(0, np.int64), np.zeros(0), rest)
        weights = self.weights[left.indices, place].astype(np.float64)
        adds = weights * left.data / (np.abs(weights).sum() + DOUBT)
        return evidence_of(film, self.kept[left.indices], adds, rest)

    def save(self) -> bytes:
        """Deterministic bytes; `load_star_neighbours` reads them."""
        return pack(self.name, {"offsets": self.offsets, "kept": self.kept, "weights": self.weights})

    def _left(self, stars: csr_array) -> tuple[csr_array, Floats]:
        """What is left over of the kept films' stars [viewers, kept], and the viewers' offsets."""
        rows = row_numbers(stars)
        beyond = stars.data - self.offsets[-1] - self.offsets[:-1][stars.indices]
        mine = _offset(beyond, rows, stars.shape[0])
        left = sparse((beyond - mine[rows], stars.indices.copy(), stars.indptr.copy()), stars.shape)
        return sparse(left[:, self.kept]), mine.astype(np.float32)


def fit(stars: csr_array) -> StarNeighbours:
    """Offsets in turn, then the correlations of what is left over, over the `MAX_FILMS` most rated films."""
    rows, columns = row_numbers(stars), stars.indices
    authors, films = stars.shape
    given = stars.data.astype(np.float64)
    mean = float(given.mean()) if stars.nnz else 5.5
    mine, theirs = np.zeros(authors), np.zeros(films)
    for _ in range(ROUNDS):
        theirs = _offset(given - mean - mine[rows], columns, films)
        mine = _offset(given - mean - theirs[columns], rows, authors)
    counts = np.bincount(columns, minlength=films)
    edge = np.sort(counts)[::-1][MAX_FILMS] if films > MAX_FILMS else 0
    kept = np.flatnonzero(counts > edge)
    left = sparse((given - mean - mine[rows] - theirs[columns], columns, stars.indptr), stars.shape)
    some = sparse(left[:, kept]).astype(np.float32)
    both = rated(some)
    found = np.asarray((some.T @ some).toarray(), dtype=np.float32)
    spread = np.sqrt(np.diagonal(found) / (counts[kept] + SHRUNK_PAIR)).astype(np.float32)
    found /= np.asarray((both.T @ both).toarray(), dtype=np.float32) + np.float32(SHRUNK_PAIR)
    spread = np.where(spread > 1e-4, spread, np.inf).astype(np.float32)
    found /= spread[:, None]
    found /= spread[None, :]
    found *= np.abs(found)
    np.fill_diagonal(found, 0)
    return StarNeighbours(np.append(theirs, mean).astype(np.float32), kept, np.ascontiguousarray(found))


def load_star_neighbours(data: bytes) -> StarNeighbours:
    """Reads `StarNeighbours.save`d bytes; raises `Refused` (`bad-model`)."""
    parts = unpack(data)
    try:
        offsets, kept, weights = (parts[key] for key in ("offsets", "kept", "weights"))
    except KeyError as missing:
        raise Refused("bad-model", f"found no {missing}, expected offsets, films and weights") from None
    fits = offsets.ndim == kept.ndim == 1 and len(offsets) and weights.shape == (len(kept), len(kept))
    numbers: Integers = kept.astype(np.int64)
    if not fits or (numbers.size and (numbers.min() < 0 or numbers.max() >= len(offsets) - 1)):
        raise Refused("bad-model", "found parts of different sizes, expected a weight for every pair of films")
    return StarNeighbours(offsets.astype(np.float32), numbers, weights.astype(np.float32))


def _offset(left: np.ndarray, groups: np.ndarray, count: int) -> np.ndarray:
    """The mean of what is left over in each group, shrunk; float64 [count]."""
    return np.bincount(groups, left, count) / (np.bincount(groups, minlength=count) + SHRUNK_OFFSET)
