"""Splits and measures of a ranking: full ranking over all films only, no sampled negatives."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from cinepeer.recommend.history import Floats, Integers

Reals = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Strong:
    """Viewers split whole (Liang et al. 2018): numbers of the authors who train, validate and test."""

    train: Integers
    validation: Integers
    test: Integers


def split_viewers(viewers: int, held_out: int, seed: int) -> Strong:
    """`held_out` viewers each for validation and test, drawn by `seed`."""
    order = np.random.default_rng(seed).permutation(viewers)
    edge = viewers - 2 * held_out
    return Strong(np.sort(order[:edge]), np.sort(order[edge : edge + held_out]), np.sort(order[edge + held_out :]))


def hide(stars: csr_array, share: float, seed: int) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Masks over `stars.data`: (shown, hidden); of every row with 5 or more, the whole part of `share` is hidden."""
    chance = np.random.default_rng(seed)
    hidden = np.zeros(stars.nnz, dtype=bool)
    for start, stop in zip(stars.indptr[:-1], stars.indptr[1:], strict=True):
        count = int(stop - start)
        if count >= 5:
            hidden[start + chance.choice(count, int(share * count), replace=False)] = True
    return ~hidden, hidden


def top(scores: Floats, barred: csr_array, limit: int) -> Integers:
    """The `limit` best films of every row, best first, without the `barred`; int64 [viewers, limit], -1 fills up."""
    allowed = scores.copy()
    rows = np.repeat(np.arange(barred.shape[0]), np.diff(barred.indptr))
    allowed[rows, barred.indices] = -np.inf
    limit = min(limit, allowed.shape[1])
    part = np.argpartition(-allowed, limit - 1, axis=1)[:, :limit]
    values = np.take_along_axis(allowed, part, axis=1)
    order = np.lexsort((part, -values), axis=1)
    found = np.take_along_axis(part, order, axis=1)
    return np.where(np.isneginf(np.take_along_axis(values, order, axis=1)), -1, found)


def hits(ranked: Integers, wanted: csr_array) -> npt.NDArray[np.bool_]:
    """Which ranked films are `wanted` [viewers, films]; shape of `ranked`."""
    width = wanted.shape[1] + 1
    rows = np.repeat(np.arange(wanted.shape[0]), np.diff(wanted.indptr))
    keys = ranked + np.arange(len(ranked))[:, None] * width
    return np.asarray(np.isin(keys, rows * width + wanted.indices) & (ranked >= 0))


def measures(ranked: Integers, wanted: csr_array, ks: tuple[int, ...] = (10, 20, 50, 100)) -> dict[str, Reals]:
    """Per viewer: ndcg@k, recall@k (over min(k, wanted)), precision@k, hr@k, map@k and mrr; float64 [viewers] each.

    Viewers of whom nothing is wanted must not be among them.
    """
    found = hits(ranked, wanted)
    count = np.diff(wanted.indptr).astype(np.float64)
    discount = 1 / np.log2(np.arange(2, ranked.shape[1] + 2))
    ideal = np.concatenate([[0.0], np.cumsum(discount)])
    places = np.arange(1, ranked.shape[1] + 1)
    result: dict[str, Reals] = {}
    for k in ks:
        k_found, most = found[:, :k], np.minimum(count, k).astype(np.int64)
        hit = k_found.sum(axis=1)
        edge = np.minimum(most, ranked.shape[1])
        result[f"ndcg@{k}"] = (k_found * discount[: k_found.shape[1]]).sum(axis=1) / ideal[edge]
        result[f"recall@{k}"] = hit / most
        result[f"precision@{k}"] = hit / k
        result[f"hr@{k}"] = (hit > 0).astype(np.float64)
        running = np.cumsum(k_found, axis=1) / places[: k_found.shape[1]]
        result[f"map@{k}"] = (running * k_found).sum(axis=1) / most
    first = np.where(found.any(axis=1), found.argmax(axis=1) + 1, np.inf)
    result["mrr"] = 1 / first
    return result


def coverage(ranked: Integers, films: int, k: int = 20) -> float:
    """The share of all films that appear in some viewer's best `k`."""
    shown = np.unique(ranked[:, :k])
    return float((shown >= 0).sum() / max(films, 1))


def novelty(ranked: Integers, likes: Floats, authors: int, k: int = 20) -> float:
    """Mean surprise -log2(share of authors who like the film) over the best `k`, with at least 1 like."""
    surprise = -np.log2(np.maximum(likes, 1) / max(authors, 1))
    shown = ranked[:, :k]
    return float(surprise[shown[shown >= 0]].mean()) if (shown >= 0).any() else 0.0


def diversity(ranked: Integers, content: csr_array, k: int = 20) -> Reals:
    """Per viewer 1 - the mean cosine of all pairs within the best `k`; float64 [viewers], 0 for fewer than two films.

    `content`: [films, features], rows of length 1 or empty.
    """
    found = np.zeros(len(ranked))
    for viewer, shown in enumerate(ranked[:, :k]):
        films = shown[shown >= 0]
        if len(films) > 1:
            rows = content[films]
            both = float(np.square(np.asarray(rows.sum(axis=0))).sum() - rows.power(2).sum())
            found[viewer] = 1 - both / (len(films) * (len(films) - 1))
    return found


def popularity_lift(ranked: Integers, shown: csr_array, likes: Floats, k: int = 20) -> Reals:
    """Per viewer how much more liked the best `k` are than what they have `shown`: 0.5 means half as much again.

    (Mean likes of the list) / (mean likes of the history) - 1; float64 [viewers], 0 without one or the other.
    """
    found = np.zeros(len(ranked))
    for viewer, best in enumerate(ranked[:, :k]):
        own = shown.indices[shown.indptr[viewer] : shown.indptr[viewer + 1]]
        usual = float(likes[own].mean()) if len(own) else 0.0
        if usual and (best >= 0).any():
            found[viewer] = float(likes[best[best >= 0]].mean()) / usual - 1
    return found


def by_group(values: Reals, groups: Integers) -> dict[int, tuple[float, int]]:
    """Mean of `values` and number of viewers of every group, ascending; `groups`: each viewer's."""
    return {int(one): (float(values[groups == one].mean()), int((groups == one).sum())) for one in np.unique(groups)}


def thirds(sizes: Integers) -> Integers:
    """Each viewer's third by size of history: 0 the shortest, 2 the longest; ties by place. int64 [viewers]."""
    order = np.argsort(np.argsort(sizes, kind="stable"), kind="stable")
    return order * 3 // max(len(sizes), 1)


def interval(values: Reals, *, seed: int = 0, draws: int = 1000) -> tuple[float, float]:
    """The 95 % bootstrap interval of the mean over viewers; of a difference when `values` are paired differences."""
    chance = np.random.default_rng(seed)
    parts = [values[chance.integers(0, len(values), (50, len(values)))].mean(axis=1) for _ in range(draws // 50)]
    means = np.concatenate(parts)
    return float(np.quantile(means, 0.025)), float(np.quantile(means, 0.975))
