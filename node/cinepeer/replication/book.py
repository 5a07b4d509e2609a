"""The address book: whom this node could dial, who told it so, and when to try again. Pure: time is given."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

from cinepeer.replication.addresses import MAX_AGE_MS, Notice

FIRST_PAUSE_MS = 5_000
MOST_PAUSE_MS = 3_600_000


@dataclass(frozen=True, slots=True)
class Entry:
    """A peer that may be dialled. `notice` is empty when it is known otherwise than by its own signed word.

    `teller` is who told us; `reached_ms` is the last time that a dial or a connection of it came about, 0 for never.
    """

    peer: str
    addrs: tuple[str, ...]
    time_ms: int
    teller: str
    notice: bytes = b""
    reached_ms: int = 0
    failures: int = 0
    due_ms: int = 0


class Book:
    """Known peers up to a bound, of which no single teller may fill more than a share."""

    def __init__(self, me: str, entries: Sequence[Entry] = (), *, most: int = 1024, per_teller: int = 64) -> None:
        """`me` is this node, which is never in it; `entries` are those that an earlier run kept."""
        self._me = me
        self._most = most
        self._per_teller = per_teller
        self._entries = {entry.peer: entry for entry in entries[:most] if entry.peer != me}
        self._told = Counter(entry.teller for entry in self._entries.values())

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, peer: str) -> Entry | None:
        """What is known of a peer."""
        return self._entries.get(peer)

    def entries(self) -> list[Entry]:
        """All of them, to be kept over a restart."""
        return list(self._entries.values())

    def learn(self, notice: Notice, addrs: Sequence[str], teller: str) -> bool:
        """Takes a peer's own newest word, as far as its `addrs` are worth a dial; True when it says something new."""
        return self._take(Entry(notice.peer, tuple(addrs), notice.time_ms, teller, notice.data))

    def note(self, peer: str, addrs: Sequence[str], teller: str, now_ms: int) -> bool:
        """Takes addresses that nobody signed: typed by the owner, found on the LAN, or read in a network record."""
        known = self._entries.get(peer)
        merged = tuple(dict.fromkeys((*(known.addrs if known is not None else ()), *addrs)))[:16]
        if known is not None:
            self._entries[peer] = replace(known, addrs=merged)
            return set(merged) != set(known.addrs)
        return self._take(Entry(peer, merged, now_ms, teller))

    def _take(self, entry: Entry) -> bool:
        known = self._entries.get(entry.peer)
        if entry.peer == self._me or not entry.addrs or (known is not None and known.time_ms >= entry.time_ms):
            return False
        if known is not None:
            is_new = known.addrs != entry.addrs
            self._entries[entry.peer] = replace(
                known,
                addrs=entry.addrs,
                time_ms=entry.time_ms,
                notice=entry.notice or known.notice,
                failures=0 if is_new else known.failures,
                due_ms=0 if is_new else known.due_ms,
            )
            return is_new
        if self._told[entry.teller] >= self._per_teller and not self._drop(entry.teller):
            return False
        if len(self._entries) >= self._most and not self._drop(None):
            return False
        self._entries[entry.peer] = entry
        self._told[entry.teller] += 1
        return True

    def _drop(self, teller: str | None) -> bool:
        """Drops the one that failed most of those never reached (of a teller); False when all were reached."""
        idle = [one for one in self._entries.values() if not one.reached_ms and teller in (None, one.teller)]
        if not idle:
            return False
        self._remove(max(idle, key=lambda one: (one.failures, -one.time_ms)))
        return True

    def _remove(self, entry: Entry) -> None:
        del self._entries[entry.peer]
        self._told[entry.teller] -= 1
        if not self._told[entry.teller]:
            del self._told[entry.teller]

    def reached(self, peer: str, now_ms: int) -> None:
        """Notes that a peer was reached."""
        known = self._entries.get(peer)
        if known is not None:
            self._entries[peer] = replace(known, reached_ms=now_ms, failures=0, due_ms=0)

    def failed(self, peer: str, now_ms: int, share: float) -> None:
        """Notes a dial that failed; the next one waits twice as long, a `share` in [0, 1) earlier or later."""
        known = self._entries.get(peer)
        if known is not None:
            pause_ms = min(FIRST_PAUSE_MS * 2 ** min(known.failures, 20), MOST_PAUSE_MS) * (0.5 + share)
            self._entries[peer] = replace(known, failures=known.failures + 1, due_ms=now_ms + int(pause_ms))

    def due(self, most: int, now_ms: int, besides: Collection[str]) -> list[Entry]:
        """Whom to dial now: those reached most lately first, then those that failed least."""
        found = [one for one in self._entries.values() if one.due_ms <= now_ms and one.peer not in besides]
        found.sort(key=lambda one: (-one.reached_ms, one.failures, one.peer))
        return found[:most]

    def sample(self, most: int, now_ms: int, chance: Callable[[], float]) -> list[bytes]:
        """Signed notices to pass on, picked at random among those that do not contradict what we saw."""
        found = [
            one.notice
            for one in self._entries.values()
            if one.notice and one.failures < 3 and one.time_ms > now_ms - MAX_AGE_MS
        ]
        keyed = sorted((chance(), notice) for notice in found)
        return [notice for _, notice in keyed[:most]]

    def expire(self, now_ms: int) -> None:
        """Forgets those that were not reached and not heard of for a week."""
        for entry in self.entries():
            if max(entry.time_ms, entry.reached_ms) < now_ms - MAX_AGE_MS:
                self._remove(entry)
