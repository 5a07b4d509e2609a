"""Models of the newest films of a history: what is older says nothing, and what lies near each other comes together."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_array

from cinepeer.errors import BadInput, Refused
from cinepeer.recommend import ridge
from cinepeer.recommend.arrays import pack
from cinepeer.recommend.recent import Recent, seen, spans
from cinepeer.recommend.recommender import fit, load
from unit.recommend.behaviour import FILMS, rows, world


def recent(latest: int) -> Recent:
    return Recent(ridge.fit_edlae(csr_array(world().stars), ridge=3.0), latest)


def test_only_the_newest_films_count_and_their_stars_do_not() -> None:
    stars, times = np.zeros((1, FILMS)), np.zeros((1, FILMS), np.int64)
    stars[0, [3, 5, 8]], times[0, [3, 5, 8]] = (10, 2, 9), (1, 3, 2)
    history = rows(stars, times)
    liked = csr_array((np.array([9, 9]), np.array([5, 8]), np.array([0, 2])), shape=(1, FILMS))
    assert np.array_equal(recent(2).scores(*history), recent(2).part.scores(liked))
    found = recent(2).explain(history[0], 4, history[1])
    assert set(found.films) <= {5, 8}
    assert found.score == pytest.approx(float(recent(2).scores(*history)[0, 4]), abs=1e-5)


def test_a_history_without_times_is_refused() -> None:
    with pytest.raises(BadInput, match="needs the order"):
        recent(2).scores(csr_array(world().stars))


def test_spans_cut_a_history_from_its_newest_end() -> None:
    stars = np.array([[1, 2, 3, 4, 5], [0, 0, 7, 0, 0], [0, 0, 0, 0, 0]])
    times = np.array([[5, 4, 3, 2, 1], [0, 0, 1, 0, 0], [0, 0, 0, 0, 0]])
    found = spans(*rows(stars, times), 2).toarray() > 0
    together = {tuple(np.flatnonzero(row).tolist()) for row in found}
    assert together == {(0, 1), (2, 3), (4,), (2,)}
    assert spans(csr_array((0, 3)), np.zeros(0, np.int64), 2).shape == (0, 3)


def test_what_was_seen_counts_as_the_best() -> None:
    assert set(seen(csr_array(world().stars)).data.tolist()) == {10.0}


def test_saved_models_of_strangers_are_refused() -> None:
    data = recent(2).save()
    history = rows(world(1).stars, world(1).times)
    assert load(data).save() == data
    assert np.array_equal(load(data).scores(*history), recent(2).scores(*history))
    part = np.frombuffer(recent(2).part.save(), np.uint8)
    blend = np.frombuffer(fit(csr_array(world().stars)).save(), np.uint8)
    for wrong in (
        {"part": part},
        {"latest": np.array([0], np.int32), "part": part},
        {"latest": np.array([1, 2], np.int32), "part": part},
        {"latest": np.array([1], np.int32), "part": blend},
        {"latest": np.array([1], np.int32), "part": np.frombuffer(data, np.uint8)},
    ):
        with pytest.raises(Refused):
            load(pack("recent", wrong))
