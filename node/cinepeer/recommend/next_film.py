"""The next film: a ridge from decayed histories to what was rated afterwards (family of SLIST, Choi et al. 2021).

x_t = decay * x_(t-1) + e_film for several decays, y_t = discounted sum of the films after t; B = (G + ridge)^-1 C with
G = sum x_t x_t' and C = sum x_t y_t'. Both are counts of pairs of films at a lag, weighted geometrically, so they are
sums over authors. An author rates a film once, hence no pair of a film with itself apart from lag 0.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view
from scipy.linalg import lapack
from scipy.sparse import csr_array

from cinepeer.errors import BadInput
from cinepeer.recommend.history import Floats, Integers, Times, popularity, row_numbers
from cinepeer.recommend.linear import Linear, inputs_of

FAINT = 0.02  # pairs whose weight falls below this are left out
CHUNK, ROWS = 1 << 18, 64  # pairs and films counted at once: what is added to stays in the processor's own memory
DECAYS = (0.5, 0.8, 0.97)


def fit(
    stars: csr_array,
    times: Times | None,
    *,
    decays: Sequence[float] = DECAYS,
    discount: float = 0.5,
    ridge: float = 20.0,
    max_inputs: int = 12_000,
) -> Linear:
    """Every rating counts, whatever its stars. The films most often rated get inputs, up to `max_inputs` in all."""
    if times is None:
        raise BadInput("found no times, expected one per rating: this model needs the order of a history")
    kept = _most_rated(stars, max_inputs // len(decays))
    sequence = Histories(stars, times, kept)
    count = len(kept)
    system: Floats = np.zeros((count * len(decays), count * len(decays)), dtype=np.float32, order="F")
    targets: Floats = np.zeros((count * len(decays), count), dtype=np.float32, order="F")
    for a, first in enumerate(decays):
        rows = slice(a * count, (a + 1) * count)
        targets[rows] = sequence.counts(partial(_target_weight, first, discount), None)
        for b in range(a, len(decays)):
            block = sequence.gram(first, decays[b])
            system[b * count : (b + 1) * count, rows] = block.T  # the lower triangle alone is read
    numbers = np.arange(len(system))
    system[numbers, numbers] += np.float32(ridge)
    weights = np.zeros((len(system), stars.shape[1]), dtype=np.float32)
    if count:
        factor, info = lapack.spotrf(system, lower=True, overwrite_a=True)
        if info:
            raise ArithmeticError(f"the system is not positive definite at input {info}")
        solved, _ = lapack.spotrs(factor, targets, lower=True, overwrite_b=True)
        weights[:, kept] = solved
    return Linear("next", np.array(decays, np.float32), inputs_of(*[kept] * len(decays)), weights, popularity(stars))


def _windows(values: npt.NDArray[Any], lags: int) -> npt.NDArray[Any]:
    """For each place the values at the next `lags` places, [places, lags], without a copy; 0 beyond the end."""
    return sliding_window_view(np.concatenate((values[1:], np.zeros(lags, values.dtype))), lags)


def _most_rated(stars: csr_array, room: int) -> Integers:
    counts = np.bincount(stars.indices, minlength=stars.shape[1])
    rated = np.flatnonzero(counts)
    if len(rated) <= room:
        return rated
    edge = np.sort(counts)[::-1][room]
    return np.flatnonzero(counts > edge)


def _target_weight(decay: float, discount: float, lag: int) -> float:
    """Sum over t of decay^(t-s) * discount^(s'-t-1) for two films `lag` apart."""
    if abs(decay - discount) < 1e-9:
        return float(lag * decay ** (lag - 1))
    return float((decay**lag - discount**lag) / (decay - discount))


class Histories:
    """All histories one after the other, as numbers within `kept` in order, with how many follow in the same one."""

    def __init__(self, stars: csr_array, times: Times, kept: Integers) -> None:
        number = np.full(stars.shape[1], -1, dtype=np.int64)
        number[kept] = np.arange(len(kept))
        rows = row_numbers(stars)
        order = np.lexsort((stars.indices, times, rows))
        films, rows = number[stars.indices[order]], rows[order]
        self.films = films[films >= 0]
        self.rows = rows[films >= 0]
        ends = np.searchsorted(self.rows, self.rows, side="right")
        self.left = ends - 1 - np.arange(len(self.films))
        self.count = len(kept)
        self._order = np.argsort(self.films, kind="stable")
        self._films_ordered = self.films[self._order]

    def gram(self, first: float, second: float) -> Floats:
        """Sum over t of x_t (decay `first`) times x_t' (decay `second`); float32 [films, films]."""
        both = first * second
        tail: npt.NDArray[np.float64] = (1 - np.power(both, self.left + 1.0)) / (1 - both)
        found = self.counts(lambda lag: first**lag, tail)
        if first == second:
            found += found.T.copy()
        else:
            found += self.counts(lambda lag: second**lag, tail).T
        numbers = np.arange(self.count)
        found[numbers, numbers] += np.bincount(self.films, tail, self.count).astype(np.float32)
        return found

    def counts(self, weight: Callable[[int], float], tail: npt.NDArray[np.float64] | None) -> Floats:
        """Pairs (earlier film, later film) by lag with `weight`(lag), times the later one's `tail` when given."""
        values = np.array(self._values(weight))
        total: Floats = np.zeros((self.count, self.count), np.float32)
        if not len(values):
            return total
        ahead = _windows(self.films.astype(np.int32), len(values))
        tails = None if tail is None else _windows(tail, len(values))
        lags = np.arange(1, len(values) + 1, dtype=np.int32)
        left = np.minimum(self.left, len(values)).astype(np.int32)
        for first, chunks in self._chunks(len(values)):
            block = np.zeros((min(ROWS, self.count - first), self.count))
            for here in chunks:
                weighed = (left[here][:, None] >= lags) * values
                if tails is not None:
                    weighed *= tails[here]
                ends = np.searchsorted(self.films[here], np.arange(first, first + len(block) + 1)) * len(values)
                # A film that comes twice in a row of this matrix is added up where the matrix is made dense.
                block += csr_array((weighed.ravel(), ahead[here].ravel(), ends), shape=block.shape).toarray()
            total[first : first + len(block)] = block
        return total

    def _values(self, weight: Callable[[int], float]) -> list[float]:
        """The weights of the lags that any history has, down to `FAINT`."""
        most = int(self.left.max(initial=0))
        found = itertools.takewhile(lambda value: value >= FAINT, (weight(lag) for lag in range(1, most + 1)))
        return list(found)

    def _chunks(self, lags: int) -> Iterator[tuple[int, list[Integers]]]:
        """The first of some films that follow each other, and their places, film after film, some at a time."""
        edges = np.searchsorted(self._films_ordered, np.arange(0, self.count + ROWS, ROWS))
        size = max(CHUNK // lags, 1)
        for first, start, stop in zip(range(0, self.count, ROWS), edges[:-1], edges[1:], strict=False):
            if start < stop:
                yield first, [self._order[begin : min(begin + size, stop)] for begin in range(start, stop, size)]
