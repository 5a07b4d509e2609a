"""The past of the feeds on the disk: looked up when it is needed, of which what was used last stays in memory.

Everything but the forks is read from the records themselves, by indexes.
"""

from __future__ import annotations

import sqlite3
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from pathlib import Path

from cinepeer.adapters.store.database import Row
from cinepeer.adapters.store.schema import damaged, in_words
from cinepeer.errors import Refused
from cinepeer.records.bodies import KEY_KINDS
from cinepeer.records.cid import Cid
from cinepeer.records.past import Author, Place, author_of
from cinepeer.records.record import Record, parse_record, verify_body

MAX_KEPT = 20_000  # tails, and key records of authors: about 100 MB

_KINDS = ", ".join(map(repr, sorted(KEY_KINDS)))


class StoredPast:
    """What a database says of the records up to `position`; safe in any thread."""

    def __init__(self, connection: sqlite3.Connection, path: Path, position: int) -> None:
        """`connection` is for reading, safe in any thread, and closed with this."""
        self.position = position
        self._connection = connection
        self._path = path
        self._lock = threading.RLock()
        self._authors: OrderedDict[Cid, Author] = OrderedDict()
        self._tails: OrderedDict[tuple[Cid, bytes], Place] = OrderedDict()
        self._weight = 0

    def close(self) -> None:
        """Ends the connection."""
        self._connection.close()

    def take(self, authors: Mapping[Cid, Author], tails: Mapping[tuple[Cid, bytes], Place], position: int) -> None:
        """Goes on to `position`, to which these authors and tails belong."""
        with self._lock:
            self.position = position
            for author, found in authors.items():
                self._keep(author, found)
            for key, tail in tails.items():
                self._tails[key] = tail
                self._tails.move_to_end(key)
            while len(self._tails) > MAX_KEPT:
                self._tails.popitem(last=False)

    def author(self, author: Cid) -> Author | None:
        """As a past."""
        with self._lock:
            found = self._authors.get(author)
            if found is not None:
                self._authors.move_to_end(author)
                return found
            found = self._made(author)
            if found is not None:
                self._keep(author, found)
            return found

    def _made(self, author: Cid) -> Author | None:
        """An author as the records say; one of whom a key record does not hold is not guessed at."""
        pairs = self._read(
            f"""SELECT records.id, records.block, bodies.block FROM records LEFT JOIN bodies USING (position)
                WHERE author = ? AND kind IN ({_KINDS}) AND records.position <= ? ORDER BY records.position""",
            (bytes(author), self.position),
        )
        forks = dict(self._read("SELECT device, seq FROM forks WHERE author = ?", (bytes(author),)))
        try:
            return author_of((_key_record(*pair) for pair in pairs), forks)
        except Refused as error:
            raise damaged(self._path, f"a key record of {author} does not hold: {error}") from error

    def clear(self, position: int) -> None:
        """Goes to what the disk says up to `position`, whatever was known."""
        with self._lock:
            self.position = position
            self._authors.clear()
            self._tails.clear()
            self._weight = 0

    def _keep(self, author: Cid, found: Author) -> None:
        before = self._authors.pop(author, None)
        self._weight += found.weight - (0 if before is None else before.weight)
        self._authors[author] = found
        while self._weight > MAX_KEPT and len(self._authors) > 1:
            self._weight -= self._authors.popitem(last=False)[1].weight

    def authors_of(self, device: bytes) -> Sequence[Cid]:
        """As a past."""
        question = "SELECT author, min(position) AS place FROM records WHERE device = ? AND seq = 0 AND position <= ?"
        rows = self._read(f"{question} GROUP BY author ORDER BY place", (bytes(device), self.position))
        return [Cid(row[0]) for row in rows]

    def tail(self, author: Cid, device: bytes) -> Place | None:
        """As a past."""
        with self._lock:
            found = self._tails.get((author, device))
            if found is None:
                rows = self._read(
                    """SELECT id, seq, time FROM records WHERE device = ? AND author = ? AND position <= ?
                        ORDER BY seq DESC, id DESC LIMIT 1""",
                    (bytes(device), bytes(author), self.position),
                )
                for record_id, seq, time in rows:
                    found = self._tails[author, device] = Place(Cid(record_id), author, device, seq, time)
            return found

    def place(self, record_id: Cid) -> Place | None:
        """As a past."""
        question = "SELECT author, device, seq, time FROM records WHERE id = ? AND position <= ?"
        for author, device, seq, time in self._read(question, (bytes(record_id), self.position)):
            return Place(record_id, Cid(author), device, seq, time)
        return None

    def between(self, author: Cid, device: bytes, begin: int, end: int) -> Sequence[Record]:
        """As a past."""
        rows = self._read(
            "SELECT block FROM records WHERE device = ? AND seq >= ? AND seq < ? AND author = ? AND position <= ?",
            (bytes(device), begin, end, bytes(author), self.position),
        )
        return [parse_record(block) for (block,) in rows]

    def _read(self, question: str, values: Sequence[object]) -> list[Row]:
        try:
            with self._lock:
                return list(self._connection.execute(question, values))
        except sqlite3.DatabaseError as error:
            raise in_words(error, self._path) from error


def _key_record(record_id: bytes, block: bytes, body: bytes | None) -> tuple[Record, bytes]:
    record = parse_record(block)
    if record.id != record_id or body is None:
        raise Refused("no-body", f"found {record.id} without its body or under another id, expected both as stored")
    verify_body(record, body)
    return record, body
