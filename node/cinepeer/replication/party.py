"""The other side as the machine sees it: a peer, and the steps that are under way with it."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any

from cinepeer.replication.exchange import Answerer, Dialler, Steps
from cinepeer.replication.statistics import PeerStatistics


@dataclass(slots=True, eq=False)
class Session:
    """Steps under way, the results that they still wait for, and those that came before they were wanted."""

    steps: Steps[Any]
    peer: str
    dialler: Dialler | None = None
    number: int = -1  # of the conversation that we opened, or of the stream that the peer opened
    tickets: list[int] = field(default_factory=list)
    ahead: deque[int] = field(default_factory=deque)  # of the questions whose answers are wanted later
    results: dict[int, Any] = field(default_factory=dict)

    def take(self) -> list[Any] | None:
        """The results that the steps wait for, once all are there."""
        if any(ticket not in self.results for ticket in self.tickets):
            return None
        return [self.results.pop(ticket) for ticket in self.tickets]


@dataclass(slots=True)
class Party:
    """What is known of a peer, and what is under way with it."""

    statistics: PeerStatistics = field(default_factory=PeerStatistics)
    is_near: bool = False
    is_queued: bool = False
    due_ms: int | None = None  # of the timer: the next sync, or the end of the one that runs
    sync: Session | None = None
    wanted: list[int] = field(default_factory=list)  # who waits for a sync that begins from now on
    waited: list[int] = field(default_factory=list)  # who waits for the one that runs
    is_again: bool = False
    streams: dict[int, Answerer] = field(default_factory=dict)
    answering: dict[int, Session] = field(default_factory=dict)

    def stream(self, number: int, most: int, fresh: Answerer) -> Answerer:
        """The answering side of a stream; of too many the one that was opened first and rests is forgotten."""
        if number not in self.streams and len(self.streams) >= most:
            del self.streams[next(one for one in self.streams if one not in self.answering)]
        return self.streams.setdefault(number, fresh)

    @property
    def is_busy(self) -> bool:
        """Whether anything is under way with it."""
        return self.is_near or self.is_queued or self.sync is not None or bool(self.streams)


class Parties:
    """All peers heard of, the oldest first, up to a bound."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._found: dict[str, Party] = {}

    def of(self, name: str) -> Party:
        """A peer; the one heard of first gives way when there are too many, unless it is near or busy."""
        found = self._found.get(name)
        if found is None:
            if len(self._found) >= self._most:
                idle = (one for one, party in self._found.items() if not party.is_busy)
                oldest = next(idle, None)
                if oldest is not None:
                    del self._found[oldest]
            found = self._found[name] = Party()
        return found

    def get(self, name: str) -> Party | None:
        """A peer, if it was heard of."""
        return self._found.get(name)

    def near(self) -> set[str]:
        """The neighbours."""
        return {name for name, party in self._found.items() if party.is_near}

    def syncing(self) -> int:
        """How many syncs run."""
        return sum(party.sync is not None for party in self._found.values())

    def statistics(self) -> dict[str, PeerStatistics]:
        """What each brought and took."""
        return {name: party.statistics for name, party in self._found.items()}
