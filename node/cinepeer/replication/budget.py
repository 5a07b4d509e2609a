"""A bounded pool of records that wait for their turn, shared fairly among authors: what is held, never what is valid.

However much one author sends, the others' turns come as if that author had sent one record at a time; and when the pool
is full, the author who fills it most loses its newest records first. Whatever was dropped comes again by a sync.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from cinepeer.records.cid import Cid
from cinepeer.records.record import Record

POOL_BYTES = 8 << 20
# A place says in its higher bits the how manieth of its author a record is, in these the order of arrival.
PLACE_BITS = 40
# What a record costs beside its own bytes: its objects and its place here.
OVERHEAD_BYTES = 1024


# What a record waits for whose author nothing here vouches for, while the disk has no room for such authors.
NO_ROOM = "room"


def in_turn(held: Iterable[tuple[Cid, bytes, int]]) -> dict[Cid, int]:
    """A place for each record, given by id, author and order of arrival: one record of each author, then the next.

    By ascending places all can be admitted, because a record stands only on earlier ones of its author.
    """
    turns: dict[bytes, int] = {}
    places = {}
    for record_id, author, position in sorted(held, key=lambda one: one[2]):
        turns[author] = turn = turns.get(author, -1) + 1
        places[record_id] = turn << PLACE_BITS | position
    return places


def shared_part(placed: Iterable[tuple[int, Cid]]) -> list[tuple[int, Cid]]:
    """The places, ascending, up to where only one author is left: an author's flood, if it is one, comes after it."""
    ordered = sorted(placed)
    turns = Counter(place >> PLACE_BITS for place, _ in ordered)
    return [(place, one) for place, one in ordered if turns[place >> PLACE_BITS] > 1]


class Held(NamedTuple):
    """A record in the pool, and who brought it."""

    source: str
    record: Record
    body: bytes | None

    @property
    def size_bytes(self) -> int:
        """What it takes of the pool."""
        return len(self.record.block) + len(self.body or b"") + OVERHEAD_BYTES


@dataclass(slots=True)
class _Share:
    """What one author has in the pool, the oldest first."""

    number: int
    size_bytes: int = 0
    held: deque[Held] = field(default_factory=deque)


class Pool:
    """Records by author, taken in turn: one of each author, then the next of each."""

    def __init__(self, cap_bytes: int = POOL_BYTES) -> None:
        """`cap_bytes` bounds what the pool takes, objects included."""
        self._cap_bytes = cap_bytes
        self._shares: dict[Cid, _Share] = {}
        self._ids: set[Cid] = set()
        self._come = 0
        self.size_bytes = 0
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._ids)

    def put(self, held: Held) -> None:
        """Takes a record in, once; when the pool is then too full, whoever fills it most loses some."""
        if held.record.id in self._ids:
            return
        share = self._shares.get(held.record.author)
        if share is None:
            self._come += 1
            share = self._shares[held.record.author] = _Share(self._come)
        self._ids.add(held.record.id)
        share.held.append(held)
        share.size_bytes += held.size_bytes
        self.size_bytes += held.size_bytes
        if self.size_bytes > self._cap_bytes:
            self._make_room()

    def take(self, most_records: int, most_bytes: int) -> list[Held]:
        """The next records, in turn by author, as many as fit (at least one); they leave the pool."""
        taken: list[Held] = []
        while self._shares and len(taken) < most_records:
            author, share = next(iter(self._shares.items()))
            most_bytes -= share.held[0].size_bytes
            if taken and most_bytes < 0:
                break
            taken.append(self._remove(share, share.held.popleft()))
            del self._shares[author]
            if share.held:
                self._shares[author] = share  # at the end of the row
        return taken

    def _make_room(self) -> None:
        """Drops down to seven eighths: every author down to one level, the largest and latest authors first."""
        target = self._cap_bytes - self._cap_bytes // 8
        level = fair_level([share.size_bytes for share in self._shares.values()], target)
        rows = sorted(self._shares.items(), key=lambda row: (row[1].size_bytes, row[1].number), reverse=True)
        for author, share in rows:
            while share.held and share.size_bytes > level and self.size_bytes > target:
                self._remove(share, share.held.pop())
                self.dropped += 1
            if not share.held:
                del self._shares[author]

    def _remove(self, share: _Share, held: Held) -> Held:
        self._ids.discard(held.record.id)
        share.size_bytes -= held.size_bytes
        self.size_bytes -= held.size_bytes
        return held


def fair_level(sizes: Sequence[int], target: int) -> int:
    """The most that each may have so that all together have at most `target`, none being given more than it has."""
    left = len(sizes)
    for size in sorted(sizes):
        if size * left > target:
            return target // left
        target -= size
        left -= 1
    return max(sizes, default=0)


def keep_bytes(sizes: Mapping[Cid, tuple[int, int]], cap_bytes: int) -> dict[Cid, int]:
    """How many bytes of bodies each author may keep where all take more than `cap_bytes`; else nobody is named.

    `sizes` are by author (bytes that stay, bytes that may go). All go down to one level, to seven eighths of
    what is left for them, so that not every record starts this anew; who is below the level loses nothing.
    """
    if sum(map(sum, sizes.values())) <= cap_bytes:
        return {}
    going = {author: may_go for author, (_, may_go) in sizes.items()}
    room = cap_bytes - sum(staying for staying, _ in sizes.values())
    level = fair_level([*going.values()], room - room // 8) if room > 0 else 0
    return {author: level for author, may_go in going.items() if may_go > level}
