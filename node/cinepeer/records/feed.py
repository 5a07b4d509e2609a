"""Feeds: the fold of all devices' chains of records. Who may sign, where a feed forked, what counts.

`missing`, then `verify`, then `apply`, one record after another. In whatever order the records of a set come, as far as
each comes after those it needs, the state at the end is the same: it is a function of the set.

A fold stands on a past, which may lie on a disk: it keeps in memory only what was applied to itself. A record that
goes on where its feed ends, as nearly all do, needs of that past the feed's tail alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cinepeer.errors import Refused
from cinepeer.records.bodies import KEY_KINDS as KEY_KINDS
from cinepeer.records.bodies import parse_body
from cinepeer.records.cid import Cid
from cinepeer.records.dagcbor import Value
from cinepeer.records.fork import ForkProof, fork_proof
from cinepeer.records.past import Author, Nothing, Past, Place
from cinepeer.records.record import Header, Record, verify_body
from cinepeer.records.roots import MAX_ROOT_RECORDS
from cinepeer.records.span import ALL, NOTHING, Span

AHEAD_MS = 600_000


@dataclass(frozen=True, slots=True)
class Device:
    """A key of an author, the name under which a root admits it (None: it does not), and what counts of its feed."""

    is_root: bool
    name: str | None
    span: Span


class Feeds:
    """All feeds held. `revision` grows whenever a record changed what earlier ones count for.

    It is a `Past` itself, so that what a batch would change can be folded on top of it and then taken or dropped.
    """

    def __init__(self, past: Past | None = None) -> None:
        """`past` is what was folded before; what is applied here is kept here."""
        self.revision = 0
        self._past: Past = past or Nothing()
        self._authors: dict[Cid, Author] = {}
        self._tails: dict[tuple[Cid, bytes], Place] = {}
        self._feeds: dict[tuple[Cid, bytes], list[Record]] = {}
        self._records: dict[Cid, Record] = {}
        self._of_device: dict[bytes, list[Cid]] = {}

    # Admitting

    def missing(self, record: Record, now_ms: int) -> str | None:
        """What must be held before this record: "author", "device" or "prev"; "time" when it is from too far ahead.

        `now_ms` is the receiver's clock, Unix time in ms. None when nothing is missing.
        """
        return "time" if record.time > now_ms + AHEAD_MS else self._need(record)

    def _need(self, record: Record) -> str | None:
        header = record.header
        if header.author is None:
            return None
        if header.prev is not None and self.tail(header.author, header.device) is not None:
            return "prev" if self._before(header) is None else None
        author = self.author(header.author)
        if author is None:
            return "author"
        if header.kind == "rotation":
            return None if author.may_open(header.device) else "device"
        if header.device not in author.keys.delegated and header.device != author.keys.first:
            return "device"
        return None if header.prev is None else "prev"

    def _before(self, header: Header) -> Place | None:
        """Where the record before a header stands in the same feed, None when it is not held there."""
        if header.author is None or header.prev is None:
            return None
        tail = self.tail(header.author, header.device)
        if tail is None or tail.id == header.prev:
            return tail
        found = self.place(header.prev)
        return found if found and (found.author, found.device) == (header.author, header.device) else None

    def verify(self, record: Record, body: bytes | None) -> None:
        """Raises `Refused` for a record that cannot stand where it wants to; nothing it needs may be missing.

        Signatures are checked by `verify_record`, bodies by `verify_body`: here only those of key kinds, which are
        needed, for whether a record is valid hangs on its header and on its author's keys, never on another body.
        """
        need = self._need(record)
        if need is not None:
            raise Refused("not-connected", f"found a record before its {need}, expected it after")
        if record.kind in KEY_KINDS:
            if body is None:
                raise Refused("no-body", f"found a record of kind {record.kind} without its body, expected both")
            verify_body(record, body)
            _verify_root(record, parse_body(record.kind, body))
        if record.header.author is None:
            return
        is_root = self._verify_place(record, record.header.author)
        if record.kind in KEY_KINDS and not is_root:
            raise Refused("not-root", f"found a {record.kind} by a device, expected one by a root")
        if is_root and record.seq >= MAX_ROOT_RECORDS:
            raise Refused("feed-full", f"found the seq {record.seq} of a root, expected one below {MAX_ROOT_RECORDS}")

    def _verify_place(self, record: Record, author: Cid) -> bool:
        """Checks how a record follows the one before; returns whether it stands in a root's own feed."""
        header = record.header
        before = self._before(header)
        if before is None:
            known = self.author(author)
            if known is not None and header.device == known.keys.first:
                raise Refused(
                    "bad-chain", f"found a {header.kind} at the begin of a root's feed, expected its inception"
                )
            return header.kind == "rotation"
        if header.kind == "rotation":
            raise Refused("bad-chain", f"found a rotation at seq {header.seq}, expected it to begin its key's own feed")
        if header.seq != before.seq + 1:
            raise Refused("bad-chain", f"found the seq {header.seq} after {before.seq}, expected {before.seq + 1}")
        if header.time < before.time:
            raise Refused("bad-chain", f"found the time {header.time} ms, expected none before {before.time}")
        return self._is_root(before)

    def _is_root(self, place: Place) -> bool:
        """Whether a record stands in a root's own feed, which an inception or a rotation begins."""
        author = self.author(place.author)
        if author is None or not author.keys.is_root(place.device) or place.seq >= MAX_ROOT_RECORDS:
            return False
        if author.fork(place.device) != 0:
            return True
        # The key signed as a device, too: which of the two begins this record stands on is found by going back.
        held = {one.id: one for one in self.between(place.author, place.device, 0, place.seq + 1)}
        record = held[place.id]
        while record.header.prev is not None:
            record = held[record.header.prev]
        return record.kind in KEY_KINDS

    def follow(self, record: Record, now_ms: int) -> bool:
        """Folds in a record that goes on where its device's feed ends, as nearly all do; whether it was one.

        Of such a record nothing is missing, and `verify` lets it pass. Nothing changes for any other.
        """
        header = record.header
        author, device, tail = header.author, header.device, None
        if author is not None and header.kind not in KEY_KINDS and header.time <= now_ms + AHEAD_MS:
            tail = self.tail(author, device)
        if author is None or tail is None or tail.id != header.prev:
            return False
        known = self.author(author)
        if header.seq != tail.seq + 1 or header.time < tail.time or known is None or known.keys.is_root(device):
            return False
        self._tails[author, device] = Place(record.id, author, device, header.seq, header.time)
        self._records[record.id] = record
        self._feeds.setdefault((author, device), []).append(record)
        return True

    def apply(self, record: Record, body: bytes | None) -> None:
        """Folds in a record that `verify` has let pass, now or in an earlier run; a second time changes nothing."""
        key = (record.author, record.device)
        tail = self.tail(*key)
        if tail is not None and tail.id != record.header.prev and self.place(record.id) is not None:
            return
        fields: dict[str, Any] = {}
        if record.kind in KEY_KINDS and body is not None:
            if record.header.author is None:
                self._authors[record.id] = Author.begun(record, body)
            else:
                fields = parse_body(record.kind, body)
        if tail is None:
            self._of_device.setdefault(record.device, []).append(record.author)
        if tail is None or record.seq > tail.seq:
            self._tails[key] = Place(record.id, record.author, record.device, record.seq, record.time)
        else:
            self._note_fork(record)
        self._records[record.id] = record
        self._feeds.setdefault(key, []).append(record)
        if fields:
            self._apply_keys(record, fields)

    def _note_fork(self, record: Record) -> None:
        """Notes that a record is the second one at its seq."""
        known = self.author(record.author)
        before = None if known is None else known.fork(record.device)
        if before is None or record.seq < before:
            self._own(record.author).set_fork(record.device, record.seq)
            self.revision += 1

    def _apply_keys(self, record: Record, fields: dict[str, Any]) -> None:
        """Takes what a rotation, delegate or revocation says to its author's keys."""
        self._own(record.author).take(record, fields)
        self.revision += record.kind == "rotation" or self.tail(record.author, fields["device"]) is not None

    def _own(self, author: Cid) -> Author:
        """An author that may be changed: what the past knows stays as it is."""
        found = self._authors.get(author)
        if found is None:
            before = self._past.author(author)
            assert before is not None, "the author of an applied record is known"
            found = self._authors[author] = before.copy()
        return found

    # What was applied here, on top of the past

    @property
    def authors(self) -> Mapping[Cid, Author]:
        """The authors that were changed by what was applied here."""
        return self._authors

    @property
    def tails(self) -> Mapping[tuple[Cid, bytes], Place]:
        """The tails of the feeds that grew by what was applied here, by author and device."""
        return self._tails

    def author(self, author: Cid) -> Author | None:
        """As a past."""
        return self._authors.get(author) or self._past.author(author)

    def authors_of(self, device: bytes) -> Sequence[Cid]:
        """As a past."""
        return list(dict.fromkeys((*self._past.authors_of(device), *self._of_device.get(device, ()))))

    def tail(self, author: Cid, device: bytes) -> Place | None:
        """As a past."""
        return self._tails.get((author, device)) or self._past.tail(author, device)

    def place(self, record_id: Cid) -> Place | None:
        """As a past."""
        record = self._records.get(record_id)
        if record is None:
            return self._past.place(record_id)
        return Place(record.id, record.author, record.device, record.seq, record.time)

    def between(self, author: Cid, device: bytes, begin: int, end: int) -> Sequence[Record]:
        """As a past."""
        here = [record for record in self._feeds.get((author, device), ()) if begin <= record.seq < end]
        return [*self._past.between(author, device, begin, end), *here]

    # Asking

    def counts(self, record: Record) -> bool:
        """Whether a record is held and counts: its device admitted, before any fork, and within what is not revoked."""
        tail = self.tail(record.author, record.device)
        if tail is None or record.seq > tail.seq or (record.id != tail.id and self.place(record.id) is None):
            return False
        return self.covers(record)

    def covers(self, record: Record) -> bool:
        """Whether a record of which it is known that it is held counts: `counts` without looking for it."""
        return self.span(record.author, record.device).covers(record.seq, record.id)

    def span(self, author: Cid, device: bytes) -> Span:
        """What counts of a device's feed; nothing of one that is not known."""
        known = self.author(author)
        if known is None:
            return NOTHING
        fork = known.fork(device)
        return known.keys.span(device).meet(ALL if fork is None else Span(fork))

    def heads(self, device: bytes) -> set[Cid]:
        """The ids of a device's newest records: one, or more after a fork; none of an unknown device."""
        found: set[Cid] = set()
        for author in self.authors_of(device):
            known, tail = self.author(author), self.tail(author, device)
            fork = None if known is None else known.fork(device)
            if fork is None:
                found |= set() if tail is None else {tail.id}
            else:
                records = self.between(author, device, fork, ALL.before)
                found |= {record.id for record in records} - {record.header.prev for record in records}
        return found

    def fork(self, device: bytes) -> ForkProof | None:
        """Two records of the lowest seq that a device signed twice for one author, or None."""
        known = [(self.author(author), author) for author in self.authors_of(device)]
        found = [(one.forks[device], author) for one, author in known if one is not None and device in one.forks]
        if not found:
            return None
        seq, author = min(found)
        one, other = sorted(self.between(author, device, seq, seq + 1), key=lambda record: record.id)[:2]
        return fork_proof(one, other)

    def devices(self, author: Cid) -> dict[bytes, Device]:
        """The keys of an author, as far as known: roots from the first on, then devices by key."""
        known = self.author(author)
        if known is None:
            return {}
        keys = known.keys
        found = dict.fromkeys([*keys.roots, *sorted(keys.delegated)])
        return {device: Device(device in keys.roots, keys.name(device), self.span(author, device)) for device in found}


def _verify_root(record: Record, fields: dict[str, Value]) -> None:
    """An inception and a rotation name the key that signs them."""
    if record.kind in ("inception", "rotation") and fields["root"] != record.device:
        raise Refused("wrong-root", f"found an {record.kind} that names another root, expected the key that signed it")
