"""Who says that two film ids mean one film: a fold of the records that count."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cinepeer.records.cid import Cid
from cinepeer.records.record import Record
from cinepeer.trust.same import Pair


@dataclass(frozen=True, slots=True, order=True)
class Said:
    """One author's word on one pair; the greatest holds."""

    time: int
    record: Cid
    is_same: bool


@dataclass(slots=True)
class Joining:
    """Words by pair and author. Any order of the records gives the same."""

    said: dict[Pair, dict[Cid, Said]] = field(default_factory=dict)

    def apply(self, record: Record, body: Mapping[str, Any]) -> None:
        """Folds one counted record in."""
        one, other = body["films"]
        authors = self.said.setdefault((one, other), {})
        word = Said(record.time, record.id, body["same"])
        if record.author not in authors or authors[record.author] < word:
            authors[record.author] = word

    def of(self, author: Cid) -> list[tuple[Pair, Said]]:
        """Every word of an author that holds, by pair."""
        return [(pair, said[author]) for pair, said in sorted(self.said.items()) if author in said]
