"""The sets that are reconciled: all records, or those that a scope concerns, kept sorted and grown as they come."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field

from cinepeer.adapters.store.database import Database, Row
from cinepeer.records.cid import Cid
from cinepeer.records.record import parse_record
from cinepeer.replication.fingerprints import SealedSet
from cinepeer.replication.frames import DIGEST_BYTES
from cinepeer.replication.ranges import item_key
from cinepeer.replication.scope import EVERYTHING, Scope

SCOPES_KEPT = 8
_PAGE = 20_000
_SCAN = """
    SELECT records.position, records.block, bodies.block FROM records LEFT JOIN bodies USING (position)
    WHERE records.position > ? ORDER BY records.position LIMIT ?
"""


@dataclass(slots=True)
class _Kept:
    """A set up to a place in the order of arrival, and the authors whom its scope concerns."""

    position: int = 0
    items: SealedSet = field(default_factory=lambda: SealedSet(()))
    authors: set[Cid] = field(default_factory=set)


class Sealing:
    """Sealed sets of a database, by scope."""

    def __init__(self, database: Database) -> None:
        """Reads nothing before it is asked."""
        self._database = database
        self._kept: OrderedDict[Scope, _Kept] = OrderedDict()
        self._lock = asyncio.Lock()

    def forget_scopes(self) -> None:
        """Bodies came late: whom a scope concerns is to be found anew."""
        for scope in [one for one in self._kept if not one.is_everything]:
            del self._kept[scope]

    async def sealed(self, scope: Scope) -> SealedSet:
        """(Header time in ms, digest of the id) of all records of every author whom a scope concerns."""
        async with self._lock:
            kept = self._kept.setdefault(scope, _Kept())
            self._kept.move_to_end(scope)
            while len(self._kept) > SCOPES_KEPT:
                del self._kept[next(one for one in self._kept if not one.is_everything)]
            await (self._grow(kept) if scope == EVERYTHING else self._grow_scope(kept, scope))
            return kept.items

    async def _grow(self, kept: _Kept) -> None:
        question = "SELECT position, time, id FROM records WHERE position > ?"
        rows = await self._database.read(question, (kept.position,))
        if rows:
            kept.items = await asyncio.to_thread(_grown, kept.items, rows)
            kept.position = max(row[0] for row in rows)

    async def _grow_scope(self, kept: _Kept, scope: Scope) -> None:
        position, concerned = kept.position, set(kept.authors)
        while rows := await self._database.read(_SCAN, (position, _PAGE)):
            concerned |= await asyncio.to_thread(_concerned, rows, scope)
            position = rows[-1][0]
        for author in concerned:
            since = kept.position if author in kept.authors else 0
            question = "SELECT position, time, id FROM records WHERE author = ? AND position > ? AND position <= ?"
            rows = await self._database.read(question, (bytes(author), since, position))
            kept.items = await asyncio.to_thread(_grown, kept.items, rows)
        kept.position, kept.authors = position, concerned


def _grown(items: SealedSet, rows: Iterable[Row]) -> SealedSet:
    fresh = [(row[1], row[2][-DIGEST_BYTES:]) for row in rows]
    if len(items) == 0:
        return SealedSet.of_keys(b"".join(sorted(item_key(time, digest) for time, digest in fresh)))
    return items.with_items(fresh)


def _concerned(rows: Iterable[Row], scope: Scope) -> set[Cid]:
    found: set[Cid] = set()
    for _, block, body in rows:
        record = parse_record(block)
        if record.author not in found and scope.concerns(record, body):
            found.add(record.author)
    return found
