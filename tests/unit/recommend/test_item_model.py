"""The item model and its integer ranking: deterministic, explained to the last unit, strict about its input."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_array

from cinepeer.errors import BadInput, Refused
from cinepeer.recommend.item import fit
from cinepeer.recommend.model import ItemModel, load, model_id, save
from cinepeer.recommend.serve import rank

FILMS = [f"imdb:tt{number:07d}" for number in range(30)]


def tastes(seed: int = 0, authors: int = 80) -> np.ndarray:
    """Two groups of authors: one likes the even films, the other the odd ones."""
    chance = np.random.default_rng(seed)
    stars = np.zeros((authors, len(FILMS)), dtype=np.int64)
    for author in range(authors):
        rated = chance.choice(len(FILMS), 10, replace=False)
        agrees = (rated % 2) == (author % 2)
        stars[author, rated] = np.where(agrees, chance.integers(8, 11, 10), chance.integers(1, 5, 10))
    return stars


def model_from(stars: np.ndarray, films: list[str] = FILMS) -> ItemModel:
    return fit(csr_array(stars), films)


def test_a_viewer_gets_films_that_viewers_of_the_same_taste_liked() -> None:
    ranked = rank(model_from(tastes()), {FILMS[0]: 9, FILMS[2]: 10}, limit=10)
    assert all(int(found.film[-7:]) % 2 == 0 for found in ranked)
    assert all(found.by == "taste" for found in ranked)


def test_the_reasons_add_up_to_the_score_exactly() -> None:
    ranked = rank(model_from(tastes()), {FILMS[0]: 9, FILMS[2]: 10, FILMS[4]: 8}, limit=30)
    by_taste = [found for found in ranked if found.by == "taste"]
    assert by_taste
    for found in by_taste:
        assert found.score == sum(reason.adds for reason in found.reasons)
        assert {reason.film for reason in found.reasons} <= {FILMS[0], FILMS[2], FILMS[4]}


def test_a_viewer_without_likes_gets_the_most_liked_films_first() -> None:
    ranked = rank(model_from(tastes()), {FILMS[3]: 2}, limit=29)
    assert [found.likes for found in ranked] == sorted((found.likes for found in ranked), reverse=True)
    assert {found.by for found in ranked} == {"popularity"}


def test_rated_and_excluded_films_never_come_back() -> None:
    ranked = rank(model_from(tastes()), {FILMS[0]: 9, FILMS[1]: 1}, limit=100, excluded=[FILMS[2]])
    assert not {FILMS[0], FILMS[1], FILMS[2]} & {found.film for found in ranked}


def test_permuting_authors_gives_the_same_bytes_and_permuting_films_the_same_list() -> None:
    stars = tastes()
    model = model_from(stars)
    assert save(model_from(stars[::-1])) == save(model)
    shuffled = np.random.default_rng(1).permutation(len(FILMS))
    other = model_from(stars[:, shuffled], [FILMS[number] for number in shuffled])
    assert [found.film for found in rank(other, {FILMS[0]: 9})] == [found.film for found in rank(model, {FILMS[0]: 9})]


def test_an_author_without_ratings_changes_nothing() -> None:
    stars = tastes()
    assert save(model_from(np.vstack([stars, np.zeros((1, len(FILMS)), dtype=np.int64)]))) == save(model_from(stars))


def test_saving_and_loading_gives_the_same_list_bit_for_bit() -> None:
    model = model_from(tastes())
    data = save(model)
    again = load(data)
    assert save(again) == data
    assert model_id(save(again)) == model_id(data)
    assert rank(again, {FILMS[5]: 9}) == rank(model, {FILMS[5]: 9})


def test_nobody_rated_anything() -> None:
    model = model_from(np.zeros((3, len(FILMS)), dtype=np.int64))
    assert rank(model, {FILMS[0]: 9}) == []
    assert load(save(model)) == model


@pytest.mark.parametrize("cut", [0, 3, 4, 20, -1])
def test_a_truncated_model_is_refused(cut: int) -> None:
    with pytest.raises(Refused):
        load(save(model_from(tastes()))[:cut])


def test_stars_out_of_range_and_wrong_shapes_are_refused_in_words() -> None:
    with pytest.raises(BadInput, match="expected whole stars from 1 to 10"):
        model_from(np.array([[11]]), FILMS[:1])
    with pytest.raises(BadInput, match="expected whole stars from 1 to 10"):
        fit(csr_array(np.array([[np.nan]])), FILMS[:1])
    with pytest.raises(BadInput, match="one per column"):
        model_from(np.array([[5]]), FILMS[:2])
