"""What rules and rights ask of films: length, languages, genres, and whether they may be shown here and now."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

from cinepeer.app.catalogue import Catalogue, Film
from cinepeer.recommend.rules import About, Facts
from cinepeer.records.cid import Cid
from cinepeer.records.film_id import is_film_id
from cinepeer.rights.licences import can_show
from cinepeer.rights.showing import Release, is_listed, release_of
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


class FactBook:
    """The facts of all films, list after list: what a film's records say is read again when they change."""

    def __init__(self) -> None:
        self._pages: dict[str, _Page] = {}

    def facts(
        self, catalogue: Catalogue, rated: Collection[str], pins: Collection[Cid], ground: Ground | None
    ) -> dict[str, Facts]:
        """The facts of every film that a record tells of, under each of its ids.

        Without `ground` rights are not known.
        """
        held = {version for provider in catalogue.providers.values() for version in provider.versions}
        found: dict[str, Facts] = {}
        for film in catalogue.films.values():
            page = self._pages.get(film.id)
            if page is None or page.versions != [version.id for version in film.versions]:
                page = self._pages[film.id] = _page(film)
            facts = page.now(film, rated, pins, held, ground)
            for name in page.names:
                if name == film.id or name not in found:
                    found[name] = facts
        if len(self._pages) > 2 * len(catalogue.films):
            self._pages = {film: page for film, page in self._pages.items() if film in catalogue.films}
        return found

    def titles(self, catalogue: Catalogue, wanted: Collection[str]) -> dict[str, str]:
        """What the films are called that go by these ids beside their own; of those that were asked for facts of."""
        found: dict[str, str] = {}
        for film in catalogue.films.values() if wanted else ():
            page = self._pages.get(film.id)
            for name in () if page is None else page.names:
                if name in wanted:
                    found.setdefault(name, film.name)
        return found


@dataclass(slots=True)
class _Page:
    """What a film's records say, and the facts as they were when last asked for."""

    versions: list[Cid]
    roots: tuple[Cid, ...]
    names: tuple[str, ...]
    release: Release
    facts: Facts

    def now(
        self,
        film: Film,
        rated: Collection[str],
        pins: Collection[Cid],
        held: Collection[Cid],
        ground: Ground | None,
    ) -> Facts:
        """The facts with what may be otherwise each time: seen, ready, and the rights at this block and time."""
        is_seen = any(name in rated for name in self.names)
        is_ready = any(root in pins for root in self.roots) or any(version in held for version in self.versions)
        if ground is None:
            rights: tuple[bool | None, bool] = (False if self.release.unlisted else None, False)
        else:
            rights = _rights(film, self.release, ground)
        block = None if ground is None else ground.block
        told = self.facts
        if (told.is_seen, told.is_ready, told.is_licensed, told.is_disputed, told.block) != (
            is_seen,
            is_ready,
            *rights,
            block,
        ):
            is_licensed, is_disputed = rights
            self.facts = replace(
                told,
                is_seen=is_seen,
                is_ready=is_ready,
                is_licensed=is_licensed,
                is_disputed=is_disputed,
                block=block,
            )
        return self.facts


def facts_of(
    catalogue: Catalogue, rated: Collection[str], pins: Collection[Cid], ground: Ground | None
) -> dict[str, Facts]:
    """As `FactBook.facts`, once."""
    return FactBook().facts(catalogue, rated, pins, ground)


def about_films(catalogue: Catalogue) -> dict[str, About]:
    """Who published each film, its first language and its year, under each of its ids."""
    found: dict[str, About] = {}
    for film in catalogue.films.values():
        languages = words_in(film, "languages")
        about = About(str(film.author), languages[0] if languages else None, film.fields.get("year"))
        for name in names_of(film):
            found.setdefault(name, about)
    return found


def _page(film: Film) -> _Page:
    lengths = [int(version.fields["duration_ms"]) for version in film.versions]
    facts = Facts(
        minutes=-(-min(lengths) // 60_000) if lengths else None,
        year=film.fields.get("year"),
        languages=tuple(words_in(film, "languages")) or None,
        genres=tuple(words_in(film, "genres")) or None,
    )
    versions, roots = [version.id for version in film.versions], tuple(version.root for version in film.versions)
    return _Page(versions, roots, tuple(names_of(film)), release_of(film.fields), facts)


def _rights(film: Film, release: Release, ground: Ground) -> tuple[bool | None, bool]:
    """
    (may it be shown here and now, is it contested) from the first title of the film that the ledger knows. What its
    creator keeps out of lists, or shows later, is not for lists.
    """
    if not is_listed(release, ground.time):
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


def words_in(film: Film, name: str) -> list[str]:
    """The words of a field, each once, in lower case."""
    return sorted({str(word).strip().lower() for word in film.fields.get(name, ())})
