"""How text is cut into words: one form for what is written and what is typed, in every script."""

from __future__ import annotations

import pytest

from cinepeer.search.words import MAX_WORD_CHARS, asked, indexed, is_spelt, words


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("First Light", ["first", "light"]),
        ("L'Été à Paris", ["l", "ete", "a", "paris"]),
        ("Straße", ["strasse"]),
        ("ＦＵＬＬ ｗｉｄｔｈ", ["full", "width"]),
        ("Соня и Ёлка", ["соня", "и", "елка"]),
        ("2001: A Space Odyssey", ["2001", "a", "space", "odyssey"]),
        ("हिन्दी फ़िल्म", ["हिन्दी", "फ़िल्म"]),
        ("…—!", []),
        ("", []),
    ],
)
def test_spaced_scripts_are_cut_at_what_is_no_letter(text: str, found: list[str]) -> None:
    import unicodedata

    expected = [unicodedata.normalize("NFKC", word) for word in found]
    assert list(words(text)) == expected
    assert asked(text) == expected


def test_unspaced_scripts_are_found_by_pairs_and_by_single_characters() -> None:
    assert list(words("黄土地")) == ["黄", "土", "地", "黄土", "土地"]
    assert asked("黄土地") == ["黄土", "土地"]
    assert asked("土") == ["土"]
    assert asked("千と千尋") == ["千と", "と千", "千尋"]
    assert asked("기생충") == ["기생", "생충"]


def test_scripts_that_meet_without_a_space_are_told_apart() -> None:
    assert asked("电影light第一") == ["电影", "light", "第一"]


def test_a_word_asked_for_twice_counts_once() -> None:
    assert asked("day for day") == ["day", "for"]


def test_a_very_long_word_is_cut_the_same_way_on_both_sides() -> None:
    long = "é" * 500
    assert asked(long) == list(words(long)) == ["e" * MAX_WORD_CHARS]


def test_texts_are_joined_into_words_with_spaces() -> None:
    assert indexed(["First Light", "Été"]) == "first light ete"


@pytest.mark.parametrize(("word", "is_one"), [("light", True), ("黄土", False), ("1984", False), ("r2d2", True)])
def test_only_words_of_letters_are_misspelt(word: str, is_one: bool) -> None:
    assert is_spelt(word) is is_one
