"""Item-based collaborative filtering: films liked by the same authors (cosine), the nearest of each film."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array

from cinepeer.recommend.history import popularity
from cinepeer.recommend.linear import Linear
from cinepeer.recommend.ridge import gram_of, linear_of, scaled_likes


def fit(stars: csr_array, *, nearest: int = 100) -> Linear:
    """Column j keeps the cosines of the `nearest` films (and of all that tie with the last of them)."""
    kept, rows, per_film = scaled_likes(stars, 0.0)
    cosines = gram_of(rows) / np.sqrt(np.outer(per_film, per_film)).astype(np.float32)
    np.fill_diagonal(cosines, 0)
    if len(cosines) > nearest:
        edge = -np.partition(-cosines, nearest - 1, axis=0)[nearest - 1]
        cosines[cosines < edge[None, :] * np.float32(1 - 1e-5)] = 0
    model = linear_of("films", stars, kept, np.ascontiguousarray(cosines))
    assert len(model.prior) == len(popularity(stars))
    return model
