"""The tables of `records.db`, and the way from each earlier form of them to the newest."""

from __future__ import annotations

import logging
import os
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path

from cinepeer.adapters.store.forks import fold_forks, forks_held
from cinepeer.errors import BadInput, CheckFailed, CinepeerError, LimitReached
from cinepeer.records.record import parse_record
from cinepeer.replication.scope import films_of

log = logging.getLogger(__name__)

APPLICATION_ID = 0x43504552  # "CPER", so that another program's database is never taken for ours

Migration = Callable[[sqlite3.Connection], None]


def migration_1(connection: sqlite3.Connection) -> None:
    """Records in the order of their arrival, their bodies apart so that one can be forgotten, digests per device."""
    for statement in (
        """CREATE TABLE records (
            position INTEGER PRIMARY KEY AUTOINCREMENT,
            id BLOB NOT NULL UNIQUE,
            author BLOB NOT NULL,
            device BLOB NOT NULL,
            seq INTEGER NOT NULL,
            time INTEGER NOT NULL,
            kind TEXT NOT NULL,
            block BLOB NOT NULL
        )""",
        "CREATE INDEX records_by_device ON records (device, seq, id)",
        "CREATE INDEX records_by_kind ON records (kind)",
        "CREATE INDEX records_by_author ON records (author, kind)",
        "CREATE TABLE bodies (position INTEGER PRIMARY KEY REFERENCES records (position), block BLOB NOT NULL)",
        # Ids of records and of bodies: a body is not taken again under either.
        "CREATE TABLE forgotten (id BLOB PRIMARY KEY) WITHOUT ROWID",
        # What `summary` says of a device; the count is 0 from the device's next record until it is asked for again.
        "CREATE TABLE summaries (device BLOB PRIMARY KEY, count INTEGER NOT NULL, digest BLOB NOT NULL) WITHOUT ROWID",
    ):
        connection.execute(statement)


def migration_2(connection: sqlite3.Connection) -> None:
    """What replication asks for, by indexes: the set by time, who spoke about a film, the bodies that are missing."""
    for statement in (
        "DROP TABLE summaries",
        "DROP INDEX records_by_device",
        "CREATE INDEX records_by_device ON records (device, seq)",
        "CREATE INDEX records_by_time ON records (time, id)",
        # The films that a record's body is about.
        "CREATE TABLE subjects (film TEXT, position INTEGER, PRIMARY KEY (film, position)) WITHOUT ROWID",
        # Records whose bodies never came; a forgotten one is not among them.
        "CREATE TABLE bodiless (position INTEGER PRIMARY KEY)",
        # The lowest seq that a device signed twice for an author. They follow from the records.
        """CREATE TABLE forks (
            author BLOB, device BLOB, seq INTEGER NOT NULL, PRIMARY KEY (author, device)
        ) WITHOUT ROWID""",
        # The position up to which `forks` speaks, and a digest of it: where they differ it is made anew.
        "CREATE TABLE folded (position INTEGER NOT NULL, digest BLOB NOT NULL)",
        """INSERT INTO bodiless SELECT position FROM records LEFT JOIN bodies USING (position)
            WHERE bodies.position IS NULL AND id NOT IN (SELECT id FROM forgotten)""",
    ):
        connection.execute(statement)
    question = "SELECT records.position, records.block, bodies.block FROM records JOIN bodies USING (position)"
    for position, block, body in connection.execute(question).fetchall():
        films = films_of(parse_record(block), body)
        connection.executemany("INSERT INTO subjects VALUES (?, ?)", [(film, position) for film in films])
    fold_forks(connection)


def migration_3(connection: sqlite3.Connection) -> None:
    """Records whose bodies were let go for want of room: they are neither missing nor forgotten."""
    connection.execute("CREATE TABLE evicted (position INTEGER PRIMARY KEY)")


MIGRATIONS: tuple[Migration, ...] = (migration_1, migration_2, migration_3)


def prepare(path: Path, migrations: Sequence[Migration] = MIGRATIONS) -> None:
    """Makes the database at `path`, or brings an older one to the newest form; each step is whole or not done.

    Raises `BadInput` for a newer form or another program's file, `CheckFailed` for a damaged one, which stays as it is.
    """
    if not path.exists():
        _create(path, migrations)
        return
    if path.stat().st_size == 0:
        raise damaged(path, "it is empty")
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        _upgrade(connection, path, migrations)
        if len(migrations) > 1 and forks_held(connection) is None:
            log.warning("the forks in %s were not those of its records, and were found anew", path)
            connection.execute("BEGIN IMMEDIATE")
            fold_forks(connection)
            connection.execute("COMMIT")
    except sqlite3.DatabaseError as error:
        raise in_words(error, path) from error
    finally:
        connection.close()


def damaged(path: Path, how: str) -> CheckFailed:
    """The sentence for a database that does not hold."""
    return CheckFailed(
        f"found {path} damaged ({how}), expected the database as it was written: restore it from a backup; "
        "nothing was changed"
    )


def in_words(error: sqlite3.DatabaseError, path: Path) -> CinepeerError:
    """The sentence for what SQLite said of `path`: `LimitReached`, `CheckFailed` or `BadInput`."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_FULL:
        return LimitReached(f"found no space left for {path}, expected room on that disk; nothing was changed")
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return damaged(path, str(error))
    if code == sqlite3.SQLITE_IOERR:
        return CheckFailed(f"found {path} impossible to read or write ({error}), expected a disk that works")
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN):
        return BadInput(f"found {path} unusable ({error}), expected a folder on a disk that takes new records")
    return BadInput(f"found {path} unusable ({error}), expected a database that this account alone has open")


def unwritable(error: sqlite3.DatabaseError, path: Path) -> CinepeerError:
    """The sentence for a transaction that was not carried out: of a disk that takes nothing, `LimitReached`."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN):
        return LimitReached(
            f"found {path} impossible to write ({error}), expected a disk that takes new records; nothing was changed"
        )
    return in_words(error, path)


def _create(path: Path, migrations: Sequence[Migration]) -> None:
    """Makes the database under another name first, so that one at `path` is always whole."""
    wal = path.with_name(path.name + "-wal")
    if wal.exists() and wal.stat().st_size:
        raise damaged(path, f"the file is gone while {wal.name} is still there")
    fresh = path.with_name(path.name + ".new")
    try:
        for leftover in (fresh, path.with_name(path.name + ".new-journal")):
            leftover.unlink(missing_ok=True)
        connection = sqlite3.connect(fresh, isolation_level=None)
        try:
            _upgrade(connection, path, migrations)
        finally:
            connection.close()
        fresh.chmod(0o600)
        fresh.replace(path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except sqlite3.DatabaseError as error:
        raise in_words(error, path) from error
    except OSError as error:
        raise BadInput(f"found {path} impossible to make ({error.strerror}), expected a folder to write in") from error


def _upgrade(connection: sqlite3.Connection, path: Path, migrations: Sequence[Migration]) -> None:
    """Runs the migrations that the database has not seen, each with its number in one transaction."""
    found = connection.execute("PRAGMA application_id").fetchone()[0]
    tables = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
    if found != APPLICATION_ID and tables:
        raise BadInput(f"found another program's database at {path}, expected one that Cinepeer made")
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > len(migrations):
        raise BadInput(
            f"found {path} in form {version}, expected at most {len(migrations)}: "
            "a newer Cinepeer wrote it, use that one"
        )
    connection.execute("PRAGMA synchronous = FULL")
    for number in range(version + 1, len(migrations) + 1):
        connection.execute("BEGIN IMMEDIATE")
        try:
            migrations[number - 1](connection)
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {number}")
            connection.execute("COMMIT")
        except BaseException:
            connection.execute("ROLLBACK")
            raise
