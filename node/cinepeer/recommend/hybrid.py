"""A mix that weighs by what is known: the viewer's taste by how many likes they have, each film's by how many like it.

With w = likes / (likes + `HALF_VIEWER`) of the viewer and c = likes / (likes + `HALF_FILM`) of the film:
score = w (c taste + (1 - c) content) + (1 - w) popularity, each brought to mean 0 and deviation 1 per viewer. Who has
told nothing gets what is popular; a film that nobody knows is ranked by its content.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from cinepeer.recommend.arrays import pack
from cinepeer.recommend.blend import explain_sum, moments
from cinepeer.recommend.evidence import Evidence
from cinepeer.recommend.history import Floats, Times, likes, verify_stars
from cinepeer.recommend.model import Recommender

HALF_VIEWER = 1.0
HALF_FILM = 3.0


@dataclass(frozen=True, slots=True)
class Hybrid:
    """`taste` and `content`: models over the same films; `counts`: float32 [films], how many like each."""

    taste: Recommender
    content: Recommender
    counts: Floats
    name: str = "hybrid"

    def scores(self, stars: csr_array, times: Times | None = None) -> Floats:
        """float32 [viewers, films]."""
        verify_stars(stars, times, len(self.counts))
        known = _known(np.diff(likes(stars).indptr), HALF_VIEWER)[:, None]
        film = _known(self.counts, HALF_FILM)[None, :]
        total = (1 - known) * self._popular()[None, :]
        for part, share in ((self.taste, film), (self.content, 1 - film)):
            found = part.scores(stars, times)
            middle, spread = moments(found)
            total = total + known * share * ((found - middle) / spread)
        return np.asarray(total, dtype=np.float32)

    def explain(self, stars: csr_array, film: int, times: Times | None = None) -> Evidence:
        """The parts' contributions under the same shares; `rest` holds popularity and what the means take away."""
        verify_stars(stars, times, len(self.counts))
        known = float(_known(np.diff(likes(stars).indptr), HALF_VIEWER)[0])
        share = float(_known(self.counts[[film]], HALF_FILM)[0])
        parts = ((self.taste, known * share), (self.content, known * (1 - share)))
        return explain_sum(parts, stars, film, times, (1 - known) * float(self._popular()[film]))

    def save(self) -> bytes:
        """Deterministic bytes: the counts, and the bytes of both parts."""
        parts = {name: np.frombuffer(part.save(), np.uint8) for name, part in self._named()}
        return pack(self.name, {**parts, "counts": self.counts})

    def _named(self) -> tuple[tuple[str, Recommender], tuple[str, Recommender]]:
        return ("taste", self.taste), ("content", self.content)

    def _popular(self) -> Floats:
        told = np.log1p(self.counts)[None, :].astype(np.float32)
        middle, spread = moments(told)
        found: Floats = ((told - middle) / spread)[0].astype(np.float32)
        return found


def _known(counts: npt.NDArray[np.generic], half: float) -> npt.NDArray[np.float64]:
    number = counts.astype(np.float64)
    known: npt.NDArray[np.float64] = number / (number + half)
    return known
