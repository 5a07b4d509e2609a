"""The closed-form item model with a second input per film: that the viewer rated it below a like."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array, diags_array, hstack

from cinepeer.recommend.history import Integers, dislikes, likes, popularity, sparse
from cinepeer.recommend.linear import DISLIKES, LIKES, Linear, inputs_of
from cinepeer.recommend.ridge import item_weights


def fit(
    stars: csr_array,
    *,
    ridge: float = 400.0,
    row_power: float = 0.25,
    ridge_power: float = 0.25,
    least: int = 5,
    max_inputs: int = 10_000,
) -> Linear:
    """Films with `least` dislikes or more get the second input, the most disliked first, up to `max_inputs` in all.

    Rows are scaled by the author's likes and dislikes together, (n_u / mean n)^-`row_power`; the ridge of an input is
    `ridge` * (count / mean count of likes)^`ridge_power`.
    """
    liked, disliked = likes(stars), dislikes(stars)
    like_counts = np.asarray(liked.sum(axis=0)).ravel()
    dislike_counts = np.asarray(disliked.sum(axis=0), dtype=np.int64).ravel()
    kept = np.flatnonzero(like_counts)
    second = _second(dislike_counts, least, max_inputs - len(kept))
    both = sparse(hstack([liked[:, kept], disliked[:, second]], format="csr"))
    per_author = np.diff(both.indptr)
    both, per_author = sparse(both[per_author > 0]), per_author[per_author > 0]
    scale = (per_author / max(float(per_author.mean()), 1e-9)) ** -row_power if len(per_author) else per_author
    rows = sparse(diags_array(scale.astype(np.float64)) @ both)
    counts = np.concatenate([like_counts[kept], dislike_counts[second]]).astype(np.float64)
    mean = max(float(like_counts[kept].mean()), 1e-9) if len(kept) else 1.0
    weights = np.zeros((len(counts), stars.shape[1]), dtype=np.float32)
    weights[:, kept] = item_weights(rows, ridge * (counts / mean) ** ridge_power)[:, : len(kept)]
    channels = np.array([LIKES, DISLIKES], np.float32)
    return Linear("dislikes", channels, inputs_of(kept, second), weights, popularity(stars))


def _second(counts: Integers, least: int, room: int) -> Integers:
    """Films with enough dislikes; with too little room, all disliked more than the first left out."""
    enough: Integers = np.flatnonzero(counts >= least)
    if len(enough) <= max(room, 0):
        return enough
    edge = np.sort(counts[enough])[::-1][max(room, 0)]
    chosen: Integers = enough[counts[enough] > edge]
    return chosen
