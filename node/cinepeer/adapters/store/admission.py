"""What a batch may add: signatures and bodies checked one by one, then the rules of the chains in causal order."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from cinepeer.adapters.store.outcome import Pair
from cinepeer.errors import Refused
from cinepeer.records.cid import Cid
from cinepeer.records.feed import KEY_KINDS, Feeds
from cinepeer.records.ratings import read_ratings
from cinepeer.records.record import Record, body_fields, verify_body, verify_bytes, verify_record
from cinepeer.replication.scope import films_in


@dataclass(slots=True)
class Checked:
    """A batch after the checks that need no other record."""

    pairs: list[Pair] = field(default_factory=list)  # a wrong body is already taken off
    films: dict[Cid, frozenset[str]] = field(default_factory=dict)  # what the bodies are about
    bodiless: list[Record] = field(default_factory=list)  # records of a key kind that came without a body
    refused: list[tuple[Cid, Refused]] = field(default_factory=list)


@dataclass(slots=True)
class Admitted:
    """A batch after the rules of the chains; `pairs` are applied to the feeds it was checked against."""

    pairs: list[Pair] = field(default_factory=list)  # each after what it needs
    waiting: list[tuple[Record, bytes | None, str]] = field(default_factory=list)
    refused: list[tuple[Cid, Refused]] = field(default_factory=list)


def distinct(batch: Iterable[Pair]) -> dict[Cid, Pair]:
    """The records of a batch once each, with the right body where several were given."""
    found: dict[Cid, Pair] = {}
    for record, body in batch:
        before = found.get(record.id)
        lacking = before is None or before[1] is None or not record.header.body.matches(before[1])
        if before is None or (lacking and body is not None):
            found[record.id] = (record, body)
    return found


def check(pairs: Iterable[Pair]) -> Checked:
    """Verifies signatures and bodies; shares nothing, so it may run in a thread."""
    checked = Checked()
    for record, given in pairs:
        try:
            verify_record(record)
        except Refused as error:
            checked.refused.append((record.id, error))
            continue
        body = None
        if given is not None:
            try:
                checked.films[record.id] = _films(record, given)
                body = given
            except Refused as error:
                checked.refused.append((record.id, error))
        if body is not None or record.kind not in KEY_KINDS:
            checked.pairs.append((record, body))
        elif given is None:
            checked.bodiless.append(record)
    return checked


def _films(record: Record, body: bytes) -> frozenset[str]:
    """The films that the body of a record is about; raises `Refused` as `verify_body` does."""
    if record.kind != "rating":
        return films_in(record, body_fields(record, body))
    verify_bytes(record, body)
    return frozenset([film for film, _ in read_ratings(body)])


def right_body(record: Record, body: bytes | None, refused: list[tuple[Cid, Refused]]) -> bytes | None:
    """`body` when it is the record's; a wrong one goes to `refused` with its reason, and the header stands alone."""
    if body is None:
        return None
    try:
        verify_body(record, body)
    except Refused as error:
        refused.append((record.id, error))
        return None
    return body


def admit(feeds: Feeds, pairs: Iterable[Pair], now_ms: int) -> Admitted:
    """Applies to `feeds` all of `pairs` that may follow, in any order they came; the rest waits or is refused."""
    admitted = Admitted()
    # A feed's times do not go back, so that this order is nearly always the causal one and one round is enough.
    left = sorted(pairs, key=lambda pair: (pair[0].time, pair[0].seq))
    while left:
        waiting: list[tuple[Record, bytes | None, str]] = []
        for record, body in left:
            if feeds.follow(record, now_ms):
                admitted.pairs.append((record, body))
                continue
            need = feeds.missing(record, now_ms)
            if need is not None:
                waiting.append((record, body, need))
                continue
            try:
                feeds.verify(record, body)
            except Refused as error:
                admitted.refused.append((record.id, error))
                continue
            feeds.apply(record, body)
            admitted.pairs.append((record, body))
        if len(waiting) == len(left):
            admitted.waiting = waiting
            break
        left = [(record, body) for record, body, _ in waiting]
    return admitted
