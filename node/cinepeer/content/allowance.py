"""How fast and how much a node sends and takes: pure; time and sizes are arguments."""

from __future__ import annotations

BURST_S = 1.0  # what was not used of so long may be used at once


class Bucket:
    """So many bytes a second, on the average of any stretch longer than a second."""

    __slots__ = ("_level", "_rate", "_since_s")

    def __init__(self, bytes_a_second: int) -> None:
        """0 never waits."""
        self._rate = bytes_a_second
        self._level = bytes_a_second * BURST_S
        self._since_s: float | None = None

    def take(self, size_bytes: int, now_s: float) -> float:
        """Takes the bytes; returns the seconds to wait before any more are taken."""
        if not self._rate:
            return 0.0
        if self._since_s is not None:
            self._level = min(self._rate * BURST_S, self._level + (now_s - self._since_s) * self._rate)
        self._since_s = now_s
        self._level -= size_bytes
        return max(0.0, -self._level / self._rate)


def is_night(hour: int, hours: tuple[int, int] | None) -> bool:
    """Whether `hour` (0–23) is in the stretch from the first to the second hour, which may pass midnight."""
    if hours is None:
        return False
    begin, end = hours
    return begin <= hour < end if begin <= end else hour >= begin or hour < end
