"""Why a film got its score: what each rating of the viewer adds, and what does not depend on them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cinepeer.recommend.history import Floats


@dataclass(frozen=True, slots=True)
class Evidence:
    """`score` = sum(`adds`) + `rest` up to rounding; `films[k]` is a film the viewer rated (int64), `adds[k]` its part.

    `rest` is what is the same for any viewer (popularity) or comes from scaling (a blend).
    """

    film: int
    score: float
    films: tuple[int, ...]
    adds: tuple[float, ...]
    rest: float


def evidence_of(film: int, films: np.ndarray, adds: Floats | np.ndarray, rest: float = 0.0) -> Evidence:
    """Evidence with the parts that are not zero, largest first, ties by film number."""
    kept = np.flatnonzero(adds)
    order = kept[np.lexsort((films[kept], -adds[kept]))]
    parts = tuple(float(part) for part in adds[order])
    return Evidence(film, sum(parts) + rest, tuple(int(number) for number in films[order]), parts, rest)
