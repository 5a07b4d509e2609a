"""What the item model is fitted on, as sums of whole numbers over authors: they merge and un-merge to the bit.

An author with n likes weighs w = round(2^12 / sqrt(n)) in the Gram matrix: fixed point with `ROW_BITS` fraction bits.
So a shard, a retraction, a fork or a muted author is an addition or a subtraction, in any order, with one result.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from cinepeer.errors import BadInput
from cinepeer.recommend.history import Floats, Integers, likes, sparse, verify_stars
from cinepeer.recommend.ridge import invert

ROW_BITS = 12
Whole = npt.NDArray[np.int32]
Reals = npt.NDArray[np.float64]
MOST = (1 << 31) - 1
BLOCK = 512  # columns at once


@dataclass(frozen=True, slots=True)
class Sums:
    """`gram`: int32 [films, films], w of every author who likes both, with `ROW_BITS` fraction bits; symmetric.

    `likes`: int64 [films]. `authors`: how many like a film at all.
    """

    gram: Whole
    likes: Integers
    authors: int


def sums_of(stars: csr_array, *, out: Whole | None = None) -> Sums:
    """The sums over the authors of `stars` [authors, films], by blocks of columns.

    `out`: where to write the Gram matrix, int32 [films, films] (such as one that lies on the disk); else it is made.
    Raises `BadInput` for stars that are none, for another `out`, and for sums that would not fit into 32 bits.
    """
    rows = _Rows(stars)
    films = stars.shape[1]
    if out is not None and (out.shape != (films, films) or out.dtype != np.int32):
        raise BadInput(f"found {out.dtype} {out.shape} for the sums, expected int32 {(films, films)}")
    gram = np.empty((films, films), np.int32) if out is None else out
    for start, part in rows.blocks():
        gram[start:, start : start + BLOCK] = part
        gram[start : start + BLOCK, start + BLOCK :] = part[BLOCK:].T
    return Sums(gram, rows.likes, rows.authors)


class _Rows:
    """The likes of all authors, ready to be summed; raises `BadInput` as `sums_of`."""

    def __init__(self, stars: csr_array) -> None:
        verify_stars(stars)
        liked = likes(stars).astype(np.int32)
        per_author = np.diff(liked.indptr)
        data = np.repeat(row_weights(per_author), per_author)
        weighed = sparse((data, liked.indices, liked.indptr), liked.shape)
        self.diagonal: Integers = np.asarray(weighed.sum(axis=0), dtype=np.int64).ravel()
        # A film's own entry is the largest of its row: it alone needs a look, with twice the bits.
        _verify_small(self.diagonal)
        self.likes: Integers = np.bincount(liked.indices, minlength=stars.shape[1]).astype(np.int64)
        self.authors = int((per_author > 0).sum())
        self._transposed, self._columns = sparse(liked.T), weighed.astype(np.int32).tocsc()

    def blocks(self) -> Iterator[tuple[int, Whole]]:
        """(number of the first, int32 [films from it on, at most `BLOCK`]) for all columns of the Gram matrix."""
        for start in range(0, len(self.likes), BLOCK):
            yield start, (self._transposed[start:] @ self._columns[:, start : start + BLOCK]).toarray()


def row_weights(likes_each: npt.NDArray[np.integer]) -> Integers:
    """What an author with so many likes weighs, with `ROW_BITS` fraction bits; 0 for none."""
    found = np.rint((1 << ROW_BITS) / np.sqrt(np.maximum(likes_each, 1)))
    return np.where(likes_each > 0, found, 0).astype(np.int64)


def merged(mine: Sums, other: Sums) -> Sums:
    """The sums over the authors of both, none of whom may be in both; raises `BadInput` when they do not fit."""
    _verify_alike(mine, other)
    _verify_small(np.diagonal(mine.gram).astype(np.int64) + np.diagonal(other.gram))
    return Sums(mine.gram + other.gram, mine.likes + other.likes, mine.authors + other.authors)


def without(mine: Sums, other: Sums) -> Sums:
    """The sums less those over authors who are among mine; raises `BadInput` when they cannot be."""
    _verify_alike(mine, other)
    if (mine.likes < other.likes).any() or mine.authors < other.authors:
        raise BadInput("found authors to take away who are not among these, expected some of them")
    return Sums(mine.gram - other.gram, mine.likes - other.likes, mine.authors - other.authors)


def change(sums: Sums, before: Integers, after: Integers) -> Sums:
    """One author's likes were the films `before` and are `after`: the sums changed in place, and returned.

    Either may be empty (an author comes, or is muted). Raises `BadInput`, and then nothing has changed.
    """
    grown = np.diagonal(sums.gram).astype(np.int64)
    for films, sign in ((before, -1), (after, 1)):
        if len(films) and (films.min() < 0 or films.max() >= len(sums.likes) or len(np.unique(films)) != len(films)):
            raise BadInput(f"found films outside 0 to {len(sums.likes) - 1} or twice, expected each once")
        grown[films] += sign * int(row_weights(np.array([len(films)]))[0])
    _verify_small(grown)
    if (grown < 0).any():
        raise BadInput("found likes to take away that are not among these, expected some of them")
    for films, sign in ((before, -1), (after, 1)):
        sums.gram[np.ix_(films, films)] += np.int32(sign * int(row_weights(np.array([len(films)]))[0]))
        sums.likes[films] += sign
    return Sums(sums.gram, sums.likes, sums.authors + (len(after) > 0) - (len(before) > 0))


def strengths(sums: Sums, ridge: float = 12.0, power: float = 0.25) -> Reals:
    """The ridge of every film: `ridge` * mean of the Gram matrix's diagonal * (likes / mean likes)^`power`."""
    return _strengths(np.diagonal(sums.gram), sums.likes, ridge, power)


def inverse(sums: Sums, strength: Reals) -> Floats:
    """(G + diag(`strength`))^-1; float32 [films, films] is all the memory that it takes."""
    films = len(sums.likes)
    return _inverse(films, ((at, sums.gram[at:, at : at + BLOCK]) for at in range(0, films, BLOCK)), strength)


def inverse_of(stars: csr_array, ridge: float = 12.0, power: float = 0.25) -> Floats:
    """`inverse` of `sums_of(stars)` with its `strengths`, to the bit, in half the memory: no sums are kept."""
    rows = _Rows(stars)
    return _inverse(len(rows.likes), rows.blocks(), _strengths(rows.diagonal, rows.likes, ridge, power))


def _strengths(diagonal: npt.NDArray[np.integer], likes_each: Integers, ridge: float, power: float) -> Reals:
    count = np.maximum(likes_each, 1).astype(np.float64)
    if not len(count):
        return count
    middle = float(diagonal.astype(np.float64).mean()) / (1 << ROW_BITS)
    found: Reals = max(ridge * middle, 1e-6) * (count / max(float(count.mean()), 1.0)) ** power
    return found


def _inverse(films: int, blocks: Iterable[tuple[int, Whole]], strength: Reals) -> Floats:
    system: Floats = np.empty((films, films), dtype=np.float32, order="F")
    for start, whole in blocks:
        part = whole.astype(np.float32)
        part *= np.float32(1 / (1 << ROW_BITS))
        system[start:, start : start + BLOCK] = part  # the lower triangle alone is read
    numbers = np.arange(films)
    system[numbers, numbers] += strength.astype(np.float32)
    return invert(system) if films else system


def _verify_alike(mine: Sums, other: Sums) -> None:
    if mine.gram.shape != other.gram.shape:
        raise BadInput(f"found sums over {len(other.likes)} films, expected {len(mine.likes)}")


def _verify_small(diagonal: Integers) -> None:
    if diagonal.size and int(diagonal.max()) > MOST:
        raise BadInput(f"found a sum of {int(diagonal.max())}, expected at most {MOST}: too many authors like one film")
