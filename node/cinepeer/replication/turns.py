"""Turns: with whom a sync is due when, and who has one of the few that run at a time. Pure: it is told the time."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from cinepeer.replication import events
from cinepeer.replication.chance import Chance
from cinepeer.replication.events import Effect, Timer
from cinepeer.replication.limits import Limits
from cinepeer.replication.party import Parties, Party


class Turns:
    """Neighbours wait by timer until they are due, then in a queue until a turn is free; `take` gives it to them."""

    def __init__(self, peers: Parties, limits: Limits, chance: Chance, emit: Callable[[Effect], None]) -> None:
        """`emit` takes the effects, which are to set timers."""
        self._peers = peers
        self._limits = limits
        self._chance = chance
        self._emit = emit
        self._queue: deque[str] = deque()

    def meet(self, name: str, now_ms: int, *, is_first: bool) -> None:
        """A neighbour came; of the two the one that `is_first` syncs at once."""
        peer = self._peers.of(name)
        if not peer.is_near:
            peer.is_near = True
            # One side's sync heals both, so the other side looks a little later whether it was needed.
            self._schedule(name, 0 if is_first else 1_000 + self._chance.below(1_000), now_ms)

    def request(self, name: str) -> None:
        """Has a sync run soon; requests while one runs become one more after it."""
        peer = self._peers.of(name)
        if peer.sync is not None:
            peer.is_again = True
        elif peer.is_near and not peer.is_queued:
            self.enqueue(name)

    def enqueue(self, name: str, *, is_first: bool = False) -> None:
        """Has a sync run once a turn is free, with `is_first` before all others that wait."""
        peer = self._peers.of(name)
        if peer.is_queued:
            if not is_first:
                return
            self._queue.remove(name)
        peer.is_queued = True
        peer.due_ms = None
        self._queue.appendleft(name) if is_first else self._queue.append(name)

    def take(self) -> str | None:
        """Who has the next turn, also one who has gone meanwhile; None while all are taken or nobody waits."""
        if not self._queue or self._peers.syncing() >= self._limits.syncs_at_once:
            return None
        name = self._queue.popleft()
        self._peers.of(name).is_queued = False
        return name

    def limit(self, peer: Party, name: str, now_ms: int) -> None:
        """A sync began, and may take so long."""
        self._set_timer(name, peer, now_ms + self._limits.sync_timeout_ms)

    def follow(self, peer: Party, name: str, now_ms: int) -> None:
        """A sync with a neighbour ended: the next is due at once for whoever wants it, else after a while."""
        share = self._chance.share()
        if peer.wanted:
            self.enqueue(name, is_first=True)
        elif peer.is_again:
            self._schedule(name, int(self._limits.gap_pause_ms * (0.5 + share)), now_ms)
        else:
            self._schedule(name, int(self._limits.interval_ms * (0.5 + share / 2)), now_ms)

    def _schedule(self, name: str, delay_ms: int, now_ms: int) -> None:
        """Sets when the next sync is due, unless one is due earlier."""
        peer = self._peers.of(name)
        if delay_ms <= 0:
            self.enqueue(name)
        elif peer.due_ms is None or now_ms + delay_ms < peer.due_ms:
            self._set_timer(name, peer, now_ms + delay_ms)

    def _set_timer(self, name: str, peer: Party, due_ms: int) -> None:
        peer.due_ms = due_ms
        self._emit(events.Wake(Timer("sync", name), due_ms))
