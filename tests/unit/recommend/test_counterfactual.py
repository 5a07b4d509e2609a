"""The smallest set of own ratings without which a film is not listed, tried by ranking."""

from __future__ import annotations

from collections.abc import Sequence

from cinepeer.recommend.counterfactual import Counterfactual, counterfactual
from cinepeer.recommend.shortlist import shortlist
from cinepeer.recommend.wishes import Wishes
from unit.recommend.served_models import FIVE, FOUR, ONE, SIX, THREE, TWO, small_model

STARS = {ONE: 9, TWO: 10, FOUR: 8}


def relist(without: frozenset[str]) -> Sequence[str]:
    return [one.film for one in shortlist(small_model(), STARS, None, Wishes(forgotten=without), {}, limit=1).films]


def test_every_smaller_set_was_tried_and_the_one_that_is_told_drops_the_film() -> None:
    assert list(relist(frozenset())) == [THREE]
    found = counterfactual(relist, THREE, [TWO, ONE, FOUR])
    assert found is not None
    assert found.is_smallest
    assert THREE not in relist(frozenset(found.films))
    assert len(found.films) == 2
    assert all(THREE in relist(frozenset((one,))) for one in STARS)
    assert found.instead in (FIVE, SIX)


def test_a_film_that_no_rating_holds_up_has_no_counterfactual() -> None:
    assert counterfactual(lambda _: ["film"], "film", ["one", "two"]) is None
    assert counterfactual(lambda _: ["other"], "film", ["one"]) is None
    assert counterfactual(lambda _: ["film"], "film", []) is None


def test_where_not_all_can_be_tried_the_set_is_pruned_and_not_called_the_smallest() -> None:
    speaking = [f"film {number}" for number in range(30)]
    needed = frozenset(speaking[10:16])

    def stands(without: frozenset[str]) -> Sequence[str]:
        return ["other"] if needed <= without else ["film"]

    found = counterfactual(stands, "film", speaking, tries=100)
    assert found == Counterfactual(tuple(speaking[10:16]), "other", False, found.tries if found else 0)
