"""One moment of a store: a state that stays while others write on, its feeds, its set, and what its ratings say."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from cinepeer.adapters.store.past import StoredPast
from cinepeer.adapters.store.sealing import scoped_keys
from cinepeer.errors import Refused
from cinepeer.records.bodies import parse_body
from cinepeer.records.cid import Cid
from cinepeer.records.feed import Feeds
from cinepeer.records.record import Record, parse_record
from cinepeer.records.span import Span
from cinepeer.replication.fingerprints import KEY_BYTES
from cinepeer.replication.scope import Scope
from cinepeer.replication.snapshot import Said


class Moment:
    """Use `RecordStore.at_once`; good in the thread that was given it, until its work is done."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        """`connection` is for reading alone; a transaction is begun here."""
        connection.execute("BEGIN")
        [(position,)] = connection.execute("SELECT coalesce(max(position), 0) FROM records")
        self.feeds = Feeds(StoredPast(connection, path, position))
        self._connection = connection

    def keys(self, scope: Scope) -> bytes:
        """The keys of all records that are reconciled for `scope`: 40 bytes each, ascending."""
        return scoped_keys(self._connection, scope)

    def lacking(self, scope: Scope, keys: bytes) -> tuple[int, int]:
        """How many of these records are not held, and of how many ratings and retractions in `scope` no body is.

        The body of a rating that was retracted is not missed.
        """
        digests = _digests(keys)
        bodiless: set[tuple[bytes, bytes]] = set()
        question = (
            "SELECT id, author, time, kind, bodies.position IS NULL FROM records LEFT JOIN bodies USING (position)"
        )
        for record_id, author, time, kind, is_bodiless in self._connection.execute(question):
            if record_id[-32:] in digests:
                digests.remove(record_id[-32:])
                if is_bodiless and (kind == "retraction" or (kind == "rating" and _is_within(scope, author, time))):
                    bodiless.add((author, record_id))
        return len(digests), len(bodiless - self._retracted(self.feeds, None)) if bodiless else 0

    def said(self, scope: Scope, keys: bytes, step: Callable[[], None] = lambda: None) -> Iterator[Said]:
        """What those of these records say that are ratings in `scope` and count, if these records alone are held.

        Raises `Refused` (`wrong-checkpoint`) when one of them needs a record that is not among them.
        """
        among = None if keys == self.keys(scope) else _digests(keys)
        feeds = self.feeds if among is None else self._folded(among)
        retracted = self._retracted(feeds, among)
        for author, record_id, time, body in self._counted(feeds, "rating", among):
            step()
            if (author, record_id) in retracted:
                continue
            if not _is_within(scope, author, time):
                continue
            found = [(film, stars) for film, stars in _fields("rating", body) if _is_about(scope, film)]
            if found:
                yield Said(author, record_id[-32:], time, found)

    def _retracted(self, feeds: Feeds, among: set[bytes] | None) -> set[tuple[bytes, bytes]]:
        """Author and id of each record that its author took back."""
        rows = self._counted(feeds, "retraction", among)
        return {(author, bytes(named)) for author, _, _, body in rows for named in _fields("retraction", body)}

    def _counted(self, feeds: Feeds, kind: str, among: set[bytes] | None) -> Iterator[tuple[bytes, bytes, int, bytes]]:
        """Author, id, time and body of the records of a kind that count and have one."""
        spans: dict[tuple[bytes, bytes], Span] = {}
        question = """SELECT id, author, device, seq, time, bodies.block FROM records JOIN bodies USING (position)
            WHERE kind = ? ORDER BY records.position"""
        for record_id, author, device, seq, time, body in self._connection.execute(question, (kind,)):
            if among is not None and record_id[-32:] not in among:
                continue
            span = spans.get((author, device))
            if span is None:
                span = spans[author, device] = feeds.span(Cid(author), device)
            if span.covers(seq, Cid(record_id)):
                yield author, record_id, time, body

    def _folded(self, among: set[bytes]) -> Feeds:
        """The feeds of some of the held records alone; their signatures were verified when they came.

        They came in an order in which all could be admitted. Some alone may need another: what admitted a device here
        first may be the half of a fork that is not among them.
        """
        feeds, left = Feeds(), self._pairs(among)
        while True:
            waiting: list[tuple[Record, bytes | None]] = []
            is_stuck, cause = True, ""
            for record, body in left:
                try:
                    feeds.verify(record, body)
                except Refused as error:
                    if error.reason != "not-connected":
                        raise _without(record, str(error)) from error
                    waiting.append((record, body))
                    cause = cause or str(error)
                    continue
                feeds.apply(record, body)
                is_stuck = False
            if not waiting:
                return feeds
            if is_stuck:
                raise _without(waiting[0][0], cause)
            left = iter(waiting)

    def _pairs(self, among: set[bytes]) -> Iterator[tuple[Record, bytes | None]]:
        """Some of the held records with the bodies that are here, in the order of arrival."""
        question = "SELECT records.block, bodies.block FROM records LEFT JOIN bodies USING (position) ORDER BY position"
        for block, body in self._connection.execute(question):
            record = parse_record(block)
            if bytes(record.id[-32:]) in among:
                yield record, body


def _without(record: Record, cause: str) -> Refused:
    return Refused("wrong-checkpoint", f"found {record.id} in a checkpoint without what it needs: {cause}")


def _digests(keys: bytes) -> set[bytes]:
    return {keys[at + 8 : at + KEY_BYTES] for at in range(0, len(keys), KEY_BYTES)}


def _fields(kind: str, body: bytes) -> list[Any]:
    """The list that a rating or a retraction is, nothing where the body says nothing."""
    try:
        found: Any = parse_body(kind, body)["ratings" if kind == "rating" else "records"]
    except Refused:
        return []
    return list(found)


def _is_within(scope: Scope, author: bytes, time: int) -> bool:
    """Whether a scope covers what an author signed at a time, as far as that goes."""
    return scope.since_ms <= time < scope.until_ms and (scope.authors is None or Cid(author) in scope.authors)


def _is_about(scope: Scope, film: str) -> bool:
    return scope.films is None or film in scope.films
