"""How often the replication machine does what, and how much of it at once."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """How often and how much, times in ms."""

    interval_ms: int = 120_000
    answer_timeout_ms: int = 60_000
    # A slow peer may not hold one of the few turns for ever; what it brought is kept, and the next sync goes on.
    sync_timeout_ms: int = 600_000
    syncs_at_once: int = 4
    answers_at_once: int = 4
    streams: int = 16
    gossip_records: int = 256
    gossip_bytes: int = 1 << 20
    news_records: int = 256
    news_age_ms: int = 600_000
    told_records: int = 4096
    waiting_bytes: int = 2 << 20
    proofs: int = 32
    # News wait for this to ten times as long, each node's otherwise: the first to tell spares the others the telling.
    news_pause_ms: int = 100
    gap_pause_ms: int = 1_000
    pool_bytes: int = 8 << 20
    peers: int = 1024
