"""Films that few have liked: their column of the item model is predicted from their content (kernel ridge)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array, diags_array

from cinepeer.errors import BadInput
from cinepeer.recommend.history import Floats, popularity, sparse
from cinepeer.recommend.linear import LIKES, Linear, inputs_of
from cinepeer.recommend.ridge import item_weights, scaled_likes


def features(words: Sequence[Sequence[str]], *, least: int = 2) -> csr_array:
    """TF-IDF rows of length 1, float64 [films, words]; `words[j]` are film j's.

    A word in fewer than `least` films is left out. Columns are in ascending order of their word.
    """
    numbers = {word: number for number, word in enumerate(sorted({word for film in words for word in film}))}
    pairs = [(film, numbers[word]) for film, found in enumerate(words) for word in found]
    rows, columns = np.array(pairs, np.int64).reshape(-1, 2).T
    counts = sparse((np.ones(len(pairs)), (rows, columns)), (len(words), len(numbers)))
    counts.sum_duplicates()
    spread = np.bincount(counts.indices, minlength=len(numbers))
    rarity = np.where(spread >= least, np.log(len(words) / np.maximum(spread, 1)) + 1, 0)
    weighed = sparse((1 + np.log(np.maximum(counts.data, 1)), counts.indices, counts.indptr), counts.shape)
    weighed = sparse(weighed @ diags_array(rarity))
    weighed.eliminate_zeros()
    return unit_rows(weighed)


def unit_rows(rows: csr_array) -> csr_array:
    """The rows scaled to length 1; empty rows stay empty."""
    length = np.sqrt(np.asarray(rows.power(2).sum(axis=1)).ravel())
    return sparse(diags_array(1 / np.where(length > 0, length, 1)) @ rows)


def fit(
    stars: csr_array,
    content: csr_array | None,
    *,
    ridge: float = 400.0,
    kernel_ridge: float = 1.0,
    least: int = 1,
) -> Linear:
    """The item model for films with `least` likes or more; the columns of the others are predicted from `content`.

    `content`: [films, features]. With K = content content', the columns of the unknown films are
    K_unknown,known (K_known + `kernel_ridge`)^-1 times the columns of the known ones.
    """
    if content is None or content.shape[0] != stars.shape[1]:
        raise BadInput(f"found no content of {stars.shape[1]} films, expected one row of features per film")
    kept, rows, per_film = scaled_likes(stars, 0.25)
    known = per_film >= least
    kept, rows, per_film = kept[known], sparse(rows[:, known]), per_film[known]
    weights = np.zeros((len(kept), stars.shape[1]), dtype=np.float32)
    if len(kept):
        warm = item_weights(rows, ridge * (per_film / float(per_film.mean())) ** 0.25)
        weights[:, kept] = warm
        unknown = np.setdiff1d(np.arange(stars.shape[1]), kept)
        weights[:, unknown] = (kernel(content, unknown, kept, kernel_ridge) @ warm.T).T
    return Linear("content", np.array([LIKES], np.float32), inputs_of(kept), weights, popularity(stars))


def kernel(content: csr_array, unknown: npt.NDArray[np.int64], known: npt.NDArray[np.int64], ridge: float) -> Floats:
    """K_unknown,known (K_known + ridge)^-1; float32 [unknown, known]."""
    mine = content[known].astype(np.float64)
    system = np.asarray((mine @ mine.T).toarray())
    system[np.diag_indices(len(system))] += ridge
    across = np.asarray((content[unknown].astype(np.float64) @ mine.T).toarray())
    return np.asarray(np.linalg.solve(system, across.T).T, dtype=np.float32)
