"""Bandwidth: what the owner of a node lets it send and take of film blocks, by second, by night and by month."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass

from cinepeer.content.allowance import Bucket, is_night
from cinepeer.errors import BadInput

PIECE_BYTES = 1 << 20

_HOURS = re.compile(r"([01]?\d|2[0-3])-([01]?\d|2[0-4])")


@dataclass(frozen=True, slots=True)
class Limits:
    """Bytes a second each way and bytes sent in a calendar month (0: no limit); `night` has no limit by second."""

    upload_rate: int = 0
    download_rate: int = 0
    upload_month: int = 0
    night: tuple[int, int] | None = None


def parse_night(text: str) -> tuple[int, int] | None:
    """`23-7` as two hours, None for nothing; raises `BadInput`."""
    if not text:
        return None
    match = _HOURS.fullmatch(text)
    if match is None or match[1] == match[2]:
        raise BadInput(f"found night = {text[:40]!r}, expected two hours such as 23-7")
    return int(match[1]), int(match[2]) % 24


class Bandwidth:
    """Counts and paces. Safe from any thread; `write` alone blocks."""

    def __init__(
        self,
        limits: Limits,
        clock_s: Callable[[], float],
        calendar: Callable[[], tuple[str, int]],
        sent: tuple[str, int] = ("", 0),
        keep: Callable[[str, int], None] = lambda _month, _bytes: None,
    ) -> None:
        """`calendar` gives the month (`2026-11`) and the hour; `sent` are month and bytes as `keep` wrote them last."""
        self.limits = limits
        self._clock_s = clock_s
        self._calendar = calendar
        self._month, self._sent = sent
        self._keep = keep
        self._lock = threading.Lock()
        self._up, self._down = Bucket(limits.upload_rate), Bucket(limits.download_rate)

    @property
    def piece_bytes(self) -> int:
        """What goes in one message: at most a second's worth."""
        return min(PIECE_BYTES, self.limits.upload_rate or PIECE_BYTES)

    @property
    def sent(self) -> tuple[str, int]:
        """The month, and the bytes of blocks that were sent in it."""
        with self._lock:
            self._turn_page()
            return self._month, self._sent

    def may_send(self) -> bool:
        """Whether something is left of the month."""
        return not self.limits.upload_month or self.sent[1] < self.limits.upload_month

    def sending(self, size_bytes: int) -> float:
        """Counts what is sent now; the seconds to wait before more is."""
        with self._lock:
            self._turn_page()
            self._sent += size_bytes
            return self._pace(self._up, size_bytes)

    def receiving(self, size_bytes: int) -> float:
        """The seconds to wait before more is taken than these bytes."""
        with self._lock:
            return self._pace(self._down, size_bytes)

    def write(self) -> None:
        """Writes down what was counted: the one call that blocks."""
        self._keep(*self.sent)

    def _pace(self, bucket: Bucket, size_bytes: int) -> float:
        if is_night(self._calendar()[1], self.limits.night):
            return 0.0
        return bucket.take(size_bytes, self._clock_s())

    def _turn_page(self) -> None:
        month, _ = self._calendar()
        if month != self._month:
            self._month, self._sent = month, 0
