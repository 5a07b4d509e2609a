"""The library: what this node shows, as a pure function of the records it holds (DESIGN law 1).

Films and all about them are folded record by record. Ratings go as rows into arrays, so that a million of them are
taken up in seconds, and lie in a file over a restart.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any

from cinepeer.app.catalogue import Catalogue
from cinepeer.app.parts import CountedShelf, Held, RecordStore
from cinepeer.records.bodies import parse_body
from cinepeer.records.cid import Cid
from cinepeer.records.ratings import read_ratings
from cinepeer.records.record import Record
from cinepeer.trust.counted import Counted
from cinepeer.trust.kept import Mark
from cinepeer.trust.rows import Rows

PAGE = 500
RATINGS_PAGE = 20_000
# From so many records on, a node serves films before it has counted the ratings, and keeps what it counted.
MANY = 20_000
FILM_KINDS = (
    *("film", "version", "title", "offer", "host", "profile", "review", "comment", "follow", "collection", "same"),
    *("report", "ruling", "appeal"),
)


class Library:
    """Reads the store in the order of arrival and folds it; `refresh` takes up what came since."""

    def __init__(self, store: RecordStore, shelf: CountedShelf | None = None) -> None:
        """`shelf` is where the counted ratings are kept; without one they are counted anew in every run."""
        self._store = store
        self._shelf = shelf
        self._turn = asyncio.Lock()
        self.position = 0
        self.catalogue = Catalogue()
        self.counted = Counted()
        self._begun = 0  # up to this position all but the ratings are folded in
        self._counted_to = 0  # up to this position the ratings are
        self._kept_to = 0  # and up to this one they are on the shelf
        self._retracted: dict[Cid, set[Cid]] = {}  # by author
        self._retractors: set[Cid] = set()
        self._catalogued: set[Cid] = set()  # the authors of the catalogue's records
        self._forks: dict[Cid, dict[bytes, int]] = {}  # as they were when their authors' ratings were judged
        self._revised: set[Cid] = set()  # the authors of whom not everything counts
        self._bodiless: set[Cid] = set()  # records that are no ratings

    @property
    def ratings(self) -> int:
        """How many rating records count."""
        return self.counted.records

    async def begin(self) -> None:
        """Folds what is held; of very many records all but the ratings, which the next `refresh` takes up."""
        if await self._store.count() <= MANY:
            await self.refresh()
            return
        async with self._turn:
            last = await self._store.count()
            for held in await self._store.by_kind("retraction"):
                if held.position <= last:
                    self._retract(held)
            await self._fold_catalogue(last)
            await self._unshelve(last)
            self._begun = last

    async def refresh(self, arrived: Iterable[Record] = ()) -> None:
        """Folds every record that came since the last call; `arrived` may name ones whose body came later."""
        async with self._turn:
            if self._begun > self.position:
                await self._count(self._begun)
                self.position = self._begun
            judged = await self._take()
            undone = await self._complete(arrived)
            if judged or undone:
                for author in self._retractors & (judged | undone):
                    self._retracted.pop(author, None)
                    for held in await self._store.by_kind("retraction", author):
                        if held.position <= self.position:
                            self._retract(held)
                self.counted.recount(judged | undone, self._store.feeds.span, self._retracted)
            if not self._catalogued.isdisjoint(judged | undone):
                await self._fold_catalogue(self.position)
            if self._shelf is not None and self.position >= MANY + self._kept_to * 9 // 8:
                await self._keep()

    async def keep(self) -> None:
        """Puts the counted ratings on the shelf, where they are many and not all there; for when a node stops."""
        async with self._turn:
            if self._shelf is not None and self.position > max(MANY, self._kept_to):
                await self._keep()

    async def recount(self) -> None:
        """Counts all ratings anew from the bodies that are here: for when some of them went."""
        async with self._turn:
            last, self.counted = max(self.position, self._begun), Counted()
            self._counted_to = self._kept_to = 0
            await self._count(last)
            if self._shelf is not None and self.position == last > MANY:
                await self._keep()  # what lies there counts what went

    # Ratings, many at a time

    async def _unshelve(self, last: int) -> None:
        """Takes the ratings that an earlier run counted, if they are of this store."""
        found = None if self._shelf is None else await asyncio.to_thread(self._shelf.read)
        if found is None:
            return
        counted, mark = found
        if not 0 < mark.position <= last or mark.forgotten != self._store.forgotten:
            return
        [held] = await self._store.after(mark.position - 1, 1)
        if (held.position, bytes(held.record.id)) == (mark.position, mark.head):
            self.counted = counted
            self._counted_to = self._kept_to = mark.position

    async def _keep(self) -> None:
        """Puts the counted ratings on the shelf; the turn is ours, so that nothing is folded in meanwhile."""
        assert self._shelf is not None
        [held] = await self._store.after(self.position - 1, 1)
        self.counted.standing.arrays()  # settles what would else be moved while it is written
        mark = Mark(self.position, bytes(held.record.id), self._store.forgotten)
        await asyncio.to_thread(self._shelf.write, self.counted, mark)
        self._kept_to = self.position

    async def _count(self, last: int) -> None:
        """Counts the ratings up to `last`, taking all to count at first, then judging those of whom not all does."""
        while self._counted_to < last:
            rows, self._counted_to = await self._store.rating_rows(self._counted_to, last, RATINGS_PAGE)
            self.counted.extend(rows)
        await self._take_late(await self._no_longer_awaited())
        self._revised = await self._store.revised_authors()
        for author in self._revised:
            self._note_forks(author)
        self.counted.recount(self._revised | self._retractors, self._store.feeds.span, self._retracted)

    async def _no_longer_awaited(self) -> list[Cid]:
        """The ratings without bodies here whose bodies came between two runs."""
        known = self.counted.bodiless()
        if not known:
            return []
        awaited = await self._store.awaited_ratings()
        return [one for one in known if one not in awaited]

    # One record after another

    async def _take(self) -> set[Cid]:
        """Folds page after page; returns the authors whose earlier records may count for something else now."""
        judged: set[Cid] = set()
        while page := await self._store.after(self.position, PAGE):
            rows = Rows()
            for held in page:
                self._admit(held, rows, judged)
            self.counted.extend(rows)
            judged.update(author for author in {held.record.author for held in page} if self._note_forks(author))
            self.position = self._counted_to = page[-1].position
        return judged

    def _admit(self, held: Held, rows: Rows, judged: set[Cid]) -> None:
        record = held.record
        match record.kind:
            case "rating":
                self._add_rating(record, held.body, rows)
            case "retraction":
                self._retract(held)
                judged.add(record.author)
            case "rotation" | "revocation":
                self._revised.add(record.author)
                judged.add(record.author)
            case "delegate":
                # It gives back what a revocation took; of anyone else everything counts already.
                if record.author in self._revised:
                    judged.add(record.author)
            case _:
                self._add_film(held, self.catalogue)

    def _note_forks(self, author: Cid) -> bool:
        """Takes note of an author's forks; whether they are other ones than before."""
        known = self._store.feeds.author(author)
        forks = {} if known is None else known.forks
        if forks == self._forks.get(author, {}):
            return False
        self._forks[author] = dict(forks)
        self._revised.add(author)
        return True

    def _counts(self, record: Record) -> bool:
        return self._store.feeds.covers(record) and record.id not in self._retracted.get(record.author, ())

    def _add_rating(self, record: Record, body: bytes | None, rows: Rows) -> None:
        if body is None:
            rows.add_bodiless(record.id)
            return
        said = read_ratings(body)
        rows.add(record.author, record.device, record.seq, record.time, record.id, said, self._counts(record))

    def _retract(self, held: Held) -> None:
        """Takes note of what an author took back."""
        self._retractors.add(held.record.author)
        if held.body is None:
            self._bodiless.add(held.record.id)
        elif self._store.feeds.covers(held.record):
            named: Any = parse_body("retraction", held.body)["records"]
            self._retracted.setdefault(held.record.author, set()).update(map(Cid, named))

    def _add_film(self, held: Held, catalogue: Catalogue) -> None:
        if held.record.kind not in FILM_KINDS:
            return
        self._catalogued.add(held.record.author)
        if held.body is None:
            self._bodiless.add(held.record.id)
        elif self._counts(held.record):
            catalogue.apply(held.record, parse_body(held.record.kind, held.body))
        elif self._store.feeds.covers(held.record):
            catalogue.take_back(held.record, parse_body(held.record.kind, held.body))

    async def _fold_catalogue(self, last: int) -> None:
        """Makes the catalogue anew of the records up to `last`."""
        catalogue = Catalogue()
        for kind in FILM_KINDS:
            for held in await self._store.by_kind(kind):
                if held.position <= last:
                    self._add_film(held, catalogue)
        self.catalogue = catalogue

    # Bodies that came after their headers

    async def _complete(self, arrived: Iterable[Record]) -> set[Cid]:
        """Takes up bodies that came late; returns the authors whose films or retractions are among them."""
        records = list(arrived)
        await self._take_late(self.counted.lacking(record.id for record in records if record.kind == "rating"))
        late = [record for record in records if record.id in self._bodiless]
        self._bodiless.difference_update(record.id for record in late)
        return {record.author for record in late}

    async def _take_late(self, ids: Sequence[Cid]) -> None:
        """Counts ratings that are known without their bodies, as far as those have come."""
        if not ids:
            return
        rows = Rows()
        whole = [(record, body) for record, body in await self._store.records(ids) if body is not None]
        self.counted.complete(record.id for record, _ in whole)
        for record, body in whole:
            self._add_rating(record, body, rows)
        self.counted.extend(rows)
