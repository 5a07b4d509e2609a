"""Unpublishing: what it undoes and what it cannot, said before it is done; then the records are taken back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cinepeer.app.catalogue import Film
from cinepeer.app.host import Hosting
from cinepeer.app.identity import Author
from cinepeer.app.library import Library
from cinepeer.app.titles import Titles
from cinepeer.errors import BadInput, CinepeerError


@dataclass(frozen=True, slots=True)
class Trace:
    """Something that a publication left in the world: whether taking it back undoes it, in one sentence."""

    undone: bool
    sentence: str


class Unpublishing:
    """Takes a film of this node's author back, as far as that goes."""

    def __init__(self, author: Author, library: Library, hosting: Hosting, titles: Titles) -> None:
        self._author = author
        self._library = library
        self._hosting = hosting
        self._titles = titles

    async def traces(self, film: Film) -> list[Trace]:
        """Everything that is known to be left of a film; raises `BadInput` for a film of somebody else."""
        self._check_own(film)
        held = {version.id for version in await self._hosting.held()}
        here = [version for version in film.versions if version.id in held]
        size_bytes = sum(int(version.fields["size_bytes"]) for version in here)
        others = {
            (provider.author, provider.device)
            for version in film.versions
            for provider in self._library.catalogue.providers_of(version)
            if provider.device != self._author.device
        }
        found = [
            Trace(
                True, f"{1 + len(film.versions)} records are taken back: the film is listed no more where that arrives"
            ),
            Trace(True, f"{len(here)} versions of {size_bytes:,} bytes leave this node's disk"),
            Trace(False, "the signed records stay known to have existed, and whoever keeps them may show them"),
        ]
        if others:
            told = "1 other device says" if len(others) == 1 else f"{len(others)} other devices say"
            found.append(Trace(False, f"{told} to hold it: a host lets it go when the word arrives, or keeps it"))
        else:
            found.append(Trace(False, "nobody else says to hold it, but whoever fetched a block may have kept it"))
        return [*found, *await self._rights(film)]

    async def _rights(self, film: Film) -> list[Trace]:
        """What the ledger holds of it."""
        if not film.titles:
            return []
        try:
            rights: dict[str, Any] = await self._titles.rights(film.id)
        except CinepeerError as error:
            return [Trace(False, f"what the ledger holds of it stays there; now it cannot be asked ({error})")]
        licences = len(rights.get("licences", ()))
        return [
            Trace(False, f"its title {rights['title']} stays on the ledger, with its shares and its purse"),
            Trace(
                False, f"{licences} licence{'' if licences == 1 else 's'} sold stay{'s' if licences == 1 else ''} valid"
            ),
        ]

    async def unpublish(self, film: Film, reason: str) -> tuple[str, list[Trace]]:
        """Signs the retraction and lets the blocks go; returns its id, and what was true before."""
        found = await self.traces(film)
        ids = [film.record, *(version.id for version in film.versions)]
        roots = [version.root for version in film.versions]
        record = await self._author.sign("retraction", {"records": ids, "reason": reason})
        await self._library.refresh()
        for root in roots:
            await self._hosting.drop(root)
        return str(record.id), found

    def _check_own(self, film: Film) -> None:
        if film.author != self._author.id:
            raise BadInput(f"found the film {film.name!r} of another author, expected one of your own")
