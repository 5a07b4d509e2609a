"""The rating records of a store as rows for the fold of what counts, read without making an object of each."""

from __future__ import annotations

import hashlib
import logging
import sqlite3

from cinepeer.errors import Refused
from cinepeer.records.bodies import KEY_KINDS
from cinepeer.records.cid import Cid
from cinepeer.records.ratings import read_ratings
from cinepeer.trust.rows import Rows

log = logging.getLogger("cinepeer.store")

_QUESTION = """SELECT records.position, id, author, device, seq, time, records.block, bodies.block
    FROM records LEFT JOIN bodies USING (position)
    WHERE kind = 'rating' AND position > ? AND position <= ? ORDER BY position LIMIT ?"""


def rating_rows(connection: sqlite3.Connection, after: int, last: int, limit: int) -> tuple[Rows, int]:
    """At most `limit` rating records from behind the position `after` up to `last`, and the last position looked at.

    All of them are taken to count. A body with other bytes than its header names is none.
    """
    rows = Rows()
    reached, found = after, 0
    for position, record_id, author, device, seq, time, block, body in connection.execute(
        _QUESTION, (after, last, limit)
    ):
        reached, found = position, found + 1
        # The header has the body's digest at a place that its numbers move; another one there would be no accident.
        if body is None or hashlib.sha256(body).digest() not in block:
            if body is not None:
                log.error("store.damaged body_of=%s mend=`cinepeer doctor --mend`", Cid(record_id))
            rows.add_bodiless(record_id)
            continue
        try:
            rows.add(author, device, seq, time, record_id, read_ratings(body))
        except Refused:
            rows.add_bodiless(record_id)
    return rows, reached if found == limit else last


def revised_authors(connection: sqlite3.Connection) -> set[Cid]:
    """The authors of whom not all that is held counts: those who rotated, revoked, or forked.

    Of everybody else every record counts, because none is held whose device was not admitted.
    """
    takes_off = sorted(KEY_KINDS - {"inception", "delegate"})
    marks = ", ".join("?" * len(takes_off))
    question = f"SELECT author FROM records WHERE kind IN ({marks}) UNION SELECT author FROM forks"
    return {Cid(row[0]) for row in connection.execute(question, takes_off)}


def awaited_ratings(connection: sqlite3.Connection) -> set[bytes]:
    """The ids of the rating records whose bodies never came."""
    question = "SELECT id FROM bodiless JOIN records USING (position) WHERE kind = 'rating'"
    return {row[0] for row in connection.execute(question)}
