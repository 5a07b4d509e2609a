"""Who follows whom, and what those who are followed said last, as a fold of the records that count."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from heapq import nlargest
from typing import Any

from cinepeer.records.cid import Cid
from cinepeer.records.record import Record

TOLD_KINDS = frozenset(("film", "version", "review", "collection"))


@dataclass(frozen=True, slots=True)
class Follow:
    """One author's word on another (its inception) or on a list (its first record)."""

    record: Cid
    author: Cid
    on: Cid
    time: int
    follows: bool

    @property
    def place(self) -> tuple[int, Cid]:
        """Where it stands among others: by time, then by id."""
        return self.time, self.record


@dataclass(frozen=True, slots=True)
class News:
    """Something that an author did in public; `of` is the film, or the list."""

    time: int
    record: Cid
    author: Cid
    kind: str
    of: str


@dataclass(slots=True)
class Follows:
    """Follows by author and by what is followed, and what authors told. Any order of the records gives the same."""

    by: dict[Cid, dict[Cid, Follow]] = field(default_factory=dict)
    on: dict[Cid, dict[Cid, Follow]] = field(default_factory=dict)
    told: dict[Cid, dict[Cid, News]] = field(default_factory=dict)

    def apply(self, record: Record, body: Mapping[str, Any]) -> None:
        """Folds one counted record in: a follow, or what followers want to hear of."""
        if record.kind in TOLD_KINDS:
            news = News(record.time, record.id, record.author, record.kind, _subject(record, body))
            self.told.setdefault(record.author, {})[record.id] = news
            return
        said = Follow(record.id, record.author, body["on"], record.time, body["follows"])
        known = self.by.get(record.author, {}).get(said.on)
        if known is None or known.place < said.place:
            self.by.setdefault(said.author, {})[said.on] = said
            self.on.setdefault(said.on, {})[said.author] = said

    def of(self, author: Cid) -> list[Follow]:
        """What an author follows, the newest first."""
        found = (said for said in self.by.get(author, {}).values() if said.follows)
        return sorted(found, key=lambda said: said.place, reverse=True)

    def followers(self, on: Cid) -> list[Follow]:
        """Who follows an author or a list, the newest first."""
        found = (said for said in self.on.get(on, {}).values() if said.follows)
        return sorted(found, key=lambda said: said.place, reverse=True)

    def news(self, authors: Iterable[Cid], lists: frozenset[str], limit: int) -> list[News]:
        """What these authors did, and what became of these lists, newest first: at most `limit`."""
        chosen = set(authors)
        found = (one for author in chosen for one in self.told.get(author, {}).values())
        changes = (
            one
            for author, told in (self.told.items() if lists else ())
            if author not in chosen
            for one in told.values()
            if one.kind == "collection" and one.of in lists
        )
        return nlargest(limit, (*found, *changes), key=lambda one: (one.time, one.record))


def _subject(record: Record, body: Mapping[str, Any]) -> str:
    """The film or the list that a record is about."""
    match record.kind:
        case "film":
            return str(record.id)
        case "collection":
            return str(body["list"] or record.id)
        case _:
            return str(body["film"])
