"""Sums over authors merge and un-merge to the bit, refuse what would not fit, and carry a model while ratings come."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_array

from cinepeer.errors import BadInput
from cinepeer.recommend import sums
from cinepeer.recommend.history import likes
from cinepeer.recommend.online import Online
from cinepeer.recommend.recommender import fit
from cinepeer.recommend.sums import ROW_BITS
from unit.recommend.behaviour import FILMS, world

Sums = sums.Sums


def same(mine: Sums, other: Sums) -> bool:
    equal = np.array_equal(mine.gram, other.gram) and np.array_equal(mine.likes, other.likes)
    return equal and mine.authors == other.authors


def stars_of(seed: int = 0) -> csr_array:
    return csr_array(world(seed).stars)


def test_the_gram_matrix_is_the_plain_sum_over_authors() -> None:
    liked = (world().stars >= 8).astype(np.int64)
    weight = np.rint(2.0**ROW_BITS / np.sqrt(np.maximum(liked.sum(axis=1), 1))).astype(np.int64)
    expected = sum(w * np.outer(row, row) for w, row in zip(weight, liked, strict=True))
    found = sums.sums_of(stars_of())
    assert found.gram.dtype == np.int32 and np.array_equal(found.gram, expected)
    assert np.array_equal(found.likes, liked.sum(axis=0))
    assert found.authors == int((liked.sum(axis=1) > 0).sum())


def test_shards_in_any_order_add_up_to_the_whole_and_come_off_again() -> None:
    stars = stars_of()
    whole = sums.sums_of(stars)
    shards = [sums.sums_of(csr_array(stars[start::7])) for start in range(7)]
    for order in (shards, shards[::-1]):
        total = order[0]
        for shard in order[1:]:
            total = sums.merged(total, shard)
        assert same(total, whole)
    rest = sums.sums_of(csr_array(stars[[number for number in range(stars.shape[0]) if number % 7 != 3]]))
    assert same(sums.without(whole, shards[3]), rest)


def test_a_retraction_a_new_rating_and_a_muted_author_are_exact_changes() -> None:
    dense = world().stars.copy()
    running = sums.sums_of(csr_array(dense))
    for author, changed in ((3, {0: 0, 1: 10}), (4, dict.fromkeys(range(FILMS), 0)), (5, {2: 9})):
        before = np.flatnonzero(dense[author] >= 8)
        for film, given in changed.items():
            dense[author, film] = given
        running = sums.change(running, before, np.flatnonzero(dense[author] >= 8))
        assert same(running, sums.sums_of(csr_array(dense)))


def test_the_sums_may_lie_where_the_caller_wants_them() -> None:
    place = np.full((FILMS, FILMS), 7, np.int32)
    found = sums.sums_of(stars_of(), out=place)
    assert found.gram is place and same(found, sums.sums_of(stars_of()))
    for wrong in (np.zeros((FILMS, FILMS)), np.zeros((2, 2), np.int32)):
        with pytest.raises(BadInput, match="expected int32"):
            sums.sums_of(stars_of(), out=wrong)  # type: ignore[arg-type]


def test_sums_that_would_not_fit_are_refused_and_nothing_changes() -> None:
    full = Sums(np.full((1, 1), sums.MOST - 10, np.int32), np.array([1 << 20]), 1 << 20)
    one = sums.sums_of(csr_array(np.array([[9]])))
    with pytest.raises(BadInput, match="too many authors"):
        sums.merged(full, one)
    with pytest.raises(BadInput, match="too many authors"):
        sums.change(full, np.array([], np.int64), np.array([0]))
    assert full.gram[0, 0] == sums.MOST - 10 and full.likes[0] == 1 << 20


def test_a_hundred_thousand_authors_on_one_film_fit_into_the_sums_and_say_nothing_of_others() -> None:
    authors = 100_000
    few = [3, 5, 8]
    rows = np.concatenate([np.arange(authors), few])
    columns = np.concatenate([np.zeros(authors, np.int64), [1, 1, 2]])
    stars = csr_array((np.full(len(rows), 9.0), (rows, columns)), shape=(authors, 3))
    stars.sort_indices()
    found = sums.sums_of(stars)
    assert found.likes.tolist() == [authors, 2, 1]
    assert int(found.gram[0, 0]) < 1 << 31
    model = fit(stars, model="ease")
    assert np.isfinite(model.scores(csr_array([[9.0, 0, 0]]))).all()


def test_what_is_not_there_cannot_be_taken_away() -> None:
    mine = sums.sums_of(csr_array(np.array([[9, 0], [9, 9]])))
    with pytest.raises(BadInput, match="not among these"):
        sums.without(mine, sums.sums_of(csr_array(np.array([[0, 9], [0, 9]]))))
    with pytest.raises(BadInput, match="not among these"):
        sums.change(mine, np.array([1]), np.array([], np.int64))
    with pytest.raises(BadInput, match="expected 2"):
        sums.merged(mine, sums.sums_of(csr_array(np.array([[9]]))))
    for films in ([2], [-1], [0, 0]):
        with pytest.raises(BadInput, match="expected each once"):
            sums.change(mine, np.array([], np.int64), np.array(films))


def test_the_inverse_is_that_of_the_weighed_likes() -> None:
    found = sums.sums_of(stars_of())
    strength = sums.strengths(found, 2.0)
    expected = np.linalg.inv(found.gram / 2.0**ROW_BITS + np.diag(strength))
    np.testing.assert_allclose(sums.inverse(found, strength), expected, atol=1e-6)


def test_the_inverse_is_the_same_to_the_bit_without_keeping_the_sums(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sums, "BLOCK", 7)
    whole = sums.sums_of(stars_of())
    assert np.array_equal(sums.inverse_of(stars_of()), sums.inverse(whole, sums.strengths(whole)))
    assert sums.inverse_of(csr_array((0, 0), dtype=np.float32)).shape == (0, 0)


def test_changes_one_by_one_come_to_what_a_refit_gives() -> None:
    dense = world().stars.copy()
    online = Online(csr_array(dense), ridge=2.0)
    chance = np.random.default_rng(0)
    for _ in range(40):
        author, film = int(chance.integers(len(dense))), int(chance.integers(FILMS))
        before = np.flatnonzero(dense[author] >= 8)
        dense[author, film] = 0 if dense[author, film] else 9
        online.change(before, np.flatnonzero(dense[author] >= 8))
    assert online.refits == 1 and online.drift < 1e-3
    history = np.array([0, 2, 5])
    # The ridges stay those of the last fit until the next.
    inverse = sums.inverse(sums.sums_of(csr_array(dense)), sums.strengths(sums.sums_of(stars_of()), 2.0))
    weights = -inverse / np.diagonal(inverse)
    np.fill_diagonal(weights, 0)
    np.testing.assert_allclose(online.scores(history), weights[history].sum(axis=0), atol=1e-4)
    online.refit()
    again = Online(csr_array(dense), ridge=2.0)
    assert np.array_equal(online.scores(history), again.scores(history))


def test_drift_beyond_the_bound_makes_the_model_anew() -> None:
    online = Online(stars_of(), ridge=2.0, bound=1e-12)
    online.change(np.array([], np.int64), np.array([0, 1]))
    assert online.refits == 2


def test_the_scores_are_those_of_the_ridge_model() -> None:
    liked = likes(stars_of()).toarray()
    online = Online(stars_of(), ridge=2.0)
    inverse = np.linalg.inv(online.sums.gram / 2.0**ROW_BITS + np.diag(sums.strengths(online.sums, 2.0)))
    weights = -inverse / np.diagonal(inverse)
    np.fill_diagonal(weights, 0)
    history = np.flatnonzero(liked[0])
    np.testing.assert_allclose(online.scores(history), weights[history].sum(axis=0), atol=1e-4)
    assert np.array_equal(online.scores(np.array([], np.int64)), online.sums.likes.astype(np.float32))


def test_nobody_and_no_film_are_enough() -> None:
    assert Online(csr_array((0, 3))).scores(np.array([1])).shape == (3,)
    assert Online(csr_array((3, 0))).scores(np.array([], np.int64)).shape == (0,)
