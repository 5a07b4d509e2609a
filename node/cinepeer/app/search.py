"""Searching the films that are held: the index follows the library, and is asked in a thread."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Protocol

from cinepeer.app.catalogue import Catalogue
from cinepeer.app.library import Library
from cinepeer.search.entry import Entry, Hits, entry

_BATCH = 200  # films indexed in one go: a question waits for no more than that


class FilmIndex(Protocol):
    """Films by their words; its calls may run in any thread."""

    def films(self) -> set[str]: ...
    def put(self, entries: Iterable[Entry]) -> None: ...
    def drop(self, films: Iterable[str]) -> None: ...
    def prepare(self) -> None: ...
    def find(self, text: str, most: int) -> Hits: ...


class Search:
    """Finds films by what their records say. What came since the last question is indexed first."""

    def __init__(self, library: Library, index: FilmIndex) -> None:
        self._library = library
        self._index = index
        self._turn = asyncio.Lock()
        self._indexed: set[str] | None = None
        self._seen: tuple[Catalogue | None, int] = (None, -1)

    async def find(self, text: str, most: int) -> Hits:
        """At most `most` films that have every word of `text`, best first."""
        await self.refresh()
        hits = await asyncio.to_thread(self._index.find, text, most)
        shown = self._library.catalogue.films
        return replace(hits, films=[film for film in hits.films if film in shown])

    async def refresh(self) -> None:
        """Brings the index to what the library shows; a film is indexed once, its record never changes."""
        async with self._turn:
            catalogue, position = self._library.catalogue, self._library.position
            if self._seen[0] is catalogue and self._seen[1] == position:
                return
            if self._indexed is None:
                self._indexed = await asyncio.to_thread(self._tidy, frozenset(catalogue.films))
            await self._put(
                [entry(film.id, film.fields) for film in catalogue.films.values() if film.id not in self._indexed]
            )
            self._seen = (catalogue, position)

    def _tidy(self, shown: frozenset[str]) -> set[str]:
        """Drops what an older run indexed and nothing here shows any more; returns what is indexed.

        Only at the start: while the library is folded anew, it shows less than it will.
        """
        indexed = self._index.films()
        self._index.drop(indexed - shown)
        self._index.prepare()
        return indexed & shown

    async def _put(self, entries: Sequence[Entry]) -> None:
        assert self._indexed is not None
        for place in range(0, len(entries), _BATCH):
            some = entries[place : place + _BATCH]
            await asyncio.to_thread(self._index.put, some)
            self._indexed.update(one.film for one in some)
