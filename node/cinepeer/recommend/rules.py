"""What a viewer asks of a list in plain words: not seen, at most 100 minutes, in a language I read, nothing violent.

A rule keeps a film only where its facts are known and fit: what nobody said of a film is never taken for granted.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass

from cinepeer.errors import BadInput

VIOLENT = frozenset(("action", "crime", "horror", "thriller", "violence", "violent", "war", "western"))
"""Genres that `nothing violent` leaves out."""

WORDS = (
    "not seen",
    "at most N minutes",
    "at least N minutes",
    "from YEAR on",
    "before YEAR",
    "in a language I read",
    "in en, zh",
    "only GENRE",
    "no GENRE",
    "licensed here tonight",
    "nothing violent",
)


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a film; None where nobody said it. Languages are codes such as `en`, genres lower-case words.

    `is_licensed`: whether its title may be shown to this viewer, here and now; None for a film without a title.
    `is_disputed`: whether its title is contested. `block`: the ledger's block at which both were read.
    """

    minutes: int | None = None
    year: int | None = None
    languages: tuple[str, ...] | None = None
    genres: tuple[str, ...] | None = None
    is_seen: bool = False
    is_ready: bool = False
    is_licensed: bool | None = None
    is_disputed: bool = False
    block: int | None = None


@dataclass(frozen=True, slots=True)
class About:
    """What is told of a film: its creator (None: nobody here published it), language and year."""

    creator: str | None = None
    language: str | None = None
    year: int | None = None


UNKNOWN = Facts()

# Whether a film with these facts stays; None where the facts do not say.
Check = Callable[[Facts], bool | None]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: `words` in its one form, and what it asks of a film."""

    words: str
    check: Check

    def refusal(self, facts: Facts) -> str | None:
        """Why a film with these facts is left out, or None where it stays."""
        kept = self.check(facts)
        if kept:
            return None
        return f"{self.words}: not known of it" if kept is None else self.words


def parse_rule(text: str, languages: Collection[str] = ()) -> Rule:
    """A rule from a person's words; `languages` are those that the viewer reads. Raises `BadInput` for other words."""
    words = " ".join(text.lower().split())
    for pattern, made in _FORMS:
        found = re.fullmatch(pattern, words)
        if found is not None:
            return made(words, found.groups(), languages)
    expected = ", ".join(f"“{form}”" for form in WORDS)
    raise BadInput(f"found the rule {text[:80]!r}, expected one of {expected}")


def _at_most(words: str, groups: tuple[str, ...], _: Collection[str]) -> Rule:
    most = int(groups[0])
    return Rule(words, lambda facts: None if facts.minutes is None else facts.minutes <= most)


def _at_least(words: str, groups: tuple[str, ...], _: Collection[str]) -> Rule:
    least = int(groups[0])
    return Rule(words, lambda facts: None if facts.minutes is None else facts.minutes >= least)


def _from_year(words: str, groups: tuple[str, ...], _: Collection[str]) -> Rule:
    first = int(groups[0])
    return Rule(words, lambda facts: None if facts.year is None else facts.year >= first)


def _before_year(words: str, groups: tuple[str, ...], _: Collection[str]) -> Rule:
    end = int(groups[0])
    return Rule(words, lambda facts: None if facts.year is None else facts.year < end)


def _readable(words: str, _: tuple[str, ...], languages: Collection[str]) -> Rule:
    if not languages:
        raise BadInput("found “in a language I read” and no languages, expected them told: --language en --language zh")
    return _spoken(words, languages)


def _in_languages(words: str, groups: tuple[str, ...], _: Collection[str]) -> Rule:
    return _spoken(words, re.split(r"\s*,\s*|\s+or\s+", groups[0]))


def _spoken(words: str, languages: Collection[str]) -> Rule:
    read = frozenset(code.lower() for code in languages)
    return Rule(words, lambda facts: None if not facts.languages else not read.isdisjoint(facts.languages))


def _without(words: str, groups: tuple[str, ...], _: Collection[str]) -> Rule:
    return Rule(words, lambda facts: None if facts.genres is None else groups[0] not in facts.genres)


def _only(words: str, groups: tuple[str, ...], _: Collection[str]) -> Rule:
    return Rule(words, lambda facts: None if facts.genres is None else groups[0] in facts.genres)


def _peaceful(words: str, _: tuple[str, ...], __: Collection[str]) -> Rule:
    return Rule(words, lambda facts: None if not facts.genres else VIOLENT.isdisjoint(facts.genres))


def _not_seen(words: str, _: tuple[str, ...], __: Collection[str]) -> Rule:
    return Rule(words, lambda facts: not facts.is_seen)


def _licensed(words: str, _: tuple[str, ...], __: Collection[str]) -> Rule:
    return Rule(words, lambda facts: facts.is_licensed)


_FORMS: tuple[tuple[str, Callable[[str, tuple[str, ...], Collection[str]], Rule]], ...] = (
    (r"not seen", _not_seen),
    (r"at most (\d{1,5}) minutes", _at_most),
    (r"at least (\d{1,5}) minutes", _at_least),
    (r"from (\d{4}) on", _from_year),
    (r"before (\d{4})", _before_year),
    (r"in a language i read", _readable),
    (r"in ([a-z]{2,3}(?:(?:\s*,\s*|\s+or\s+)[a-z]{2,3})*)", _in_languages),
    (r"licensed here(?: tonight)?", _licensed),
    (r"nothing violent", _peaceful),
    (r"no ([\w' -]{2,40})", _without),
    (r"only ([\w' -]{2,40})", _only),
)
