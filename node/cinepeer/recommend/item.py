"""The closed-form item model (EASE^R, Steck 2019, arXiv 1905.03375) with normalised rows and a ridge by popularity."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.linalg import lapack
from scipy.sparse import csr_array

from cinepeer.errors import BadInput
from cinepeer.recommend.model import LIKED, ItemModel, model_of

ROW_BITS = 12  # fraction bits of an author's weight: Gram matrices are sums of integers, exact in any order
SCALE_BITS = 32


def fit(
    stars: csr_array,
    films: Sequence[str],
    *,
    ridge: float = 12.0,
    ridge_power: float = 0.25,
    max_films: int = 4_000,
) -> ItemModel:
    """Fits on `stars` (authors x films, integers 1..10, 0 = unrated; column j is `films[j]`).

    An author with n likes weighs n^-0.5 in the Gram matrix G (rows n^-0.25), in fixed point of `ROW_BITS`. The ridge
    of film j is `ridge` * mean(diag G) * (likes_j / mean likes)^`ridge_power`. Films beyond the `max_films` most
    liked, and films that nobody likes, get no column. Raises `BadInput` for stars outside 1..10 or a wrong shape.
    """
    _check(stars, films)
    liked = csr_array((stars.data >= LIKED, stars.indices, stars.indptr), shape=stars.shape, dtype=np.int64)
    liked.eliminate_zeros()
    kept = _kept(liked, films, max_films)
    records = int(stars.nnz)
    if not kept.size:
        return model_of([], [], [], b"", records)
    liked = liked[:, kept]
    likes: npt.NDArray[np.int64] = np.asarray(liked.sum(axis=0)).ravel()
    weights = _item_weights(_gram(liked), likes, ridge, ridge_power)
    quantised, scales = _quantise(weights)
    names = [films[number] for number in kept]
    return model_of(names, likes.tolist(), scales, quantised.tobytes(), records)


def _check(stars: csr_array, films: Sequence[str]) -> None:
    if stars.shape[1] != len(films):
        raise BadInput(f"found {len(films)} film ids, expected {stars.shape[1]}, one per column")
    if stars.nnz and not (np.isfinite(stars.data).all() and stars.data.min() >= 1 and stars.data.max() <= 10):
        raise BadInput("found stars outside 1 to 10, expected whole stars from 1 to 10")


def _kept(liked: csr_array, films: Sequence[str], max_films: int) -> npt.NDArray[np.int64]:
    """Column numbers of the most liked films, in ascending order of film id."""
    counts = np.asarray(liked.sum(axis=0)).ravel()
    order = sorted(np.flatnonzero(counts).tolist(), key=lambda number: (-int(counts[number]), films[number]))
    return np.array(sorted(order[:max_films], key=lambda number: films[number]), dtype=np.int64)


def _gram(liked: csr_array) -> npt.NDArray[np.int64]:
    """The weighted Gram matrix (films x films), exact integers with `ROW_BITS` fraction bits."""
    counts = np.asarray(liked.sum(axis=1)).ravel()
    weights = np.rint((1 << ROW_BITS) / np.sqrt(np.maximum(counts, 1))).astype(np.int64)
    weighted = liked.multiply(weights[:, None]).tocsr()
    return np.asarray((liked.T @ weighted).toarray(), dtype=np.int64)


def _item_weights(
    gram: npt.NDArray[np.int64], likes: npt.NDArray[np.int64], ridge: float, power: float
) -> npt.NDArray[np.float32]:
    """B = I - P / diag(P) with P = (G + ridge)^-1, diagonal zero; row i is the liked film."""
    system = np.asfortranarray(gram, dtype=np.float32) / np.float32(1 << ROW_BITS)
    diagonal = np.arange(len(system))
    strength = ridge * float(system[diagonal, diagonal].mean()) * (likes / likes.mean()) ** power
    system[diagonal, diagonal] += strength.astype(np.float32)
    factor, info = lapack.spotrf(system, lower=True, overwrite_a=True)
    if info:
        raise ArithmeticError(f"the Gram matrix is not positive definite at film {info}")
    inverse, info = lapack.spotri(factor, lower=True, overwrite_c=True)
    inverse = np.tril(inverse) + np.tril(inverse, -1).T
    weights: npt.NDArray[np.float32] = -inverse / inverse[diagonal, diagonal][None, :]
    weights[diagonal, diagonal] = 0
    return weights


def _quantise(weights: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.int8], list[int]]:
    """Signed bytes (C order) and one integer scale per column."""
    peaks = np.abs(weights).max(axis=0)
    steps = np.where(peaks > 0, peaks / 127.0, 1.0).astype(np.float64)
    quantised = np.rint(weights / steps[None, :].astype(np.float32)).clip(-127, 127).astype(np.int8)
    scales = np.maximum(np.rint(steps * (1 << SCALE_BITS)), 1).astype(np.int64)
    return np.ascontiguousarray(quantised), [int(scale) for scale in scales]
