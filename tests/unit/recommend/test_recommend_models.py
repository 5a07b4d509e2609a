"""Every model behind the one interface, by the one suite; then what each computes, against the plain formula."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_array

from cinepeer.errors import BadInput, Refused
from cinepeer.recommend import content, factors, next_film, ridge, tuning
from cinepeer.recommend.arrays import pack, unpack
from cinepeer.recommend.recommender import MODELS, fit, load
from unit.recommend.behaviour import Behaviour, Case, World, rows, world

CASES = [
    Case("popularity", is_personal=False),
    Case("viewers", {"nearest": 20}),
    Case("films", {"nearest": 10}),
    Case("ease", {"ridge": 3.0}),
    Case("edlae", {"ridge": 3.0}),
    Case("near", {"ridge": 3.0}),
    Case("factors", {"size": 30}),
    Case("blend"),
    Case("dislikes", {"ridge": 3.0}),
    Case("dislikes-blend"),
    Case("next", {"ridge": 1.0}),
    Case("content", {"ridge": 3.0}),
    Case("content-factors"),
    Case("words"),
    Case("cold-blend"),
    Case("hybrid"),
    Case("rated", {"ridge": 3.0}),
    Case("next-blend"),
    Case("stars", {"size": 2, "burn": 4, "draws": 4}, is_personal=False),
    Case("star-neighbours", is_personal=False),
    Case("stars-blend", {"size": 2, "burn": 4, "draws": 4}, is_personal=False),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.model)
class TestEveryModel(Behaviour):
    pass


def test_no_model_escapes_the_suite() -> None:
    assert {case.model for case in CASES} == set(MODELS)


def test_the_item_model_is_the_plain_formula_by_either_inverse() -> None:
    chance = np.random.default_rng(0)
    for authors in (200, 8):  # fewer authors than films: the dual form
        likes = (chance.random((authors, 20)) < 0.4).astype(float)
        strength = chance.uniform(2, 5, 20)
        inverse = np.linalg.inv(likes.T @ likes + np.diag(strength))
        expected = np.eye(20) - inverse / np.diagonal(inverse)[None, :]
        np.testing.assert_allclose(ridge.item_weights(csr_array(likes), strength), expected, atol=1e-5)


def test_films_liked_one_after_the_other_count_more_for_each_other() -> None:
    authors, films = 30, 8
    stars, times = np.full((authors, films), 9), np.tile(np.arange(films), (authors, 1))
    history = csr_array(np.array([[0, 0, 9, 0, 0, 0, 0, 0]]))
    plain = World(stars, times, np.eye(films)).fit(Case("near", {"near": 0.0})).scores(history)[0]
    close = World(stars, times, np.eye(films)).fit(Case("near", {"near": 0.3, "decay": 0.5})).scores(history)[0]
    assert plain[3] == pytest.approx(plain[7], rel=1e-4)
    assert close[3] > close[5] > close[7]


def test_factors_solve_their_own_least_squares() -> None:
    stars, _ = rows(world().stars, world().times)
    model = factors.fit(stars, size=6, unseen=0.2, ridge=0.01)
    liked = (world().stars >= 8).astype(float)
    viewer = np.flatnonzero(liked[0])
    v = model.films.astype(float)
    strength = 0.01 * (len(viewer) + 0.2 * np.any(v, axis=1).sum())
    folded = np.linalg.solve(v[viewer].T @ v[viewer] + 0.2 * v.T @ v + strength * np.eye(6), v[viewer].sum(axis=0))
    np.testing.assert_allclose(model.scores(stars)[0], v @ folded, atol=1e-4)


def test_the_next_film_model_is_the_ridge_over_decayed_histories(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(next_film, "FAINT", 1e-9)
    here = world()
    stars, times = rows(here.stars, here.times)
    decays, discount = (0.3, 0.2), 0.25
    model = next_film.fit(stars, times, decays=decays, discount=discount, ridge=2.0)
    inputs, targets = [], []
    for author in range(len(here.stars)):
        rated = np.flatnonzero(here.stars[author])
        order = rated[np.argsort(here.times[author, rated])]
        state = np.zeros((len(decays), here.stars.shape[1]))
        for at, film in enumerate(order):
            state *= np.array(decays)[:, None]
            state[:, film] += 1
            later = np.zeros(here.stars.shape[1])
            later[order[at + 1 :]] = discount ** np.arange(len(order) - at - 1)
            inputs.append(state.ravel().copy())
            targets.append(later)
    x, y = np.array(inputs), np.array(targets)
    expected = np.linalg.solve(x.T @ x + 2 * np.eye(x.shape[1]), x.T @ y)
    np.testing.assert_allclose(model.weights, expected, atol=1e-4)


def test_the_next_film_model_needs_the_order() -> None:
    stars, times = rows(world().stars, world().times)
    with pytest.raises(BadInput, match="needs the order"):
        fit(stars, model="next")
    with pytest.raises(BadInput, match="needs the order"):
        fit(stars, times, model="next").scores(stars)


def test_the_order_of_a_history_decides_the_next_film() -> None:
    authors, films = 40, 6
    stars, times = np.full((authors, films), 8), np.tile(np.arange(films), (authors, 1))  # 0 then 1 then 2 ...
    model = World(stars, times, np.eye(films)).fit(Case("next", {"ridge": 0.1}))
    history = csr_array(np.array([[8, 0, 8, 0, 0, 0]]))
    assert np.argmax(model.scores(history, np.array([1, 2]))[0]) == 3
    assert np.argmax(model.scores(history, np.array([2, 1]))[0]) == 1


def test_a_dislike_lowers_what_its_fans_liked() -> None:
    model = world().fit(Case("dislikes", {"ridge": 3.0}))
    none, disliked = csr_array(np.array([[9] + [0] * 23])), csr_array(np.array([[9, 0, 2, 0, 2] + [0] * 19]))
    plain, lowered = model.scores(none)[0], model.scores(disliked)[0]
    even = np.arange(6, 24, 2)
    assert lowered[even].mean() < plain[even].mean()


def test_a_film_nobody_liked_gets_its_place_from_its_content() -> None:
    here = world()
    stars = here.stars.copy()
    stars[:, [0, 1]] = 0
    model = World(stars, here.times, here.content).fit(Case("content", {"ridge": 3.0}))
    even_fan = np.zeros((1, 24), dtype=np.int64)
    even_fan[0, 2:12:2] = 9
    scores = model.scores(csr_array(even_fan))[0]
    assert scores[0] > scores[1]


def test_popularity_halves_with_every_half_life() -> None:
    stars, times = csr_array(np.array([[9, 9], [0, 9]])), np.array([0, 10, 20])
    scores = fit(stars, times, model="popularity", half_life=10.0).scores(stars)
    np.testing.assert_allclose(scores[0], [0.25, 1.5])


def test_features_are_rows_of_length_one_and_ignore_what_one_film_alone_has() -> None:
    found = content.features([["drama", "rare"], ["drama", "war", "war"], ["war"], []]).toarray()
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), [1, 1, 1, 0])
    assert found.shape == (4, 3) and not found[:, 1].any()
    assert found[1, 2] > found[1, 0]


def test_wrong_requests_are_refused_in_words() -> None:
    stars, times = rows(world().stars, world().times)
    with pytest.raises(BadInput, match="found the model nothing"):
        fit(stars, model="nothing")
    with pytest.raises(BadInput, match="no content"):
        fit(stars, model="content")
    with pytest.raises(BadInput, match="finite features"):
        fit(stars, content=csr_array(np.full((24, 2), np.nan)), model="content")
    with pytest.raises(BadInput, match="whole numbers"):
        fit(stars, times[:-1])
    twice = csr_array((np.array([5, 6]), np.array([1, 1]), np.array([0, 2])), shape=(1, 24))
    with pytest.raises(BadInput, match="ascending films"):
        fit(twice)


def test_models_of_strangers_are_refused() -> None:
    part = fit(csr_array(world().stars), model="ease", ridge=3.0).save()
    nested = pack("blend", {"weights": np.ones(1, np.float32), "part00": np.frombuffer(part, np.uint8)})
    deeper = pack("blend", {"weights": np.ones(1, np.float32), "part00": np.frombuffer(nested, np.uint8)})
    assert load(nested).name == "blend"
    for wrong in (
        deeper,
        pack("nobody", {}),
        pack("ease", {}),
        pack("viewers", {}),
        pack("factors", {}),
        pack("blend", {"weights": np.ones(2, np.float32), "part00": np.frombuffer(part, np.uint8)}),
        pack("ease", {**unpack(part), "rows": np.full((24, 2), 99, np.int32)}),
        part + b"0",
        part.replace(b"recommender/1", b"recommender/2"),
    ):
        with pytest.raises(Refused):
            load(wrong)


def test_shares_are_tried_where_there_are_authors_enough_in_whatever_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tuning, "SURE", -100.0)  # every move seems sure
    here = world()
    stars, times = rows(here.stars, here.times)
    plain, tried = fit(stars, times, model="blend"), fit(stars, times, model="blend", tries=20)
    assert plain.save() != tried.save()
    order = np.random.default_rng(5).permutation(len(here.stars))
    again = fit(*rows(here.stars[order], here.times[order]), model="blend", tries=20)
    history = rows(world(1).stars, world(1).times)
    np.testing.assert_allclose(again.scores(*history), tried.scores(*history), atol=1e-4)


def test_a_hybrid_trusts_popularity_until_it_knows_the_viewer_and_content_until_it_knows_the_film() -> None:
    here = world()
    stars = here.stars.copy()
    stars[:, [0, 1]] = 0
    model = World(stars, here.times, here.content).fit(Case("hybrid"))
    nobody, fan = np.zeros((1, 24), dtype=np.int64), np.zeros((1, 24), dtype=np.int64)
    fan[0, 2:20:2] = 9
    counts = (stars >= 8).sum(axis=0)
    times = np.arange(9)
    assert np.array_equal(
        np.argsort(model.scores(csr_array(nobody))[0], kind="stable"), np.argsort(counts, kind="stable")
    )
    scores = model.scores(csr_array(fan), times)[0]
    assert scores[0] > scores[1]


def test_hybrids_of_strangers_are_refused() -> None:
    here = world()
    stars, times = rows(here.stars, here.times)
    data = fit(stars, times, csr_array(here.content), model="hybrid").save()
    parts = unpack(data)
    nested = {**parts, "taste": np.frombuffer(data, np.uint8)}
    for wrong in (nested, {**parts, "more": np.zeros(1, np.float32)}, {"counts": parts["counts"]}):
        with pytest.raises(Refused):
            load(pack("hybrid", wrong))


def test_a_film_rated_alike_by_others_lifts_what_is_left_over() -> None:
    chance = np.random.default_rng(0)
    taste = chance.integers(0, 2, 200) * 4
    stars = np.stack([3 + taste, 3 + taste, chance.integers(3, 8, 200), chance.integers(3, 8, 200)], axis=1)
    model = fit(csr_array(stars), model="star-neighbours")
    low, high = (model.scores(csr_array(np.array([[given, 0, 5, 5]])))[0, 1] for given in (3, 7))
    assert high - low > 2
    assert model.explain(csr_array(np.array([[7, 0, 5, 5]])), 1).films[0] == 0


def test_star_neighbours_of_strangers_are_refused() -> None:
    parts = unpack(fit(csr_array(world().stars), model="star-neighbours").save())
    for wrong in (
        {"offsets": parts["offsets"]},
        {**parts, "kept": np.full(24, 99, np.int32)},
        {**parts, "weights": np.zeros((2, 2), np.float32)},
    ):
        with pytest.raises(Refused):
            load(pack("star-neighbours", wrong))
