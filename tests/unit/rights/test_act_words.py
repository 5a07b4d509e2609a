"""Every act's sentence, in each language that the page speaks."""

from __future__ import annotations

import re

import pytest

from cinepeer.errors import BadInput
from cinepeer.rights.act_words import WORDS, act_sentence
from cinepeer.rights.sentence import LANGUAGES


def fields(text: str) -> set[str]:
    return set(re.findall(r"\{(\w+)", text))


@pytest.mark.parametrize("name", WORDS)
def test_a_sentence_says_the_same_in_every_language(name: str) -> None:
    said = WORDS[name]
    assert len(said) == len(LANGUAGES)
    assert len({frozenset(fields(text)) for text in said}) == 1, name
    assert len(set(said)) == len(said), "not left in one language"


def test_amounts_are_grouped_and_a_films_name_is_only_ever_a_name() -> None:
    said = {"amount": 1_234_567, "title": "0x01", "memo": ""}
    assert "1,234,567 units" in act_sentence("pay", film="{amount}", **said)
    assert "'{amount}'" in act_sentence("pay", film="{amount}", **said)
    assert "《{0.__class__}》" in act_sentence("pay", "zh", film="{0.__class__}", **said)


def test_a_language_that_is_not_spoken_is_refused() -> None:
    with pytest.raises(BadInput, match="expected one of en, zh"):
        act_sentence("close", "fr", offer="x")
