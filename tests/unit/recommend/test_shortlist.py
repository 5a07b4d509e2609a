"""The list: every score is the exact sum of its parts, and each wish does what it says."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace

import pytest

from cinepeer.errors import BadInput
from cinepeer.recommend.fast_ranking import FastRanking
from cinepeer.recommend.rules import Facts
from cinepeer.recommend.served import channel_of, served_of
from cinepeer.recommend.shortlist import Shortlist, refusal, shortlist
from cinepeer.recommend.wishes import SIGNALS, Wishes, parse_wishes, wishes_map
from unit.recommend.served_models import FIVE, FOUR, ONE, SIX, THREE, TWO, small_model

MODEL = small_model()
PLAIN = Wishes()


def listed(stars: dict[str, int], wishes: Wishes = PLAIN, facts: dict[str, Facts] | None = None) -> Shortlist:
    return shortlist(MODEL, stars, None, wishes, facts or {})


def films(found: Shortlist) -> list[str]:
    return [one.film for one in found.films]


def test_a_score_is_the_sum_of_its_parts_under_every_dial_and_switch() -> None:
    histories: list[dict[str, int]] = [{}, {ONE: 9}, {ONE: 9, FOUR: 3}, {ONE: 2, TWO: 8, FOUR: 10}]
    switches = [frozenset(off) for size in (0, 1, 2) for off in itertools.combinations(SIGNALS, size)]
    for stars, off, diversity, against in itertools.product(histories, switches, (0, 40, 100), (0, 100)):
        wishes = Wishes(off=off, diversity=diversity, against_popularity=against, less=frozenset((THREE,)))
        for one in listed(stars, wishes).films:
            assert sum(part.adds for part in one.parts) == one.score
            assert one.film not in stars


def test_the_fast_ranking_gives_the_same_list() -> None:
    fast = FastRanking(MODEL).rank
    for wishes in (Wishes(), Wishes(diversity=60, against_popularity=70, less=frozenset((TWO,)))):
        for stars in ({}, {ONE: 9}, {ONE: 3, FOUR: 10}):
            assert shortlist(MODEL, stars, None, wishes, {}, ranker=fast) == listed(stars, wishes)


def test_ranking_only_as_far_as_needed_gives_the_same_list() -> None:
    chance = random.Random(3)
    names = tuple(sorted(f"movielens:{number}" for number in range(1, 161)))
    weights = bytes(chance.choice((0, 0, 0, 1, 5, 90, 250)) for _ in range(160 * 160))
    model = served_of(
        names,
        [chance.randint(1, 9) for _ in names],
        9,
        [channel_of("liked", [64], range(160), [9] * 160, "dense", weights)],
    )
    facts = {film: Facts(is_ready=chance.random() < 0.3, is_disputed=chance.random() < 0.2) for film in names[::3]}
    for round_ in range(6):
        stars = dict.fromkeys(chance.sample(names, 3), 9)
        wishes = Wishes(less=frozenset(names[:round_]), diversity=(round_ % 3) * 30)
        near = shortlist(model, stars, None, wishes, facts, limit=5)
        # A rule that keeps every film has all of them ranked.
        assert shortlist(model, stars, None, replace(wishes, rules=("not seen",)), facts, limit=5) == near


def test_a_forgotten_rating_says_nothing_and_its_film_does_not_come_back() -> None:
    without = listed({ONE: 9, FOUR: 9}, Wishes(forgotten=frozenset((ONE,))))
    assert films(without)[0] == FIVE
    assert ONE not in films(without)
    assert not any(part.film == ONE for one in without.films for part in one.parts)


def test_less_like_a_film_takes_off_what_liking_it_would_add() -> None:
    before = {one.film: one.score for one in listed({ONE: 9}).films}
    after = {one.film: one for one in listed({ONE: 9}, Wishes(less=frozenset((FOUR,)))).films}
    parts = [part for part in after[FIVE].parts if part.channel == "less"]
    assert [part.film for part in parts] == [FOUR]
    assert after[FIVE].score == before[FIVE] + parts[0].adds < before[FIVE]
    assert after[TWO].score == before[TWO]
    switched = Wishes(less=frozenset((FOUR,)), off=frozenset(("less",)))
    assert listed({ONE: 9}, switched) == listed({ONE: 9})


def test_a_hidden_film_is_not_listed() -> None:
    assert TWO in films(listed({ONE: 9}))
    assert TWO not in films(listed({ONE: 9}, Wishes(hidden=frozenset((TWO,)))))


def test_diversity_puts_a_film_unlike_the_first_before_one_that_is_like_it() -> None:
    stars = {ONE: 9, FOUR: 8}
    plain, wide = listed(stars), listed(stars, Wishes(diversity=100))
    assert films(plain)[:3] == [TWO, THREE, FIVE]
    assert films(wide)[:2] == [TWO, FIVE]
    (cost,) = [part for one in wide.films if one.film == THREE for part in one.parts if part.channel == "diversity"]
    assert cost.film == TWO
    assert cost.adds < 0


def test_the_dial_against_popularity_costs_what_many_like() -> None:
    assert films(listed({}))[:2] == [SIX, FOUR]
    assert films(listed({}, Wishes(against_popularity=100)))[-1] in (SIX, FOUR)


def test_what_nothing_speaks_of_goes_when_popularity_is_off() -> None:
    found = listed({ONE: 9}, Wishes(off=frozenset(("popularity",))))
    assert SIX not in films(found)
    assert found.left_out == {"nothing of yours speaks of it": 2}


def test_a_rule_leaves_films_out_and_counts_them() -> None:
    facts = {TWO: Facts(minutes=90), THREE: Facts(minutes=200)}
    found = listed({ONE: 9}, Wishes(rules=("at most 100 minutes",)), facts)
    assert films(found) == [TWO]
    assert found.left_out == {"at most 100 minutes": 1, "at most 100 minutes: not known of it": 3}


def test_what_is_not_licensed_here_is_left_out_and_what_is_disputed_comes_last() -> None:
    facts = {TWO: Facts(is_licensed=False, block=7), THREE: Facts(is_licensed=True, is_disputed=True, block=7)}
    found = listed({ONE: 9}, Wishes(), facts)
    assert TWO not in films(found)
    assert films(found)[-1] == THREE
    assert found.films[-1].facts.block == 7
    assert films(listed({ONE: 9}, Wishes(off=frozenset(("disputes",))), facts))[0] == THREE


def test_readiness_decides_between_equals_alone_and_can_be_switched_off() -> None:
    facts = {FIVE: Facts(is_ready=True)}
    assert films(listed({SIX: 9}, Wishes(), facts))[0] == FIVE
    assert films(listed({SIX: 9}, Wishes(off=frozenset(("readiness",))), facts))[-1] == FIVE
    assert films(listed({ONE: 9}, Wishes(), facts))[0] == TWO


def test_why_a_film_never_comes_is_told() -> None:
    wishes = Wishes(hidden=frozenset((TWO,)), rules=("not seen",))
    assert refusal(ONE, {ONE: 3}, wishes, Facts()) == "rated"
    assert refusal(TWO, {ONE: 3}, wishes, Facts()) == "hidden"
    assert refusal(THREE, {ONE: 3}, wishes, Facts(is_licensed=False)) == "not licensed here"
    assert refusal(THREE, {ONE: 3}, wishes, Facts(is_seen=True)) == "not seen"
    assert refusal(THREE, {ONE: 3}, wishes, Facts()) is None


def test_wishes_survive_their_map() -> None:
    wishes = Wishes(
        forgotten=frozenset((ONE,)),
        off=frozenset(("less",)),
        rules=("in fr",),
        territory="FR",
        diversity=30,
        model="next",
    )
    assert parse_wishes(wishes_map(wishes)) == wishes
    assert parse_wishes({"territory": "fr"}, Wishes(diversity=3)) == Wishes(territory="FR", diversity=3)


@pytest.mark.parametrize(
    "told",
    [
        {"speed": 3},
        {"forgotten": ["no film"]},
        {"less": "movielens:1"},
        {"hidden": [7]},
        {"off": ["everything"]},
        {"rules": ["good ones"]},
        {"rules": ["not seen"] * 21},
        {"rules": ["in a language I read"]},
        {"territory": "Mars"},
        {"territory": 7},
        {"diversity": 101},
        {"diversity": True},
        {"against_popularity": -1},
        {"model": "best"},
    ],
)
def test_what_is_no_wish_is_refused_in_one_sentence(told: dict[str, object]) -> None:
    with pytest.raises(BadInput, match=r"found .*expected"):
        parse_wishes(told)
