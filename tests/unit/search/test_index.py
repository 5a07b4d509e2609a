"""The index of films in a real SQLite: what is typed finds what was meant; a broken file is made anew."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from cinepeer.adapters.search.index import FORM, FilmIndex
from cinepeer.search.entry import Entry

FILMS = [
    Entry("light", "First Light", ["Ada Byron"], ["drama", "en", "2026"], ["A lamp keeper counts the nights."]),
    Entry("night", "The First Night", ["Grace Light"], ["noir"], ["After the light goes."]),
    Entry("earth", "黄土地", ["陈凯歌"], ["drama", "zh", "1984"], ["一个士兵来到黄土高原。"]),
    Entry("summer", "L'Été", ["Éric Rohmer"], ["comedy", "imdb:tt0115940"], [""]),
    Entry("first", "First", [], [], [""]),
]


@pytest.fixture
def index(tmp_path: Path) -> Iterator[FilmIndex]:
    made = FilmIndex(tmp_path / "index.db")
    made.put(FILMS)
    yield made
    made.close()


@pytest.mark.parametrize(
    ("typed", "films"),
    [
        ("first light", ["light", "night"]),  # both words in the name before one of them in the people
        ("lig", ["light", "night"]),
        ("rohmer ete", ["summer"]),
        ("tt0115940", ["summer"]),
        ("1984", ["earth"]),
        ("黄土", ["earth"]),
        ("士兵", ["earth"]),
        ("地", ["earth"]),
        ("凯歌 黄土地", ["earth"]),
        ("light zzzz", []),
        ("土黄", []),
        ("!?", []),
        ("", []),
    ],
)
def test_films_are_found_by_all_of_their_words(index: FilmIndex, typed: str, films: list[str]) -> None:
    assert index.find(typed, 10).films == films


def test_a_misspelt_word_is_taken_for_a_near_one_and_that_is_told(index: FilmIndex) -> None:
    found = index.find("rohmre ete", 10)
    assert found.films == ["summer"]
    assert found.taken == {"rohmre": ["rohmer"]}


def test_a_word_that_films_have_is_never_taken_for_another(index: FilmIndex) -> None:
    assert index.find("night", 10).taken == {}


@pytest.mark.parametrize(
    "typed", ['"', "name:light", "light AND OR NOT (", "light*", "{name}:first", "-light", "NEAR(a b)"]
)
def test_what_is_typed_is_words_and_never_a_query_language(index: FilmIndex, typed: str) -> None:
    index.find(typed, 10)


def test_a_film_that_is_dropped_is_not_found_and_may_come_again(index: FilmIndex) -> None:
    index.drop(["earth", "unknown"])
    assert index.find("黄土", 10).films == []
    index.put(FILMS)
    assert index.find("黄土", 10).films == ["earth"]
    assert index.films() == {entry.film for entry in FILMS}


def test_the_film_of_just_this_name_comes_first_and_no_more_are_told_than_asked_for(index: FilmIndex) -> None:
    first, *others = index.find("FIRST", 10).films
    assert (first, set(others)) == ("first", {"light", "night"})
    assert index.find("first", 2).films == [first, others[0]]


def test_words_that_come_later_stand_in_for_misspelt_ones_too(index: FilmIndex) -> None:
    index.prepare()
    index.put([Entry("harbour", "Harbour", [], [], [""])])
    assert index.find("harbuor", 10).films == ["harbour"]


def test_an_index_is_there_again_after_a_restart(tmp_path: Path) -> None:
    for _ in range(2):
        index = FilmIndex(tmp_path / "index.db")
        index.put(FILMS)
        assert index.find("黄土", 10).films == ["earth"]
        index.close()


@pytest.mark.parametrize("how", ["bytes", "form"])
def test_an_index_that_is_broken_or_of_another_form_is_made_anew(tmp_path: Path, how: str) -> None:
    path = tmp_path / "index.db"
    if how == "bytes":
        path.write_bytes(b"no database at all" * 100)
    else:
        with sqlite3.connect(path) as connection:
            connection.execute(f"PRAGMA user_version = {FORM + 1}")
        connection.close()
    index = FilmIndex(path)
    assert index.films() == set()
    index.put(FILMS)
    assert index.find("first", 1).films == ["first"]
    index.close()
