"""What the libp2p side is told at its start, what it tells back, and how one neighbour is described."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A connected peer. `direction` is "in" or "out"; `since_ms` is Unix time; `rtt_ms` is None before a ping."""

    peer_id: str
    addrs: tuple[str, ...]
    direction: str
    since_ms: int
    rtt_ms: float | None


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that a libp2p host of ours is made from; a restart after a crash takes the same, with its ports."""

    seed: bytes
    listen: tuple[str, ...]
    topics: tuple[str, ...] = ()
    protocols: tuple[str, ...] = ()
    known: tuple[str, ...] = ()
    ping_interval_s: float = 15.0
    ping_timeout_s: float = 3.0
    dial_timeout_s: float = 10.0
    redial_first_s: float = 0.5
    redial_most_s: float = 60.0
    idle_timeout_s: float = 300.0
    handshakes_per_ip: int = 32
    connections_per_ip: int = 256
    connections: int = 512
    streams_per_peer: int = 256


class Pace(Protocol):
    """What the owner lets this node send and take of blocks; called from the trio thread, and never blocks."""

    @property
    def piece_bytes(self) -> int:
        """About the most bytes of blocks in one message."""

    def sending(self, size_bytes: int) -> float:
        """Counts bytes that are sent; the seconds to wait before more are."""

    def receiving(self, size_bytes: int) -> float:
        """Counts bytes that came; the seconds to wait before more are taken."""


class Unpaced:
    """No limit."""

    piece_bytes = 1 << 20

    def sending(self, _size_bytes: int) -> float:
        """Never waits."""
        return 0.0

    def receiving(self, _size_bytes: int) -> float:
        """Never waits."""
        return 0.0


class Outlets(Protocol):
    """Where the libp2p side reports to; every call is made in its own thread and none of them blocks it."""

    def gossip(self, topic: str, peer_id: str, data: bytes) -> None:
        """A message that `peer_id` signed arrived on `topic`."""

    def neighbour(self, peer_id: str, up: bool) -> None:
        """The first connection to a peer opened, or the last one closed."""

    def around(self, neighbours: tuple[Neighbour, ...]) -> None:
        """The connected peers as they are now, the oldest first."""

    async def answer(self, stream: int, protocol: str, peer_id: str, question: bytes) -> bytes:
        """The answer to one question of the conversation numbered `stream`."""

    def closed(self, stream: int) -> None:
        """The conversation numbered `stream` is over."""

    def is_welcome(self, peer_id: str) -> bool:
        """Whether connections with a peer are wanted; asked at every one, so that it must not block."""

    def blame(self, peer_id: str, reason: str) -> None:
        """A peer broke a protocol (a reason of `Refused`), or left pings unanswered (`silent`)."""

    def chance(self) -> float:
        """A random number in [0, 1)."""
