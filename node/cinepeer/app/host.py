"""Hosting: pins the films that this node hears of, scarce ones first, within its disk cap and deny list; says so."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from cinepeer.app.catalogue import Version, Withdrawn
from cinepeer.app.challenge import Challenges
from cinepeer.app.choice import Choice
from cinepeer.app.deny import DenyList
from cinepeer.app.identity import Author
from cinepeer.app.library import Library
from cinepeer.app.scarcity import SPARE, Copy, creator_may_leave, leave_first, make_room, reason, take_first
from cinepeer.errors import BadInput, CinepeerError, LimitReached
from cinepeer.ports import IpfsBackend
from cinepeer.records.cid import Cid

log = logging.getLogger("cinepeer.host")

UNCHOSEN = "not of a creator or in a list that you follow, nor recommended to you: host_choice"
MAX_DOUBTED = 4  # films whose hosts are asked at once before one of them leaves


class Fetch(Protocol):
    """Fetches what lies under a root from the providers at these addresses and the neighbours; the number of blocks.

    `progress` hears of the blocks so far.
    """

    def __call__(
        self, root: Cid, addrs: Sequence[str], progress: Callable[[int], None] | None = None, /
    ) -> Awaitable[int]: ...


@dataclass(frozen=True, slots=True)
class Explained:
    """Why a film is here or not: `leaves`, counted from 1, says which of the held ones would leave before it."""

    copy: Copy
    name: str
    film: str
    why: str
    leaves: int | None
    conclusion: str | None


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
        custody: bool = False,
        keep_cap: Callable[[int], None] = lambda _: None,
        challenges: Challenges | None = None,
        kept: Iterable[Cid] = (),
        keep_kept: Callable[[Sequence[str]], None] = lambda _: None,
    ) -> None:
        """`gateway`: where others may read over HTTP; `keep_cap` makes another cap hold, now and after a restart.

        `custody`: whether this node says that it keeps the keys of licensed films for their creators. `challenges` tell
        which hosts of a version prove it; without them nothing leaves for another film. `kept` are the films that never
        leave, written by `keep_kept`.
        """
        self._library = library
        self._author = author
        self._ipfs = ipfs
        self._denied = denied
        self._fetch = fetch
        self._addrs = addrs
        self.cap_bytes = cap_bytes
        self.willing = willing
        self.gateway = gateway
        self.custody = custody
        self._keep_cap = keep_cap
        self._challenges = challenges
        self.kept: set[Cid] = set(kept)
        self._keep_kept = keep_kept
        self.declined: dict[Cid, str] = {}
        # Set once there is a ledger to ask: why a version should not be kept, or None.
        self.consent: Callable[[Version], Awaitable[str | None]] | None = None
        # Set once there is a list of recommendations: which films are taken for their own sake.
        self.choice: Choice | None = None
        self._is_littered = False
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
        """Lets go what was taken back, then tries to pin every version that is wanted and not held.

        Returns how many more are held now.
        """
        await self._let_go_withdrawn()
        if not self.willing:
            return 0
        async with self._turn:
            versions = {version.id: version for version in self._library.catalogue.versions()}
            taken = 0
            for copy in take_first(await self._copies()):
                if not self._is_chosen(copy):
                    self.declined[copy.version] = UNCHOSEN
                    continue
                taken += await self._take(versions[copy.version], copy)
            if self._is_littered:
                await self._collect()
            if taken:
                await self.tell()
            return taken

    def _is_chosen(self, copy: Copy) -> bool:
        """Whether a version may come: where its owner chooses, what is kept or chosen."""
        return self.choice is None or self.choice.is_all or copy.is_kept or bool(copy.chosen)

    async def _let_go_withdrawn(self) -> None:
        """What a creator took back goes, unless the owner of this node keeps the film."""
        for one in await self._withdrawn():
            if one.film not in self.kept:
                log.info("host.withdrawn version=%s", one.version.id)
                await self.drop(one.version.root)

    async def _withdrawn(self) -> list[Withdrawn]:
        """What was taken back and still lies here, unless somebody else published the same bytes."""
        pins = await self._ipfs.pins()
        live = {version.root for version in self._library.catalogue.versions()}
        found = self._library.catalogue.withdrawn()
        return [one for one in found if one.version.root in pins and one.version.root not in live]

    async def _copies(self) -> list[Copy]:
        """Every version that this node knows of, as a host sees it."""
        pins = await self._ipfs.pins()
        chosen = {} if self.choice is None else await self.choice.films()
        return [
            Copy(
                version.id,
                version.root,
                int(version.fields["size_bytes"]),
                self._claims(version) if self._challenges is None else self._challenges.count(version),
                version.root in pins,
                version.author == self._author.id,
                Cid(version.fields["film"]) in self.kept,
                0 if self._challenges is None else self._challenges.proven(version),
                chosen.get(str(version.fields["film"]), ""),
            )
            for version in self._library.catalogue.versions()
        ]

    def _claims(self, version: Version) -> int:
        """How many other devices say that they hold a version."""
        found = self._library.catalogue.providers_of(version)
        return sum(provider.device != self._author.device for provider in found)

    async def explain(self) -> list[Explained]:
        """Every version with why it is here or not; held ones first, and of them the first to leave first."""
        copies = await self._copies()
        places = {copy.version: place for place, copy in enumerate(leave_first(copies), 1)}
        films = {version.id: film for film in self._library.catalogue.films.values() for version in film.versions}
        found = []
        for copy in sorted(
            copies, key=lambda one: (not one.is_held, places.get(one.version, len(places) + 1), one.version)
        ):
            film = films[copy.version]
            why = reason(copy) if copy.is_held else self.declined.get(copy.version, self._unwilling(copy))
            conclusion = creator_may_leave(copy) if copy.is_own and copy.is_held else None
            found.append(Explained(copy, film.name, film.id, why, places.get(copy.version), conclusion))
        return [*map(self._farewell, await self._withdrawn()), *found]

    def _farewell(self, gone: Withdrawn) -> Explained:
        """Why something lies here that its creator took back."""
        version, is_kept = gone.version, gone.film in self.kept
        is_own = version.author == self._author.id
        copy = Copy(version.id, version.root, int(version.fields["size_bytes"]), 0, True, is_own, is_kept)
        why = "kept by the owner of this node" if is_kept else "it leaves at the next look"
        return Explained(copy, gone.name, str(gone.film), f"taken back by its creator: {why}", None, None)

    def _unwilling(self, copy: Copy) -> str:
        if not self.willing:
            return "this node does not host films of others"
        return f"not taken yet: {reason(copy)}"

    def keep(self, film: str, *, is_kept: bool) -> None:
        """Has a film never leave for another, or lets that be again; raises `BadInput` for one that is not known."""
        found = self._library.catalogue.films.get(film)
        records = {str(one.film): one.film for one in self._library.catalogue.withdrawn()}
        record = records.get(film) if found is None else found.record
        if record is None:
            raise BadInput(f"found no film {film[:80]!r} here, expected one that `cinepeer films` shows")
        kept = self.kept | {record} if is_kept else self.kept - {record}
        self._keep_kept(sorted(map(str, kept)))
        self.kept = kept

    async def is_held(self, version: Version) -> bool:
        """Whether this node holds a version whole."""
        return version.root in await self._ipfs.pins()

    async def bring(self, version: Version, progress: Callable[[int], None]) -> None:
        """Fetches and pins a version that its owner wants here; raises `LimitReached`, or what fetching raises.

        `progress` hears of the blocks so far. What this node hosts for others does not count, the disk cap does.
        """
        async with self._turn:
            found = next(copy for copy in await self._copies() if copy.version == version.id)
            why = None if found.is_held else await self._objection(version, found)
            if why is not None:
                raise LimitReached(why)
            if not found.is_held:
                await self._fetch(version.root, self._providers(version), progress)
                await self._ipfs.pin(version.root)
            if self._is_littered:
                await self._collect()
        await self.tell()

    async def _take(self, version: Version, copy: Copy) -> bool:
        why = await self._objection(version, copy)
        if why is None:
            try:
                await self._fetch(version.root, self._providers(version))
                await self._ipfs.pin(version.root)
            except CinepeerError as error:
                why = str(error)
        if why is None:
            self.declined.pop(version.id, None)
            return True
        if self.declined.get(version.id) != why:
            log.info("host.declined version=%s reason=%s", version.id, why)
        self.declined[version.id] = why
        return False

    async def _objection(self, version: Version, copy: Copy) -> str | None:
        """Why a version is not taken; room is made for it where films that many hold may leave."""
        if self._denied.is_denied(version.root) or self._denied.is_denied(version.author):
            return "denied by the owner of this node"
        objection = None if self.consent is None else await self.consent(version)
        if objection is not None:
            return objection
        room = self.cap_bytes - await self._ipfs.stored_bytes()
        if copy.size_bytes <= room:
            return None
        leaving = make_room(await self._proven_copies(), copy, copy.size_bytes - room)
        for one in leaving or ():
            log.info("host.leaves version=%s others=%d for=%s", one.version, one.others, version.id)
            await self._ipfs.unpin(one.root)
        if leaving:
            await self._collect()
            room = self.cap_bytes - await self._ipfs.stored_bytes()
        if copy.size_bytes > room:
            return f"found {copy.size_bytes:,} bytes, expected at most {max(room, 0):,} left under the disk cap"
        return None

    async def _proven_copies(self) -> list[Copy]:
        """Every version, after the hosts of some that might leave were asked to prove that they hold them."""
        copies = await self._copies()
        if self._challenges is None:
            return copies
        doubtful = [copy for copy in leave_first(copies) if copy.proven < SPARE <= copy.others]
        for copy in doubtful[:MAX_DOUBTED]:
            if (version := self._library.catalogue.version(copy.version)) is not None:
                await self._challenges.prove(version)
        return await self._copies() if doubtful else copies

    def _providers(self, version: Version) -> list[str]:
        found = self._library.catalogue.providers_of(version)
        return [addr for provider in found if provider.device != self._author.device for addr in provider.addrs]

    async def tell(self) -> None:
        """Signs a `host` record when the last one is no longer true."""
        held = frozenset(version.id for version in await self.held())
        addrs = tuple(self._addrs())
        last = self._library.catalogue.providers.get((self._author.id, self._author.device))
        said = (held, addrs, self.gateway, self.custody)
        before = None if last is None else (last.versions, last.addrs, last.gateway, last.custody)
        if before != said and (before is not None or held or self.custody):
            fields = {"gateway": self.gateway, "custody": self.custody}
            await self._author.sign("host", {"versions": sorted(held), "addrs": list(addrs), **fields})
            await self._library.refresh()

    async def drop(self, root: Cid) -> None:
        """Lets a DAG go, gives its disk back, and tells so."""
        await self._ipfs.unpin(root)
        # A film that is on its way has blocks here that no pin names yet: then the end of that collects.
        if self._turn.locked():
            self._is_littered = True
        else:
            await self._collect()
        await self.tell()

    async def _collect(self) -> None:
        """Gives back the disk of what no pin names."""
        self._is_littered = False
        try:
            await self._ipfs.gc()
        except BadInput as error:
            self._is_littered = True
            log.info("host.collect_later reason=%s", error)  # an import runs: the next collection takes it
