"""What rules and rights ask of films: length, languages, genres, and whether they may be shown here and now."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from cinepeer.app.catalogue import Catalogue, Film
from cinepeer.recommend.rules import About, Facts
from cinepeer.records.cid import Cid
from cinepeer.records.film_id import is_film_id
from cinepeer.rights.licences import can_show
from cinepeer.rights.showing import is_listed, release_of
from cinepeer.rights.state import State, Status

MEDIUM = "streaming"


@dataclass(frozen=True, slots=True)
class Ground:
    """What decides about rights: the ledger's state up to `block`, and where and when (seconds) a film would be shown.

    `territory` is the viewer's own word; empty: not told, and then only what holds everywhere is known.
    """

    state: State
    block: int
    territory: str
    time: int


def names_of(film: Film) -> Iterator[str]:
    """Every id under which a film may be rated: that of its record, and those that its author says are the same."""
    yield film.id
    for external in film.fields.get("external", ()):
        if is_film_id(str(external)):
            yield str(external)


def words_of(catalogue: Catalogue) -> dict[str, list[str]]:
    """What is told of every film, as words that a content model compares."""
    return {film.id: _told(film) for film in catalogue.films.values()}


def _told(film: Film) -> list[str]:
    return [
        *(f"genre {genre}" for genre in _words(film, "genres")),
        *(f"language {language}" for language in _words(film, "languages")),
        *(f"{credit['role']} {credit['name']}".lower() for credit in film.fields.get("credits", ())),
        *([f"decade {film.fields['year'] // 10}0"] if film.fields.get("year") else []),
    ]


def facts_of(
    catalogue: Catalogue, rated: Collection[str], pins: Collection[Cid], ground: Ground | None
) -> dict[str, Facts]:
    """The facts of every film that a record tells of, under each of its ids. Without `ground` rights are not known."""
    found: dict[str, Facts] = {}
    for film in catalogue.films.values():
        names = list(names_of(film))
        is_seen = any(name in rated for name in names)
        facts = _facts(catalogue, film, is_seen, pins, ground)
        for name in names:
            if name == film.id or name not in found:
                found[name] = facts
    return found


def about_films(catalogue: Catalogue) -> dict[str, About]:
    """Who published each film, its first language and its year, under each of its ids."""
    found: dict[str, About] = {}
    for film in catalogue.films.values():
        languages = _words(film, "languages")
        about = About(str(film.author), languages[0] if languages else None, film.fields.get("year"))
        for name in names_of(film):
            found.setdefault(name, about)
    return found


def _facts(catalogue: Catalogue, film: Film, is_seen: bool, pins: Collection[Cid], ground: Ground | None) -> Facts:
    lengths = [int(version.fields["duration_ms"]) for version in film.versions]
    unknown = (False if release_of(film.fields).unlisted else None, False)
    is_licensed, is_disputed = unknown if ground is None else _rights(film, ground)
    return Facts(
        minutes=-(-min(lengths) // 60_000) if lengths else None,
        year=film.fields.get("year"),
        languages=tuple(_words(film, "languages")) or None,
        genres=tuple(_words(film, "genres")) or None,
        is_seen=is_seen,
        is_ready=any(version.root in pins or catalogue.providers_of(version) for version in film.versions),
        is_licensed=is_licensed,
        is_disputed=is_disputed,
        block=None if ground is None else ground.block,
    )


def _rights(film: Film, ground: Ground) -> tuple[bool | None, bool]:
    """
    (may it be shown here and now, is it contested) from the first title of the film that the ledger knows. What its
    creator keeps out of lists, or shows later, is not for lists.
    """
    if not is_listed(release_of(film.fields), ground.time):
        return False, False
    for _, fields in film.titles:
        title = ground.state.titles.get(bytes(fields["title"]))
        if title is None:
            continue
        is_disputed = title.status == Status.CONTESTED
        if title.status in (Status.SUSPENDED, Status.VOID):
            return False, is_disputed
        if not ground.territory:
            return None, is_disputed
        return can_show(ground.state, title.id, ground.territory, MEDIUM, ground.time).allowed, is_disputed
    return None, False


def _words(film: Film, name: str) -> list[str]:
    return sorted({str(word).strip().lower() for word in film.fields.get(name, ())})


def shared_words(catalogue: Catalogue, film: str, other: str) -> list[str]:
    """What two films have in common by what is told of them."""
    first, second = catalogue.films.get(film), catalogue.films.get(other)
    return [] if first is None or second is None else sorted(set(_told(first)).intersection(_told(second)))
