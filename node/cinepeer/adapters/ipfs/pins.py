"""The roots that stay: a small SQLite file, on the disk before a pin is acknowledged."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

from cinepeer.errors import BadInput, LimitReached
from cinepeer.records.cid import Cid


class Pins:
    """Recursive pins only. Safe from any thread; calls block."""

    def __init__(self, path: Path) -> None:
        """Opens or makes the file; raises `BadInput` when it is no pin file."""
        self._lock = threading.Lock()
        self._path = path
        try:
            self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        except sqlite3.Error as error:
            raise BadInput(f"found {path} unusable ({error}), expected a place for pins") from error
        try:
            self._connection.execute("PRAGMA journal_mode = WAL")  # one wait for the disk a change, not three
            self._connection.execute("PRAGMA synchronous = FULL")
            self._connection.execute("CREATE TABLE IF NOT EXISTS pins (cid BLOB PRIMARY KEY) WITHOUT ROWID")
        except sqlite3.Error as error:
            self._connection.close()
            raise BadInput(f"found {path} unusable ({error}), expected a file of pins") from error

    def add(self, root: Cid) -> None:
        """Pins a root; harmless when it is pinned; raises `LimitReached` when the disk is full."""
        self._change("INSERT OR IGNORE INTO pins VALUES (?)", root)

    def remove(self, root: Cid) -> bool:
        """Unpins a root; whether it was pinned."""
        return self._change("DELETE FROM pins WHERE cid = ?", root) == 1

    def _change(self, statement: str, root: Cid) -> int:
        try:
            with self._lock, closing(self._connection.execute(statement, (bytes(root),))) as cursor:
                return cursor.rowcount
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode == sqlite3.SQLITE_FULL:
                raise LimitReached(f"found no space left for {self._path}, expected room on that disk") from error
            raise BadInput(f"found {self._path} unusable ({error}), expected a file of pins") from error

    def all(self) -> set[Cid]:
        """Every pinned root."""
        with self._lock, closing(self._connection.execute("SELECT cid FROM pins")) as cursor:
            return {Cid.from_bytes(row[0]) for row in cursor}

    def close(self) -> None:
        """Closes the file."""
        with self._lock:
            self._connection.close()
