"""One SQLite database with one writer: transactions that are on disk when they end, reading beside them."""

from __future__ import annotations

import asyncio
import contextlib
import re
import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, TypeVar

import aiosqlite

from cinepeer.adapters.store.schema import in_words, prepare, unwritable

T = TypeVar("T")
Row = tuple[Any, ...]
Statement = tuple[str, Collection[Row]]

_BUSY_S = 10.0
_WAL_BYTES = 16 << 20  # what a write-ahead log is cut back to once its pages are in the database


# At most 512 values in one statement of rows of eight; the oldest builds of SQLite take 999.
_MOST_ROWS = 64
_INSERTION = re.compile(r"INSERT (INTO \w+ VALUES) (\((?:\?, )*\?\))")


class Inserting(sqlite3.Connection):
    """A connection that inserts many rows by few statements: a fifth less time, and fewer turns of Python's lock."""

    def executemany(self, sql: str, parameters: Iterable[Any], /) -> sqlite3.Cursor:
        """As ever; plain insertions in powers of two, so that there are few statements to be kept.

        What fails leaves the rows before it, as there is no way back within a statement: to be used in transactions.
        """
        insertion = _INSERTION.fullmatch(sql)
        if insertion is None:
            return super().executemany(sql, parameters)
        cursor = self.cursor()
        for rows in _powers(list(parameters)):
            # Another word than FAIL makes SQLite keep what each statement changes until it ends.
            values = ", ".join([insertion[2]] * len(rows))
            cursor.execute(f"INSERT OR FAIL {insertion[1]} {values}", list(chain.from_iterable(rows)))
        return cursor


def _powers(rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
    """Runs of 64 rows, then of each smaller power of two that fits."""
    begin, size = 0, _MOST_ROWS
    while begin < len(rows):
        while size > len(rows) - begin:
            size //= 2
        yield rows[begin : begin + size]
        begin += size


class Database:
    """The two connections. Errors of SQLite leave it as `CinepeerError`, in one sentence."""

    def __init__(self, path: Path, writer: aiosqlite.Connection, reader: aiosqlite.Connection) -> None:
        """Use `open`."""
        self.path = path
        self._writer = writer
        self._reader = reader

    @classmethod
    async def open(cls, path: Path, cap_bytes: int | None = None) -> Database:
        """Opens the database at `path`, made or brought to the newest form first; raises as `schema.prepare` does.

        `cap_bytes` bounds the file: a transaction beyond it fails as on a full disk.
        """
        await asyncio.to_thread(prepare, path)
        async with contextlib.AsyncExitStack() as opened:
            connections = []
            for _ in range(2):
                connection = await aiosqlite.connect(path, isolation_level=None, timeout=_BUSY_S, factory=Inserting)
                opened.push_async_callback(connection.close)
                connections.append(connection)
            writer, reader = connections
            try:
                for name, value in (
                    ("journal_mode", "WAL"),
                    ("synchronous", "FULL"),
                    ("fullfsync", "ON"),  # macOS: through the drive's own cache
                    ("secure_delete", "ON"),  # what is forgotten is overwritten
                    ("journal_size_limit", _WAL_BYTES),
                ):
                    await writer.execute(f"PRAGMA {name} = {value}")
                if cap_bytes is not None:
                    [(page_bytes,)] = await writer.execute_fetchall("PRAGMA page_size")
                    await writer.execute(f"PRAGMA max_page_count = {max(1, cap_bytes // page_bytes)}")
                await reader.execute("PRAGMA query_only = ON")
            except sqlite3.DatabaseError as error:
                raise in_words(error, path) from error
            opened.pop_all()
        return cls(path, writer, reader)

    async def close(self) -> None:
        """Ends both connections; the log is folded into the database."""
        await self._reader.close()
        await self._writer.close()

    async def read(self, question: str, values: Sequence[Any] = ()) -> list[Row]:
        """All rows of an answer."""
        try:
            return [tuple(row) for row in await self._reader.execute_fetchall(question, values)]
        except sqlite3.DatabaseError as error:
            raise in_words(error, self.path) from error

    async def gather(self, take: Callable[[sqlite3.Connection], T]) -> T:
        """What `take` makes of a connection of its own for reading, in a thread: for answers too long for a list."""
        return await asyncio.to_thread(self._gather, take)

    def _gather(self, take: Callable[[sqlite3.Connection], T]) -> T:
        try:
            with contextlib.closing(self.reading()) as connection:
                return take(connection)
        except sqlite3.DatabaseError as error:
            raise in_words(error, self.path) from error

    def reading(self) -> sqlite3.Connection:
        """One more connection for reading, for any thread; the caller closes it."""
        connection = sqlite3.connect(self.path, isolation_level=None, timeout=_BUSY_S, check_same_thread=False)
        connection.execute("PRAGMA query_only = ON")
        return connection

    async def write(self, statements: Iterable[Statement], before_commit: Callable[[], None] = lambda: None) -> None:
        """Carries out `statements`, each with its rows, in one transaction that is on disk when this returns.

        When it raises nothing of it was done: `LimitReached` for a disk that is full or takes nothing; once it takes
        something again, so does this. One call at a time; never cancelled in the middle (shield it).
        """
        try:
            await self._writer.execute("BEGIN IMMEDIATE")
            for statement, rows in statements:
                if rows:
                    await self._writer.executemany(statement, rows)
            before_commit()
            await self._writer.commit()
        except BaseException as error:
            if self._writer.in_transaction:
                # On a disk that fails this may fail, too; the log's next reader leaves out what was not committed.
                with contextlib.suppress(sqlite3.DatabaseError):
                    await self._writer.rollback()
            if isinstance(error, sqlite3.DatabaseError):
                raise unwritable(error, self.path) from error
            raise

    async def fold_log(self) -> None:
        """Moves the write-ahead log into the database and empties it, as far as no reader is in the way."""
        await self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")
