"""The closed-form item model with a second input per film: that the viewer rated it below a like."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array, diags_array, hstack

from cinepeer.recommend.history import Floats, Integers, dislikes, likes, popularity, sparse
from cinepeer.recommend.linear import DISLIKES, LIKES, Linear, inputs_of
from cinepeer.recommend.ridge import item_weights

MAX_INPUTS = 10_000
MAX_SECOND = 1_500  # films with the second input: half of the time of twice as many, and no loss that was seen


@dataclass(frozen=True, slots=True)
class Inputs:
    """What is solved: `rows` [authors, inputs], scaled, of likes of the `kept` films, then dislikes of the `second`.

    `strength`: float64 [inputs], the ridge of each. `mean`: of the ratings of an author, by which rows are scaled.
    """

    kept: Integers
    second: Integers
    rows: csr_array
    strength: npt.NDArray[np.float64]
    mean: float


def fit(
    stars: csr_array,
    *,
    ridge: float = 400.0,
    row_power: float = 0.25,
    ridge_power: float = 0.25,
    least: int = 5,
    max_inputs: int = MAX_INPUTS,
    max_second: int = MAX_SECOND,
) -> Linear:
    """Films with `least` dislikes or more get the second input, the most disliked first, up to `max_second` of them.

    `max_inputs` of both sorts in all.

    Rows are scaled by the author's likes and dislikes together, (n_u / mean n)^-`row_power`; the ridge of an input is
    `ridge` * (count / mean count of likes)^`ridge_power`.
    """
    told = inputs(stars, ridge, row_power, ridge_power, least, max_inputs, max_second)
    return linear(stars, told, item_weights(told.rows, told.strength))


def inputs(
    stars: csr_array,
    ridge: float = 400.0,
    row_power: float = 0.25,
    ridge_power: float = 0.25,
    least: int = 5,
    max_inputs: int = MAX_INPUTS,
    max_second: int = MAX_SECOND,
) -> Inputs:
    """What `fit` solves, by its parameters."""
    like_counts = np.asarray(likes(stars).sum(axis=0)).ravel()
    dislike_counts = np.asarray(dislikes(stars).sum(axis=0), dtype=np.int64).ravel()
    kept = np.flatnonzero(like_counts)
    second = often_disliked(dislike_counts, least, min(max_inputs - len(kept), max_second))
    both = pairs(stars, kept, second)
    per_author = np.diff(both.indptr)
    both, per_author = sparse(both[per_author > 0]), per_author[per_author > 0]
    mean = max(float(per_author.mean()), 1e-9) if len(per_author) else 1.0
    counts = np.concatenate([like_counts[kept], dislike_counts[second]]).astype(np.float64)
    middle = max(float(like_counts[kept].mean()), 1e-9) if len(kept) else 1.0
    strength = ridge * (counts / middle) ** ridge_power
    return Inputs(kept, second, scaled(both, mean, row_power), strength, mean)


def pairs(stars: csr_array, kept: Integers, second: Integers) -> csr_array:
    """Likes of the `kept` films, and dislikes of the `second` beside them; float32 [authors, inputs]."""
    return sparse(hstack([likes(stars)[:, kept], dislikes(stars)[:, second]], format="csr"))


def scaled(both: csr_array, mean: float, row_power: float = 0.25) -> csr_array:
    """Rows times (n_u / `mean`)^-`row_power`; rows of nothing stay so."""
    scale = (np.maximum(np.diff(both.indptr), 1) / mean) ** -row_power
    return sparse(diags_array(scale.astype(np.float64)) @ both)


def linear(stars: csr_array, told: Inputs, weights: Floats) -> Linear:
    """The model from the `weights` between all inputs."""
    wide = np.zeros((len(weights), stars.shape[1]), dtype=np.float32)
    wide[:, told.kept] = weights[:, : len(told.kept)]
    channels = np.array([LIKES, DISLIKES], np.float32)
    return Linear("dislikes", channels, inputs_of(told.kept, told.second), wide, popularity(stars))


def often_disliked(counts: Integers, least: int = 5, room: int = MAX_INPUTS) -> Integers:
    """Films with enough dislikes; with too little room, all disliked more than the first left out."""
    enough: Integers = np.flatnonzero(counts >= least)
    if len(enough) <= max(room, 0):
        return enough
    edge = np.sort(counts[enough])[::-1][max(room, 0)]
    chosen: Integers = enough[counts[enough] > edge]
    return chosen
