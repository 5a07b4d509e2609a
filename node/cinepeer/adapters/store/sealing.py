"""The sealed sets that replication reconciles: of all records, kept and grown; of a scope, made when asked for."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterable, Iterator, Sequence

from cinepeer.adapters.store.database import Database
from cinepeer.errors import Refused
from cinepeer.records.cid import Cid
from cinepeer.records.record import Record, parse_record
from cinepeer.replication.fingerprints import BLOCK_ITEMS, KEY_BYTES, SealedSet
from cinepeer.replication.scope import COMMON_KINDS, MAX_TIME_MS, Scope

_PAGE = 20 * BLOCK_ITEMS
_SOME = 500  # values in one question; the oldest builds of SQLite take 999
_ID_BYTES = 32  # of a record's id its digest, which alone differs

_Item = tuple[int, bytes]


class Sealing:
    """Sets of (header time in ms, digest of the record id) over what a store holds."""

    def __init__(self, database: Database) -> None:
        """Reads nothing before it is asked."""
        self._database = database
        self._turn = asyncio.Lock()
        self._all: SealedSet | None = None
        self._news: list[_Item] | None = None  # since `_all` was made; None before anyone asked for it

    def take(self, records: Iterable[Record]) -> None:
        """Notes records that are on the disk now."""
        if self._news is not None:
            self._news += [(record.time, bytes(record.id[-_ID_BYTES:])) for record in records]

    async def sealed(self, scope: Scope) -> SealedSet:
        """The set of all records of every author whom `scope` concerns; holds all that was stored before the call."""
        if scope.is_everything:
            return await self._everything()
        return await self._database.gather(lambda connection: SealedSet.of_keys(_at_once(connection, scope)))

    async def _everything(self) -> SealedSet:
        async with self._turn:
            if self._all is None:
                self._news = []
                self._all = await self._database.gather(
                    lambda connection: SealedSet.of_pages(_key_pages(connection, _ALL))
                )
            if news := self._news:
                self._news = []
                try:
                    self._all = await asyncio.to_thread(self._all.with_items, news)
                except BaseException:
                    self._all = self._news = None
                    raise
            return self._all


_ALL = "SELECT time, id FROM records ORDER BY time, id"


def _keys(connection: sqlite3.Connection, question: str, values: Sequence[object] = ()) -> bytes:
    """The keys, joined, of rows of (time, record id) that come in this order."""
    return b"".join(_key_pages(connection, question, values))


def _key_pages(connection: sqlite3.Connection, question: str, values: Sequence[object] = ()) -> Iterator[bytes]:
    cursor = connection.execute(question, values)
    while page := cursor.fetchmany(_PAGE):
        yield b"".join([time.to_bytes(8, "big") + record_id[-_ID_BYTES:] for time, record_id in page])


def _at_once(connection: sqlite3.Connection, scope: Scope) -> bytes:
    connection.execute("BEGIN")  # one state
    return scoped_keys(connection, scope)


def scoped_keys(connection: sqlite3.Connection, scope: Scope) -> bytes:
    """The keys (40 bytes each, ascending) of all records of the authors whom a scope concerns, or of everything."""
    if scope.is_everything:
        return _keys(connection, _ALL)
    keys = b"".join(
        _keys(connection, f"SELECT time, id FROM records WHERE author IN ({_marks(some)})", some)
        for some in _pages(sorted(_authors(connection, scope)))
    )
    return b"".join(sorted(keys[at : at + KEY_BYTES] for at in range(0, len(keys), KEY_BYTES)))


def _authors(connection: sqlite3.Connection, scope: Scope) -> set[bytes]:
    """Who is concerned by a scope: `Scope.concerns` of at least one record."""
    named = None if scope.authors is None else {bytes(author) for author in scope.authors}
    if scope.films is not None:
        return _about(connection, scope)
    if scope.since_ms == 0 and scope.until_ms == MAX_TIME_MS:
        return named or set()
    common = sorted(COMMON_KINDS)
    question = f"SELECT DISTINCT author FROM records WHERE time >= ? AND time < ? AND kind NOT IN ({_marks(common)})"
    found = {row[0] for row in connection.execute(question, (scope.since_ms, scope.until_ms, *common))}
    return found if named is None else found & named


def _about(connection: sqlite3.Connection, scope: Scope) -> set[bytes]:
    """The authors of the records about a scope's films; what the index names is looked at."""
    films = sorted(scope.films or ())
    positions = {
        position
        for some in _pages(films)
        for (position,) in connection.execute(f"SELECT position FROM subjects WHERE film IN ({_marks(some)})", some)
    }
    own = [_cid_of(film) for film in films if film.startswith("b")]
    found: set[bytes] = set()
    question = "SELECT records.block, bodies.block FROM records LEFT JOIN bodies USING (position) WHERE"
    for column, values in (("records.position", sorted(positions)), ("records.id", [one for one in own if one])):
        for some in _pages(values):
            for block, body in connection.execute(f"{question} {column} IN ({_marks(some)})", some):
                record = parse_record(block)
                if scope.concerns(record, body):
                    found.add(bytes(record.author))
    return found


def _cid_of(film: str) -> bytes:
    """The record id that a film id is, or nothing."""
    try:
        return bytes(Cid.parse(film))
    except Refused:
        return b""


def _pages(values: Sequence[object]) -> Iterable[Sequence[object]]:
    return (values[start : start + _SOME] for start in range(0, len(values), _SOME))


def _marks(values: Sequence[object]) -> str:
    return ", ".join("?" * len(values))
