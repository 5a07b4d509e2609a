"""The model that a node serves does what every model must do: the same suite, on its whole numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_array

from cinepeer.errors import BadInput
from cinepeer.recommend import ranking, served
from cinepeer.recommend.distilled import fit_served
from cinepeer.recommend.evidence import Evidence, evidence_of
from cinepeer.recommend.history import Floats, Times, verify_stars
from unit.recommend.behaviour import FILMS, Behaviour, Case

ONE = 100 * 64 * 127 * served.MAX_SCALE
SPEAKING = {"liked": 100, "disliked": 100, "lately": 50}
FAINT = 1e-6  # of two films that nothing speaks of the one that more people like comes first


class Served:
    """A served model behind the interface of the others; column j is film j by name."""

    name = "served"

    def __init__(self, model: served.ServedModel) -> None:
        self._model = model
        self._numbers = {film: number for number, film in enumerate(model.films)}

    def scores(self, stars: csr_array, times: Times | None = None) -> Floats:
        verify_stars(stars, times, int(self._model.films[-1]) + 1 if self._model.films else stars.shape[1])
        found = np.zeros(stars.shape, np.float32)
        for viewer, (start, stop) in enumerate(zip(stars.indptr[:-1], stars.indptr[1:], strict=True)):
            given, when = self._history(stars, times, start, stop)
            for film in self._model.films:
                opened = ranking.explain(self._model, given, film, when, dials=SPEAKING)
                found[viewer, int(film)] = opened.score / ONE + FAINT * self._model.likes[self._numbers[film]]
        return found

    def explain(self, stars: csr_array, film: int, times: Times | None = None) -> Evidence:
        given, when = self._history(stars, times, 0, stars.nnz)
        opened = ranking.explain(self._model, given, name(film), when, dials=SPEAKING)
        films = np.array([int(part.film) for part in opened.parts], np.int64)
        adds = np.bincount(films, [part.adds / ONE for part in opened.parts], stars.shape[-1])
        rest = FAINT * self._model.likes[self._numbers[name(film)]]
        return evidence_of(film, np.arange(len(adds)), adds, rest)

    def save(self) -> bytes:
        return served.save(self._model)

    def _history(
        self, stars: csr_array, times: Times | None, start: int, stop: int
    ) -> tuple[dict[str, int], dict[str, int] | None]:
        films = [name(film) for film in stars.indices[start:stop].tolist()]
        when = None if times is None else dict(zip(films, times[start:stop].tolist(), strict=True))
        return dict(zip(films, stars.data[start:stop].tolist(), strict=True)), when


def name(film: int) -> str:
    return f"{film:03}"


def fitted(
    stars: csr_array, times: Times | None, content: csr_array, *, seed: int = 0, model: str = "", **given: Any
) -> Served:
    del seed, model
    return Served(fit_served(stars, [name(film) for film in range(stars.shape[1])], times, content, **given))


CASES = [
    Case("served", {"max_next": FILMS, "least_dislikes": 1}, fit=fitted, load=lambda data: Served(served.load(data))),
    Case("served-tried", {"tries": 20}, fit=fitted, load=lambda data: Served(served.load(data))),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.model)
class TestServed(Behaviour):
    pass


def test_a_history_of_stars_that_are_none_is_refused_by_the_ranking_itself() -> None:
    model = fit_served(csr_array(np.full((3, 4), 9)), [name(film) for film in range(4)])
    for wrong in (0, 11):
        with pytest.raises(BadInput, match="expected 1 to 10"):
            ranking.rank(model, {name(0): wrong})
