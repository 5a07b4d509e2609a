"""The sets that peers reconcile: one of everything, grown by the store, and a few of scopes, each made by a search."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass

from cinepeer.app.replica import Store
from cinepeer.replication.fingerprints import SealedSet
from cinepeer.replication.scope import Scope

KEPT = 4
# Peers name the scopes: where making a set takes longer than this, it may take only one part in so many of the time.
FREE_S = 0.25
SHARE = 5


@dataclass(frozen=True, slots=True)
class _Kept:
    """A set of a scope, how many records there were when it was made, and until when it does though there are more."""

    items: SealedSet
    records: int
    until_s: float


class Sets:
    """Sealed sets by scope; those of scopes are made one at a time, and anew only when something came since."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._kept: OrderedDict[Scope, _Kept] = OrderedDict()
        self._turn = asyncio.Lock()

    async def sealed(self, scope: Scope) -> SealedSet:
        """(Header time, digest of the id) of all records of every author whom a scope concerns."""
        if scope.is_everything:
            return await self._store.sealed(scope)
        async with self._turn:
            kept = self._kept.get(scope)
            records = await self._store.count()
            loop = asyncio.get_running_loop()
            begin_s = loop.time()
            if kept is None or (kept.records != records and kept.until_s <= begin_s):
                items = await self._store.sealed(scope)
                end_s = loop.time()
                rest_s = max(0.0, end_s - begin_s - FREE_S) * (SHARE - 1)
                kept = self._kept[scope] = _Kept(items, records, end_s + rest_s)
            self._kept.move_to_end(scope)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
            return kept.items
