"""Hosting: pins the films that this node hears of, within its disk cap and deny list, and says so in a record."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence

from cinepeer.app.catalogue import Version
from cinepeer.app.deny import DenyList
from cinepeer.app.identity import Author
from cinepeer.app.library import Library
from cinepeer.errors import BadInput, CinepeerError
from cinepeer.ports import IpfsBackend
from cinepeer.records.cid import Cid

log = logging.getLogger("cinepeer.host")

# fetch(root, addresses of providers) -> number of blocks; asks only these and the connected neighbours.
Fetch = Callable[[Cid, Sequence[str]], Awaitable[int]]


class Hosting:
    """Decides which versions this node holds and keeps its `host` record true."""

    def __init__(
        self,
        library: Library,
        author: Author,
        ipfs: IpfsBackend,
        denied: DenyList,
        fetch: Fetch,
        addrs: Callable[[], list[str]],
        *,
        cap_bytes: int,
        willing: bool,
        gateway: str | None = None,
        keep_cap: Callable[[int], None] = lambda _: None,
    ) -> None:
        """`gateway`: where others may read over HTTP; `keep_cap` makes another cap hold, now and after a restart."""
        self._library = library
        self._author = author
        self._ipfs = ipfs
        self._denied = denied
        self._fetch = fetch
        self._addrs = addrs
        self.cap_bytes = cap_bytes
        self.willing = willing
        self.gateway = gateway
        self._keep_cap = keep_cap
        self.declined: dict[Cid, str] = {}
        self._turn = asyncio.Lock()

    async def held(self) -> list[Version]:
        """The versions that this node holds whole."""
        pins = await self._ipfs.pins()
        return [version for version in self._library.catalogue.versions() if version.root in pins]

    async def set_cap(self, cap_bytes: int) -> str | None:
        """Sets the disk cap, kept over a restart; the sentence of what follows when more is held already.

        Nothing that is pinned goes for a smaller cap.
        """
        self._keep_cap(cap_bytes)
        self.cap_bytes = cap_bytes
        stored = await self._ipfs.stored_bytes()
        if stored <= cap_bytes:
            return None
        return (
            f"found {stored:,} bytes held, more than the cap of {cap_bytes:,}: nothing of them is deleted, "
            "and no other film is taken until there is room"
        )

    async def pursue(self) -> int:
        """Tries to pin every version that is wanted and not held; returns how many more are held now."""
        if not self.willing:
            return 0
        async with self._turn:
            pins = await self._ipfs.pins()
            wanted = [version for version in self._library.catalogue.versions() if version.root not in pins]
            taken = 0
            for version in wanted:
                taken += await self._take(version)
            if taken:
                await self.tell()
            return taken

    async def _take(self, version: Version) -> bool:
        reason = await self._objection(version)
        if reason is None:
            try:
                await self._fetch(version.root, self._providers(version))
                await self._ipfs.pin(version.root)
            except CinepeerError as error:
                reason = str(error)
        if reason is None:
            self.declined.pop(version.id, None)
            return True
        if self.declined.get(version.id) != reason:
            log.info("host.declined version=%s reason=%s", version.id, reason)
        self.declined[version.id] = reason
        return False

    async def _objection(self, version: Version) -> str | None:
        if self._denied.is_denied(version.root) or self._denied.is_denied(version.author):
            return "denied by the owner of this node"
        room = self.cap_bytes - await self._ipfs.stored_bytes()
        size = int(version.fields["size_bytes"])
        if size > room:
            return f"found {size:,} bytes, expected at most {max(room, 0):,} left under the disk cap"
        return None

    def _providers(self, version: Version) -> list[str]:
        found = self._library.catalogue.providers_of(version)
        return [addr for provider in found if provider.device != self._author.device for addr in provider.addrs]

    async def tell(self) -> None:
        """Signs a `host` record when the last one is no longer true."""
        held = frozenset(version.id for version in await self.held())
        addrs = tuple(self._addrs())
        last = self._library.catalogue.providers.get((self._author.id, self._author.device))
        said = (held, addrs, self.gateway)
        if (last is None and held) or (last is not None and (last.versions, last.addrs, last.gateway) != said):
            await self._author.sign(
                "host", {"versions": sorted(held), "addrs": list(addrs), "gateway": self.gateway, "custody": False}
            )
            await self._library.refresh()

    async def drop(self, root: Cid) -> None:
        """Lets a DAG go, gives its disk back, and tells so."""
        await self._ipfs.unpin(root)
        try:
            await self._ipfs.gc()
        except BadInput as error:
            log.info("host.collect_later reason=%s", error)  # an import runs: the next collection takes it
        await self.tell()
