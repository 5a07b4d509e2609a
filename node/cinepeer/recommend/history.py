"""Ratings as sparse arrays: what is checked, and what counts as a like, a dislike and an order."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from cinepeer.errors import BadInput
from cinepeer.recommend.served import LIKED

Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]
Times = npt.NDArray[np.int64]  # one per stored star, in the order of `stars.data`; only their order and gaps count


def sparse(parts: Any, shape: Any = None) -> csr_array:
    """A CSR array from whatever scipy takes or gives: its stubs lose the format of most products."""
    return csr_array(parts, shape=shape)


def verify_stars(stars: csr_array, times: Times | None = None, films: int | None = None) -> None:
    """Raises `BadInput` unless `stars` [viewers, films] is sorted, without twins, 1..10, with a time for each."""
    if films is not None and stars.shape[1] != films:
        raise BadInput(f"found stars for {stars.shape[1]} films, expected {films}")
    if stars.nnz and not (np.isfinite(stars.data).all() and stars.data.min() >= 1 and stars.data.max() <= 10):
        raise BadInput("found stars outside 1 to 10, expected stars from 1 to 10")
    if not stars.has_canonical_format:
        raise BadInput("found a film twice or out of order in a history, expected ascending films")
    if times is not None and (times.shape != (stars.nnz,) or times.dtype.kind not in "iu"):
        raise BadInput(f"found {times.shape} times of type {times.dtype}, expected {stars.nnz} whole numbers")


def likes(stars: csr_array) -> csr_array:
    """1 where the stars are `LIKED` or more; float32 [viewers, films]."""
    return _where(stars, stars.data >= LIKED)


def dislikes(stars: csr_array) -> csr_array:
    """1 where a film was rated below `LIKED`; float32 [viewers, films]."""
    return _where(stars, stars.data < LIKED)


def rated(stars: csr_array) -> csr_array:
    """1 where a film was rated, whatever its stars; float32 [viewers, films]."""
    return sparse((np.ones(stars.nnz, np.float32), stars.indices, stars.indptr), stars.shape)


def popularity(stars: csr_array) -> Floats:
    """How many like each film; float32 [films]."""
    return np.asarray(likes(stars).sum(axis=0), dtype=np.float32).ravel()


def row_numbers(stars: csr_array) -> Integers:
    """The viewer number of every stored star."""
    return np.repeat(np.arange(stars.shape[0]), np.diff(stars.indptr))


def ages(stars: csr_array, times: Times) -> Integers:
    """How many films the viewer rated after each one: 0 for the last; ties by film number."""
    rows = row_numbers(stars)
    order = np.lexsort((stars.indices, times, rows))
    age = np.empty(stars.nnz, dtype=np.int64)
    age[order] = stars.indptr[rows + 1] - 1 - np.arange(stars.nnz)
    return age


def decayed(stars: csr_array, times: Times, decay: float) -> csr_array:
    """`decay`^age of every rated film, whatever its stars; float32 [viewers, films]."""
    data = np.power(np.float32(decay), ages(stars, times).astype(np.float32))
    return sparse((data, stars.indices, stars.indptr), stars.shape)


def _where(stars: csr_array, mask: npt.NDArray[np.bool_]) -> csr_array:
    found = sparse((mask.astype(np.float32), stars.indices.copy(), stars.indptr.copy()), stars.shape)
    found.eliminate_zeros()
    return found
