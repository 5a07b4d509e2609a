"""The library: what this node shows, as a pure function of the records it holds (DESIGN law 1)."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable
from typing import Any

from cinepeer.app.catalogue import Catalogue
from cinepeer.app.parts import RecordStore
from cinepeer.records.bodies import parse_body
from cinepeer.records.cid import Cid
from cinepeer.records.record import Record
from cinepeer.trust.counted import Counted

PAGE = 500
# From so many records on, a node serves films before it has counted the ratings.
MANY = 20_000
FILM_KINDS = ("film", "version", "title", "offer", "host", "profile")
BEGUN_KINDS = frozenset((*FILM_KINDS, "retraction"))


class Library:
    """Reads the store in the order of arrival and folds it; `refresh` takes up what came since."""

    def __init__(self, store: RecordStore) -> None:
        self._store = store
        self._turn = asyncio.Lock()
        self._clear()

    def _clear(self) -> None:
        self.position = 0
        self.catalogue = Catalogue()
        self.counted = Counted()
        self.ratings = 0
        self.ratings_of: Counter[Cid] = Counter()
        self._retracted: set[tuple[Cid, Cid]] = set()
        self._bodiless: set[Cid] = set()
        self._revision = self._store.feeds.revision
        self._begun = 0  # up to this position all but the ratings are folded in

    async def begin(self) -> None:
        """Folds what is held; of very many records all but the ratings, which the next `refresh` takes up."""
        if await self._store.count() <= MANY:
            await self.refresh()
            return
        async with self._turn:
            self._clear()
            last = await self._store.count()
            await self._retract()
            for kind in FILM_KINDS:
                for held in await self._store.by_kind(kind):
                    if held.position <= last:
                        self._admit(held.record, held.body)
            self._begun = last

    async def refresh(self, arrived: Iterable[Record] = ()) -> None:
        """Folds every record that came since the last call; `arrived` may name ones whose body came later."""
        async with self._turn:
            late = any(record.id in self._bodiless for record in arrived)
            # A fork, a revocation or a new delegation may change what records folded long ago count for.
            changed = self._revision != self._store.feeds.revision
            if late or changed or not await self._take():
                await self._rebuild()

    async def _rebuild(self) -> None:
        """Folds everything anew, retractions first."""
        self._clear()
        await self._retract()
        await self._take(again=True)

    async def _retract(self) -> None:
        """Takes note of all that was taken back."""
        for held in await self._store.by_kind("retraction"):
            if held.body is not None and self._store.feeds.covers(held.record):
                named = parse_body("retraction", held.body)["records"]
                self._retracted.update((held.record.author, Cid(record)) for record in _list(named))

    async def _take(self, again: bool = False) -> bool:
        """Folds page after page; False when a record came that undoes what was folded before."""
        while page := await self._store.after(self.position, PAGE):
            for held in page:
                self.position = held.position
                if held.position <= self._begun and held.record.kind in BEGUN_KINDS:
                    continue
                if not self._admit(held.record, held.body) and not again:
                    return False
        return True

    def _admit(self, record: Record, body: bytes | None) -> bool:
        if not self._store.feeds.covers(record):
            return True
        if record.kind == "retraction":
            return False
        if body is None:
            self._bodiless.add(record.id)
            return True
        if (record.author, record.id) in self._retracted:
            return True
        fields: dict[str, Any] = parse_body(record.kind, body)
        if record.kind == "rating":
            self.ratings += 1
            self.ratings_of[record.author] += 1
            self.counted.apply(
                record.author, record.time, record.id, [(film, stars) for film, stars in fields["ratings"]]
            )
        else:
            self.catalogue.apply(record, fields)
        return True


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
