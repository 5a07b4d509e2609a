"""Parts fitted by taking away the authors set aside are those fitted on the others."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_array

from cinepeer.recommend import dislikes, factors, near, ridge, trials, tuning
from unit.recommend.behaviour import FILMS, rows, world


def test_sums_less_those_set_aside_give_the_model_of_the_others() -> None:
    here = world()
    stars, times = rows(here.stars, here.times)
    content = csr_array(here.content)
    trial = tuning.trial_of(stars, times)
    assert trial.aside is not None and 0 < trial.aside.shape[0] < stars.shape[0]
    close, like = trials.near_try(stars, times, None), trials.ease_try(stars, None, content)
    assert isinstance(close, trials.NearTry) and isinstance(like, trials.EaseTry)
    for part, made in (
        (close, near.fit),
        (like, lambda stars, _: ridge.fit_ease(stars, content, content_weight=trials.CONTENT)),
    ):
        np.testing.assert_allclose(part.apart(trial).weights, made(trial.stars, trial.times).weights, atol=1e-5)
        np.testing.assert_allclose(part.whole().weights, made(stars, times).weights, atol=1e-5)


def test_dislikes_without_those_set_aside_come_from_the_one_inverse(monkeypatch: pytest.MonkeyPatch) -> None:
    stars, _ = rows(world().stars, world().times)
    trial = tuning.trial_of(stars, None)
    monkeypatch.setattr(dislikes, "scaled", lambda both, _mean, _power=0.25: both)  # no mean, so that it is exact
    plain = dislikes.inputs(stars, ridge_power=0.0, least=1)
    part = trials.DislikesTry(stars, plain)
    others = dislikes.inputs(trial.stars, ridge_power=0.0, least=1)
    assert np.array_equal(plain.kept, others.kept) and np.array_equal(plain.second, others.second)
    weights = dislikes.item_weights(others.rows, others.strength)
    expected = dislikes.linear(trial.stars, others, weights).scores(trial.shown)
    np.testing.assert_allclose(part.apart(trial).scores(trial.shown), expected, atol=1e-5)
    assert np.abs(part.whole().scores(trial.shown) - expected).max() > 1e-3


def test_dislikes_are_the_same_after_a_trial_and_without_one() -> None:
    stars, times = rows(world().stars, world().times)
    part = trials.dislikes_try(stars, times, None)
    assert isinstance(part, trials.DislikesTry)
    part.apart(tuning.trial_of(stars, times))
    assert part.whole().save() == dislikes.fit(stars).save() == trials.dislikes_try(stars, None, None).whole().save()


def test_without_a_trial_factors_are_those_of_all_their_rounds() -> None:
    stars, times = rows(world().stars, world().times)
    assert trials.factors_try(stars, times, None, size=8).whole().save() == factors.fit(stars, size=8).save()


def loss(model: factors.Factors, liked: np.ndarray) -> float:
    """What iALS minimises, with the viewers' factors that fit best."""
    v = model.films.astype(float)
    u = factors.solve_side(csr_array(liked.astype(np.float32)), model.films, model.unseen, model.ridge).astype(float)
    guess = u @ v.T
    mine, theirs = (liked.sum(axis=1) + model.unseen * liked.shape[1], liked.sum(axis=0) + model.unseen * len(liked))
    kept = model.ridge * (mine @ (u**2).sum(axis=1) + theirs @ (v**2).sum(axis=1))
    return float((liked * (1 - guess) ** 2).sum() + model.unseen * (guess**2).sum() + kept)


def test_after_a_trial_factors_go_on_with_everybody_and_come_as_far() -> None:
    stars, times = rows(world().stars, world().times)
    liked = (world().stars >= 8).astype(float)
    part = trials.factors_try(stars, times, None, size=8, many=1)
    apart = loss(part.apart(tuning.trial_of(stars, times)), liked)
    assert loss(part.whole(), liked) < apart
    assert loss(part.whole(), liked) < 1.05 * loss(factors.fit(stars, size=8), liked)


def test_on_few_likes_factors_start_afresh_after_a_trial() -> None:
    stars, times = rows(world().stars, world().times)
    part, trial = trials.factors_try(stars, times, None, size=8), tuning.trial_of(stars, times)
    assert part.apart(trial).save() == factors.fit(trial.stars, size=8).save()
    part.after(trial)
    assert part.whole().save() == factors.fit(stars, size=8).save()


def test_factors_that_see_dislikes_reach_what_ratings_are_wanted_to_come_to() -> None:
    stars, _ = rows(world().stars, world().times)
    plain, mild = (factors.fit(stars, size=8, unseen=0.01, mild=told) for told in (0.0, 0.3))
    wanted, given = factors.targets(stars, 0.3).toarray(), (world().stars > 0)

    def error(model: factors.Factors) -> float:
        return float(np.square(model.scores(stars) - wanted)[given].mean())

    assert set(np.unique(wanted[given])) == {np.float32(0.3), 1.0}
    assert error(mild) < 0.7 * error(plain)
    assert factors.load_factors(mild.save()).scores(stars).tobytes() == mild.scores(stars).tobytes()


def test_dislikes_alone_fold_in_where_factors_see_them() -> None:
    stars, _ = rows(world().stars, world().times)
    disliked = csr_array(stars[[0]])
    disliked.data = np.full(disliked.nnz, 2, stars.dtype)
    plain, mild = (factors.fit(stars, size=8, mild=told) for told in (0.0, 0.3))
    assert np.array_equal(plain.scores(disliked)[0], plain.prior)
    assert not np.array_equal(mild.scores(disliked)[0], mild.prior)


@pytest.mark.parametrize("authors", [1, FILMS // 3])
def test_so_few_authors_that_there_is_no_gram_matrix_are_fitted_on_afresh(authors: int) -> None:
    stars, times = rows(world().stars[:authors], world().times[:authors])
    for part in (trials.near_try(stars, times, None), trials.ease_try(stars, None, None)):
        assert isinstance(part, trials.Afresh)
    assert trials.near_try(stars, times, None).whole().save() == near.fit(stars, times).save()
