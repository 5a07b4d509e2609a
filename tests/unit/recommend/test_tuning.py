"""Shares of a blend are moved only where authors set aside are surely better served."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array

from cinepeer.recommend.tuning import Trial, cold_trial_of, standardised, trial_of, tuned

VIEWERS, FILMS = 40, 150


def trial(wanted: np.ndarray) -> Trial:
    nothing = csr_array((VIEWERS, FILMS))
    return Trial(nothing, None, nothing, nothing, csr_array(wanted))


def parts() -> tuple[np.ndarray, list[np.ndarray]]:
    chance = np.random.default_rng(0)
    wanted = (chance.random((VIEWERS, FILMS)) < 0.1).astype(float)
    wanted[:, 0] = 1
    good = standardised((wanted + chance.normal(0, 0.5, wanted.shape)).astype(np.float32))
    noise = standardised(chance.normal(0, 1, wanted.shape).astype(np.float32))
    return wanted, [noise, good]


def test_a_part_that_knows_takes_over_from_one_that_does_not() -> None:
    wanted, found = parts()
    noise, good = tuned(found, trial(wanted), (0.5, 0.5))
    assert good > 0.8 and abs(noise + good - 1) < 1e-9


def test_parts_that_say_the_same_keep_their_shares() -> None:
    wanted, [_, good] = parts()
    assert tuned([good, good], trial(wanted), (0.4, 0.6)) == (0.4, 0.6000000000000001)


def test_equal_scores_become_zero() -> None:
    assert not standardised(np.full((2, 3), 7, np.float32)).any()


def test_what_is_hidden_is_a_fifth_of_the_likes_of_authors_who_are_not_fitted_on() -> None:
    chance = np.random.default_rng(1)
    stars = csr_array(np.where(chance.random((70, 40)) < 0.5, chance.integers(1, 11, (70, 40)), 0))
    times = np.arange(stars.nnz)
    found = trial_of(stars, times)
    enough = int(((stars >= 8).sum(axis=1) >= 5).sum())
    assert found.shown.shape[0] == -(-enough // 7) and found.stars.shape[0] == 70 - found.shown.shape[0]
    assert found.times is not None and len(found.times) == found.stars.nnz
    assert not found.shown.multiply(found.hidden).nnz
    assert found.shown.nnz + found.hidden.nnz + found.stars.nnz == stars.nnz
    assert found.hidden.data.min() >= 8
    liked = found.barred.sum(axis=1) + np.diff(found.hidden.indptr)
    assert (np.abs(np.diff(found.hidden.indptr) - liked / 5) < 1).all()


def test_films_set_aside_are_unknown_to_the_fit_and_wanted_by_those_who_like_them() -> None:
    chance = np.random.default_rng(2)
    stars = csr_array(np.where(chance.random((80, 200)) < 0.5, 9, 0))
    found = cold_trial_of(stars)
    assert found is not None and found.films is not None
    assert len(found.films) == len(range(3, 200, 7))
    assert not csr_array(found.stars[:, found.films]).nnz
    assert found.shown.shape[0] == found.hidden.shape[0] == 80
    assert np.array_equal(found.hidden.toarray() > 0, stars.toarray()[:, found.films] > 0)
    assert cold_trial_of(csr_array(stars[:15])) is None
