"""The item model that knows when: films liked at about the same time count more for each other.

An author's likes enter the Gram matrix by (1 - near) + scale * decay^|places between them| instead of 1. Films
chosen in one evening share a mood, and lists shown together share a theme. Only fitting needs times.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from cinepeer.recommend.history import Floats, Integers, Times, likes, sparse
from cinepeer.recommend.linear import Linear
from cinepeer.recommend.next_film import Histories
from cinepeer.recommend.ridge import divided, fit_edlae, gram_of, invert, linear_of
from cinepeer.recommend.served import LIKED

MAX_FILMS = 6_000  # counting pairs takes two float64 matrices of this order


def fit(
    stars: csr_array,
    times: Times | None,
    *,
    near: float = 0.08,
    decay: float = 0.9,
    dropout: float = 0.5,
    ridge: float = 100.0,
) -> Linear:
    """EDLAE with `near` of all weight between different films given to nearness, halved every few likes by `decay`.

    Without times, with all films in one place or with more than `MAX_FILMS` liked films it is EDLAE.
    """
    liked = likes(stars)
    kept = np.flatnonzero(np.asarray(liked.sum(axis=0)).ravel())
    if times is None or not near or not 1 < len(kept) <= MAX_FILMS:
        return fit_edlae(stars, dropout=dropout, ridge=ridge)
    sums = sums_of(liked, times[stars.data >= LIKED], kept, decay=decay)
    return linear_of("near", stars, kept, solved(sums, near, dropout, ridge))


@dataclass(frozen=True, slots=True)
class Sums:
    """Sums over authors, float32 [films, films]: `gram` of likes of both, `close` of likes of both by nearness."""

    gram: Floats
    close: Floats


def sums_of(liked: csr_array, times: Times, kept: Integers, *, decay: float = 0.9) -> Sums:
    """The sums over the authors of `liked` (a time for each like) between the `kept` films."""
    close = Histories(liked, times, kept).counts(lambda lag: float(decay**lag), None)
    close += close.T.copy()
    return Sums(gram_of(sparse(liked[:, kept])), close)


def solved(sums: Sums, near: float = 0.08, dropout: float = 0.5, ridge: float = 100.0) -> Floats:
    """The weights between the films, from sums that are used up."""
    gram, close = sums.gram, sums.close
    counts = np.diagonal(gram).astype(np.float64)
    scale = near * (float(gram.sum(dtype=np.float64)) - counts.sum()) / max(float(close.sum(dtype=np.float64)), 1.0)
    gram *= np.float32(1 - near)
    close *= np.float32(scale)
    gram += close
    # Both kernels are positive; a diagonal of at least theirs keeps their sum so.
    diagonal = np.maximum(1 + dropout / (1 - dropout), 1 - near + scale) * counts + ridge
    numbers = np.arange(len(gram))
    gram[numbers, numbers] = diagonal.astype(np.float32)
    return divided(invert(gram))
