"""The one name of every film that goes by several ids, for one viewer, and who joined them.

The viewer's own word counts, that of those whom they follow, and a film's creator's on that very film; nobody else's,
however many they are. By their word alone a stranger's film takes one id of each other catalogue, and none that another
creator's film takes too; published films of two creators become one only where both say so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from cinepeer.app.catalogue import Catalogue
from cinepeer.records.cid import Cid
from cinepeer.records.film_id import is_external_id
from cinepeer.trust.same import Classes, Pair, Standing, Word, classes


class FilmNames:
    """The names as they are now: made anew when films, follows or words on them changed."""

    def __init__(self) -> None:
        self._of: tuple[Catalogue, int, Cid] | None = None
        self._found = Classes()

    def now(self, catalogue: Catalogue, viewer: Cid) -> Classes:
        """As `film_names`."""
        if self._of is None or self._of[0] is not catalogue or self._of[1:] != (catalogue.identities, viewer):
            self._found = film_names(catalogue, viewer)
            self._of = catalogue, catalogue.identities, viewer
        return self._found


def film_names(catalogue: Catalogue, viewer: Cid) -> Classes:
    """Which ids mean one film to `viewer`: a function of the records that count, and of nothing else."""
    words = list(_words(catalogue, viewer))
    taken = _Taken(catalogue, words)
    return classes(word for word in words if word.standing > Standing.CREATOR or taken.is_granted(word))


def _words(catalogue: Catalogue, viewer: Cid) -> Iterator[Word]:
    """The words of all who have a standing: what film records name, where their author says nothing else of it."""
    followed = {follow.on for follow in catalogue.follows.of(viewer)}

    def standing(author: Cid, pair: Pair) -> Standing | None:
        if author == viewer:
            return Standing.OWN
        if author in followed:
            return Standing.FOLLOWED
        return Standing.CREATOR if any(_creator(catalogue, film) == author for film in pair) else None

    for film in catalogue.films.values():
        for external in film.fields["external"]:
            pair = (film.id, str(external))
            if film.author not in catalogue.joining.said.get(pair, ()):
                own = standing(film.author, pair)
                assert own is not None, "a creator has a standing"
                yield Word(pair, own, True, film.author, film.record)
    for pair, said in catalogue.joining.said.items():
        for author, word in said.items():
            whose = standing(author, pair)
            if whose is not None:
                yield Word(pair, whose, word.is_same, author, word.record)


def _creator(catalogue: Catalogue, film: str) -> Cid | None:
    found = catalogue.films.get(film)
    return None if found is None else found.author


class _Taken:
    """Which creators take which ids for their films; their words are granted where nobody else is touched by them."""

    def __init__(self, catalogue: Catalogue, words: Sequence[Word]) -> None:
        self._catalogue = catalogue
        self._takers: dict[str, set[Cid]] = {}
        self._sayers: dict[Pair, set[Cid]] = {}
        self._ids: Counter[tuple[str, str]] = Counter()  # of a film in each other catalogue
        parted = {(word.pair, word.standing) for word in words if not word.is_same}
        for word in words:
            film, other = word.pair
            if not word.is_same or not any(_creator(catalogue, one) == word.author for one in word.pair):
                continue
            if parted and any((word.pair, standing) in parted for standing in Standing if standing >= word.standing):
                continue  # for this viewer the film does not take the id
            self._sayers.setdefault(word.pair, set()).add(word.author)
            if is_external_id(other):
                self._takers.setdefault(other, set()).add(word.author)
                self._ids[film, _catalogue_of(other)] += 1

    def is_granted(self, word: Word) -> bool:
        """Whether a creator's word counts for somebody who does not follow them."""
        film, other = word.pair
        if not word.is_same:
            return True
        if is_external_id(other):
            return self._takers.get(other) == {word.author} and self._ids[film, _catalogue_of(other)] == 1
        both = {_creator(self._catalogue, film), _creator(self._catalogue, other)}
        return both == self._sayers.get(word.pair)


def _catalogue_of(external: str) -> str:
    return external.partition(":")[0]
