"""Several models of stars as one: the weighed mean of what they say."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from cinepeer.recommend.arrays import pack
from cinepeer.recommend.evidence import Evidence, evidence_of
from cinepeer.recommend.history import Floats, Times
from cinepeer.recommend.model import Recommender


@dataclass(frozen=True, slots=True)
class Average:
    """`parts`: the models over the same films; `weights`: what each counts, 1 together."""

    name: str
    parts: tuple[Recommender, ...]
    weights: tuple[float, ...]

    def scores(self, stars: csr_array, times: Times | None = None) -> Floats:
        """float32 [viewers, films], in stars."""
        total = np.zeros(stars.shape, dtype=np.float32)
        for part, weight in zip(self.parts, self.weights, strict=True):
            total += np.float32(weight) * part.scores(stars, times)
        return total

    def explain(self, stars: csr_array, film: int, times: Times | None = None) -> Evidence:
        """The parts' contributions by their weights."""
        adds, rest = np.zeros(stars.shape[1]), 0.0
        for part, weight in zip(self.parts, self.weights, strict=True):
            found = part.explain(stars, film, times)
            np.add.at(adds, np.array(found.films, np.int64), np.array(found.adds) * weight)
            rest += found.rest * weight
        return evidence_of(film, np.arange(len(adds)), adds, rest)

    def save(self) -> bytes:
        """Deterministic bytes: the weights, and every part's own bytes."""
        parts: dict[str, np.ndarray] = {"weights": np.array(self.weights, np.float32)}
        for number, part in enumerate(self.parts):
            parts[f"part{number:02}"] = np.frombuffer(part.save(), np.uint8)
        return pack(self.name, parts)
