"""What a batch writes: rows of records, of bodies, and of the indexes that follow from them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from cinepeer.adapters.store.database import Statement
from cinepeer.adapters.store.outcome import Held, Pair
from cinepeer.records.cid import Cid
from cinepeer.records.record import Record
from cinepeer.replication.scope import films_of


def insertions(pairs: Sequence[Pair], position: int, films: Mapping[Cid, Iterable[str]]) -> list[Statement]:
    """What stores new records from `position` on, whose bodies are about `films`; forgotten bodies were taken off."""
    records, bodies, bodiless, subjects = [], [], [], []
    names: dict[Cid, bytes] = {}
    for place, (record, body) in enumerate(pairs, position):
        (author, device, seq, _, time, kind, _, _), _, record_id, block = record
        author = author or record_id
        name = names.get(author) or names.setdefault(author, bytes(author))
        records.append((place, bytes(record_id), name, device, seq, time, kind, block))
        if body is None:
            bodiless.append((place,))
        else:
            bodies.append((place, body))
            subjects += [(film, place) for film in films[record.id]]
    return [
        ("INSERT INTO records VALUES (?, ?, ?, ?, ?, ?, ?, ?)", records),
        ("INSERT INTO bodies VALUES (?, ?)", bodies),
        ("INSERT INTO bodiless VALUES (?)", bodiless),
        ("INSERT INTO subjects VALUES (?, ?)", subjects),
    ]


def completions(late: Iterable[tuple[Record, bytes]]) -> list[Statement]:
    """What stores bodies for records that are held."""
    pairs = [(body, bytes(record.id)) for record, body in late]
    subjects = [(film, bytes(record.id)) for record, body in late for film in films_of(record, body)]
    held = "(SELECT position FROM records WHERE id = ?)"
    return [
        ("INSERT OR IGNORE INTO bodies SELECT position, ?1 FROM records WHERE id = ?2", pairs),
        (f"DELETE FROM bodiless WHERE position = {held}", [(record_id,) for _, record_id in pairs]),
        (f"DELETE FROM evicted WHERE position = {held}", [(record_id,) for _, record_id in pairs]),
        ("INSERT OR IGNORE INTO subjects SELECT ?1, position FROM records WHERE id = ?2", subjects),
    ]


def omissions(held: Sequence[Held], forgotten: Iterable[bytes]) -> list[Statement]:
    """What wipes the bodies of held records with all that was read from them, and notes what is not taken again."""
    subjects = [(film, one.position) for one in held for film in films_of(one.record, one.body)]
    positions = [(one.position,) for one in held]
    return [
        ("DELETE FROM bodies WHERE position = ?", positions),
        ("DELETE FROM bodiless WHERE position = ?", positions),
        ("DELETE FROM evicted WHERE position = ?", positions),
        ("DELETE FROM subjects WHERE film = ? AND position = ?", subjects),
        ("INSERT OR IGNORE INTO forgotten VALUES (?)", [(cid,) for cid in forgotten]),
    ]
