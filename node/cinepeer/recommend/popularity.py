"""How many authors like a film, each like halved with every half-life of its age."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array

from cinepeer.recommend.history import Times
from cinepeer.recommend.linear import LIKES, Linear, inputs_of
from cinepeer.recommend.served import LIKED


def fit(stars: csr_array, times: Times | None = None, *, half_life: float | None = None) -> Linear:
    """`half_life` in the unit of `times`, counted back from the newest rating; None: every like counts 1."""
    weight = (stars.data >= LIKED).astype(np.float64)
    if times is not None and half_life is not None and times.size:
        weight *= np.exp2((times - times.max()) / half_life)
    prior = np.bincount(stars.indices, weight, stars.shape[1]).astype(np.float32)
    nothing = np.zeros((0, len(prior)), np.float32)
    return Linear("popularity", np.array([LIKES], np.float32), inputs_of(np.zeros(0, np.int64)), nothing, prior)
