"""Counted ratings: of all held ones, the newest per author and film, as a fold that any order leaves the same."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from cinepeer.records.cid import Cid


@dataclass(frozen=True, slots=True, order=True)
class Given:
    """One author's standing word on one film; the newest by (time, record id) holds. `stars` None: withdrawn."""

    time: int
    record: Cid
    stars: int | None


@dataclass(slots=True)
class Counted:
    """The newest rating of every author for every film. Unweighted: every author counts the same."""

    by_author: dict[Cid, dict[str, Given]] = field(default_factory=dict)
    by_film: dict[str, dict[Cid, Given]] = field(default_factory=dict)
    # One object for each author and film, because every record brings its own: a third of the memory.
    _authors: dict[Cid, Cid] = field(default_factory=dict, repr=False, compare=False)
    _films: dict[str, str] = field(default_factory=dict, repr=False, compare=False)

    def apply(self, author: Cid, time: int, record: Cid, ratings: Iterable[tuple[str, int | None]]) -> bool:
        """Folds one rating record in; returns whether anything changed: a word older than the standing one does not."""
        author = self._authors.setdefault(author, author)
        films = self.by_author.setdefault(author, {})
        changed = False
        for named, stars in ratings:
            film = self._films.setdefault(named, named)
            given = Given(time, record, stars)
            standing = films.get(film)
            if standing is None or (standing.time, standing.record) < (given.time, given.record):
                films[film] = self.by_film.setdefault(film, {})[author] = given
                changed = True
        return changed

    def stars_of(self, author: Cid) -> dict[str, int]:
        """The author's standing ratings, film id → stars; withdrawn ones left out."""
        return {film: given.stars for film, given in self.by_author.get(author, {}).items() if given.stars is not None}

    def given(self, author: Cid, film: str) -> Given | None:
        """The author's standing word on a film, or None."""
        return self.by_author.get(author, {}).get(film)

    def triples(self) -> Iterator[tuple[Cid, str, int]]:
        """Every counted (author, film, stars), authors and films in ascending order."""
        for author in sorted(self.by_author):
            stars = self.stars_of(author)
            for film in sorted(stars):
                yield author, film, stars[film]

    def likers(self, film: str, least: int) -> set[Cid]:
        """Authors whose standing rating of `film` is at least `least` stars."""
        return {
            author
            for author, given in self.by_film.get(film, {}).items()
            if given.stars is not None and given.stars >= least
        }

    def spread(self, film: str) -> list[int]:
        """All counted stars of a film, ascending: what its viewer score opens to."""
        return sorted(given.stars for given in self.by_film.get(film, {}).values() if given.stars is not None)
