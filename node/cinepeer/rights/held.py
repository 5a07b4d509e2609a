"""The records of a bundle that were checked: where each stands, in few bytes; the rest is read again where it lies."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence

from cinepeer.records.cid import Cid
from cinepeer.records.feed import Feeds
from cinepeer.records.past import Author, Place
from cinepeer.records.record import Record, parse_record
from cinepeer.rights.index import Index, key_of

Held = tuple[Record, bytes | None]
Feed = tuple[Cid, bytes]

_ID_BYTES = 36


class HeldRecords(Mapping[Cid, Held]):
    """Checked records by id, each with its body or None, and the past of those that are still to be folded."""

    def __init__(self, get: Callable[[Cid], bytes | None]) -> None:
        """`get` gives a record's block or body by its id, as it lies in the bundle."""
        self._get = get
        self._ids = bytearray()
        self._keys = array("Q")
        self._of = array("I")
        self._seqs = array("Q")
        self._times = array("q")
        self._kinds = array("I")
        self._bodies = bytearray()
        self._feeds: dict[Feed, tuple[int, array[int]]] = {}
        self._named: list[Feed] = []
        self._kind_names: dict[str, int] = {}
        self._authors: dict[Cid, Author] = {}
        self._tails: dict[Feed, Place] = {}
        self._devices: dict[bytes, list[Cid]] = {}
        self._index: Index | None = None

    def take(self, folded: Feeds, records: Sequence[tuple[Record, bool]]) -> None:
        """More, as they were folded on top of these; each with whether its body was there and checked."""
        for record, has_body in records:
            feed = (record.author, record.device)
            if feed not in self._feeds:
                self._feeds[feed] = len(self._named), array("Q")
                self._named.append(feed)
                self._devices.setdefault(record.device, []).append(record.author)
            number, places = self._feeds[feed]
            places.append(len(self._keys))
            self._ids += record.id
            self._keys.append(key_of(record.id))
            self._of.append(number)
            self._seqs.append(record.seq)
            self._times.append(record.time)
            self._kinds.append(self._kind_names.setdefault(record.kind, len(self._kind_names)))
            self._bodies.append(has_body)
        self._authors.update(folded.authors)
        self._tails.update(folded.tails)
        self._index = None

    def places(self) -> Iterator[Place]:
        """Where each stands, in the bundle's order."""
        return map(self._place, range(len(self)))

    @property
    def feeds(self) -> list[Feed]:
        """Every feed that has a record here: its author and its device."""
        return list(self._named)

    def of_kind(self, kind: str) -> Iterator[Held]:
        """Those of a kind, with their bodies."""
        wanted = self._kind_names.get(kind)
        return (self._held(at) for at, number in enumerate(self._kinds) if number == wanted)

    def __getitem__(self, record: Cid) -> Held:
        at = self._find(record)
        if at is None:
            raise KeyError(record)
        return self._held(at)

    def __contains__(self, record: object) -> bool:
        return isinstance(record, bytes) and self._find(record) is not None

    def __iter__(self) -> Iterator[Cid]:
        return map(self._id, range(len(self)))

    def __len__(self) -> int:
        return len(self._keys)

    def _id(self, at: int) -> Cid:
        return Cid.from_bytes(bytes(self._ids[at * _ID_BYTES : (at + 1) * _ID_BYTES]))

    def _find(self, record: bytes) -> int | None:
        if self._index is None:
            self._index = Index(self._keys)
        for at in self._index.find(key_of(record)):
            if self._ids[at * _ID_BYTES : (at + 1) * _ID_BYTES] == record:
                return at
        return None

    def _record(self, at: int) -> Record:
        block = self._get(self._id(at))
        assert block is not None, "what was read once lies there still"
        return parse_record(block)

    def _held(self, at: int) -> Held:
        record = self._record(at)
        return record, self._get(record.header.body) if self._bodies[at] else None

    def _place(self, at: int) -> Place:
        author, device = self._named[self._of[at]]
        return Place(self._id(at), author, device, self._seqs[at], self._times[at])

    # -- as a past ---------------------------------------------------------------------------------

    def author(self, author: Cid) -> Author | None:
        """As a past."""
        return self._authors.get(author)

    def authors_of(self, device: bytes) -> Sequence[Cid]:
        """As a past."""
        return self._devices.get(device, ())

    def tail(self, author: Cid, device: bytes) -> Place | None:
        """As a past."""
        return self._tails.get((author, device))

    def place(self, record_id: Cid) -> Place | None:
        """As a past."""
        at = self._find(record_id)
        return None if at is None else self._place(at)

    def between(self, author: Cid, device: bytes, begin: int, end: int) -> Sequence[Record]:
        """As a past."""
        _, places = self._feeds.get((author, device), (0, array("Q")))
        return [self._record(at) for at in places if begin <= self._seqs[at] < end]
