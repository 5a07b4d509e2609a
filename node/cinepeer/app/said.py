"""What people say in words: reviews of films and comments on records, as a fold of the records that count."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cinepeer.records.cid import Cid
from cinepeer.records.record import Record


@dataclass(frozen=True, slots=True)
class Saying:
    """One text of one author; a comment tells no plot that the review does not."""

    record: Cid
    author: Cid
    time: int
    text: str
    language: str
    spoiler: bool = False

    @property
    def place(self) -> tuple[int, Cid]:
        """Where it stands among others: by time, then by id."""
        return self.time, self.record


@dataclass(slots=True)
class Said:
    """Reviews by film and author, comments by the record they speak of. Any order of the records gives the same."""

    reviews: dict[str, dict[Cid, Saying]] = field(default_factory=dict)
    comments: dict[Cid, dict[Cid, Saying]] = field(default_factory=dict)

    def apply(self, record: Record, body: Mapping[str, Any]) -> None:
        """Folds one counted record of these kinds in."""
        said = Saying(
            record.id, record.author, record.time, body["text"], body["language"], bool(body.get("spoiler", False))
        )
        if record.kind == "comment":
            self.comments.setdefault(body["on"], {})[record.id] = said
            return
        of_film = self.reviews.setdefault(body["film"], {})
        known = of_film.get(record.author)
        if known is None or known.place < said.place:
            of_film[record.author] = said

    def reviews_of(self, film: str) -> list[Saying]:
        """The standing review of each author, newest first."""
        return sorted(self.reviews.get(film, {}).values(), key=lambda said: said.place, reverse=True)

    def comments_on(self, record: Cid) -> list[Saying]:
        """All comments on a record, oldest first."""
        return sorted(self.comments.get(record, {}).values(), key=lambda said: said.place)
