"""What a sync did, and what one peer brought, took, and had refused since this node started."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field


class Tally(Counter[str]):
    """How often, by reason. It is made of pairs, so that it stays what it is under `dataclasses.asdict`."""

    def __init__(self, found: Iterable[tuple[str, int]] = ()) -> None:
        """`found`: reasons with how often."""
        super().__init__(dict(found))


@dataclass(slots=True)
class Synced:
    """What a sync did: records taken from and given to the other side, refused here, listed but never handed over.

    `waiting` are those that cannot be judged yet, `rounds` the frames that reconciling took, both sides counted once.
    """

    received: int = 0
    sent: int = 0
    refused: int = 0
    withheld: int = 0
    waiting: int = 0
    bodies: int = 0
    rounds: int = 0
    asked_bytes: int = 0
    answered_bytes: int = 0


@dataclass(slots=True)
class PeerStatistics:
    """What one peer brought and took. `lag` is how many records it listed at the last sync and we still lack."""

    received: int = 0
    sent: int = 0
    refused: Tally = field(default_factory=Tally)
    waiting: Tally = field(default_factory=Tally)
    last_sync_ms: int | None = None
    lag: int = 0
    rounds: int = 0
    received_bytes: int = 0
    sent_bytes: int = 0
