"""Films that few have liked: their column of the item model is predicted from their content (kernel ridge)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array, diags_array

from cinepeer.errors import BadInput
from cinepeer.recommend import factors
from cinepeer.recommend.history import Floats, popularity, sparse
from cinepeer.recommend.linear import LIKES, Linear, inputs_of
from cinepeer.recommend.ridge import item_weights, scaled_likes

MAX_FILMS = 10_000  # the likenesses of so many films take 400 MB


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
    kernel_ridge: float = 3.0,
    least: int = 3,
) -> Linear:
    """The item model for films with `least` likes or more; the columns of the others are predicted from `content`.

    `content`: [films, features]. With K = content content', the columns of the unknown films are
    K_unknown,known (K_known + `kernel_ridge`)^-1 times the columns of the known ones. Raises `BadInput`.
    """
    told = verified(stars, content)
    kept, rows, per_film = scaled_likes(stars, 0.25)
    known = is_known(per_film, least)
    kept, rows, per_film = kept[known], sparse(rows[:, known]), per_film[known]
    weights = np.zeros((len(kept), stars.shape[1]), dtype=np.float32)
    if len(kept):
        warm = item_weights(rows, ridge * (per_film / float(per_film.mean())) ** 0.25)
        weights[:, kept] = warm
        unknown = np.setdiff1d(np.arange(stars.shape[1]), kept)
        weights[:, unknown] = (kernel(told, unknown, kept, kernel_ridge) @ warm.T).T
    return Linear("content", np.array([LIKES], np.float32), inputs_of(kept), weights, popularity(stars))


def fit_factors(
    stars: csr_array, content: csr_array | None, *, kernel_ridge: float = 1.0, least: int = 3
) -> factors.Factors:
    """iALS; the factors of films with fewer than `least` likes are predicted from `content` as in `fit`."""
    told = verified(stars, content)
    found = factors.fit(stars)
    counts = found.prior
    kept = np.flatnonzero(counts)
    kept = kept[is_known(counts[kept].astype(np.float64), least)]
    films = np.zeros_like(found.films)
    if len(kept):
        films[kept] = found.films[kept]
        unknown = np.setdiff1d(np.arange(stars.shape[1]), kept)
        films[unknown] = kernel(told, unknown, kept, kernel_ridge) @ found.films[kept]
    return factors.Factors(films, counts, found.unseen, found.ridge, "content-factors")


def fit_words(stars: csr_array, content: csr_array | None) -> Linear:
    """Likeness by content alone: the sum of the cosines to the liked films. Raises `BadInput` beyond `MAX_FILMS`."""
    told = verified(stars, content)
    if stars.shape[1] > MAX_FILMS:
        raise BadInput(f"found {stars.shape[1]} films, expected at most {MAX_FILMS}: their likenesses would not fit")
    kept = np.flatnonzero(popularity(stars))
    unit = unit_rows(told).astype(np.float32)
    weights = np.asarray((sparse(unit[kept]) @ unit.T).toarray(), dtype=np.float32)
    weights[np.arange(len(kept)), kept] = 0
    return Linear("words", np.array([LIKES], np.float32), inputs_of(kept), weights, popularity(stars))


def verified(stars: csr_array, content: csr_array | None) -> csr_array:
    """The `content` of these films; raises `BadInput` when there is none or of others."""
    if content is None or content.shape[0] != stars.shape[1]:
        raise BadInput(f"found no content of {stars.shape[1]} films, expected one row of features per film")
    return content


def is_known(counts: npt.NDArray[np.float64], least: int) -> npt.NDArray[np.bool_]:
    """Which films have `least` likes or more; those with any where none has."""
    enough: npt.NDArray[np.bool_] = counts >= least
    return enough if enough.any() else counts > 0


def kernel(content: csr_array, unknown: npt.NDArray[np.int64], known: npt.NDArray[np.int64], ridge: float) -> Floats:
    """K_unknown,known (K_known + ridge)^-1; float32 [unknown, known]."""
    mine = content[known].astype(np.float64)
    system = np.asarray((mine @ mine.T).toarray())
    system[np.diag_indices(len(system))] += ridge
    across = np.asarray((content[unknown].astype(np.float64) @ mine.T).toarray())
    return np.asarray(np.linalg.solve(system, across.T).T, dtype=np.float32)
