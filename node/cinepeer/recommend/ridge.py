"""Closed-form item models: EASE^R (Steck 2019, arXiv 1905.03375) and EDLAE (Steck 2020, NeurIPS)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.linalg import lapack
from scipy.sparse import csr_array, diags_array, vstack

from cinepeer.errors import BadInput
from cinepeer.recommend.history import Floats, Integers, likes, popularity, rated, sparse
from cinepeer.recommend.linear import LIKES, RATED, Linear, inputs_of

MAX_DENSE = 10_000  # rows of which a block of columns is made dense
DENSE_FROM = 30  # how many times as long as the rows (longer ones counted more) all films together are at most
MAX_INPUTS = 20_000  # one float32 matrix of this order takes 1.6 GB


def fit_ease(
    stars: csr_array,
    content: csr_array | None = None,
    *,
    ridge: float = 400.0,
    row_power: float = 0.25,
    ridge_power: float = 0.25,
    content_weight: float = 0.0,
) -> Linear:
    """Rows scaled by (n_u / mean n)^-`row_power`, ridge of film j = `ridge` * (likes_j / mean likes)^`ridge_power`.

    With `content` [films, features] (rows of length 1) and `content_weight` > 0 its Gram matrix is added (CEASE).
    """
    kept, rows, counts = scaled_likes(stars, row_power)
    strength = ease_strength(counts, ridge, ridge_power)
    if content is not None and content_weight:
        rows = with_content(rows, content, kept, content_weight)
    return linear_of("ease", stars, kept, item_weights(rows, strength))


def ease_strength(
    counts: npt.NDArray[np.float64], ridge: float = 400.0, ridge_power: float = 0.25
) -> npt.NDArray[np.float64]:
    """The ridge of every film by its likes; one that nobody likes counts as liked once."""
    mean = float(counts.mean()) if len(counts) else 1.0
    found: npt.NDArray[np.float64] = ridge * (np.maximum(counts, 1) / max(mean, 1e-9)) ** ridge_power
    return found


def fit_edlae(stars: csr_array, *, dropout: float = 0.5, ridge: float = 100.0, row_power: float = 0.0) -> Linear:
    """Ridge of film j = dropout/(1-dropout) * G_jj + `ridge`: the expected loss under dropout."""
    kept, rows, _ = scaled_likes(stars, row_power)
    diagonal = np.asarray(rows.power(2).sum(axis=0), dtype=np.float64).ravel()
    return linear_of("edlae", stars, kept, item_weights(rows, dropout / (1 - dropout) * diagonal + ridge))


def fit_rated(stars: csr_array, *, ridge: float = 500.0) -> Linear:
    """EASE over every rating, whatever its stars: what is rated together."""
    rows = rated(stars)
    kept = np.flatnonzero(np.asarray(rows.sum(axis=0)).ravel())
    rows = sparse(rows[np.diff(rows.indptr) > 0][:, kept]).astype(np.float64)
    found = linear_of("rated", stars, kept, item_weights(rows, np.full(len(kept), ridge)))
    return Linear("rated", np.array([RATED], np.float32), found.rows, found.weights, found.prior)


def scaled_likes(stars: csr_array, power: float) -> tuple[Integers, csr_array, npt.NDArray[np.float64]]:
    """(liked films, their likes with rows scaled by (n_u / mean n)^-power [authors with likes, kept], likes each)."""
    liked = likes(stars)
    per_film = np.asarray(liked.sum(axis=0)).ravel()
    kept = np.flatnonzero(per_film)
    per_author = np.diff(liked.indptr)
    liked = sparse(liked[per_author > 0][:, kept])
    per_author = per_author[per_author > 0]
    scale = (per_author / max(float(per_author.mean()), 1e-9)) ** -power if per_author.size else per_author
    return kept, sparse(diags_array(scale.astype(np.float64)) @ liked), per_film[kept].astype(np.float64)


def with_content(rows: csr_array, content: csr_array, kept: Integers, weight: float) -> csr_array:
    """`rows` with the films' features as further rows, so that their Gram matrix is added with `weight`."""
    features = sparse(content[kept].T * np.sqrt(weight))
    return sparse(vstack([rows, features], format="csr"))


def item_weights(rows: csr_array, strength: npt.NDArray[np.float64]) -> Floats:
    """B = I - P / diag(P) with P = (rows' rows + diag(strength))^-1; float32 [inputs, inputs], diagonal zero."""
    if is_wide(rows):
        _verify_few(rows)
        return divided(_inverse_dual(rows, strength))
    return divided(inverse(rows, strength))


def inverse(rows: csr_array, strength: npt.NDArray[np.float64]) -> Floats:
    """(rows' rows + diag(strength))^-1; float32 [inputs, inputs]. Raises `BadInput` where it would not fit."""
    _verify_few(rows)
    return _inverted(gram_of(rows), strength)


def is_wide(rows: csr_array) -> bool:
    """Whether there are so few authors that the weights are cheaper to have without a Gram matrix."""
    return 2 * rows.shape[0] < rows.shape[1]


def solved(gram: Floats, strength: npt.NDArray[np.float64]) -> Floats:
    """The weights from a Gram matrix, in its place: I - P / diag(P) with P = (gram + diag(strength))^-1."""
    return divided(_inverted(gram, strength))


def divided(inverse: Floats) -> Floats:
    """-P / diag(P) with a diagonal of zero, in place."""
    inverse /= -np.diagonal(inverse).copy()[None, :]
    np.fill_diagonal(inverse, 0)
    return inverse


def gram_of(rows: csr_array, *, block: int = 512) -> Floats:
    """rows' rows, float32 in Fortran order, by blocks of columns: one dense array is all that is taken.

    What stands above the diagonal is copied from below it.
    """
    count = rows.shape[1]
    gram: Floats = np.empty((count, count), dtype=np.float32, order="F")
    transposed = sparse(rows.T).astype(np.float32)
    columns = rows.tocsc().astype(np.float32)
    # Of a film in a long row nearly every other film has an entry: then a dense block is added up sooner.
    per_row = np.diff(rows.indptr).astype(np.float64)
    is_dense = rows.shape[0] <= MAX_DENSE and float(per_row @ per_row) * DENSE_FROM > float(per_row.sum()) * count
    for start in range(0, count, block):
        stop = start + block
        some = columns[:, start:stop]
        part = transposed[start:] @ some.toarray() if is_dense else (transposed[start:] @ some).toarray()
        gram[start:, start:stop] = part
        gram[start:stop, stop:] = part[block:].T
    return gram


def invert(system: Floats) -> Floats:
    """The inverse of a symmetric positive definite float32 matrix, in place; raises `ArithmeticError`."""
    factor, info = lapack.spotrf(system, lower=True, overwrite_a=True)
    if info:
        raise ArithmeticError(f"the Gram matrix is not positive definite at input {info}")
    inverse, info = lapack.spotri(factor, lower=True, overwrite_c=True)
    for start in range(0, len(inverse), 512):  # mirror by blocks: no second matrix
        stop = start + 512
        square = np.tril(inverse[start:stop, start:stop])
        inverse[start:stop, start:stop] = square + np.tril(square, -1).T
        inverse[start:stop, stop:] = inverse[stop:, start:stop].T
    found: Floats = inverse.T  # symmetric: the transpose is the same matrix in C order
    return found


def _inverted(gram: Floats, strength: npt.NDArray[np.float64]) -> Floats:
    numbers = np.arange(len(gram))
    gram[numbers, numbers] += strength.astype(np.float32)
    return invert(gram) if len(gram) else gram


def _verify_few(rows: csr_array) -> None:
    if rows.shape[1] > MAX_INPUTS:
        raise BadInput(f"found {rows.shape[1]} inputs, expected at most {MAX_INPUTS}: the weights would not fit")


def _inverse_dual(rows: csr_array, strength: npt.NDArray[np.float64]) -> Floats:
    """The same inverse by Woodbury's identity: cheaper when there are fewer authors than films."""
    half = sparse(rows @ diags_array(1 / strength))
    small = np.asarray((half @ rows.T).toarray(), dtype=np.float64)
    small[np.diag_indices(len(small))] += 1
    spread = np.linalg.solve(np.linalg.cholesky(small), half.toarray()).astype(np.float32)
    inverse: Floats = np.ascontiguousarray(-(spread.T @ spread))
    inverse[np.diag_indices(len(inverse))] += (1 / strength).astype(np.float32)
    return inverse


def linear_of(name: str, stars: csr_array, kept: Integers, weights: Floats) -> Linear:
    """A model over likes whose weights between the `kept` films are given; other films score 0."""
    films = stars.shape[1]
    wide = weights
    if len(kept) != films:
        wide = np.zeros((len(kept), films), dtype=np.float32)
        wide[:, kept] = weights
    return Linear(name, np.array([LIKES], np.float32), inputs_of(kept), wide, popularity(stars))
