"""What people hold against films and words, how nodes ruled, and what was said against that, as a fold of records."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from cinepeer.records.cid import Cid
from cinepeer.records.record import Record

# What nodes here offer to choose from; a report may give another word.
GROUNDS = ("copyright", "illegal", "harm", "privacy", "deceit", "other")


@dataclass(frozen=True, slots=True)
class Report:
    """One author's claim that `on` should not be held or shown; `contact` is public like the rest."""

    record: Cid
    author: Cid
    time: int
    on: Cid
    ground: str
    text: str
    language: str
    contact: str | None


@dataclass(frozen=True, slots=True)
class Ruling:
    """Whether one author denies `on`, and why; `report` is what it answers, if anything."""

    record: Cid
    author: Cid
    time: int
    on: Cid
    report: Cid | None
    denied: bool
    reason: str
    language: str


Claim = TypeVar("Claim", Report, Ruling)


@dataclass(frozen=True, slots=True)
class Appeal:
    """What somebody says against a ruling."""

    record: Cid
    author: Cid
    time: int
    ruling: Cid
    text: str
    language: str


@dataclass(slots=True)
class Reported:
    """Reports and rulings by what they are about, appeals by ruling. Any order of the records gives the same."""

    reports: dict[Cid, Report] = field(default_factory=dict)
    rulings: dict[Cid, Ruling] = field(default_factory=dict)
    _reports_on: dict[Cid, set[Cid]] = field(default_factory=dict)
    _rulings_on: dict[Cid, set[Cid]] = field(default_factory=dict)
    _appeals: dict[Cid, list[Appeal]] = field(default_factory=dict)

    def apply(self, record: Record, body: Mapping[str, Any]) -> None:
        """Folds one counted record of these kinds in."""
        by = (record.id, record.author, record.time)
        if record.kind == "report":
            words = (body["ground"], body["text"], body["language"], body["contact"])
            self.reports[record.id] = Report(*by, body["on"], *words)
            self._reports_on.setdefault(body["on"], set()).add(record.id)
        elif record.kind == "ruling":
            said = (body["on"], body["report"], body["denied"], body["reason"], body["language"])
            self.rulings[record.id] = Ruling(*by, *said)
            self._rulings_on.setdefault(body["on"], set()).add(record.id)
        else:
            self._appeals.setdefault(body["ruling"], []).append(
                Appeal(*by, body["ruling"], body["text"], body["language"])
            )

    def reports_on(self, named: Iterable[Cid]) -> list[Report]:
        """What is held against any of `named`, newest first."""
        found = {one for on in named for one in self._reports_on.get(on, ())}
        return _newest_first(self.reports[one] for one in found)

    def rulings_on(self, named: Iterable[Cid]) -> list[Ruling]:
        """Every ruling on any of `named`, newest first; `stands` says which of them hold."""
        found = {one for on in named for one in self._rulings_on.get(on, ())}
        return _newest_first(self.rulings[one] for one in found)

    def rulings_of(self, author: Cid) -> list[Ruling]:
        """An author's rulings, newest first."""
        return _newest_first(one for one in self.rulings.values() if one.author == author)

    def standing(self, author: Cid, on: Cid) -> Ruling | None:
        """How an author ruled last on one record."""
        return next((one for one in self.rulings_on([on]) if one.author == author), None)

    def stands(self, ruling: Ruling) -> bool:
        """Whether its author has not ruled anew on the same record."""
        return self.standing(ruling.author, ruling.on) == ruling

    def appeals_to(self, ruling: Cid) -> list[Appeal]:
        """What was said against a ruling, oldest first."""
        return sorted(self._appeals.get(ruling, ()), key=lambda one: (one.time, one.record))

    def open_for(self, author: Cid) -> list[Report]:
        """The reports that an author has not ruled on since they were made, oldest first."""
        found = []
        for on in self._reports_on:
            ruled = self.standing(author, on)
            for one in self.reports_on([on]):
                if ruled is None or (ruled.report != one.record and ruled.time < one.time):
                    found.append(one)
        return sorted(found, key=lambda one: (one.time, one.record))


def _newest_first(found: Iterable[Claim]) -> list[Claim]:
    return sorted(found, key=lambda one: (one.time, one.record), reverse=True)
