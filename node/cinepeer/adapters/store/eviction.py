"""What each author takes of the disk, and which bodies go where one takes too much; headers always stay."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping

from cinepeer.adapters.store.database import Statement
from cinepeer.records.bodies import KEY_KINDS
from cinepeer.records.cid import Cid
from cinepeer.records.record import parse_record
from cinepeer.replication.scope import films_of

# What a record's rows cost beside its blocks: ids, indexes, the set that is reconciled.
ROW_BYTES = 400
# Bodies that stay: on them stand keys, films, rights, and what others took back.
STAYING = sorted(
    KEY_KINDS
    | {"profile", "network", "film", "version", "title", "offer", "host", "witness", "checkpoint", "retraction"}
)
_STAYS = f"kind IN ({', '.join(map(repr, STAYING))})"


def author_sizes(connection: sqlite3.Connection) -> dict[Cid, tuple[int, int]]:
    """By author the bytes that stay (headers with their rows, bodies of some kinds) and those of bodies that may go."""
    question = f"""SELECT author, count(*), sum(length(records.block)),
        coalesce(sum(CASE WHEN {_STAYS} THEN length(bodies.block) END), 0),
        coalesce(sum(CASE WHEN {_STAYS} THEN 0 ELSE length(bodies.block) END), 0)
        FROM records LEFT JOIN bodies USING (position) GROUP BY author"""
    return {
        Cid(author): (count * ROW_BYTES + headers + staying, going)
        for author, count, headers, staying, going in connection.execute(question)
    }


def evictions(connection: sqlite3.Connection, keep: Mapping[Cid, int]) -> list[Statement]:
    """What lets go of each author's newest bodies that may go, until at most so many bytes of them are left."""
    gone: list[tuple[int]] = []
    subjects: list[tuple[str, int]] = []
    question = f"""SELECT records.position, records.block, bodies.block FROM records JOIN bodies USING (position)
        WHERE author = ? AND NOT {_STAYS} ORDER BY records.position"""
    for author, most_bytes in keep.items():
        left = most_bytes
        for position, block, body in connection.execute(question, (bytes(author),)):
            left -= len(body)
            if left < 0:
                gone.append((position,))
                subjects += [(film, position) for film in films_of(parse_record(block), body)]
    return [
        ("DELETE FROM bodies WHERE position = ?", gone),
        ("DELETE FROM subjects WHERE film = ? AND position = ?", subjects),
        ("INSERT OR IGNORE INTO evicted VALUES (?)", gone),
    ]


def invitations(authors: Iterable[Cid]) -> list[Statement]:
    """What has the bodies that these authors lost asked for again."""
    lost = "SELECT position FROM evicted JOIN records USING (position) WHERE author = ?"
    names = [(bytes(author),) for author in authors]
    return [
        (f"INSERT OR IGNORE INTO bodiless {lost}", names),
        (f"DELETE FROM evicted WHERE position IN ({lost})", names),
    ]
