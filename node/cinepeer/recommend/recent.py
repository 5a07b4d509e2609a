"""A model asked about the newest films of a history alone: what the viewer is in the mood for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from cinepeer.errors import BadInput
from cinepeer.recommend.arrays import pack
from cinepeer.recommend.evidence import Evidence
from cinepeer.recommend.history import Floats, Times, ages, row_numbers, sparse, verify_stars
from cinepeer.recommend.model import Recommender

BEST = 10  # every rated film is shown to the part as if it were liked


@dataclass(frozen=True, slots=True)
class Recent:
    """`part` sees the `latest` films of a history, whatever their stars, and nothing else."""

    part: Recommender
    latest: int
    name: str = "recent"

    def scores(self, stars: csr_array, times: Times | None = None) -> Floats:
        """float32 [viewers, films]; raises `BadInput` without times."""
        return self.part.scores(self._newest(stars, times))

    def explain(self, stars: csr_array, film: int, times: Times | None = None) -> Evidence:
        """The part's evidence: only the newest films are in it."""
        return self.part.explain(self._newest(stars, times), film)

    def save(self) -> bytes:
        """Deterministic bytes: the number of films, and the part's own bytes."""
        latest = np.array([self.latest], np.int32)
        return pack(self.name, {"latest": latest, "part": np.frombuffer(self.part.save(), np.uint8)})

    def _newest(self, stars: csr_array, times: Times | None) -> csr_array:
        verify_stars(stars, times)
        if times is None:
            raise BadInput("found no times, expected one per rating: this model needs the order of a history")
        is_new = ages(stars, times) < self.latest
        found = sparse((np.where(is_new, BEST, 0).astype(np.float32), stars.indices, stars.indptr), stars.shape)
        found = sparse(found.copy())
        found.eliminate_zeros()
        return found


def seen(stars: csr_array) -> csr_array:
    """Every rating as the best: what was seen, for models that look at likes; float32 [authors, films]."""
    return sparse((np.full(stars.nnz, BEST, np.float32), stars.indices, stars.indptr), stars.shape)


def spans(stars: csr_array, times: Times, length: int) -> csr_array:
    """Every `length` ratings that follow each other in a history as an author of their own, the newest first cut.

    float32 [spans, films], all the best; films that are rated near each other come together.
    """
    rows = row_numbers(stars)
    part = ages(stars, times) // length
    most = int(part.max(initial=0)) + 1
    _, number = np.unique(rows * most + part, return_inverse=True)
    count = int(number.max(initial=-1)) + 1
    found = sparse((np.full(stars.nnz, BEST, np.float32), (number, stars.indices)), (count, stars.shape[1]))
    found.sort_indices()
    return found
