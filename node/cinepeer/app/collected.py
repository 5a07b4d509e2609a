"""Public lists of films, as a fold of the records that count."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cinepeer.records.cid import Cid
from cinepeer.records.record import Record


@dataclass(frozen=True, slots=True)
class Collection:
    """A list as its author said last; `id` is its first record, `record` the one that holds."""

    id: Cid
    record: Cid
    author: Cid
    time: int
    name: str
    about: str
    language: str
    films: tuple[str, ...]

    @property
    def place(self) -> tuple[int, Cid]:
        """Where it stands among others: by time, then by id."""
        return self.time, self.record


@dataclass(slots=True)
class Collected:
    """Lists by their first record. Any order of the records gives the same."""

    _begun: dict[Cid, Cid] = field(default_factory=dict)  # first record -> its author
    _said: dict[tuple[Cid, Cid], Collection] = field(default_factory=dict)  # (list, author) -> the newest word

    def apply(self, record: Record, body: Mapping[str, Any]) -> None:
        """Folds one counted record of this kind in."""
        named = body["list"] or record.id
        if body["list"] is None:
            self._begun[record.id] = record.author
        words = (body["name"], body["about"], body["language"], tuple(body["films"]))
        said = Collection(named, record.id, record.author, record.time, *words)
        known = self._said.get((named, record.author))
        if known is None or known.place < said.place:
            self._said[named, record.author] = said

    def get(self, named: Cid) -> Collection | None:
        """The list of this id as it stands, or None where no record that counts began one."""
        author = self._begun.get(named)
        return None if author is None else self._said[named, author]

    def of(self, author: Cid) -> list[Collection]:
        """An author's lists, the one that changed last first."""
        found = [self._said[named, who] for named, who in self._begun.items() if who == author]
        return sorted(found, key=lambda one: one.place, reverse=True)

    def records(self, named: Cid) -> set[Cid]:
        """What a reader needs to check a list: its first record and the one that holds."""
        found = self.get(named)
        return set() if found is None else {found.id, found.record}
