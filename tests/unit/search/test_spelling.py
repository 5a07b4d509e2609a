"""Words near to a misspelt one: found when an edit or two away, never otherwise."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cinepeer.search.spelling import Vocabulary, allowed_edits, distances

LETTERS = st.text("abcdé", max_size=9)


def plain_distance(one: str, other: str) -> int:
    """Optimal string alignment by its definition, cell by cell."""
    table = {(row, 0): row for row in range(len(one) + 1)} | {(0, column): column for column in range(len(other) + 1)}
    for row in range(1, len(one) + 1):
        for column in range(1, len(other) + 1):
            is_same = one[row - 1] == other[column - 1]
            ways = [table[row - 1, column] + 1, table[row, column - 1] + 1, table[row - 1, column - 1] + (not is_same)]
            if row > 1 and column > 1 and one[row - 1] == other[column - 2] and one[row - 2] == other[column - 1]:
                ways.append(table[row - 2, column - 2] + 1)
            table[row, column] = min(ways)
    return table[len(one), len(other)]


@given(LETTERS, st.lists(LETTERS, max_size=6))
def test_distances_are_those_of_the_definition(word: str, others: list[str]) -> None:
    assert distances(word, others).tolist() == [plain_distance(word, other) for other in others]


@given(
    st.lists(st.text("abcdefgh", min_size=1, max_size=12), max_size=40), st.text("abcdefgh", min_size=1, max_size=12)
)
def test_signatures_never_hide_a_word_that_is_near(known: list[str], typed: str) -> None:
    vocabulary = Vocabulary()
    vocabulary.add(known)
    edits = allowed_edits(typed)
    near = sorted((plain_distance(typed, word), word) for word in set(known))
    expected = [word for far, word in near if far <= edits] if edits else []
    assert vocabulary.near(typed, 100) == expected


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("lihgt", "light"), ("ligt", "light"), ("lught", "light"), ("lightt", "light"), ("kurosowa", "kurosawa"),
     ("kruosowa", "kurosawa")],
)  # fmt: skip
def test_a_slip_of_the_finger_is_forgiven(typed: str, meant: str) -> None:
    vocabulary = Vocabulary()
    vocabulary.add(["light", "kurosawa", "night", "fight"])
    assert vocabulary.near(typed)[0] == meant


@pytest.mark.parametrize("typed", ["cat", "ab", "x"])
def test_a_short_word_with_an_edit_is_another_word(typed: str) -> None:
    vocabulary = Vocabulary()
    vocabulary.add(["car", "abc", "xy"])
    assert vocabulary.near(typed) == []


def test_a_vocabulary_grows_and_knows_a_word_once() -> None:
    vocabulary = Vocabulary()
    vocabulary.add(["light", "light"])
    assert vocabulary.near("lihgt") == ["light"]
    vocabulary.add(["night", "light"])
    assert len(vocabulary) == 2
    assert vocabulary.near("nihgt") == ["night"]
    assert "night" in vocabulary
    assert "nihgt" not in vocabulary
