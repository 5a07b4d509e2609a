"""Mending a store that no node has open: damaged bodies are dropped, so that neighbours are asked for them again."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from cinepeer.adapters.store.reading import Damage
from cinepeer.adapters.store.schema import prepare, unwritable
from cinepeer.records.bodies import KEY_KINDS

_WAL_HEADER_BYTES = 32
_FRAME_HEADER_BYTES = 24


def mend(path: Path, damage: Damage) -> int:
    """Makes bodies that are damaged or gone missing ones, in one transaction; returns how many.

    Headers stay as they are, and so do the bodies of key records: what is built on them needs a backup.
    """
    prepare(path)
    names = [(bytes(cid),) for cid in (*damage.bodies, *damage.lost)]
    kinds = ", ".join(map(repr, sorted(KEY_KINDS)))
    place = f"(SELECT position FROM records WHERE id = ? AND kind NOT IN ({kinds}))"
    try:
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("BEGIN IMMEDIATE")
            before = connection.total_changes
            connection.executemany(f"INSERT OR IGNORE INTO bodiless SELECT * FROM {place}", names)
            mended = connection.total_changes - before
            connection.executemany(f"DELETE FROM subjects WHERE position = {place}", names)
            connection.executemany(f"DELETE FROM bodies WHERE position = {place}", names)
            connection.execute("COMMIT")
            return mended
    except sqlite3.DatabaseError as error:
        raise unwritable(error, path) from error


def unfinished_pages(path: Path) -> int:
    """How many pages of a batch that never ended lie in the log beside a database; SQLite leaves them out.

    Reads the log only; call it before the database is opened, which may empty the log.
    """
    log = path.with_name(path.name + "-wal")
    if not log.exists():
        return 0
    data = log.read_bytes()
    if len(data) < _WAL_HEADER_BYTES:
        return 0
    frame_bytes = _FRAME_HEADER_BYTES + int.from_bytes(data[8:12], "big")
    salts = data[16:24]
    unfinished = 0
    for at in range(_WAL_HEADER_BYTES, len(data), frame_bytes):
        if data[at + 8 : at + 16] != salts:
            break  # from here on the log is of an earlier round
        is_whole = at + frame_bytes <= len(data)
        is_end = is_whole and data[at + 4 : at + 8] != bytes(4)
        unfinished = 0 if is_end else unfinished + 1
    return unfinished
