"""Gossip messages: batches of packed records, at most 64 KiB each. A hint that may be lost, never the truth."""

from __future__ import annotations

from collections.abc import Iterable

from cinepeer.errors import Refused
from cinepeer.records import dagcbor
from cinepeer.records.bodies import KEY_KINDS
from cinepeer.records.cid import Cid
from cinepeer.records.record import Record, pack
from cinepeer.replication.frames import batches, parse_records

MAX_MESSAGE_BYTES = 64 * 1024
MAX_RECORDS = 256
# Told before all others of a batch: others stand on them, or fall with them.
FIRST_KINDS = KEY_KINDS


def topic(network: Cid) -> str:
    """The gossip topic on which the records of a network are announced."""
    return f"/cinepeer/{network}/records/1"


def messages(records: Iterable[tuple[Record, bytes | None]]) -> list[bytes]:
    """The records as gossip messages, in their order, each at most 64 KiB."""
    return [
        dagcbor.encode([pack(record, body) for record, body in run])
        for run in batches(records, MAX_MESSAGE_BYTES, MAX_RECORDS)
    ]


def parse_message(data: bytes) -> tuple[tuple[Record, bytes | None], ...]:
    """Reads a gossip message from a stranger; raises `Refused` (`message-too-large`, `bad-frame`, a record's)."""
    if len(data) > MAX_MESSAGE_BYTES:
        raise Refused("message-too-large", f"found {len(data)} bytes, expected at most {MAX_MESSAGE_BYTES}")
    return parse_records(data, MAX_RECORDS)
