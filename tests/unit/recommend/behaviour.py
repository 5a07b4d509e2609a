"""What every model must do, whatever it computes: the suite that `test_recommend_models.py` runs on each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pytest
from scipy.sparse import csr_array

from cinepeer.errors import BadInput, Refused
from cinepeer.recommend.history import likes
from cinepeer.recommend.model import Recommender
from cinepeer.recommend.recommender import best, fit, load

AUTHORS, FILMS, CLOSE = 60, 24, 1e-4


@dataclass(frozen=True)
class Case:
    """A model's name with the parameters that make it apt for small data."""

    model: str
    parameters: dict[str, object] = field(default_factory=dict)
    is_personal: bool = True
    fit: Callable[..., Recommender] = fit
    load: Callable[[bytes], Recommender] = load


@dataclass(frozen=True)
class World:
    """Ratings as dense arrays, 0 = unrated, so that tests can permute them."""

    stars: np.ndarray
    times: np.ndarray
    content: np.ndarray

    def fit(self, case: Case, seed: int = 0) -> Recommender:
        stars, times = rows(self.stars, self.times)
        return case.fit(stars, times, csr_array(self.content), seed=seed, model=case.model, **case.parameters)


def rows(stars: np.ndarray, times: np.ndarray) -> tuple[csr_array, np.ndarray]:
    """Dense ratings as the models take them."""
    return csr_array(stars), times[stars > 0].astype(np.int64)


def world(seed: int = 0) -> World:
    """Two tastes over even and odd films; every author rates some films, in an order of their own."""
    chance = np.random.default_rng(seed)
    stars = np.zeros((AUTHORS, FILMS), dtype=np.int64)
    for author in range(AUTHORS):
        rated = chance.choice(FILMS, int(chance.integers(6, 14)), replace=False)
        agrees = (rated % 2) == (author % 2)
        stars[author, rated] = np.where(agrees, chance.integers(7, 11, len(rated)), chance.integers(1, 9, len(rated)))
    times = np.argsort(np.argsort(chance.random(stars.shape), axis=1), axis=1) + 1
    content = np.zeros((FILMS, 8))
    content[np.arange(FILMS), np.arange(FILMS) % 2] = 1.0
    content[np.arange(FILMS), 2 + chance.integers(0, 6, FILMS)] += 0.5
    return World(stars, times, content)


class Behaviour:
    """Inherited by a test class that gives each `case`."""

    @pytest.fixture
    def case(self) -> Case:
        raise NotImplementedError

    def test_the_same_input_and_seed_give_the_same_bytes_and_scores(self, case: Case) -> None:
        first, second = world().fit(case, seed=3), world().fit(case, seed=3)
        history = rows(world(1).stars, world(1).times)
        assert first.save() == second.save()
        assert np.array_equal(first.scores(*history), second.scores(*history))

    def test_permuting_authors_changes_no_score(self, case: Case) -> None:
        here = world()
        order = np.random.default_rng(5).permutation(AUTHORS)
        other = World(here.stars[order], here.times[order], here.content)
        history = rows(world(1).stars, world(1).times)
        np.testing.assert_allclose(other.fit(case).scores(*history), here.fit(case).scores(*history), atol=CLOSE)

    def test_permuting_films_permutes_the_scores(self, case: Case) -> None:
        here, viewers = world(), world(1)
        order = np.random.default_rng(6).permutation(FILMS)
        other = World(here.stars[:, order], here.times[:, order], here.content[order])
        found = other.fit(case).scores(*rows(viewers.stars[:, order], viewers.times[:, order]))
        np.testing.assert_allclose(
            found, here.fit(case).scores(*rows(viewers.stars, viewers.times))[:, order], atol=CLOSE
        )

    def test_an_author_without_ratings_changes_nothing(self, case: Case) -> None:
        here = world()
        none = np.zeros((1, FILMS), dtype=np.int64)
        other = World(np.vstack([here.stars, none]), np.vstack([here.times, none]), here.content)
        history = rows(world(1).stars, world(1).times)
        np.testing.assert_allclose(other.fit(case).scores(*history), here.fit(case).scores(*history), atol=CLOSE)

    def test_a_twin_of_a_liked_film_ranks_above_a_random_one(self, case: Case) -> None:
        if not case.is_personal:
            return
        here = world()
        stars, times, content = here.stars.copy(), here.times * 10, here.content.copy()
        stars[:, 2], times[:, 2], content[2] = stars[:, 0], times[:, 0] + 1, content[0]
        history, when = np.zeros((1, FILMS), dtype=np.int64), np.ones((1, FILMS), dtype=np.int64)
        history[0, 0] = 10
        scores = World(stars, times, content).fit(case).scores(*rows(history, when))[0]
        others = np.delete(scores, [0, 2])
        assert scores[2] > np.median(others)
        assert (scores[2] > others).mean() > 0.9

    def test_rated_and_excluded_films_stay_out_of_the_list(self, case: Case) -> None:
        stars, times = rows(world(1).stars, world(1).times)
        found = best(world().fit(case).scores(stars, times), stars, limit=FILMS, excluded=[4, 7])
        for viewer, ranked in enumerate(found):
            shown = set(ranked[ranked >= 0].tolist())
            barred = set(np.flatnonzero(world(1).stars[viewer]).tolist()) | {4, 7}
            assert shown == set(range(FILMS)) - barred

    def test_an_empty_history_ranks_by_finite_scores(self, case: Case) -> None:
        none = np.zeros((1, FILMS), dtype=np.int64)
        scores = world().fit(case).scores(*rows(none, none))
        assert scores.shape == (1, FILMS) and scores.dtype == np.float32
        assert np.isfinite(scores).all()

    @pytest.mark.parametrize("shape", [(AUTHORS, 1), (1, FILMS), (0, FILMS), (3, 0)])
    def test_one_film_one_author_or_nobody_is_enough(self, case: Case, shape: tuple[int, int]) -> None:
        authors, films = shape
        here = world()
        small = World(here.stars[:authors, :films], here.times[:authors, :films], here.content[:films])
        history = rows(world(1).stars[:, :films], world(1).times[:, :films])
        scores = small.fit(case).scores(*history)
        assert scores.shape == (AUTHORS, films)
        assert np.isfinite(scores).all()

    @pytest.mark.parametrize("given", [3, 10])
    def test_equal_stars_everywhere_give_finite_scores(self, case: Case, given: int) -> None:
        here = world()
        level = World(np.where(here.stars > 0, given, 0), here.times, here.content)
        history = rows(world(1).stars, world(1).times)
        assert np.isfinite(level.fit(case).scores(*history)).all()

    @pytest.mark.parametrize("wrong", [np.nan, np.inf, 0.5, 11.0])
    def test_stars_that_are_none_are_refused_in_fitting_and_in_scoring(self, case: Case, wrong: float) -> None:
        here = world()
        stars = here.stars.astype(np.float64)
        stars[0, 0] = wrong
        bad, times = csr_array(stars), here.times[stars != 0].astype(np.int64)
        with pytest.raises(BadInput, match="expected stars from 1 to 10"):
            case.fit(bad, times, csr_array(here.content), model=case.model, **case.parameters)
        with pytest.raises(BadInput, match="expected stars from 1 to 10"):
            here.fit(case).scores(bad, times)

    def test_a_history_over_other_films_is_refused(self, case: Case) -> None:
        narrow = csr_array(np.full((1, FILMS - 1), 5))
        with pytest.raises(BadInput, match=f"expected {FILMS}"):
            world().fit(case).scores(narrow, np.arange(FILMS - 1))

    def test_saving_and_loading_gives_the_same_bytes_and_scores(self, case: Case) -> None:
        model = world().fit(case)
        again = case.load(model.save())
        history = rows(world(1).stars, world(1).times)
        assert again.name == model.name
        assert again.save() == model.save()
        np.testing.assert_allclose(again.scores(*history), model.scores(*history), atol=1e-6)

    @pytest.mark.parametrize("cut", [0, 3, 40, -1])
    def test_a_truncated_model_is_refused(self, case: Case, cut: int) -> None:
        with pytest.raises(Refused):
            case.load(world().fit(case).save()[:cut])

    def test_the_evidence_adds_up_to_the_score_and_names_rated_films_alone(self, case: Case) -> None:
        model = world().fit(case)
        viewers = world(1)
        for viewer in range(6):
            history = rows(viewers.stars[viewer : viewer + 1], viewers.times[viewer : viewer + 1])
            scores = model.scores(*history)[0]
            for film in (0, 5, 11):
                found = model.explain(history[0], film, history[1])
                assert found.film == film
                assert found.score == pytest.approx(float(scores[film]), rel=1e-4, abs=1e-4)
                assert sum(found.adds) + found.rest == pytest.approx(found.score, rel=1e-6, abs=1e-6)
                assert set(found.films) <= set(np.flatnonzero(viewers.stars[viewer]).tolist())

    def test_likes_alone_never_leave_a_viewer_without_an_order(self, case: Case) -> None:
        stars, times = rows(world(1).stars, world(1).times)
        scores = world().fit(case).scores(stars, times)
        assert likes(stars).nnz and (scores.max(axis=1) > scores.min(axis=1)).all()
