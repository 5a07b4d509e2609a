"""Scarce films come first and leave last; nothing of one's own, and nothing kept, ever leaves."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cinepeer.app.scarcity import SPARE, Copy, creator_may_leave, leave_first, make_room, reason, take_first
from cinepeer.records.cid import RAW, Cid

_numbers = itertools.count()


def copy(
    others: int = 0,
    size_bytes: int = 10,
    *,
    held: bool = True,
    own: bool = False,
    kept: bool = False,
    proven: int | None = None,
) -> Copy:
    cid = Cid.of(str(next(_numbers)).encode(), RAW)
    return Copy(cid, cid, size_bytes, others, held, own, kept, others if proven is None else proven)


COPIES = st.builds(
    copy,
    st.integers(0, 8),
    st.integers(1, 50),
    held=st.booleans(),
    own=st.booleans(),
    kept=st.booleans(),
)


def test_kept_then_scarce_then_small_ones_are_taken_first() -> None:
    kept, scarce, small, common = (
        copy(5, held=False, kept=True),
        copy(0, 20, held=False),
        copy(1, 5, held=False),
        copy(1, 9, held=False),
    )
    assert take_first([common, small, scarce, copy(0), kept]) == [kept, scarce, small, common]


def test_what_most_others_hold_leaves_first_and_own_and_kept_ones_never() -> None:
    common, scarce = copy(6), copy(1)
    assert leave_first([scarce, copy(9, own=True), copy(9, kept=True), common, copy(9, held=False)]) == [common, scarce]


def test_a_film_leaves_only_for_one_that_is_scarcer_by_two() -> None:
    common = copy(SPARE, 10)
    assert make_room([common], copy(SPARE - 2, held=False), 10) == [common]
    assert make_room([common], copy(SPARE - 1, held=False), 10) is None
    assert make_room([copy(SPARE - 1, 10)], copy(0, held=False), 10) is None
    assert make_room([common], copy(0, held=False), 11) is None
    assert make_room([], copy(0, held=False), 0) == []


def test_a_film_that_others_only_say_to_hold_does_not_leave() -> None:
    assert make_room([copy(9, proven=SPARE - 1)], copy(0, held=False), 5) is None
    claimed, proved = copy(9, proven=SPARE), copy(SPARE + 1)
    assert make_room([claimed, proved], copy(0, held=False), 5) == [proved]


def test_a_kept_film_takes_the_place_of_any_that_enough_others_hold() -> None:
    common = copy(SPARE, 10)
    assert make_room([common], copy(SPARE + 5, held=False, kept=True), 5) == [common]


@given(st.lists(COPIES, max_size=12), COPIES, st.integers(0, 200))
def test_room_is_made_whole_or_not_at_all_and_never_of_what_must_stay(
    copies: list[Copy], wanted: Copy, lacking_bytes: int
) -> None:
    leaving = make_room(copies, wanted, lacking_bytes)
    if leaving is not None:
        assert sum(one.size_bytes for one in leaving) >= lacking_bytes
        assert all(one.may_leave and one.proven >= SPARE for one in leaving)
        assert not any(one.is_own or one.is_kept or not one.is_held for one in leaving)


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (copy(own=True), "published by this author"),
        (copy(kept=True), "kept by the owner"),
        (copy(0), "nobody else"),
        (copy(1), "scarce: 1 other holds it"),
        (copy(2), "scarce: 2 others hold it"),
        (copy(7, proven=2), "7 others hold it, 2 of them proved it"),
    ],
)
def test_the_reason_is_said_in_words(found: Copy, words: str) -> None:
    assert words in reason(found)


@pytest.mark.parametrize(
    ("proven", "words"),
    [
        (0, "no other host proved to hold it whole (4 say so); stay on until 3 do"),
        (1, "1 other host proved to hold it whole (4 say so); stay on until 3 do"),
        (2, "2 other hosts proved to hold it whole (4 say so); stay on until 3 do"),
        (3, "3 hosts hold it whole; you may switch off"),
    ],
)
def test_the_creator_is_told_when_the_node_may_be_switched_off(proven: int, words: str) -> None:
    assert creator_may_leave(copy(4, own=True, proven=proven)) == words
