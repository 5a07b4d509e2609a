"""Of several versions the newest whole one plays first: a trailer that comes last does not."""

from __future__ import annotations

import itertools

import pytest

from cinepeer.content.sort import SORTS, place_of, sort_of
from cinepeer.records.cid import DAG_CBOR, Cid

A, B = sorted(Cid.of(name, DAG_CBOR) for name in (b"a", b"b"))


@pytest.mark.parametrize("said", [None, "", "Trailer", "film noir", 1, True, [], b"trailer"])
def test_an_odd_word_says_that_it_is_the_film(said: object) -> None:
    assert sort_of({"sort": said}) == sort_of({}) == "film"


def test_every_sort_says_what_it_is() -> None:
    assert [sort_of({"sort": one}) for one in SORTS] == ["film", "cut", "dub", "trailer"]


def test_whole_ones_come_first_then_dubs_then_trailers_and_of_each_the_newest() -> None:
    told = [("cut", 5, A), ("film", 4, B), ("film", 4, A), ("dub", 9, A), ("trailer", 8, A), ("trailer", 7, A)]
    for order in itertools.permutations(told):
        assert sorted(order, key=lambda one: place_of(*one), reverse=True) == told
