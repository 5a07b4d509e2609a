"""Counted ratings of films by their one name, where a film goes by several ids."""

from __future__ import annotations

from cinepeer.records.cid import Cid
from cinepeer.trust.counted import Counted, Given
from cinepeer.trust.rating_arrays import RatingArrays
from cinepeer.trust.same import Classes


class JoinedRatings:
    """What `Counted` answers, with an author's newest word under any id of a film as the word on it."""

    def __init__(self, counted: Counted, classes: Classes) -> None:
        self._counted = counted
        self._classes = classes

    def name(self, film: str) -> str:
        """The name under which a film's ratings stand here."""
        return self._classes.name(film)

    def arrays(self) -> RatingArrays:
        """Every counted rating as arrays, films by their names."""
        return self._counted.arrays(self._classes.names)

    def stars_of(self, author: Cid) -> dict[str, int]:
        """The author's standing ratings by the films' names; withdrawn ones left out."""
        found: dict[str, int] = {}
        for film, stars in self._counted.stars_of(author).items():
            name = self._classes.name(film)
            if name not in self._classes.words:
                found[name] = stars
            elif name not in found and (given := self.given(author, name)) is not None and given.stars is not None:
                found[name] = given.stars
        return found

    def given(self, author: Cid, name: str) -> Given | None:
        """The author's standing word on a film, or None."""
        found = self.told(author, name)
        return None if found is None else found[1]

    def told(self, author: Cid, name: str) -> tuple[str, Given] | None:
        """The author's standing word on a film, and the id under which it was said."""
        if name not in self._classes.words:
            given = self._counted.given(author, name)
            return None if given is None else (name, given)
        words = ((film, self._counted.given(author, film)) for film in self._classes.ids(name))
        found = [(given.time, given.record, film, given) for film, given in words if given is not None]
        if not found:
            return None
        _, _, film, newest = max(found, key=lambda word: word[:3])
        return film, newest

    def likers(self, name: str, least: int) -> set[Cid]:
        """Authors whose standing rating of a film is at least `least` stars (from 1)."""
        if name not in self._classes.words:
            return self._counted.likers(name, least)
        some = {author for film in self._classes.ids(name) for author in self._counted.likers(film, least)}
        given = ((author, self.given(author, name)) for author in some)
        return {author for author, word in given if word is not None and word.stars is not None and word.stars >= least}
