"""Moderation: what the owner denies is written down first, then let go and neither served nor taken again."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from cinepeer.app.deny import DenyList, parse_denied
from cinepeer.app.host import Hosting
from cinepeer.app.library import Library
from cinepeer.errors import BadInput
from cinepeer.records.cid import Cid


class Moderation:
    """The deny list with what follows from it."""

    def __init__(
        self,
        denied: DenyList,
        hosting: Hosting,
        library: Library,
        get: Callable[[Cid], bytes | None],
        write: Callable[[Sequence[str]], None],
    ) -> None:
        """`get` reads a block even when it is denied; `write` keeps the list's lines durably."""
        self._denied = denied
        self._hosting = hosting
        self._library = library
        self._get = get
        self._write = write

    async def deny(self, text: str) -> int:
        """Denies the CID of an author, a film, a version, its files or a block; returns how many blocks that is.

        Raises `BadInput` for what is no CID.
        """
        cid = parse_denied(text)
        roots = self.roots_under(cid)
        self._write(sorted({*self._denied.lines(), str(cid)}))
        count = self._denied.deny(cid, self._get)
        count += sum(self._denied.deny(root, self._get, is_listed=False) for root in roots)
        for root in roots:
            await self._hosting.drop(root)
        return count

    def allow(self, text: str) -> None:
        """Denies something no more: it may be taken and served again, from others if it went from here.

        Raises `BadInput` for what is not denied.
        """
        cid = parse_denied(text)
        if cid not in self._denied.roots:
            raise BadInput(f"found {text[:80]} not on the deny list, expected one of its lines")
        self._write(sorted(line for line in self._denied.lines() if line != str(cid)))
        others = [root for denied in sorted(self._denied.roots - {cid}) for root in self.roots_under(denied)]
        self._denied.allow(cid, others, self._get)

    def is_listed(self, cid: Cid) -> bool:
        """Whether the list names it itself, rather than what it belongs to."""
        return cid in self._denied.roots

    def apply_list(self) -> None:
        """Denies every block of the films that the list names by author, film or version; once, at the start."""
        for denied in sorted(self._denied.roots):
            for root in self.roots_under(denied):
                self._denied.deny(root, self._get, is_listed=False)

    def roots_under(self, cid: Cid) -> list[Cid]:
        """The files of every version that is named by `cid`: itself, its record, its film or its author."""
        return [
            version.root
            for film in self._library.catalogue.films.values()
            for version in film.versions
            if cid in (version.root, version.id, film.record, film.author)
        ]
