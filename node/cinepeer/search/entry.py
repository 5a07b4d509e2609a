"""What a film is found by, and what a search finds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cinepeer.records.translations import translations
from cinepeer.search.spoken import Quote


@dataclass(frozen=True, slots=True)
class Entry:
    """What a film is found by."""

    film: str
    name: str
    people: Sequence[str] = ()
    keywords: Sequence[str] = ()
    prose: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Hits:
    """Films that have all words of a query, best first; `taken` says which word stood in for a misspelt one.

    `said` has, by film, the line in which the words are said.
    """

    films: list[str] = field(default_factory=list)
    taken: dict[str, list[str]] = field(default_factory=dict)
    said: dict[str, Quote] = field(default_factory=dict)


def entry(film: str, fields: Mapping[str, Any], labels: Sequence[str] = ()) -> Entry:
    """The entry of a film by the fields of its record and the labels of its versions."""
    year = [str(fields["year"])] if fields.get("year") else []
    others = translations(fields)
    return Entry(
        film,
        str(fields["name"]),
        [credit["name"] for credit in fields["credits"]],
        [*fields["genres"], *fields["languages"], *fields["external"], *year, *(one.name for one in others)],
        [fields["synopsis"], *(one.synopsis for one in others), *labels],
    )
