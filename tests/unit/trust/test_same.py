"""Which ids mean one film: any order of the words gives the same classes, and no crowd outweighs who counts."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from cinepeer.records.cid import DAG_CBOR, Cid
from cinepeer.trust.same import Classes, Standing, Word, classes

IDS = [f"movielens:{number}" for number in range(1, 7)]
WHO = [Cid.of(bytes([number]), DAG_CBOR) for number in range(3)]


def word(one: str, other: str, standing: Standing = Standing.OWN, *, same: bool = True, who: int = 0) -> Word:
    return Word((min(one, other), max(one, other)), standing, same, WHO[who], WHO[who])


def parts(found: Classes) -> set[frozenset[str]]:
    """The classes of more than one id."""
    return {frozenset(found.ids(name)) for name in found.words}


def test_ids_that_are_joined_one_after_the_other_are_one_film_of_the_least_id() -> None:
    found = classes([word(IDS[2], IDS[1]), word(IDS[1], IDS[0]), word(IDS[4], IDS[5])])
    assert parts(found) == {frozenset(IDS[:3]), frozenset(IDS[4:])}
    assert [found.name(film) for film in IDS] == [IDS[0], IDS[0], IDS[0], IDS[3], IDS[4], IDS[4]]
    assert found.ids(IDS[3]) == (IDS[3],)
    assert {one.pair for one in found.words[IDS[0]]} == {(IDS[0], IDS[1]), (IDS[1], IDS[2])}


def test_one_of_equals_who_parts_outweighs_those_who_join() -> None:
    joins = [word(IDS[0], IDS[1], Standing.FOLLOWED, who=number) for number in range(2)]
    assert parts(classes(joins)) == {frozenset(IDS[:2])}
    assert parts(classes([*joins, word(IDS[0], IDS[1], Standing.FOLLOWED, same=False, who=2)])) == set()


def test_a_word_of_lower_standing_neither_parts_nor_joins_against_a_higher_one() -> None:
    own, creators = word(IDS[0], IDS[1]), word(IDS[0], IDS[1], Standing.CREATOR, same=False, who=1)
    assert parts(classes([own, creators])) == {frozenset(IDS[:2])}
    own, creators = word(IDS[0], IDS[1], same=False), word(IDS[0], IDS[1], Standing.CREATOR, who=1)
    assert parts(classes([own, creators])) == set()


def test_two_ids_that_are_kept_apart_do_not_meet_by_way_of_a_third() -> None:
    apart = word(IDS[0], IDS[2], same=False)
    low = [word(IDS[0], IDS[1], Standing.CREATOR), word(IDS[1], IDS[2], Standing.CREATOR)]
    assert parts(classes([apart, *low])) == {frozenset(IDS[:2])}  # of equals the first pair is joined
    joined = [word(IDS[0], IDS[3]), word(IDS[2], IDS[4]), word(IDS[3], IDS[4], Standing.CREATOR)]
    assert parts(classes([apart, *joined])) == {frozenset((IDS[0], IDS[3])), frozenset((IDS[2], IDS[4]))}


WORDS = st.builds(
    lambda pair, standing, same, who: word(*pair, standing, same=same, who=who),
    st.sampled_from(list(itertools.combinations(IDS, 2))),
    st.sampled_from(Standing),
    st.booleans(),
    st.integers(0, 2),
)


@given(st.lists(WORDS, max_size=12), st.randoms(use_true_random=False))
def test_any_order_of_the_words_gives_the_same_classes_and_the_highest_parts_hold(
    words: list[Word], chance: object
) -> None:
    found = classes(words)
    shuffled = list(words) * 2
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    assert classes(shuffled) == found
    for one in words:
        if one.standing is Standing.OWN and not one.is_same:
            assert found.name(one.pair[0]) != found.name(one.pair[1])
    for name in found.words:
        assert name == min(found.ids(name))
        assert all(found.name(film) == name for film in found.ids(name))
