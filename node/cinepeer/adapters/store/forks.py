"""Forks on the disk: a table of their own, because finding them in the records means reading all of them.

They are written with the records that make them. Beside them stand the position up to which they speak and a digest;
where those do not fit the records that are held, the forks are found anew.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Mapping
from typing import Any

from cinepeer.records.cid import Cid
from cinepeer.records.past import Author, Past

Row = tuple[Any, ...]

_DIGESTS = 1 << 256


def fork_statements(
    past: Past, changed: Mapping[Cid, Author], digest: int, position: int
) -> tuple[int, list[tuple[str, list[Row]]]]:
    """The digest of all forks after a batch that changed some authors, and what writes that, up to `position`.

    `past` and `digest` are of the time before it.
    """
    rows = []
    for author, found in changed.items():
        known = past.author(author)
        before = {} if known is None else known.forks
        for device, seq in found.forks.items():
            if before.get(device) == seq:
                continue
            if device in before:
                digest -= _fork_digest(author, device, before[device])
            digest += _fork_digest(author, device, seq)
            rows.append((bytes(author), bytes(device), seq))
    digest %= _DIGESTS
    return digest, [
        ("INSERT OR REPLACE INTO forks VALUES (?, ?, ?)", rows),
        ("UPDATE folded SET position = ?, digest = ?", [(position, digest.to_bytes(32, "big"))]),
    ]


def forks_digest(rows: Iterable[Row]) -> int:
    """The sum, modulo 2^256, of the sha2-256 of each fork (author, device, seq)."""
    return sum(_fork_digest(author, device, seq) for author, device, seq in rows) % _DIGESTS


def _fork_digest(author: bytes, device: bytes, seq: int) -> int:
    return int.from_bytes(hashlib.sha256(author + device + seq.to_bytes(8, "big")).digest(), "big")


def forks_held(connection: sqlite3.Connection) -> tuple[int, int] | None:
    """The last position and the digest of the forks that are written; None where they are not of these records."""
    [(last,)] = connection.execute("SELECT coalesce(max(position), 0) FROM records")
    digest = forks_digest(connection.execute("SELECT author, device, seq FROM forks"))
    folded = connection.execute("SELECT position, digest FROM folded").fetchall()
    return (last, digest) if folded == [(last, digest.to_bytes(32, "big"))] else None


def forks_found(connection: sqlite3.Connection) -> list[Row]:
    """The forks that follow from the records themselves, ascending by author and device."""
    return connection.execute(
        """SELECT author, device, min(seq) FROM
            (SELECT author, device, seq FROM records GROUP BY device, seq, author HAVING count(*) > 1)
            GROUP BY author, device ORDER BY author, device"""
    ).fetchall()


def fold_forks(connection: sqlite3.Connection) -> None:
    """Finds all forks in the records and writes them; the caller has begun a transaction."""
    rows = forks_found(connection)
    [(position,)] = connection.execute("SELECT coalesce(max(position), 0) FROM records")
    connection.execute("DELETE FROM forks")
    connection.executemany("INSERT INTO forks VALUES (?, ?, ?)", rows)
    connection.execute("DELETE FROM folded")
    connection.execute("INSERT INTO folded VALUES (?, ?)", (position, forks_digest(rows).to_bytes(32, "big")))
