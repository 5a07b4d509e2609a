"""Whom lists favour: what is counted, what the dial moves, and groups that add up."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_array

from cinepeer.recommend.distilled import fit_served
from cinepeer.recommend.fairness import About, report

FILMS = [f"movielens:{number}" for number in range(1, 61)]
ABOUT = {
    film: About("big" if place < 30 else f"small {place}", "en" if place < 45 else "fr", 1990 + place % 20)
    for place, film in enumerate(FILMS)
}


@pytest.fixture(scope="module")
def crowd() -> csr_array:
    """120 authors who like the first films much oftener than the last."""
    chance = np.random.default_rng(5)
    likes = chance.random((120, 60)) < np.linspace(0.6, 0.08, 60)
    return csr_array(np.where(likes, chance.integers(8, 11, likes.shape), 0))


@pytest.fixture(scope="module")
def found(crowd: csr_array) -> dict[str, object]:
    return report(fit_served(crowd, FILMS), crowd, FILMS, ABOUT, limit=10, sample=60)


def test_the_dial_takes_places_from_popular_films(found: dict[str, list[dict[str, float]]]) -> None:
    settings = found["settings"]
    assert [one["against_popularity"] for one in settings] == [0, 50, 100, 200]
    assert settings[0]["likes_listed"] > settings[-1]["likes_listed"]
    halves = [one["less_liked_half"]["listed"] for one in settings]  # type: ignore[index]
    assert halves[0] < halves[-1]
    assert settings[-1]["coverage"] > 0


def test_shares_of_all_groups_add_up(found: dict[str, list[dict[str, dict[str, dict[str, float]]]]]) -> None:
    for one in found["settings"]:
        for name in ("languages", "decades"):
            for share in ("listed", "rated", "catalogue"):
                assert sum(group[share] for group in one[name].values()) == pytest.approx(1)
        assert sum(group["authors"] for group in one["by_activity"].values()) == 60
        assert sum(group["authors"] for group in one["by_taste"].values()) == 60
        weighted = sum(group["authors"] * group["hit"] for group in one["by_taste"].values()) / 60
        assert weighted == pytest.approx(one["hit"])
        assert 0 <= one["gini"] <= 1  # type: ignore[operator]


def test_creators_are_counted_where_they_are_known(crowd: csr_array, found: dict[str, list[dict[str, object]]]) -> None:
    small = found["settings"][0]["small_creators"]
    assert isinstance(small, dict)
    assert 0 < small["catalogue"] < 0.5
    unknown = report(fit_served(crowd, FILMS), crowd, FILMS, {}, limit=10, sample=20, dials=(0,))
    assert unknown["settings"][0]["small_creators"] is None
    assert unknown["settings"][0]["languages"] == {}


def test_the_same_seed_gives_the_same_report(crowd: csr_array, found: dict[str, object]) -> None:
    assert report(fit_served(crowd, FILMS), crowd, FILMS, ABOUT, limit=10, sample=60) == found


def test_of_nobody_nothing_is_told() -> None:
    empty = csr_array((0, 60), dtype=np.int64)
    told = report(fit_served(empty, FILMS), empty, FILMS, ABOUT)
    assert (told["sampled"], told["settings"]) == (0, [])
