"""What every model of recommendation answers."""

from __future__ import annotations

from typing import Protocol

from scipy.sparse import csr_array

from cinepeer.recommend.evidence import Evidence
from cinepeer.recommend.history import Floats, Times


class Recommender(Protocol):
    """A fitted model. `stars` is [viewers, films], 1..10, sorted within rows; `times` one per star (see `history`)."""

    @property
    def name(self) -> str:
        """The name under which `fit` knows the model."""

    def scores(self, stars: csr_array, times: Times | None = None) -> Floats:
        """float32 [viewers, films] for histories that need not have been there in fitting; raises `BadInput`."""

    def explain(self, stars: csr_array, film: int, times: Times | None = None) -> Evidence:
        """What makes up the score of `film` for the one history in `stars` [1, films]."""

    def save(self) -> bytes:
        """Deterministic bytes for `load`."""
