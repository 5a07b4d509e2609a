"""Rules in plain words: each keeps what is known to fit, and leaves out what nobody said."""

from __future__ import annotations

import pytest

from cinepeer.errors import BadInput
from cinepeer.recommend.rules import UNKNOWN, Facts, parse_rule

FRENCH = Facts(minutes=95, year=1962, languages=("fr",), genres=("drama",), is_seen=True, is_licensed=True)
WESTERN = Facts(minutes=165, year=1968, languages=("en", "it"), genres=("western",), is_licensed=False)


@pytest.mark.parametrize(
    ("words", "keeps_french", "keeps_western"),
    [
        ("not seen", False, True),
        ("at most 100 minutes", True, False),
        ("At most  95 minutes", True, False),
        ("at least 100 minutes", False, True),
        ("from 1968 on", False, True),
        ("before 1968", True, False),
        ("in a language I read", True, False),
        ("in fr", True, False),
        ("in en, zh", False, True),
        ("in it or fr", True, True),
        ("no western", True, False),
        ("only western", False, True),
        ("nothing violent", True, False),
        ("licensed here tonight", True, False),
        ("licensed here", True, False),
    ],
)
def test_a_rule_keeps_the_films_that_fit(words: str, keeps_french: bool, keeps_western: bool) -> None:
    rule = parse_rule(words, ("fr",))
    assert (rule.refusal(FRENCH) is None) is keeps_french
    assert (rule.refusal(WESTERN) is None) is keeps_western


@pytest.mark.parametrize(
    "words", ["at most 100 minutes", "from 1968 on", "in fr", "no western", "nothing violent", "licensed here"]
)
def test_what_nobody_said_of_a_film_is_not_taken_for_granted(words: str) -> None:
    assert parse_rule(words).refusal(UNKNOWN) == f"{words}: not known of it"


def test_a_film_without_a_word_on_whether_it_was_seen_is_not_seen() -> None:
    assert parse_rule("not seen").refusal(UNKNOWN) is None


@pytest.mark.parametrize("words", ["", "short ones", "at most long minutes", "in english please", "from 68 on"])
def test_other_words_are_refused_with_those_that_are_known(words: str) -> None:
    with pytest.raises(BadInput, match="at most N minutes"):
        parse_rule(words)


def test_a_language_that_the_viewer_reads_has_to_be_told_first() -> None:
    with pytest.raises(BadInput, match="--language"):
        parse_rule("in a language I read")
