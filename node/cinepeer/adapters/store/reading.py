"""Reading a store's records beside whoever writes it, or nobody: one state of the database, nothing changed."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from cinepeer.adapters.store.outcome import Pair
from cinepeer.adapters.store.schema import APPLICATION_ID, MIGRATIONS, in_words
from cinepeer.errors import BadInput
from cinepeer.records.cid import Cid
from cinepeer.records.record import parse_record

_AUTHORS = "WHERE author = ?"


@dataclass(slots=True)
class Damage:
    """Ids of records of which something is not as it was stored: the header, the body, or a body that is gone."""

    headers: list[Cid] = field(default_factory=list)
    bodies: list[Cid] = field(default_factory=list)
    lost: list[Cid] = field(default_factory=list)

    @property
    def is_any(self) -> bool:
        """Whether anything was found."""
        return bool(self.headers or self.bodies or self.lost)


class Reading:
    """One state of a store."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        """Use `reading`."""
        self._connection = connection
        self._path = path

    def count(self, author: Cid | None = None) -> int:
        """How many records there are, of one author or of all."""
        which, values = _which(author)
        return int(self._connection.execute(f"SELECT count(*) FROM records {which}", values).fetchone()[0])

    def pairs(self, author: Cid | None = None) -> Iterator[Pair]:
        """The records in the order of their arrival, so that each comes after those that it needs."""
        which, values = _which(author)
        question = f"""
            SELECT records.block, bodies.block FROM records LEFT JOIN bodies USING (position)
            {which} ORDER BY records.position
        """
        try:
            for block, body in self._connection.execute(question, values):
                yield parse_record(block), body
        except sqlite3.DatabaseError as error:
            raise in_words(error, self._path) from error

    def damage(self, step: Callable[[], None] = lambda: None) -> Damage:
        """Reads every block and hashes it: what is not as it was stored. `step` is called for each record."""
        found = Damage()
        question = """
            SELECT records.id, CAST(records.block AS BLOB), CAST(bodies.block AS BLOB),
                coalesce(bodiless.position, evicted.position) IS NOT NULL,
                EXISTS (SELECT 1 FROM forgotten WHERE forgotten.id = records.id) FROM records
            LEFT JOIN bodies USING (position) LEFT JOIN bodiless USING (position)
            LEFT JOIN evicted USING (position) ORDER BY records.position
        """
        try:
            for record_id, block, body, is_awaited, is_forgotten in self._connection.execute(question):
                step()
                cid = Cid(record_id)
                if not cid.matches(block):
                    found.headers.append(cid)
                    continue
                record = parse_record(block)
                if body is None:
                    is_known = is_awaited or is_forgotten or self._is_forgotten(record.header.body)
                    found.lost += [] if is_known else [cid]
                elif not record.header.body.matches(body):
                    found.bodies.append(cid)
        except sqlite3.DatabaseError as error:
            raise in_words(error, self._path) from error
        return found

    def _is_forgotten(self, body: Cid) -> bool:
        return bool(self._connection.execute("SELECT 1 FROM forgotten WHERE id = ?", (bytes(body),)).fetchall())

    def misfit(self) -> str | None:
        """What SQLite finds wrong with the file, or None."""
        try:
            found = self._connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
        except sqlite3.DatabaseError as error:
            return str(error)
        return None if found == "ok" else str(found)


@contextmanager
def reading(path: Path) -> Iterator[Reading]:
    """Opens the store at `path` for reading; raises `BadInput` for another file, `CheckFailed` for a damaged one."""
    if not path.exists():
        raise BadInput(f"found no {path}, expected the records of a home that was started once")
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)) as opened:
            opened.execute("BEGIN")  # one state, from the first question on
            if opened.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
                raise BadInput(f"found another program's database at {path}, expected one that Cinepeer made")
            if opened.execute("PRAGMA user_version").fetchone()[0] != len(MIGRATIONS):
                raise BadInput(f"found {path} in another form, expected this version's: start the node once with it")
            yield Reading(opened, path)
    except sqlite3.DatabaseError as error:
        raise in_words(error, path) from error


def _which(author: Cid | None) -> tuple[str, tuple[bytes, ...]]:
    return ("", ()) if author is None else (_AUTHORS, (bytes(author),))
