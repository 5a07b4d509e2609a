"""iALS: implicit alternating least squares with frequency-scaled ridge (Rendle et al. 2021, arXiv 2110.14037).

Ratings below a like may count too, as a mild sign that a film is one for that author.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

import numpy as np
from scipy.linalg import blas, lapack
from scipy.sparse import csr_array
from scipy.sparse.linalg import svds

from cinepeer.errors import Refused
from cinepeer.recommend.arrays import pack, unpack
from cinepeer.recommend.evidence import Evidence, evidence_of
from cinepeer.recommend.history import Floats, Times, likes, popularity, sparse, verify_stars
from cinepeer.recommend.served import LIKED

DENSE_BELOW = 256  # matrices this small get the exact decomposition


@dataclass(frozen=True, slots=True)
class Factors:
    """`films`: float32 [films, size], zero for a film that nobody liked. `unseen`, `ridge` and `mild` as in `fit`."""

    films: Floats
    prior: Floats
    unseen: float
    ridge: float
    name: str = "factors"
    mild: float = 0.0
    whole: Floats = field(init=False, repr=False, compare=False)  # of every history's system: what no rating decides

    def __post_init__(self) -> None:
        object.__setattr__(self, "whole", _shared(self.films, 0, self.unseen, self.ridge))

    def scores(self, stars: csr_array, times: Times | None = None) -> Floats:
        """float32 [viewers, films]: each history is folded in by one least-squares step."""
        verify_stars(stars, times, len(self.prior))
        told = targets(stars, self.mild)
        found = solve_side(told, self.films, self.unseen, self.ridge, self.whole) @ self.films.T
        found[np.diff(told.indptr) == 0] = self.prior
        return np.asarray(found, dtype=np.float32)

    def explain(self, stars: csr_array, film: int, times: Times | None = None) -> Evidence:
        """The folded-in factors are linear in the ratings once their system is fixed: each gets its part."""
        verify_stars(stars, times, len(self.prior))
        told = targets(stars, self.mild)
        mine = told.indices
        if not len(mine):
            return evidence_of(film, np.zeros(0, np.int64), np.zeros(0), float(self.prior[film]))
        system = self.films[mine].T @ self.films[mine] + _shared(self.films, len(mine), self.unseen, self.ridge)
        adds = told.data * (self.films[mine] @ np.linalg.solve(system, self.films[film]))
        return evidence_of(film, mine.astype(np.int64), adds)

    def save(self) -> bytes:
        """Deterministic bytes; `load_factors` reads them."""
        numbers = np.array([self.unseen, self.ridge, *([self.mild] if self.mild else [])], np.float32)
        return pack(self.name, {"films": self.films, "prior": self.prior, "numbers": numbers})


def fit(
    stars: csr_array,
    *,
    size: int = 64,
    unseen: float = 0.3,
    ridge: float = 0.003,
    mild: float = 0.0,
    rounds: int = 10,
    start: Floats | None = None,
) -> Factors:
    """Minimises sum over likes (1 - uv)^2 + `unseen` * sum over all (uv)^2 + ridge_u |u|^2 + ridge_v |v|^2.

    ridge_u = `ridge` * (likes of u + `unseen` * films), likewise for films. Starts from the truncated singular value
    decomposition, so that neither a seed nor the order of authors and films matters, and alternates `rounds` times.
    `start`: float32 [films, factors], where to go on from instead. With `mild` > 0 a rating below a like is seen too,
    and wanted to come to `mild` instead of 1: who saw a film wanted to see it.
    """
    prior = popularity(stars)
    told = targets(stars, mild)
    told = sparse(told[np.diff(told.indptr) > 0])
    kept = np.flatnonzero(prior)
    films = np.zeros((stars.shape[1], min(size, *told.shape) if kept.size else 0), dtype=np.float32)
    # The ridges are rounded as the saved model holds them.
    unseen, ridge, mild = float(np.float32(unseen)), float(np.float32(ridge)), float(np.float32(mild))
    if kept.size:
        told = sparse(told[:, kept])
        transposed = sparse(told.T)
        found = _start(_liked(told), size) if start is None else start[kept]
        for _ in range(rounds):
            found = solve_side(transposed, solve_side(told, found, unseen, ridge), unseen, ridge)
        films = np.zeros((stars.shape[1], found.shape[1]), dtype=np.float32)
        films[kept] = found
    return Factors(films, prior, unseen, ridge, mild=mild)


def targets(stars: csr_array, mild: float = 0.0) -> csr_array:
    """What each rating is wanted to come to: 1 for a like, `mild` for others (0: left out); float32."""
    if not mild:
        return likes(stars)
    wanted = np.where(stars.data >= LIKED, np.float32(1), np.float32(mild))
    return sparse((wanted, stars.indices, stars.indptr), stars.shape)


def _liked(told: csr_array) -> csr_array:
    """The likes among the targets, without rows that have none."""
    found = sparse((told.data == 1, told.indices.copy(), told.indptr.copy()), told.shape)
    found.eliminate_zeros()
    return sparse(found[np.diff(found.indptr) > 0])


def solve_side(rows: csr_array, other: Floats, unseen: float, ridge: float, whole: Floats | None = None) -> Floats:
    """For every row of targets the factors that fit it best, given the `other` side's; float32 [rows, size].

    `whole`: what all systems share, where it is known already.
    """
    size = other.shape[1]
    found = np.zeros((rows.shape[0], size), dtype=np.float32)
    if not size:
        return found
    whole = _shared(other, 0, unseen, ridge) if whole is None else whole
    system: Floats = np.empty((size, size), dtype=np.float32)
    diagonal = system.reshape(-1)[:: size + 1]
    wanted, edges = np.asarray(rows @ other, dtype=np.float32), rows.indptr.tolist()
    for row, (start, stop) in enumerate(itertools.pairwise(edges)):
        if start == stop:
            continue
        mine = other.take(rows.indices[start:stop], axis=0)
        np.copyto(system, whole)
        # In place in one triangle alone: of the transpose, which BLAS takes for a matrix in its own order.
        blas.ssyrk(1.0, mine.T, beta=1.0, c=system.T, lower=True, overwrite_c=True)
        diagonal += np.float32(ridge * (stop - start))
        _, found[row], info = lapack.sposv(system.T, wanted[row], lower=True, overwrite_a=True)
        if info:
            raise ArithmeticError(f"the system of row {row} is not positive definite")
    return found


def load_factors(data: bytes, name: str = "factors") -> Factors:
    """Reads `Factors.save`d bytes; raises `Refused` (`bad-model`)."""
    parts = unpack(data)
    try:
        films, prior, numbers = (parts[key].astype(np.float32) for key in ("films", "prior", "numbers"))
    except KeyError as missing:
        raise Refused("bad-model", f"found no {missing}, expected films, prior and numbers") from None
    if films.ndim != 2 or prior.shape != films.shape[:1] or len(numbers) not in (2, 3) or not (numbers > 0).all():
        raise Refused("bad-model", "found factors of another shape, expected one row per film")
    unseen, ridge, *mild = numbers.tolist()
    return Factors(films, prior, unseen, ridge, name, *mild)


def _present(other: Floats) -> int:
    """Rows that stand for anyone: a film that nobody liked has zeros and counts for nothing."""
    return int(np.any(other, axis=1).sum())


def _shared(other: Floats, count: int, unseen: float, ridge: float) -> Floats:
    strength = np.float32(ridge * unseen * _present(other) + ridge * count)
    return np.asarray(unseen * (other.T @ other) + strength * np.eye(other.shape[1]), dtype=np.float32)


def _start(liked: csr_array, size: int) -> Floats:
    """The right singular vectors times the roots of the singular values; float32 [films, at most `size`]."""
    size = min(size, *liked.shape)
    if min(liked.shape) <= max(DENSE_BELOW, size):
        _, values, right = np.linalg.svd(liked.toarray(), full_matrices=False)
    else:
        begin: Floats = np.ones(min(liked.shape), dtype=np.float32)
        _, values, right = svds(liked.astype(np.float32), k=size, v0=begin, tol=1e-2)  # 1e-6 from the exact ones
    order = np.argsort(-values)[:size]
    return np.ascontiguousarray(right[order].T * np.sqrt(values[order]), dtype=np.float32)
