"""Ratings: of all that an author ever said of a film, the newest holds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from cinepeer.records.bodies import FilmId, parse_body
from cinepeer.records.cid import Cid
from cinepeer.records.record import Record


@dataclass(frozen=True, slots=True)
class Rating:
    """What one record says of a film: stars from 1 to 10, or None where the author takes the rating back."""

    time: int
    record: Cid
    stars: int | None

    @property
    def rank(self) -> tuple[int, Cid]:
        """The greater one holds: by time (Unix, ms), of two at one time by record id."""
        return self.time, self.record


def newest(pairs: Iterable[tuple[Record, bytes]]) -> dict[tuple[Cid, FilmId], Rating]:
    """The rating that holds for each author and film, over rating records in any order, some of them twice or not.

    Takes records that count (`Feeds.counts`) with verified bodies (`verify_body`); raises `Refused` for another body.
    """
    standing: dict[tuple[Cid, FilmId], Rating] = {}
    for record, body in pairs:
        fields: dict[str, Any] = parse_body("rating", body)
        for film, stars in fields["ratings"]:
            rating = Rating(record.time, record.id, stars)
            before = standing.get((record.author, film))
            if before is None or before.rank < rating.rank:
                standing[record.author, film] = rating
    return standing
