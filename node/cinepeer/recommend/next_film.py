"""The next film: a ridge from decayed histories to what was rated afterwards (family of SLIST, Choi et al. 2021).

x_t = decay * x_(t-1) + e_film for several decays, y_t = discounted sum of the films after t; B = (G + ridge)^-1 C with
G = sum x_t x_t' and C = sum x_t y_t'. Both are counts of pairs of films at a lag, weighted geometrically, so they are
sums over authors. An author rates a film once, hence no pair of a film with itself apart from lag 0.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from functools import partial

import numpy as np
import numpy.typing as npt
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
        total = np.zeros((self.count, self.count))
        if not len(values):
            return total.astype(np.float32)
        lags = np.arange(1, len(values) + 1)
        for here in self._chunks(len(values)):
            rows = self.films[here]
            first, last = int(rows[0]), int(rows[-1])
            at = here[:, None] + lags
            is_there = self.left[here][:, None] >= lags
            np.minimum(at, len(self.films) - 1, out=at)
            weighed = is_there * values if tail is None else is_there * (values * tail[at])
            pairs = (rows - first)[:, None] * self.count + self.films[at]
            found = np.bincount(pairs.ravel(), weighed.ravel(), (last - first + 1) * self.count)
            total[first : last + 1] += found.reshape(-1, self.count)
        return total.astype(np.float32)

    def _values(self, weight: Callable[[int], float]) -> list[float]:
        """The weights of the lags that any history has, down to `FAINT`."""
        most = int(self.left.max(initial=0))
        found = itertools.takewhile(lambda value: value >= FAINT, (weight(lag) for lag in range(1, most + 1)))
        return list(found)

    def _chunks(self, lags: int) -> Iterator[Integers]:
        """The places of the films, all those of a film after the other, some at a time."""
        start = 0
        while start < len(self._order):
            beyond = int(np.searchsorted(self._films_ordered, self._films_ordered[start] + ROWS))
            stop = min(start + max(CHUNK // lags, 1), beyond)
            yield self._order[start:stop]
            start = stop
