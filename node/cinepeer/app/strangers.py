"""Strangers: authors that nothing here vouches for share one bounded pool of the disk, fairly.

Known are the owner, whom the scope names, and the authors of the films that the owner rated. What all others take is
bounded by a cap: beyond it the newest bodies of those who take most go first, down to one level for all. Headers stay,
because chains, the set that is reconciled and anchors stand on them; where they alone fill the cap, no more records of
strangers are stored until there is room. What is valid never hangs on it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from cinepeer.app.library import Library
from cinepeer.errors import CinepeerError
from cinepeer.records.cid import Cid
from cinepeer.replication.budget import keep_bytes
from cinepeer.replication.scope import Scope

log = logging.getLogger("cinepeer.strangers")

LOOK_S = 60.0
# How much of the cap may come between two looks that count.
GROWTH = 16
AT_ONCE = 200
# What a record takes at least, so that few records need no look.
LEAST_BYTES = 500


async def vouched_for(owner: Cid, scope: Scope, library: Library) -> set[Cid]:
    """The owner, whom the scope names, and the authors of the films that the owner rated."""
    rated = library.counted.stars_of(owner)
    films = library.catalogue.films.values()
    return {owner, *(scope.authors or ()), *(film.author for film in films if film.id in rated)}


class Store(Protocol):
    """The records that are held here, as far as bounding strangers needs them."""

    has_room: Callable[[Cid], bool]

    async def count(self) -> int: ...
    async def author_sizes(self) -> Mapping[Cid, tuple[int, int]]: ...
    async def evict(self, keep: Mapping[Cid, int]) -> int: ...
    async def invite(self, authors: Collection[Cid]) -> None: ...


@dataclass(frozen=True, slots=True)
class Taken:
    """What strangers took when it was last looked at; `evicted` bodies went since the start."""

    authors: int = 0
    size_bytes: int = 0
    cap_bytes: int = 0
    evicted: int = 0
    is_full: bool = False


class Strangers:
    """Keeps what strangers take within its cap."""

    def __init__(
        self,
        store: Store,
        known: Callable[[], Awaitable[set[Cid]]],
        recount: Callable[[], Awaitable[None]],
        cap_bytes: int,
    ) -> None:
        """`known` names whom something here vouches for; `recount` follows when bodies went."""
        self._store = store
        self._known_now = known
        self._recount = recount
        self._cap_bytes = cap_bytes
        self._known: set[Cid] = set()
        self._looked_at = 0  # records, when it was last counted
        self._task: asyncio.Task[None] | None = None
        self.taken = Taken(cap_bytes=cap_bytes)

    async def start(self) -> None:
        """Looks now and again."""
        self._known = await self._known_now()
        self._store.has_room = self.has_room
        self._task = asyncio.create_task(self._go(), name="strangers")

    async def stop(self) -> None:
        """Looks no more."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    def has_room(self, author: Cid) -> bool:
        """Whether new records of an author are stored now."""
        return not self.taken.is_full or author in self._known

    def told(self) -> dict[str, Any]:
        """What strangers take, as the status shows it."""
        return asdict(self.taken)

    async def look(self) -> None:
        """Counts what strangers take where enough came since, and lets go of what is beyond the cap."""
        known = await self._known_now()
        fresh, self._known = known - self._known, known
        if fresh:
            await self._store.invite(fresh)
        records = await self._store.count()
        if (records - self._looked_at) * LEAST_BYTES * GROWTH < self._cap_bytes and not (fresh and self.taken.is_full):
            return
        sizes = {author: its for author, its in (await self._store.author_sizes()).items() if author not in known}
        keep = await asyncio.to_thread(keep_bytes, sizes, self._cap_bytes)
        evicted, names = 0, sorted(keep)
        for begin in range(0, len(names), AT_ONCE):
            evicted += await self._store.evict({name: keep[name] for name in names[begin : begin + AT_ONCE]})
        self._looked_at = records
        staying = sum(stays for stays, _ in sizes.values())
        left = staying + sum(min(goes, keep.get(author, goes)) for author, (_, goes) in sizes.items())
        self.taken = Taken(len(sizes), left, self._cap_bytes, self.taken.evicted + evicted, staying >= self._cap_bytes)
        if evicted:
            log.info("strangers.evicted bodies=%d authors=%d", evicted, len(keep))
            await self._recount()

    async def _go(self) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            try:
                await self.look()
            except CinepeerError as error:
                log.warning("strangers.failed reason=%s", error)
            except Exception:  # a task's edge: the next look tries again
                log.exception("strangers.failed")
