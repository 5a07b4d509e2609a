"""Which film a rating from elsewhere is about: by an external id, or by its title and year."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cinepeer.recommend.exports import Row

_ORDER = ("imdb", "wikidata", "tmdb", "movielens")
_ARTICLE = re.compile(r"^(?:the|a|an|le|la|les|der|die|das|el|los|il)\s+|,\s*(?:the|a|an|le|la|les|der|die|das)$")


@dataclass(frozen=True, slots=True)
class Known:
    """A film that may be meant: every id that it goes by, the one to rate first; its titles and year."""

    ids: tuple[str, ...]
    titles: tuple[str, ...]
    year: int | None


@dataclass(frozen=True, slots=True)
class Match:
    """A row with its film, and by what it was found: `id`, `title and year`, `title`."""

    row: Row
    film: str
    by: str


@dataclass(frozen=True, slots=True)
class Unmatched:
    """A row without a film, and why."""

    row: Row
    reason: str


def fold(title: str) -> str:
    """A title as it is compared: without case, marks, articles and punctuation."""
    plain = unicodedata.normalize("NFKD", title).casefold()
    plain = "".join(sign for sign in plain if not unicodedata.combining(sign))
    plain = _ARTICLE.sub("", plain.strip())
    return " ".join(re.sub(r"[^\w]+", " ", plain).split())


class Films:
    """The films that are known here, found by id or title."""

    def __init__(self, known: Iterable[Known], spoken: Iterable[str] = ()) -> None:
        """`spoken`: ids that ratings here use already; of several ids of a film one of these is preferred."""
        self._by_id: dict[str, Known] = {}
        self._by_title: dict[str, list[Known]] = {}
        self._spoken = frozenset(spoken)
        for film in known:
            for name in film.ids:
                self._by_id.setdefault(name, film)
            for title in dict.fromkeys(map(fold, film.titles)):
                self._by_title.setdefault(title, []).append(film)

    def match(self, row: Row) -> Match | Unmatched:
        """The film of a row: an external id always names one; a title has to name exactly one, within a year."""
        for name in row.ids:
            if name in self._by_id:
                return Match(row, self._preferred(self._by_id[name].ids), "id")
        if row.ids:
            return Match(row, self._preferred(row.ids), "id")
        if not (title := fold(row.title)):
            return Unmatched(row, "no title")
        named = self._by_title.get(title, [])
        for slack in (0, 1):
            close = [film for film in named if _is_near(film, row, slack)]
            if len(close) == 1:
                is_sure = row.year is not None and close[0].year is not None
                return Match(row, self._preferred(close[0].ids), "title and year" if is_sure else "title")
            if close:
                return Unmatched(row, f"{len(close)} films of this title and year")
        return Unmatched(row, "films of this title, but of other years" if named else "no film of this title is known")

    def _preferred(self, ids: Sequence[str]) -> str:
        """A published film's own id, then one that ratings use, then by catalogue."""

        def rank(name: str) -> tuple[bool, bool, int]:
            catalogue = name.partition(":")[0]
            place = _ORDER.index(catalogue) if catalogue in _ORDER else len(_ORDER)
            return (":" in name, name not in self._spoken, place)

        return min(ids, key=rank)


def _is_near(film: Known, row: Row, slack: int) -> bool:
    return row.year is None or film.year is None or abs(row.year - film.year) <= slack
