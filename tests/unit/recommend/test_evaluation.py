"""The measures against values worked out by hand, and splits that keep what is hidden hidden."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_array

from cinepeer.recommend import evaluation

WANTED = csr_array(np.array([[0, 1, 0, 1, 0], [1, 0, 0, 0, 0]]))
RANKED = np.array([[1, 0, 3, 2], [4, 3, 2, 1]])


def test_measures_are_what_a_hand_works_out() -> None:
    found = evaluation.measures(RANKED, WANTED, (1, 2, 4))
    ideal = 1 + 1 / np.log2(3)
    assert found["ndcg@4"].tolist() == pytest.approx([(1 + 1 / 2) / ideal, 0])
    assert found["ndcg@1"].tolist() == [1, 0]
    assert found["recall@2"].tolist() == [0.5, 0]
    assert found["recall@1"].tolist() == [1, 0]  # one place can hold one of the two
    assert found["precision@4"].tolist() == [0.5, 0]
    assert found["hr@2"].tolist() == [1, 0]
    assert found["map@4"].tolist() == pytest.approx([(1 + 2 / 3) / 2, 0])
    assert found["mrr"].tolist() == [1, 0]


def test_the_best_films_leave_out_the_barred_and_fill_up_with_none() -> None:
    scores = np.array([[5, 4, 3, 3, 1]], dtype=np.float32)
    barred = csr_array(np.array([[1, 0, 0, 0, 1]]))
    assert evaluation.top(scores, barred, 5).tolist() == [[1, 2, 3, -1, -1]]
    assert evaluation.hits(np.array([[-1, 1]]), csr_array(np.array([[1, 1, 0, 0, 0]]))).tolist() == [[False, True]]


def test_viewers_are_split_without_overlap_and_by_seed() -> None:
    split = evaluation.split_viewers(100, 10, 3)
    parts = np.concatenate([split.train, split.validation, split.test])
    assert sorted(parts.tolist()) == list(range(100))
    assert (len(split.validation), len(split.test)) == (10, 10)
    assert not np.array_equal(split.test, evaluation.split_viewers(100, 10, 4).test)


def test_a_fifth_of_the_likes_is_hidden_of_viewers_with_five_or_more() -> None:
    stars = csr_array(np.array([[9] * 10, [9] * 4 + [0] * 6, [9] * 5 + [0] * 5]))
    shown, hidden = evaluation.hide(stars, 0.2, seed=0)
    assert not (shown & hidden).any() and (shown | hidden).all()
    assert [int(hidden[a:b].sum()) for a, b in zip(stars.indptr[:-1], stars.indptr[1:], strict=True)] == [2, 0, 1]


def test_coverage_and_novelty_know_the_shown_films() -> None:
    assert evaluation.coverage(RANKED, 10, k=2) == 0.4
    assert evaluation.novelty(np.array([[0, -1]]), np.array([2.0, 8.0], np.float32), 8) == pytest.approx(2.0)


def test_an_interval_holds_the_mean_and_narrows_with_more_viewers() -> None:
    chance = np.random.default_rng(0)
    few, many = chance.normal(1, 1, 50), chance.normal(1, 1, 2000)
    for values in (few, many):
        low, high = evaluation.interval(values)
        assert low < values.mean() < high
    assert np.ptp(evaluation.interval(many)) < np.ptp(evaluation.interval(few))


def test_diversity_is_one_less_the_mean_likeness_of_pairs() -> None:
    content = csr_array(np.array([[1.0, 0], [1, 0], [0, 1], [0, 0]]))
    found = evaluation.diversity(np.array([[0, 1, -1], [0, 2, -1], [0, 1, 2], [0, -1, -1], [2, 3, -1]]), content)
    assert found.tolist() == pytest.approx([0, 1, 2 / 3, 0, 1])


def test_popularity_lift_compares_a_list_with_the_history_it_is_made_for() -> None:
    shown = csr_array(np.array([[1, 0, 1, 0], [0, 0, 0, 0]]))
    likes = np.array([10, 40, 30, 20], np.float32)
    found = evaluation.popularity_lift(np.array([[1, 3], [1, 3]]), shown, likes)
    assert found.tolist() == pytest.approx([0.5, 0])


def test_groups_have_their_means_and_thirds_are_by_size() -> None:
    groups = evaluation.thirds(np.array([9, 1, 5, 2, 8, 4]))
    assert groups.tolist() == [2, 0, 1, 0, 2, 1]
    found = evaluation.by_group(np.array([1.0, 2, 3, 4, 5, 6]), groups)
    assert found == {0: (3.0, 2), 1: (4.5, 2), 2: (3.0, 2)}
    assert evaluation.thirds(np.zeros(0, np.int64)).shape == (0,)
