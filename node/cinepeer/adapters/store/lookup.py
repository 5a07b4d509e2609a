"""What a store holds, looked up beside whoever writes it: by id, by kind, by place, by scope."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from cinepeer.adapters.store.database import Database, Row
from cinepeer.adapters.store.moment import Moment
from cinepeer.adapters.store.outcome import Held, Pair
from cinepeer.adapters.store.past import StoredPast
from cinepeer.adapters.store.rating_rows import awaited_ratings, rating_rows, revised_authors
from cinepeer.adapters.store.schema import damaged
from cinepeer.adapters.store.sealing import Sealing
from cinepeer.errors import Refused
from cinepeer.records.cid import Cid
from cinepeer.records.record import parse_record
from cinepeer.replication.budget import in_turn
from cinepeer.replication.fingerprints import SealedSet
from cinepeer.replication.scope import EVERYTHING, Scope
from cinepeer.trust.rows import Rows

log = logging.getLogger("cinepeer.store")

T = TypeVar("T")

_SOME = 500  # ids in one question; the oldest builds of SQLite take 999
ROW = """SELECT records.position, records.id, records.block, bodies.block
    FROM records LEFT JOIN bodies USING (position)"""


class Lookup:
    """Reads records; `RecordStore` is one that writes as well."""

    def __init__(self, database: Database, past: StoredPast, sealing: Sealing) -> None:
        """What is read goes over the database's connection for reading."""
        self._database = database
        self._past = past
        self._sealing = sealing

    async def get(self, record_id: Cid) -> Pair | None:
        """One record with its body, or None when it is not held."""
        found = await self.records([record_id])
        return found[0] if found else None

    async def records(self, ids: Iterable[Cid]) -> list[Pair]:
        """Those of `ids` that are held, in the order of arrival: so each comes after every record it needs."""
        rows = await self._among(f"{ROW} WHERE records.id", set(ids))
        return [(held.record, held.body) for held in self._held(sorted(rows))]

    async def after(self, position: int, limit: int, kind: str | None = None) -> list[Held]:
        """At most `limit` records that arrived after `position`, in the order of arrival."""
        which, values = ("", ()) if kind is None else ("AND kind = ?", (kind,))
        question = f"{ROW} WHERE records.position > ? {which} ORDER BY records.position LIMIT ?"
        return self._held(await self._database.read(question, (position, *values, limit)))

    async def by_kind(self, kind: str, author: Cid | None = None) -> list[Held]:
        """All records of a kind, of one author or of all, in the order of arrival."""
        which, values = ("", ()) if author is None else ("AND author = ?", (bytes(author),))
        return self._held(
            await self._database.read(f"{ROW} WHERE kind = ? {which} ORDER BY records.position", (kind, *values))
        )

    async def ids(self, device: bytes) -> list[Cid]:
        """Ids of a device's records in seq order; of a fork, both."""
        question = "SELECT id FROM records WHERE device = ? ORDER BY seq, id"
        return [Cid(row[0]) for row in await self._database.read(question, (bytes(device),))]

    async def leaves(self, size: int | None = None) -> list[Cid]:
        """The first `size` ids (None: all) in the order of arrival: the leaves of the tree that is anchored."""
        question = "SELECT id FROM records ORDER BY position LIMIT ?"
        return [Cid(row[0]) for row in await self._database.read(question, (-1 if size is None else size,))]

    async def count(self) -> int:
        """How many records are held."""
        return self._past.position

    async def sealed(self, scope: Scope = EVERYTHING) -> SealedSet:
        """(Header time in ms, digest of the id) of all records of every author whom `scope` concerns.

        It holds all that was stored before the call. That of everything is kept, and grows with the store.
        """
        return await self._sealing.sealed(scope)

    async def at_once(self, take: Callable[[Moment], T]) -> T:
        """What `take` makes, in a thread, of one state of this store; what is written meanwhile is not in it."""
        return await self._database.gather(lambda connection: take(Moment(connection, self._database.path)))

    async def places(self, ids: Sequence[Cid]) -> list[int | None]:
        """A place for each of `ids` by which they can be admitted, in turn by author; None for one that is not held."""
        rows = await self._among("SELECT id, author, position FROM records WHERE id", set(ids))
        found = in_turn((row[0], row[1], row[2]) for row in rows)
        return [found.get(record_id) for record_id in ids]

    async def bodiless(self, scope: Scope, limit: int, start: float) -> list[Pair]:
        """At most `limit` records that lack their bodies and may have them, of the authors and times of `scope`.

        They come in the order of arrival from the share `start` in [0, 1) of it on, and round again.
        """
        names = sorted(map(bytes, scope.authors or ()))
        which = "" if scope.authors is None else f"AND author IN ({', '.join('?' * len(names))})"
        question = f"""SELECT records.position, records.id, records.block, NULL
            FROM bodiless JOIN records USING (position) WHERE position {{}} ?
            AND time >= ? AND time < ? {which} ORDER BY position LIMIT ?"""
        first = int(start * self._past.position)
        found: list[Row] = []
        for side in (">", "<="):
            values = (first, scope.since_ms, scope.until_ms, *names, limit - len(found))
            found += await self._database.read(question.format(side), values)
        return [(held.record, held.body) for held in self._held(found)]

    async def rating_rows(self, after: int, last: int, limit: int) -> tuple[Rows, int]:
        """At most `limit` rating records from behind `after` up to `last`, and the last position looked at."""
        return await self._database.gather(lambda connection: rating_rows(connection, after, last, limit))

    async def awaited_ratings(self) -> set[bytes]:
        """The ids of the rating records whose bodies never came."""
        return await self._database.gather(awaited_ratings)

    async def revised_authors(self) -> set[Cid]:
        """The authors of whom not all that is held counts: those who rotated, revoked, or forked."""
        return await self._database.gather(revised_authors)

    async def verify_integrity(self) -> None:
        """Reads the whole database; raises `CheckFailed` when a page of it does not hold."""
        found = [row[0] for row in await self._database.read("PRAGMA integrity_check")]
        if found != ["ok"]:
            raise damaged(self._database.path, found[0])

    async def _bodied(self, ids: Iterable[Cid]) -> dict[Cid, bool]:
        """Those of `ids` that are held, and whether with their body."""
        question = "SELECT id, bodies.position IS NOT NULL FROM records LEFT JOIN bodies USING (position) WHERE id"
        return {Cid(found): bool(body) for found, body in await self._among(question, ids)}

    async def _among(self, question: str, ids: Iterable[Cid]) -> list[Row]:
        """The rows of `question`, which ends in a column, whose column is one of `ids`; in no order."""
        rows: list[Row] = []
        blobs = [bytes(cid) for cid in ids]
        for start in range(0, len(blobs), _SOME):
            some = blobs[start : start + _SOME]
            rows += await self._database.read(f"{question} IN ({', '.join('?' * len(some))})", some)
        return rows

    def _held(self, rows: Iterable[Row]) -> list[Held]:
        """Rows of `ROW` as records. A body with other bytes than its header names is none: it reaches nobody.

        Raises `CheckFailed` for a header with other bytes than were stored.
        """
        found = []
        for position, record_id, block, body in rows:
            try:
                record = parse_record(block)
            except Refused as error:
                raise damaged(self._database.path, f"the record {Cid(record_id)}: {error}") from error
            if record.id != record_id:
                raise damaged(self._database.path, f"other bytes for the record {Cid(record_id)}")
            if body is not None and not record.header.body.matches(body):
                log.error(
                    "store.damaged body_of=%s path=%s mend=`cinepeer doctor --mend`", record.id, self._database.path
                )
                body = None
            found.append(Held(position, record, body))
        return found
