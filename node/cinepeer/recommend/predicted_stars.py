"""Predicted stars: Bayesian matrix factorisation by Gibbs draws, with who rated what as side information.

Salakhutdinov & Mnih 2008 (BPMF) with the link matrices of Macau (Simm et al. 2017): the mean of a viewer's factors is
linear in which films they rated, the mean of a film's factors in who rated it: SVD++ in both directions.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array, diags_array

from cinepeer.errors import Refused
from cinepeer.recommend.arrays import pack, unpack
from cinepeer.recommend.evidence import Evidence, evidence_of
from cinepeer.recommend.history import Floats, Integers, Times, sparse, verify_stars

Reals = npt.NDArray[np.float64]
MAX_LINKS = 4_000  # a side with more features than this goes without its link: the decomposition would take minutes
STEP = 512  # viewers folded in at once


@dataclass(frozen=True, slots=True)
class PredictedStars:
    """Draws of everything a history is folded in with; s draws, k factors, one more number for the offset.

    `films`: float32 [s, films, k + 1], the film's offset last. `means`: [s, k + 1]. `precisions`: [s, k + 1, k + 1].
    `links`: [s, films, k + 1]. `numbers`: [s + 1], the noise precision of each draw and the mean of all stars.
    """

    films: Floats
    means: Floats
    precisions: Floats
    links: Floats
    numbers: Floats
    name: str = "stars"

    def scores(self, stars: csr_array, times: Times | None = None) -> Floats:
        """float32 [viewers, films]: the stars (not clipped) each viewer would give, the mean over draws."""
        verify_stars(stars, times, self.films.shape[1])
        found = np.zeros(stars.shape, dtype=np.float32)
        for start in range(0, stars.shape[0], STEP):
            some = sparse(stars[start : start + STEP]).astype(np.float64)
            for draw in range(len(self.films)):
                side, offsets = _design(self.films[draw])
                system, target, _ = self._fold(draw, some)
                mine = np.linalg.solve(system, target[:, :, None])[:, :, 0]
                found[start : start + STEP] += (mine @ side.T + offsets).astype(np.float32)
        found /= np.float32(len(self.films))
        found += self.numbers[-1]
        return found

    def explain(self, stars: csr_array, film: int, times: Times | None = None) -> Evidence:
        """What each rating's distance from its expectation adds; `rest` is what the film gets from anyone like that."""
        verify_stars(stars, times, self.films.shape[1])
        one = stars.astype(np.float64)
        adds, total = np.zeros(stars.nnz), 0.0
        for draw in range(len(self.films)):
            side, offsets = _design(self.films[draw])
            system, target, noise = self._fold(draw, one)
            weights = np.linalg.solve(system[0], side[film])
            adds += noise * (side[one.indices] @ weights) * (one.data - self.numbers[-1] - offsets[one.indices])
            total += float(weights @ target[0] + offsets[film])
        count = len(self.films)
        score = total / count + float(self.numbers[-1])
        return evidence_of(film, one.indices.astype(np.int64), adds / count, score - float(adds.sum()) / count)

    def save(self) -> bytes:
        """Deterministic bytes; `load_stars` reads them."""
        parts = {"films": self.films, "means": self.means, "links": self.links, "numbers": self.numbers}
        return pack(self.name, {**parts, "precisions": self.precisions.reshape(len(self.means), -1)})

    def _fold(self, draw: int, stars: csr_array) -> tuple[Reals, Reals, float]:
        """The least-squares systems of some viewers under one draw, and the noise precision."""
        side, offsets = _design(self.films[draw])
        precision = self.precisions[draw].astype(np.float64)
        expected = self.means[draw] + _unit(stars) @ self.links[draw].astype(np.float64)
        noise = float(self.numbers[draw])
        return *_systems(stars, side, offsets + float(self.numbers[-1]), expected, precision, noise), noise


def fit(stars: csr_array, *, seed: int = 0, size: int = 10, burn: int = 60, draws: int = 60) -> PredictedStars:
    """Draws from the posterior given `stars`: `burn` rounds are thrown away, then every second one of 2 * `draws` kept.

    Authors and films are put in an order of their own ratings first, so that the order they come in does not matter.
    """
    ranks, columns = _orders(stars)
    mine = sparse(stars[ranks][:, columns]).astype(np.float64)
    mean = float(mine.data.mean()) if mine.nnz else 5.5
    chance = np.random.default_rng(seed)
    authors, films = _Side(mine, size, chance), _Side(sparse(mine.T), size, chance)
    noise = 1.0
    kept: list[tuple[Reals, Reals, Reals, Reals, float]] = []
    rows = np.repeat(np.arange(mine.shape[0]), np.diff(mine.indptr))
    for turn in range(burn + 2 * draws):
        authors.draw(films.factors, mean, noise)
        films.draw(authors.factors, mean, noise)
        design, offsets = _design(authors.factors)
        fitted = np.einsum("ij,ij->i", design[rows], films.factors[mine.indices]) + offsets[rows] + mean
        error = float(((mine.data - fitted) ** 2).sum())
        noise = float(chance.gamma(1 + mine.nnz / 2, 1 / (1 + error / 2)))
        if turn >= burn and (turn - burn) % 2:
            kept.append((films.factors.copy(), authors.mean, authors.precision, authors.link.copy(), noise))
    places = (len(kept), stars.shape[1], size + 1)
    wide, links = np.zeros(places, np.float32), np.zeros(places, np.float32)
    wide[:, columns] = np.array([draw[0] for draw in kept])
    links[:, columns] = np.array([draw[3] for draw in kept])
    means, precisions = (np.array([draw[number] for draw in kept], np.float32) for number in (1, 2))
    numbers = np.array([*(draw[4] for draw in kept), mean], np.float32)
    return PredictedStars(wide, means, precisions, links, numbers)


def load_stars(data: bytes) -> PredictedStars:
    """Reads `PredictedStars.save`d bytes; raises `Refused` (`bad-model`)."""
    parts = unpack(data)
    try:
        names = ("films", "means", "precisions", "links", "numbers")
        films, means, precisions, links, numbers = (parts[name].astype(np.float32) for name in names)
    except KeyError as missing:
        raise Refused("bad-model", f"found no {missing}, expected the draws of a posterior") from None
    draws, width = len(films), films.shape[-1]
    fits = films.ndim == 3 and draws and links.shape == films.shape and means.shape == (draws, width)
    if not fits or precisions.shape != (draws, width * width) or numbers.shape != (draws + 1,):
        raise Refused("bad-model", "found draws of different sizes, expected the same for every part")
    return PredictedStars(films, means, precisions.reshape(draws, width, width), links, numbers)


class _Side:
    """The factors of the authors or of the films: `rows` are their ratings [of this side, of the other side]."""

    def __init__(self, rows: csr_array, size: int, chance: np.random.Generator) -> None:
        self._rows, self._chance = rows, chance
        count, width = rows.shape[0], size + 1
        self.factors: Reals = chance.normal(0, 0.1, (count, width))
        self.mean: Reals = np.zeros(width)
        self.precision: Reals = np.eye(width)
        self.link: Reals = np.zeros((rows.shape[1], width))
        self._strength = 10.0
        self._features = _unit(rows)
        self._is_linked = 0 < rows.shape[1] <= MAX_LINKS and count > 0
        if self._is_linked:
            gram = np.asarray((self._features.T @ self._features).toarray())
            self._values, self._vectors = np.linalg.eigh(gram)

    def draw(self, other: Reals, mean: float, noise: float) -> None:
        """One Gibbs round: hyperparameters, link, factors."""
        linked = self._features @ self.link
        self._draw_prior(self.factors - linked)
        if self._is_linked:
            self._draw_link()
            linked = self._features @ self.link
        side, offsets = _design(other)
        system, target = _systems(self._rows, side, offsets + mean, self.mean + linked, self.precision, noise)
        root = np.linalg.cholesky(system)
        drawn = self._chance.normal(size=target.shape)[:, :, None]
        centre = np.linalg.solve(system, target[:, :, None])
        drawn = np.linalg.solve(root.transpose(0, 2, 1), drawn)
        self.factors = np.asarray(centre + drawn, dtype=np.float64)[:, :, 0]

    def _draw_prior(self, left: Reals) -> None:
        """Mean and precision from the normal-Wishart posterior of what the link leaves, the link counting too."""
        count, width = left.shape
        spread = np.eye(width) + self._strength * self.link.T @ self.link
        freedom = width + count + (len(self.link) if self._is_linked else 0)
        middle = left.sum(axis=0) / (count + 2.0)
        spread += left.T @ left - (count + 2.0) * np.outer(middle, middle)
        root = np.linalg.cholesky(np.linalg.inv((spread + spread.T) / 2))
        lower = np.tril(self._chance.normal(size=(width, width)), -1)
        lower[np.diag_indices(width)] = np.sqrt(self._chance.chisquare(freedom - np.arange(width)))
        factor = root @ lower
        self.precision = factor @ factor.T
        drawn = np.linalg.solve(factor.T, self._chance.normal(size=width))
        self.mean = np.asarray(middle + drawn / np.sqrt(count + 2.0), dtype=np.float64)

    def _draw_link(self) -> None:
        """The link matrix from its conditional; its strength from a gamma."""
        width = len(self.mean)
        root = np.linalg.inv(np.linalg.cholesky(self.precision))  # rows of normal @ root have the factors' covariance
        rows, features = self._features.shape
        target = self.factors - self.mean + self._chance.normal(size=(rows, width)) @ root
        right = self._features.T @ target
        right = right + np.sqrt(self._strength) * self._chance.normal(size=(features, width)) @ root
        turned = (self._vectors.T @ right) / (self._values + self._strength)[:, None]
        self.link = self._vectors @ turned
        size = float(np.einsum("ij,jk,ik->", self.link, self.precision, self.link))
        self._strength = float(self._chance.gamma(1 + features * width / 2, 1 / (0.1 + size / 2)))


def _design(factors: npt.NDArray[np.floating]) -> tuple[Reals, Reals]:
    """What the other side's factors multiply [rows, k + 1] (1 for the offset), and the offsets [rows]."""
    side = factors.astype(np.float64)
    offsets = side[:, -1].copy()
    side[:, -1] = 1
    return side, offsets


def _systems(
    rows: csr_array, side: Reals, expected: Reals, prior: Reals, precision: Reals, noise: float
) -> tuple[Reals, Reals]:
    """Posterior precisions [rows, k + 1, k + 1] and their right-hand sides [rows, k + 1]."""
    width = side.shape[1]
    seen = sparse((np.ones(rows.nnz), rows.indices, rows.indptr), rows.shape)
    outer = (side[:, :, None] * side[:, None, :]).reshape(len(side), width * width)
    left = sparse((rows.data - expected[rows.indices], rows.indices, rows.indptr), rows.shape)
    system = precision + noise * (seen @ outer).reshape(rows.shape[0], width, width)
    return system, prior @ precision + noise * (left @ side)


def _unit(rows: csr_array) -> csr_array:
    """Which are rated, rows of length 1."""
    seen = sparse((np.ones(rows.nnz), rows.indices, rows.indptr), rows.shape)
    return sparse(diags_array(1 / np.sqrt(np.maximum(np.diff(rows.indptr), 1))) @ seen)


def _orders(stars: csr_array) -> tuple[Integers, Integers]:
    """Authors and films that have ratings, ordered by a digest of their ratings alone (three rounds of refinement)."""
    rows = np.repeat(np.arange(stars.shape[0]), np.diff(stars.indptr))
    given = np.round(stars.data * 2).astype(np.uint64)
    authors, films = np.ones(stars.shape[0], np.uint64), np.ones(stars.shape[1], np.uint64)
    for _ in range(3):
        told = _mix(films[stars.indices] + given)
        authors = np.zeros(stars.shape[0], np.uint64)
        np.add.at(authors, rows, told)
        told = _mix(_mix(authors)[rows] + given)
        films = np.zeros(stars.shape[1], np.uint64)
        np.add.at(films, stars.indices, told)
        films = _mix(films)
    kept = np.flatnonzero(np.diff(stars.indptr))
    columns = np.flatnonzero(np.bincount(stars.indices, minlength=stars.shape[1]))
    return kept[np.argsort(authors[kept], kind="stable")], columns[np.argsort(films[columns], kind="stable")]


def _mix(values: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Spreads the bits (the finaliser of MurmurHash3)."""
    mixed = values ^ (values >> np.uint64(33))
    mixed = mixed * np.uint64(0xFF51AFD7ED558CCD)
    mixed = mixed ^ (mixed >> np.uint64(33))
    mixed = mixed * np.uint64(0xC4CEB9FE1A85EC53)
    spread: npt.NDArray[np.uint64] = mixed ^ (mixed >> np.uint64(33))
    return spread
