"""Spans: how much of a device's feed counts, as a beginning of it."""

from __future__ import annotations

from dataclasses import dataclass

from cinepeer.records.cid import Cid


@dataclass(frozen=True, slots=True)
class Span:
    """The records with a seq below `before`, and of those at `before` the one named by `head`, if it is held."""

    before: int
    head: Cid | None = None

    def covers(self, seq: int, record: Cid) -> bool:
        """Whether the record with this id and seq counts."""
        return seq < self.before or (seq == self.before and record == self.head)

    def meet(self, other: Span) -> Span:
        """What both cover."""
        if self.before != other.before:
            return min(self, other, key=lambda span: span.before)
        return self if self.head == other.head else Span(self.before)


ALL = Span(1 << 53)
NOTHING = Span(0)
