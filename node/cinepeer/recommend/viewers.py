"""User-based collaborative filtering: the films liked by the authors nearest in taste (cosine over likes)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array, diags_array

from cinepeer.errors import Refused
from cinepeer.recommend.arrays import pack, unpack
from cinepeer.recommend.evidence import Evidence, evidence_of
from cinepeer.recommend.history import Floats, Times, likes, popularity, sparse, verify_stars


@dataclass(frozen=True, slots=True)
class Viewers:
    """`liked`: the authors' likes [authors, films], rows of length 1 in `unit`; `nearest`: how many authors count."""

    liked: csr_array
    unit: csr_array
    prior: Floats
    nearest: int
    name: str = "viewers"

    def scores(self, stars: csr_array, times: Times | None = None) -> Floats:
        """float32 [viewers, films]: sum of the cosines of the `nearest` authors who like the film."""
        verify_stars(stars, times, len(self.prior))
        mine = likes(stars)
        found = np.asarray((self._near(mine) @ self.liked).toarray(), dtype=np.float32)
        found[np.diff(mine.indptr) == 0] = self.prior
        return found

    def explain(self, stars: csr_array, film: int, times: Times | None = None) -> Evidence:
        """A near author's cosine is a sum over the films liked by both: each gets its part."""
        verify_stars(stars, times, len(self.prior))
        mine = likes(stars)
        if not mine.nnz:
            return evidence_of(film, np.zeros(0, np.int64), np.zeros(0), float(self.prior[film]))
        near = self._near(mine).toarray().ravel()
        fans = near * self.liked[:, [film]].toarray().ravel()
        chosen = np.flatnonzero(fans)
        both = _unit(mine).toarray().ravel()
        adds = np.asarray(self.unit[chosen].sum(axis=0)).ravel() * both
        return evidence_of(film, np.arange(len(adds)), adds)

    def save(self) -> bytes:
        """Deterministic bytes; `load_viewers` reads them."""
        parts = {"indices": self.liked.indices.astype(np.int32), "indptr": self.liked.indptr.astype(np.int32)}
        return pack(self.name, {**parts, "prior": self.prior, "nearest": np.array([self.nearest], np.int32)})

    def _near(self, mine: csr_array) -> csr_array:
        """Cosines to the nearest authors [viewers, authors]; all that tie with the last one count."""
        near = np.asarray((_unit(mine) @ self.unit.T).toarray(), dtype=np.float32)
        if near.shape[1] > self.nearest:
            edge = -np.partition(-near, self.nearest - 1, axis=1)[:, self.nearest - 1]
            near[near < edge[:, None] * np.float32(1 - 1e-5)] = 0
        return sparse(near)


def fit(stars: csr_array, *, nearest: int = 100) -> Viewers:
    """Keeps every author's likes: at least one is needed for a neighbour."""
    liked = likes(stars)
    liked = sparse(liked[np.diff(liked.indptr) > 0])
    return Viewers(liked, _unit(liked), popularity(stars), nearest)


def load_viewers(data: bytes) -> Viewers:
    """Reads `Viewers.save`d bytes; raises `Refused` (`bad-model`)."""
    parts = unpack(data)
    try:
        indices, indptr, prior, nearest = (parts[key] for key in ("indices", "indptr", "prior", "nearest"))
    except KeyError as missing:
        raise Refused("bad-model", f"found no {missing}, expected the authors' likes") from None
    indices, indptr = indices.astype(np.int64), indptr.astype(np.int64)
    ascending = indptr.ndim == 1 and len(indptr) and indptr[0] == 0 and (np.diff(indptr) >= 0).all()
    within = not indices.size or (indices.min() >= 0 and indices.max() < len(prior))
    if not ascending or indptr[-1] != len(indices) or not within or nearest.shape != (1,):
        raise Refused("bad-model", "found likes that do not fit together, expected film numbers by author")
    ones = np.ones(len(indices), np.float32)
    liked = sparse((ones, indices, indptr), (len(indptr) - 1, len(prior)))
    return Viewers(liked, _unit(liked), prior.astype(np.float32), int(nearest.astype(np.int64)[0]))


def _unit(rows: csr_array) -> csr_array:
    length = np.sqrt(np.maximum(np.diff(rows.indptr), 1)).astype(np.float32)
    return sparse(diags_array(1 / length) @ rows).astype(np.float32)
