"""What this home's viewer keeps to themselves: how they want their list made, and ratings from elsewhere.

It lies in the home and is never a record: it counts for the owner's list alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from cinepeer.errors import BadInput
from cinepeer.recommend.wishes import Wishes, parse_wishes, wishes_map

WISHES = "wishes"
IMPORTED = "imported"


class Notebook(Protocol):
    """Keeps small objects by name over a restart."""

    def all(self) -> list[dict[str, Any]]: ...
    def save(self, name: str, note: dict[str, Any]) -> None: ...
    def remove(self, name: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Private:
    """Stars that only this home knows: `time` in ms or None, `source` where they come from."""

    stars: int
    time: int | None
    source: str


class Taste:
    """The viewer's wishes and private ratings."""

    def __init__(self, notes: Notebook) -> None:
        self._notes = notes
        self.wishes = Wishes()
        self.private: dict[str, Private] = {}
        for note in notes.all():
            if note.get("kind") == WISHES:
                self.wishes = parse_wishes(note["wishes"])
            elif note.get("kind") == IMPORTED:
                self.private = {film: Private(stars, time, source) for film, stars, time, source in note["ratings"]}

    def change(self, wishes: Wishes) -> None:
        """Takes up other wishes, on disk when this returns."""
        self._notes.save(WISHES, {"kind": WISHES, "wishes": wishes_map(wishes)})
        self.wishes = wishes

    def keep(self, ratings: Iterable[tuple[str, Private]]) -> int:
        """Takes ratings from elsewhere; a newer word on a film replaces the older. Returns how many are kept now."""
        kept = dict(self.private)
        for film, given in ratings:
            before = kept.get(film)
            if before is None or (before.time or 0) <= (given.time or 0):
                kept[film] = given
        return self._save(kept)

    def forget(self, films: Iterable[str] | None = None) -> int:
        """Lets private ratings go, those of `films` or all; returns how many went."""
        before = len(self.private)
        gone = set(self.private if films is None else films)
        return before - self._save({film: given for film, given in self.private.items() if film not in gone})

    def _save(self, kept: dict[str, Private]) -> int:
        if len(kept) > 100_000:
            raise BadInput(f"found {len(kept):,} private ratings, expected at most 100,000")
        rows = [[film, given.stars, given.time, given.source] for film, given in sorted(kept.items())]
        self._notes.save(IMPORTED, {"kind": IMPORTED, "ratings": rows})
        self.private = kept
        return len(kept)
