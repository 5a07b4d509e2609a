"""Several models as one: each model's scores are brought to mean 0 and deviation 1 per viewer, weighed and added."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from cinepeer.recommend.arrays import pack
from cinepeer.recommend.evidence import Evidence, evidence_of
from cinepeer.recommend.history import Floats, Times
from cinepeer.recommend.model import Recommender


@dataclass(frozen=True, slots=True)
class Blend:
    """`parts`: the models over the same films; `weights`: what each counts.

    `shares`: per cent of every part that could have been in it, where they were tried or given; not saved.
    """

    name: str
    parts: tuple[Recommender, ...]
    weights: tuple[float, ...]
    shares: tuple[int, ...] = ()

    def scores(self, stars: csr_array, times: Times | None = None) -> Floats:
        """float32 [viewers, films]."""
        total = np.zeros(stars.shape, dtype=np.float32)
        for part, weight in zip(self.parts, self.weights, strict=True):
            found = part.scores(stars, times)
            middle, spread = moments(found)
            total += np.float32(weight) * ((found - middle) / spread)
        return total

    def explain(self, stars: csr_array, film: int, times: Times | None = None) -> Evidence:
        """The parts' contributions under the same scaling; `rest` holds what the means take away."""
        return explain_sum(zip(self.parts, self.weights, strict=True), stars, film, times)

    def save(self) -> bytes:
        """Deterministic bytes: the weights, and every part's own bytes."""
        parts: dict[str, np.ndarray] = {"weights": np.array(self.weights, np.float32)}
        for number, part in enumerate(self.parts):
            parts[f"part{number:02}"] = np.frombuffer(part.save(), np.uint8)
        return pack(self.name, parts)


def blend_of(name: str, *weighed: tuple[Recommender, float]) -> Blend:
    """A blend of (model, weight); the weights are rounded as the saved model holds them."""
    return Blend(name, tuple(part for part, _ in weighed), tuple(float(np.float32(weight)) for _, weight in weighed))


def moments(scores: Floats) -> tuple[Floats, Floats]:
    """Mean and deviation of every row, [viewers, 1]; a deviation of 0 becomes 1."""
    if not scores.shape[1]:
        return np.zeros((len(scores), 1), np.float32), np.ones((len(scores), 1), np.float32)
    middle = scores.mean(axis=1, keepdims=True, dtype=np.float64)
    spread = np.sqrt(np.square(scores - middle).mean(axis=1, keepdims=True))
    return middle.astype(np.float32), np.where(spread > 0, spread, 1).astype(np.float32)


def explain_sum(
    parts: Iterable[tuple[Recommender, float]], stars: csr_array, film: int, times: Times | None, rest: float = 0.0
) -> Evidence:
    """What makes up a sum of weighted models, each brought to mean 0 and deviation 1; `rest` belongs to no rating."""
    adds = np.zeros(stars.shape[1])
    for part, weight in parts:
        middle, spread = moments(part.scores(stars, times))
        factor = weight / float(spread[0, 0])
        found = part.explain(stars, film, times)
        np.add.at(adds, np.array(found.films, np.int64), np.array(found.adds) * factor)
        rest += (found.rest - float(middle[0, 0])) * factor
    return evidence_of(film, np.arange(len(adds)), adds, rest)
