"""Searching the films that are held: the indices follow the library, and are asked in a thread."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Protocol

from cinepeer.app.captions import Captions
from cinepeer.app.catalogue import Catalogue, Film, Version
from cinepeer.app.library import Library
from cinepeer.records.cid import Cid
from cinepeer.search.entry import Entry, Hits, entry
from cinepeer.search.spoken import Passage, Quote, passages

_BATCH = 200  # films indexed in one go: a question waits for no more than that
_LISTENING_S = 0.2  # how long a question waits for captions that have just come
MOST = 2_000  # films that are looked at behind a filter

Admits = Callable[[Film], bool]


class FilmIndex(Protocol):
    """Films by their words; its calls may run in any thread."""

    def films(self) -> set[str]: ...
    def put(self, entries: Iterable[Entry]) -> None: ...
    def drop(self, films: Iterable[str]) -> None: ...
    def prepare(self) -> None: ...
    def find(self, text: str, most: int) -> Hits: ...


class SpokenIndex(Protocol):
    """Versions by what is said in them; its calls may run in any thread."""

    def versions(self) -> set[str]: ...
    def put(self, film: str, version: str, said: Iterable[Passage]) -> None: ...
    def drop(self, versions: Iterable[str]) -> None: ...
    def find(self, text: str, most: int) -> dict[str, Quote]: ...


class Search:
    """Finds films by what their records say, then by what is said in them. What came since is indexed first."""

    def __init__(self, library: Library, index: FilmIndex, spoken: SpokenIndex, captions: Captions) -> None:
        self._library = library
        self._index = index
        self._spoken = _Listening(library, spoken, captions)
        self._turn = asyncio.Lock()
        self._indexed: set[str] | None = None
        self._seen: tuple[Catalogue | None, int] = (None, -1)

    async def stop(self) -> None:
        """Ends what reads captions."""
        await self._spoken.stop()

    async def find(self, text: str, most: int, admits: Admits | None = None) -> Hits:
        """At most `most` films that have every word of `text` and that `admits` lets pass, best first.

        Behind those whose records have the words come those in which they are said. Without words: all films, by name.
        """
        shown = self._library.catalogue.films
        if not text.strip():
            found = sorted((film for film in shown.values() if admits is None or admits(film)), key=_by_name)
            return Hits([film.id for film in found[:most]])
        await self.refresh()
        asked_for = most if admits is None else MOST
        hits = await asyncio.to_thread(self._index.find, text, asked_for)
        said = await self._spoken.find(text, asked_for)
        named = [film for film in dict.fromkeys([*hits.films, *said]) if film in shown]
        films = [film for film in named if admits is None or admits(shown[film])][:most]
        return replace(hits, films=films, said={film: said[film] for film in films if film in said})

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


class _Listening:
    """Follows which versions are held whole, and reads their captions once, beside everything else."""

    def __init__(self, library: Library, index: SpokenIndex, captions: Captions) -> None:
        self._library = library
        self._index = index
        self._captions = captions
        self._known: set[str] | None = None
        self._heard: set[Cid] | None = None
        self._unmatched, self._position = False, -1
        self._task: asyncio.Task[None] | None = None

    async def find(self, text: str, most: int) -> dict[str, Quote]:
        """What is said in films that are held, after a moment for what has just come."""
        roots, position = await self._captions.roots(), self._library.position
        is_new = roots != self._heard or (self._unmatched and position != self._position)
        if is_new and (self._task is None or self._task.done()):
            self._task = asyncio.create_task(self._listen(roots, position))
        if self._task is not None and not self._task.done():
            await asyncio.wait({self._task}, timeout=_LISTENING_S)
        found = await asyncio.to_thread(self._index.find, text, most)
        return {film: quote for film, quote in found.items() if self._is_held(film, quote.version, roots)}

    async def stop(self) -> None:
        """Ends the reading; what was read is kept."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _listen(self, roots: set[Cid], position: int) -> None:
        if self._known is None:
            self._known = await asyncio.to_thread(self._index.versions)
        held = self._versions(roots)
        gone = self._known - held.keys()
        await asyncio.to_thread(self._index.drop, gone)
        self._known -= gone
        for name, (film, version) in held.items():
            if name not in self._known:
                said = [
                    part for language, cues in await self._captions.read(version) for part in passages(language, cues)
                ]
                await asyncio.to_thread(self._index.put, film, name, said)
                self._known.add(name)
        # A root may be here before the record that names it.
        self._unmatched = bool(roots - {version.root for _, version in held.values()})
        self._heard, self._position = roots, position

    def _versions(self, roots: set[Cid]) -> dict[str, tuple[str, Version]]:
        """Versions held whole and open by their id, each with its film; a sealed film's captions are sealed."""
        return {
            str(version.id): (film.id, version)
            for film in self._library.catalogue.films.values()
            for version in film.versions
            if version.root in roots and "sealed" not in version.fields
        }

    def _is_held(self, film: str, version: str, roots: set[Cid]) -> bool:
        known = self._library.catalogue.films.get(film)
        return known is not None and any(str(one.id) == version and one.root in roots for one in known.versions)


def _by_name(film: Film) -> tuple[str, str]:
    return film.name.casefold(), film.id
