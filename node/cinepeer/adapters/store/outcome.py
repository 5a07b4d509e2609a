"""What the store answers: what became of a batch, and a record in its place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from cinepeer.errors import Refused
from cinepeer.records.cid import Cid
from cinepeer.records.record import Record

Pair = tuple[Record, bytes | None]
Batch = Sequence[Pair]


@dataclass(frozen=True, slots=True)
class Held:
    """A record that is held, its place in the order of arrival (from 1), and its body unless that is missing."""

    position: int
    record: Record
    body: bytes | None


@dataclass(slots=True)
class Outcome:
    """What became of a batch. A record may stand in `added` and, for its body alone, in `refused`."""

    added: list[Record] = field(default_factory=list)  # new and durable, in the order in which they were stored
    known: int = 0  # held before, or twice in the batch
    waiting: list[tuple[Record, bytes | None, str]] = field(default_factory=list)  # with what must be held first
    refused: list[tuple[Cid, Refused]] = field(default_factory=list)
    completed: list[Record] = field(default_factory=list)  # held before without the body that is stored now
