"""What a film must be, beside the words it is searched by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_MINUTE_MS = 60_000


@dataclass(frozen=True, slots=True)
class Filter:
    """Bounds that hold together; one that is None (or "") holds for every film."""

    year_from: int | None = None
    year_to: int | None = None
    genre: str = ""
    language: str = ""
    most_minutes: int | None = None
    is_playable: bool = False

    @property
    def is_open(self) -> bool:
        """True where every film passes."""
        return self == Filter()

    def admits(self, fields: Mapping[str, Any], durations_ms: Sequence[int]) -> bool:
        """Whether a film passes by the fields of its record and the lengths of its versions.

        A year or a length that nobody told passes no bound on it. A language passes by its first part: `zh` admits
        `zh-Hans`. Whether a film plays is for the caller to say.
        """
        year = fields.get("year")
        if self.year_from is not None and (year is None or year < self.year_from):
            return False
        if self.year_to is not None and (year is None or year > self.year_to):
            return False
        if self.genre and self.genre.casefold() not in (genre.casefold() for genre in fields["genres"]):
            return False
        if self.language and not any(_speaks(spoken, self.language) for spoken in fields["languages"]):
            return False
        return self.most_minutes is None or any(length <= self.most_minutes * _MINUTE_MS for length in durations_ms)


def _speaks(spoken: str, wanted: str) -> bool:
    spoken, wanted = spoken.casefold(), wanted.casefold()
    return spoken == wanted or spoken.startswith(f"{wanted}-")
