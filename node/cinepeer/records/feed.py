"""Feeds: the fold of all devices' chains of records. Who may sign, where a feed forked, what counts.

`missing`, then `verify`, then `apply`, one record after another. In whatever order the records of a set come, as far as
each comes after those it needs, the state at the end is the same: it is a function of the set.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

from cinepeer.errors import Refused
from cinepeer.records.bodies import KEY_KINDS as KEY_KINDS
from cinepeer.records.bodies import parse_body
from cinepeer.records.cid import Cid
from cinepeer.records.dagcbor import Value
from cinepeer.records.fork import ForkProof, fork_proof
from cinepeer.records.record import Record, parse_record, verify_body
from cinepeer.records.roots import MAX_ROOT_RECORDS, Act, Keys
from cinepeer.records.span import ALL, NOTHING, Span

AHEAD_MS = 600_000


@dataclass(frozen=True, slots=True)
class Device:
    """A key of an author, the name under which a root admits it (None: it does not), and what counts of its feed."""

    is_root: bool
    name: str | None
    span: Span


@dataclass(slots=True, eq=False)
class _Feed:
    """The records of one device for one author: a chain, or after a fork a tree."""

    keys: Keys
    places: dict[Cid, tuple[int, int, bool]] = field(default_factory=dict)  # id -> seq, time, whether a root's own feed
    blocks: list[bytes] = field(default_factory=list)  # the first block held of each seq
    forked: dict[int, list[bytes]] = field(default_factory=dict)  # the others
    heads: set[Cid] = field(default_factory=set)
    fork: int = ALL.before


class Feeds:
    """All feeds held. `revision` grows whenever a record changed what earlier ones count for."""

    def __init__(self) -> None:
        self.revision = 0
        self._authors: dict[Cid, Keys] = {}
        self._feeds: dict[tuple[Cid, bytes], _Feed] = {}
        self._of_device: dict[bytes, list[Cid]] = {}  # the authors that it signs for: one, if it is honest

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
        feed = self._feeds.get((header.author, header.device))
        if header.prev is not None and feed is not None:
            return None if header.prev in feed.places else "prev"
        keys = self._authors.get(header.author)
        if keys is None:
            return "author"
        if header.kind == "rotation":
            return None if hashlib.sha256(header.device).digest() in keys.promised else "device"
        if header.device not in keys.delegated and header.device != keys.first:
            return "device"
        return None if header.prev is None else "prev"

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
        is_root = self._verify_place(record)
        if record.kind in KEY_KINDS and not is_root:
            raise Refused("not-root", f"found a {record.kind} by a device, expected one by a root")
        if is_root and record.seq >= MAX_ROOT_RECORDS:
            raise Refused("feed-full", f"found the seq {record.seq} of a root, expected one below {MAX_ROOT_RECORDS}")

    def _verify_place(self, record: Record) -> bool:
        """Checks how a record follows the one before; returns whether it stands in a root's own feed."""
        header = record.header
        if header.prev is None:
            if header.device == self._authors[record.author].first:
                raise Refused(
                    "bad-chain", f"found a {header.kind} at the begin of a root's feed, expected its inception"
                )
            return header.kind == "rotation"
        seq, time, is_root = self._feeds[record.author, header.device].places[header.prev]
        if header.kind == "rotation":
            raise Refused("bad-chain", f"found a rotation at seq {header.seq}, expected it to begin its key's own feed")
        if header.seq != seq + 1:
            raise Refused("bad-chain", f"found the seq {header.seq} after {seq}, expected {seq + 1}")
        if header.time < time:
            raise Refused("bad-chain", f"found the time {header.time} ms, expected none before {time}")
        return is_root

    def apply(self, record: Record, body: bytes | None) -> None:
        """Folds in a record that `verify` has let pass, now or in an earlier run; a second time changes nothing."""
        key = (record.author, record.device)
        feed = self._feeds.get(key)
        if feed is not None and record.id in feed.places:
            return
        fields: dict[str, Any] = {}
        if record.kind in KEY_KINDS and body is not None:
            fields = parse_body(record.kind, body)
        if feed is None:
            if record.header.author is None:
                self._authors[record.id] = Keys(record.device, fields["next"])
            feed = self._feeds[key] = _Feed(self._authors[record.author])
            self._of_device.setdefault(record.device, []).append(record.author)
        self._place(feed, record)
        if fields:
            self._apply_keys(feed, record, fields)

    def _place(self, feed: _Feed, record: Record) -> None:
        """Puts a record where it belongs in its feed, and notes a fork."""
        seq, prev = record.seq, record.header.prev
        is_root = record.kind in KEY_KINDS if prev is None else feed.places[prev][2]
        feed.places[record.id] = (seq, record.time, is_root)
        feed.heads.add(record.id)
        if prev is not None:
            feed.heads.discard(prev)
        if seq == len(feed.blocks):
            feed.blocks.append(record.block)
            return
        feed.forked.setdefault(seq, []).append(record.block)
        if seq < feed.fork:
            feed.fork = seq
            feed.keys.set_fork(record.device, seq)
            self.revision += 1

    def _apply_keys(self, feed: _Feed, record: Record, fields: dict[str, Any]) -> None:
        """Takes what a key record says to its author's keys."""
        if record.kind == "rotation":
            seq, head = fields["previous"]["seq"], fields["previous"]["head"]
            # The begin of a feed is what promised its successor, so that nothing can cut it off.
            limit = Span(seq, head) if seq else Span(1)
            feed.keys.rotate(record.device, fields["next"], limit, feed.fork)
            self.revision += 1
        elif record.kind != "inception":
            device: bytes = fields["device"]
            limit = Span(fields["seq"], fields["head"]) if fields.get("head") else NOTHING
            act = Act(
                record.seq, record.id, device, fields.get("name", ""), limit if record.kind == "revocation" else None
            )
            feed.keys.take(record.device, act)
            self.revision += (record.author, device) in self._feeds

    # Asking

    def counts(self, record: Record) -> bool:
        """Whether a record is held and counts: its device admitted, before any fork, and within what is not revoked."""
        feed = self._feeds.get((record.author, record.device))
        if feed is None or record.id not in feed.places or record.seq >= feed.fork:
            return False
        return feed.keys.span(record.device).covers(record.seq, record.id)

    def span(self, author: Cid, device: bytes) -> Span:
        """What counts of a device's feed; nothing of one that is not known."""
        keys, feed = self._authors.get(author), self._feeds.get((author, device))
        if keys is None:
            return NOTHING
        return keys.span(device).meet(ALL if feed is None else Span(feed.fork))

    def heads(self, device: bytes) -> set[Cid]:
        """The ids of a device's newest records: one, or more after a fork; none of an unknown device."""
        return {head for author in self._of_device.get(device, ()) for head in self._feeds[author, device].heads}

    def fork(self, device: bytes) -> ForkProof | None:
        """Two records of the lowest seq that a device signed twice for one author, or None."""
        found = [(self._feeds[author, device].fork, author) for author in self._of_device.get(device, ())]
        seq, author = min(found, default=(ALL.before, Cid()))
        if seq == ALL.before:
            return None
        feed = self._feeds[author, device]
        records = map(parse_record, (feed.blocks[seq], *feed.forked[seq]))
        one, other = sorted(records, key=lambda record: record.id)[:2]
        return fork_proof(one, other)

    def devices(self, author: Cid) -> dict[bytes, Device]:
        """The keys of an author, as far as known: roots from the first on, then devices by key."""
        keys = self._authors.get(author)
        if keys is None:
            return {}
        roots = keys.roots
        found = dict.fromkeys([*roots, *sorted(keys.delegated)])
        return {device: Device(device in roots, keys.name(device), self.span(author, device)) for device in found}


def _verify_root(record: Record, fields: dict[str, Value]) -> None:
    """An inception and a rotation name the key that signs them."""
    if record.kind in ("inception", "rotation") and fields["root"] != record.device:
        raise Refused("wrong-root", f"found an {record.kind} that names another root, expected the key that signed it")
