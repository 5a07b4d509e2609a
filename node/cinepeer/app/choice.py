"""Which films a host takes for their own sake: of creators and in lists that its owner follows, or by its taste."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable, Iterable

from cinepeer.app.library import Library
from cinepeer.errors import BadInput, CinepeerError
from cinepeer.records.cid import Cid

ALL, FOLLOWED, TASTE = "all", "followed", "taste"
WORDS = (ALL, FOLLOWED, TASTE)


class Choice:
    """What the setting `host_choice` comes to with the records that are held."""

    def __init__(self, word: str, library: Library, author: Cid, best: Callable[[], Awaitable[Iterable[str]]]) -> None:
        """`best` gives the ids of the films that are recommended here. Raises `BadInput` for another word."""
        if word not in WORDS:
            raise BadInput(f"found host_choice = {word[:40]!r}, expected one of {', '.join(WORDS)}")
        self._library = library
        self._author = author
        self._best = best
        self.word = word

    @property
    def is_all(self) -> bool:
        """Whether films are taken that nothing speaks for but their scarcity."""
        return self.word == ALL

    async def films(self) -> dict[str, str]:
        """The ids of the films that are chosen, each with why, in words."""
        catalogue = self._library.catalogue
        found: dict[str, str] = {}
        if self.word == TASTE:
            # Where there is no list yet, what is followed is chosen all the same.
            with contextlib.suppress(CinepeerError):
                found |= dict.fromkeys(await self._best(), "it is recommended to the owner of this node")
        followed = [one.on for one in catalogue.follows.of(self._author)]
        lists = [*catalogue.collected.of(self._author), *filter(None, map(catalogue.collected.get, followed))]
        for one in lists:
            found |= dict.fromkeys(one.films, f"it is in the list {one.name}")
        authors = set(followed)
        for film in catalogue.films.values():
            if film.author in authors:
                name = catalogue.names.get(film.author)
                found[film.id] = f"you follow {name}" if name else "you follow its creator"
        return found
