"""The one clock of a node."""

from __future__ import annotations

import time


def clock_ms() -> int:
    """Milliseconds of Unix time."""
    return time.time_ns() // 1_000_000
