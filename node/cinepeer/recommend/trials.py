"""Parts of a blend fitted twice at little more than once: first on the authors who are not set aside, then on all.

The sums over all authors less those over the authors set aside are the sums over the others; factors go on from where
they came to without those authors.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import numpy as np
import numpy.typing as npt
from scipy.linalg import solve_triangular
from scipy.sparse import csr_array, diags_array

from cinepeer.recommend import dislikes, factors, near, ridge
from cinepeer.recommend.history import Floats, Integers, Times, likes, sparse
from cinepeer.recommend.linear import Linear
from cinepeer.recommend.ridge import ease_strength, gram_of, is_wide, linear_of
from cinepeer.recommend.served import LIKED
from cinepeer.recommend.tuning import Trial

CONTENT = 100.0  # what the films' likeness by content weighs beside likes
POWER = 0.25
MILD = 0.3  # what a rating below a like is wanted to come to, beside 1 for a like
TRIED_ROUNDS, ROUNDS = 3, 5  # of factors, for the trial and after it
MANY = 250_000  # likes from which factors go on; with few of them where they start decides too much

Counts = npt.NDArray[np.float64]


class Scorer(Protocol):
    """What scores histories, as `Recommender.scores`."""

    def scores(self, stars: csr_array, /) -> Floats: ...


class Try(Protocol):
    """One part: `apart` on a trial's authors (asked first, at most once), `whole` on all.

    `after` has `whole` come to what it comes to after a trial whose shares are known already.
    """

    def apart(self, trial: Trial) -> Scorer: ...
    def after(self, trial: Trial) -> None: ...
    def whole(self) -> Linear | factors.Factors: ...


class Summed:
    """A part that is the same after a trial."""

    def after(self, trial: Trial) -> None:
        """Nothing."""


class Afresh(Summed):
    """A part that is fitted twice from nothing."""

    def __init__(
        self,
        make: Callable[[csr_array, Times | None], Linear],
        stars: csr_array,
        times: Times | None,
    ) -> None:
        self._make, self._stars, self._times = make, stars, times

    def apart(self, trial: Trial) -> Linear:
        """On the trial's authors."""
        return self._make(trial.stars, trial.times)

    def whole(self) -> Linear:
        """On all."""
        return self._make(self._stars, self._times)


class NearTry(Summed):
    """`near`, from one count of all pairs."""

    def __init__(self, stars: csr_array, times: Times, kept: Integers) -> None:
        self._stars, self._kept = stars, kept
        self._sums = near.sums_of(likes(stars), times[stars.data >= LIKED], kept)

    def apart(self, trial: Trial) -> Linear:
        """On the trial's authors."""
        assert trial.aside is not None and trial.aside_times is not None, "a trial sets authors aside"
        theirs = near.sums_of(likes(trial.aside), trial.aside_times[trial.aside.data >= LIKED], self._kept)
        np.subtract(self._sums.gram, theirs.gram, out=theirs.gram)
        np.subtract(self._sums.close, theirs.close, out=theirs.close)
        return linear_of("near", trial.stars, self._kept, near.solved(theirs))

    def whole(self) -> Linear:
        """On all."""
        return linear_of("near", self._stars, self._kept, near.solved(self._sums))


class EaseTry(Summed):
    """`ease`, with the films' content where given, from one Gram matrix."""

    def __init__(self, stars: csr_array, content: csr_array | None, kept: Integers) -> None:
        self._stars, self._kept = stars, kept
        self._shown = None if content is None else gram_of(sparse(content[kept].T * np.sqrt(CONTENT)))
        self._gram, self._counts, self._mean = _scaled_gram(stars, kept, None)

    def apart(self, trial: Trial) -> Linear:
        """On the trial's authors."""
        assert trial.aside is not None, "a trial sets authors aside"
        gram, counts, _ = _scaled_gram(trial.aside, self._kept, self._mean)
        np.subtract(self._gram, gram, out=gram)
        mean = _mean(np.diff(likes(trial.stars).indptr))
        gram *= np.float32((mean / self._mean) ** (2 * POWER))
        return self._solved(trial.stars, gram, self._counts - counts)

    def whole(self) -> Linear:
        """On all."""
        return self._solved(self._stars, self._gram, self._counts)

    def _solved(self, stars: csr_array, gram: Floats, counts: Counts) -> Linear:
        if self._shown is not None:
            gram += self._shown
        return linear_of("ease", stars, self._kept, ridge.solved(gram, ease_strength(counts)))


class FactorsTry:
    """`factors`: some rounds without the authors set aside, the others with them; afresh on fewer than `many` likes."""

    def __init__(self, stars: csr_array, size: int, many: int, mild: float = 0.0) -> None:
        self._stars, self._size, self._mild = stars, size, mild
        self._goes_on = int((stars.data >= LIKED).sum()) >= many
        self._start: Floats | None = None

    def apart(self, trial: Trial) -> factors.Factors:
        """On the trial's authors."""
        if not self._goes_on:
            return factors.fit(trial.stars, size=self._size, mild=self._mild)
        found = factors.fit(trial.stars, size=self._size, mild=self._mild, rounds=TRIED_ROUNDS)
        self._start = found.films
        return found

    def after(self, trial: Trial) -> None:
        """As `apart`, where that matters."""
        if self._goes_on:
            self.apart(trial)

    def whole(self) -> factors.Factors:
        """On all."""
        if self._start is None or not self._start.shape[1]:
            return factors.fit(self._stars, size=self._size, mild=self._mild)
        return factors.fit(self._stars, size=self._size, mild=self._mild, rounds=ROUNDS, start=self._start)


@dataclass(frozen=True, slots=True)
class Apart:
    """`dislikes` without the authors set aside, without inverting twice: the inverse P of all becomes P + W'W.

    With A the rows of those authors, W = L^-1 A P and LL' = 1 - A P A'. The ridge is that of all authors.
    """

    told: dislikes.Inputs
    inverse: Floats
    change: Floats
    films: int

    def scores(self, stars: csr_array, /) -> Floats:
        """float32 [viewers, films]."""
        count = len(self.told.kept)
        shown = sparse(dislikes.pairs(stars, self.told.kept, self.told.second))
        found = shown @ self.inverse[:, :count]
        found += (shown @ self.change.T) @ self.change[:, :count]
        found /= -(np.diagonal(self.inverse)[:count] + np.square(self.change[:, :count]).sum(axis=0))
        found += shown[:, :count].toarray()  # a film says nothing of itself
        wide = np.zeros((stars.shape[0], self.films), np.float32)
        wide[:, self.told.kept] = found
        return wide


class DislikesTry(Summed):
    """`dislikes`, from one inverse."""

    def __init__(self, stars: csr_array, told: dislikes.Inputs) -> None:
        self._stars, self._told = stars, told
        self._inverse: Floats | None = None

    def apart(self, trial: Trial) -> Apart:
        """Without the trial's authors."""
        assert trial.aside is not None, "a trial sets authors aside"
        theirs = dislikes.scaled(dislikes.pairs(trial.aside, self._told.kept, self._told.second), self._told.mean)
        inverse = self._inverse = ridge.inverse(self._told.rows, self._told.strength)
        # In the inverse's own precision: no second copy of it in a wider one.
        spread = np.asarray(theirs.astype(np.float32) @ inverse)
        small = -np.asarray(theirs @ spread.T, dtype=np.float64)
        small[np.diag_indices(len(small))] += 1
        change = solve_triangular(np.linalg.cholesky(small), spread, lower=True, check_finite=False)
        return Apart(self._told, inverse, change.astype(np.float32), self._stars.shape[1])

    def whole(self) -> Linear:
        """On all."""
        inverse = ridge.inverse(self._told.rows, self._told.strength) if self._inverse is None else self._inverse
        self._inverse = None
        return dislikes.linear(self._stars, self._told, ridge.divided(inverse))


def near_try(stars: csr_array, times: Times | None, _: csr_array | None) -> Try:
    """`near`; EDLAE without times."""
    kept = _kept(stars)
    if times is None or not _is_shared(stars, kept):
        return Afresh(near.fit, stars, times)
    return NearTry(stars, times, kept)


def ease_try(stars: csr_array, times: Times | None, content: csr_array | None) -> Try:
    """`ease` with the films' content."""
    kept = _kept(stars)
    if not _is_shared(stars, kept):
        return Afresh(partial(_ease, content=content), stars, times)
    return EaseTry(stars, content, kept)


def dislikes_try(stars: csr_array, times: Times | None, _: csr_array | None) -> Try:
    """`dislikes`."""
    told = dislikes.inputs(stars)
    if not len(told.kept) or is_wide(told.rows):
        return Afresh(lambda rated, _times: dislikes.fit(rated), stars, times)
    return DislikesTry(stars, told)


def factors_try(stars: csr_array, _: Times | None, __: csr_array | None, *, size: int = 64, many: int = MANY) -> Try:
    """`factors` of `size`."""
    return FactorsTry(stars, size, many)


def mild_factors_try(stars: csr_array, _: Times | None, __: csr_array | None, *, many: int = MANY) -> Try:
    """`factors` that see ratings below a like too."""
    return FactorsTry(stars, 64, many, MILD)


def _ease(stars: csr_array, _: Times | None, *, content: csr_array | None) -> Linear:
    return ridge.fit_ease(stars, content, content_weight=CONTENT)


def _kept(stars: csr_array) -> Integers:
    return np.flatnonzero(np.asarray(likes(stars).sum(axis=0)).ravel())


def _is_shared(stars: csr_array, kept: Integers) -> bool:
    """Whether sums are worth keeping: not for so few authors that there is no Gram matrix, nor for very many films."""
    return 1 < len(kept) <= near.MAX_FILMS and not is_wide(sparse(stars[:, kept]))


def _mean(per_author: Integers) -> float:
    """Likes of those who like anything."""
    return max(float(per_author[per_author > 0].mean()) if per_author.any() else 0.0, 1e-9)


def _scaled_gram(stars: csr_array, kept: Integers, mean: float | None) -> tuple[Floats, Counts, float]:
    """The Gram matrix of rows scaled by (n_u / `mean`)^-`POWER` (None: of these authors), likes each, the mean."""
    liked = sparse(likes(stars)[:, kept])
    per_author = np.diff(liked.indptr)
    scale_by = _mean(per_author) if mean is None else mean
    scale = np.where(per_author > 0, (np.maximum(per_author, 1) / scale_by) ** -POWER, 0.0)
    counts = np.bincount(liked.indices, minlength=len(kept)).astype(np.float64)
    return gram_of(sparse(diags_array(scale) @ liked)), counts, scale_by
