"""What records tell of a film, as words that a content model compares: facts, topics of its synopsis, and its style."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from cinepeer.app.catalogue import Catalogue, Film
from cinepeer.app.facts import names_of, words_in
from cinepeer.content.style import style_words
from cinepeer.search.words import asked
from cinepeer.trust.counted import NO_NAMES

LETTERS = 5  # of a topic; shorter words say little. Those of scripts without spaces are pairs of characters.
MOST_TOPICS = 100


def words_of(catalogue: Catalogue, rated: Collection[str], names: Mapping[str, str] = NO_NAMES) -> dict[str, list[str]]:
    """What is told of every film, also under those of its other ids that are `rated`.

    `names`: the one name of films that go by several ids; of those that share one the film of that id tells. An id that
    several films name goes to the first of them.
    """
    found: dict[str, list[str]] = {}
    others = set(rated)
    for film in sorted(catalogue.films.values(), key=lambda film: (film.time, film.id)):
        if film.id in names:
            continue
        told = found[film.id] = _told(film)
        for name in names_of(film):
            if name in others:
                found.setdefault(name, told)
    return found


def shared_words(catalogue: Catalogue, film: str, other: str) -> list[str]:
    """The facts that two films have in common."""
    first, second = catalogue.films.get(film), catalogue.films.get(other)
    return [] if first is None or second is None else sorted(set(_facts(first)).intersection(_facts(second)))


def _told(film: Film) -> list[str]:
    year = film.fields.get("year")
    style = style_words(film.versions[0].fields) if film.versions else ()
    return [*_facts(film), *_topics(film), *([f"year {year}"] if year else []), *style]


def _facts(film: Film) -> list[str]:
    return [
        *(f"genre {genre}" for genre in words_in(film, "genres")),
        *(f"language {language}" for language in words_in(film, "languages")),
        *(f"{credit['role']} {credit['name']}".lower() for credit in film.fields.get("credits", ())),
        *([f"decade {film.fields['year'] // 10}0"] if film.fields.get("year") else []),
    ]


def _topics(film: Film) -> list[str]:
    told = (word for word in asked(str(film.fields.get("synopsis", ""))) if len(word) >= LETTERS or not word.isascii())
    return [f"topic {word}" for word, _ in zip(told, range(MOST_TOPICS), strict=False)]
