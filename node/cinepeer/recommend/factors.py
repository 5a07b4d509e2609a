"""iALS: implicit alternating least squares with frequency-scaled ridge (Rendle et al. 2021, arXiv 2110.14037)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.linalg import lapack
from scipy.sparse import csr_array
from scipy.sparse.linalg import svds

from cinepeer.errors import Refused
from cinepeer.recommend.arrays import pack, unpack
from cinepeer.recommend.evidence import Evidence, evidence_of
from cinepeer.recommend.history import Floats, Times, likes, popularity, sparse, verify_stars

DENSE_BELOW = 256  # matrices this small get the exact decomposition


@dataclass(frozen=True, slots=True)
class Factors:
    """`films`: float32 [films, size], zero for a film that nobody liked. `unseen` and `ridge` as in `fit`."""

    films: Floats
    prior: Floats
    unseen: float
    ridge: float
    name: str = "factors"

    def scores(self, stars: csr_array, times: Times | None = None) -> Floats:
        """float32 [viewers, films]: each history is folded in by one least-squares step."""
        verify_stars(stars, times, len(self.prior))
        liked = likes(stars)
        found = solve_side(liked, self.films, self.unseen, self.ridge) @ self.films.T
        found[np.diff(liked.indptr) == 0] = self.prior
        return np.asarray(found, dtype=np.float32)

    def explain(self, stars: csr_array, film: int, times: Times | None = None) -> Evidence:
        """The folded-in factors are linear in the likes once their system is fixed: each like gets its part."""
        verify_stars(stars, times, len(self.prior))
        mine = likes(stars).indices
        if not len(mine):
            return evidence_of(film, np.zeros(0, np.int64), np.zeros(0), float(self.prior[film]))
        system = self.films[mine].T @ self.films[mine] + _shared(self.films, len(mine), self.unseen, self.ridge)
        adds = self.films[mine] @ np.linalg.solve(system, self.films[film])
        return evidence_of(film, mine.astype(np.int64), adds)

    def save(self) -> bytes:
        """Deterministic bytes; `load_factors` reads them."""
        numbers = np.array([self.unseen, self.ridge], np.float32)
        return pack(self.name, {"films": self.films, "prior": self.prior, "numbers": numbers})


def fit(
    stars: csr_array,
    *,
    size: int = 64,
    unseen: float = 0.3,
    ridge: float = 0.003,
    rounds: int = 10,
    start: Floats | None = None,
) -> Factors:
    """Minimises sum over likes (1 - uv)^2 + `unseen` * sum over all (uv)^2 + ridge_u |u|^2 + ridge_v |v|^2.

    ridge_u = `ridge` * (likes of u + `unseen` * films), likewise for films. Starts from the truncated singular value
    decomposition, so that neither a seed nor the order of authors and films matters, and alternates `rounds` times.
    `start`: float32 [films, factors], where to go on from instead.
    """
    liked = likes(stars)
    prior = popularity(stars)
    liked = sparse(liked[np.diff(liked.indptr) > 0])
    kept = np.flatnonzero(prior)
    films = np.zeros((stars.shape[1], min(size, *liked.shape) if kept.size else 0), dtype=np.float32)
    # The ridges are rounded as the saved model holds them.
    unseen, ridge = float(np.float32(unseen)), float(np.float32(ridge))
    if kept.size:
        liked = sparse(liked[:, kept])
        transposed = sparse(liked.T)
        found = _start(liked, size) if start is None else start[kept]
        for _ in range(rounds):
            found = solve_side(transposed, solve_side(liked, found, unseen, ridge), unseen, ridge)
        films = np.zeros((stars.shape[1], found.shape[1]), dtype=np.float32)
        films[kept] = found
    return Factors(films, prior, unseen, ridge)


def solve_side(rows: csr_array, other: Floats, unseen: float, ridge: float) -> Floats:
    """For every row the factors that fit it best, given the `other` side's; float32 [rows, size]."""
    found = np.zeros((rows.shape[0], other.shape[1]), dtype=np.float32)
    whole = np.asfortranarray(unseen * (other.T @ other), dtype=np.float32)
    floor = ridge * unseen * _present(other)
    step = len(whole) + 1
    if not len(whole):
        return found
    wanted = np.asarray(rows @ other, dtype=np.float32)
    for row, (start, stop) in enumerate(zip(rows.indptr[:-1], rows.indptr[1:], strict=True)):
        if start == stop:
            continue
        mine = other[rows.indices[start:stop]]
        system = mine.T @ mine
        system += whole
        system.reshape(-1)[::step] += np.float32(floor + ridge * (stop - start))
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
    if films.ndim != 2 or prior.shape != films.shape[:1] or numbers.shape != (2,) or not (numbers > 0).all():
        raise Refused("bad-model", "found factors of another shape, expected one row per film")
    return Factors(films, prior, float(numbers[0]), float(numbers[1]), name)


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
        begin: npt.NDArray[np.float64] = np.ones(min(liked.shape))
        _, values, right = svds(liked.astype(np.float64), k=size, v0=begin, tol=1e-6)
    order = np.argsort(-values)[:size]
    return np.ascontiguousarray(right[order].T * np.sqrt(values[order]), dtype=np.float32)
