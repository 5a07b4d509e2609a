"""What each part of a blend should count, tried on authors whom the parts have not seen.

A seventh of the authors is set aside, a fifth of their likes hidden, and shares are moved from part to part while the
lists of those authors get surely better (NDCG@100, paired). With few authors nothing is sure and the given shares stay.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from cinepeer.recommend.evaluation import Reals, hits, top
from cinepeer.recommend.history import Floats, Integers, Times, likes, popularity, row_numbers, sparse
from cinepeer.recommend.served import LIKED

APART = 7
HIDDEN = 5
MOST = 700  # authors set aside
MOST_FILMS, LIKED_OFTEN, FEW = 300, 20, 20
SURE = 1.0  # standard errors by which a move must gain
ROUNDS = 6
RANKED = 100
FIELD = 400
FAR = np.float32(-1e6)


@dataclass(frozen=True, slots=True)
class Trial:
    """`stars` (and `times`) of the authors to fit on; of the others what is `shown`, its likes, what is `hidden`.

    `aside` (and `aside_times`): all ratings of the authors set aside.
    """

    stars: csr_array
    times: Times | None
    shown: csr_array
    barred: csr_array
    hidden: csr_array
    films: Integers | None = None
    aside: csr_array | None = None
    aside_times: Times | None = None


def trial_of(stars: csr_array, times: Times | None) -> Trial:
    """Sets authors apart by their own ratings alone, so that the order of authors changes nothing."""
    edges = _edges(stars)
    liked, counts = likes(stars), popularity(stars)
    enough = np.flatnonzero(np.diff(liked.indptr) >= HIDDEN)
    keys = [tuple(np.sort(counts[stars.indices[edges[n][0] : edges[n][1]]]).tolist()) for n in enough]
    order = sorted(range(len(enough)), key=lambda place: keys[place])
    aside = np.sort(enough[order[::APART]][:MOST])
    rest = np.setdiff1d(np.arange(stars.shape[0]), aside)
    chosen = np.zeros(stars.shape[0], dtype=bool)
    chosen[rest] = True
    mine = chosen[row_numbers(stars)]
    theirs = sparse(stars[aside])
    mask = np.concatenate([_hidden(theirs, a, b, counts) for a, b in _edges(theirs)] or [np.zeros(0, bool)])
    hidden = _part(theirs, mask)
    shown = _part(theirs, ~mask)
    when, others = (None, None) if times is None else (times[mine], times[~mine])
    return Trial(sparse(stars[rest]), when, shown, likes(shown), hidden, aside=theirs, aside_times=others)


def cold_trial_of(stars: csr_array) -> Trial | None:
    """Sets liked films apart: nobody's likes of them are fitted on, and they are ranked among themselves.

    None where fewer than `FEW` films have `LIKED_OFTEN` likes. In the trial the columns of `barred` and `hidden` are
    `films`; those of `shown` are all.
    """
    counts = popularity(stars)
    by_likes = np.argsort(-counts, kind="stable")
    films = np.sort(by_likes[counts[by_likes] >= LIKED_OFTEN][APART // 2 :: APART][:MOST_FILMS])
    if len(films) < FEW:
        return None
    shown, hidden = likes(stars), sparse(likes(stars)[:, films])
    shown = _part(shown, ~np.isin(shown.indices, films))
    shown.data = shown.data * np.float32(10)
    some = np.flatnonzero((np.diff(hidden.indptr) > 0) & (np.diff(shown.indptr) > 0))
    order = sorted(some.tolist(), key=lambda n: np.sort(counts[hidden[[n]].indices]).tolist())
    some = np.sort(np.array(order, np.int64)[:: max(len(order) // MOST, 1)])
    nothing = sparse((len(some), len(films)))
    return Trial(shown, None, sparse(shown[some]), nothing, sparse(hidden[some]), films)


def tuned(parts: Sequence[Floats], trial: Trial, shares: Sequence[float], *, step: float = 0.1) -> tuple[float, ...]:
    """The shares of `parts` (standardised scores of the trial's viewers, [viewers, films] each), from `shares` on.

    In each round the best of all moves of `step` from one part to another is made, if it gains `SURE` standard errors.
    """
    units = [round(share / step) for share in shares]
    field = _Field(parts, trial, units)
    reached = field.reached(units)
    for _ in range(ROUNDS):
        best: tuple[float, list[int]] | None = None
        for source in range(len(units)):
            for target in range(len(units)):
                if source == target or not units[source]:
                    continue
                moved = list(units)
                moved[source] -= 1
                moved[target] += 1
                gain = field.reached(moved) - reached
                error = float(gain.std(ddof=1)) / len(gain) ** 0.5 if len(gain) > 1 else np.inf
                if gain.mean() > SURE * error and (best is None or gain.mean() > best[0]):
                    best = float(gain.mean()), moved
        if best is None:
            break
        units = best[1]
        reached = field.reached(units)
    return tuple(unit * step for unit in units)


class _Field:
    """The films that the first mix ranks before the others: far enough down for every mix near it."""

    def __init__(self, parts: Sequence[Floats], trial: Trial, units: Sequence[int]) -> None:
        total = np.zeros(trial.hidden.shape, np.float32)
        for part, unit in zip(parts, units, strict=True):
            total += np.float32(unit) * part
        ranked = top(total, trial.barred, FIELD)
        self._parts = [np.take_along_axis(part, np.maximum(ranked, 0), axis=1) for part in parts]
        for part in self._parts:
            part[ranked < 0] = FAR
        self._wanted = hits(ranked, trial.hidden)
        discount = 1 / np.log2(np.arange(2, RANKED + 2))
        count = np.minimum(np.diff(trial.hidden.indptr), RANKED)
        self._discount, self._ideal = discount, np.concatenate([[1.0], np.cumsum(discount)])[count]

    def reached(self, units: Sequence[int]) -> Reals:
        """NDCG@100 of every viewer under these shares; float64 [viewers]."""
        total = np.zeros(self._wanted.shape, np.float32)
        for part, unit in zip(self._parts, units, strict=True):
            total -= np.float32(unit) * part
        order = np.argsort(total, axis=1, kind="stable")[:, :RANKED]
        found = np.take_along_axis(self._wanted, order, axis=1)
        gains: Reals = (found * self._discount[: found.shape[1]]).sum(axis=1) / self._ideal
        return gains


def standardised(scores: Floats) -> Floats:
    """Every row with mean 0 and deviation 1, float32; a row of equal scores becomes 0."""
    middle = scores.mean(axis=1, keepdims=True, dtype=np.float64)
    spread = scores.std(axis=1, keepdims=True, dtype=np.float64)
    return np.asarray((scores - middle) / np.where(spread > 0, spread, 1), dtype=np.float32)


def _hidden(rows: csr_array, start: int, stop: int, counts: Floats) -> np.ndarray:
    """Every fifth of an author's likes in order of popularity, from a place that their number decides."""
    found = np.zeros(stop - start, dtype=bool)
    liked = np.flatnonzero(rows.data[start:stop] >= LIKED)
    order = liked[np.argsort(-counts[rows.indices[start:stop][liked]], kind="stable")]
    found[order[len(order) % HIDDEN :: HIDDEN]] = True
    return found


def _edges(rows: csr_array) -> list[tuple[int, int]]:
    return list(zip(rows.indptr[:-1], rows.indptr[1:], strict=True))


def _part(rows: csr_array, mask: np.ndarray) -> csr_array:
    found = sparse((rows.data * mask, rows.indices.copy(), rows.indptr.copy()), rows.shape)
    found.eliminate_zeros()
    return found
