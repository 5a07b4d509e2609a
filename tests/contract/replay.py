"""An auditor's view: titles rebuilt from raw log entries alone, by a reading of the rules that shares no code."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from eth_utils import keccak

from contract.stage import Contract, Log

SINGLE = keccak(text="TransferSingle(address,address,address,uint256,uint256)")
BATCH = keccak(text="TransferBatch(address,address,address,uint256[],uint256[])")
ENTRIES = {
    keccak(text=signature): signature.partition("(")[0]
    for signature in (
        "Registered(uint256,address,bytes32,bytes32,bytes32,uint8,uint16,uint40)",
        "Amended(uint256,bytes32,uint40)",
        "Controlled(uint256,address,address,uint40)",
        "Delegated(uint256,address,uint40,uint40)",
        "Credited(uint256,address,bytes32,address,uint256,uint40)",
        "Withdrawn(uint256,address,address,uint256,uint40)",
        "StatusSet(uint256,uint8,address,uint40)",
    )
}
"""The events that are entries of a title and have it as their first topic."""


@dataclass
class Rebuilt:
    """What the log says of one title; money by currency, as 32-byte words' last 20 bytes."""

    head: bytes = bytes(32)
    entries: int = 0
    controller: bytes = b""
    tenure: int = 0
    status: int = 0
    metadata: bytes = b""
    shares: Counter[bytes] = field(default_factory=Counter)
    paid_in: Counter[bytes] = field(default_factory=Counter)
    paid_out: Counter[bytes] = field(default_factory=Counter)

    def fold(self, entry: bytes) -> None:
        """Takes one entry in."""
        self.head = keccak(self.head + keccak(entry))
        self.entries += 1


def words(data: bytes) -> list[bytes]:
    return [data[at : at + 32] for at in range(0, len(data), 32)]


def number(word: bytes) -> int:
    return int.from_bytes(word, "big")


def moves(log: Log) -> list[tuple[int, bytes]]:
    """(title, value word) of every pair of a move of shares."""
    parts = words(log.data)
    if log.topics[0] == SINGLE:
        return [(number(parts[0]), parts[1])]
    count = number(parts[2])
    plan = [64, 96 + 32 * count, count, count]
    assert [number(parts[at]) for at in (0, 1, 2, 3 + count)] == plan, "the only form of two lists"
    return [(number(parts[3 + at]), parts[4 + count + at]) for at in range(count)]


def rebuild(logs: Sequence[Log], registry: Contract) -> dict[int, Rebuilt]:
    """Every title from the registry's log entries in their order."""
    titles: dict[int, Rebuilt] = defaultdict(Rebuilt)
    for log in logs:
        if log.address != registry.address:
            continue
        if log.topics[0] in (SINGLE, BATCH):
            _move(titles, log)
        elif log.topics[0] in ENTRIES:
            title = titles[number(log.topics[1])]
            title.fold(log.topics[0] + b"".join(log.topics[2:]) + log.data)
            _apply(title, ENTRIES[log.topics[0]], log.topics, words(log.data))
    return titles


def _move(titles: dict[int, Rebuilt], log: Log) -> None:
    origin, to = log.topics[2][12:], log.topics[3][12:]
    for title, value in moves(log):
        titles[title].fold(SINGLE + b"".join(log.topics[1:]) + value)
        if any(origin):
            titles[title].shares[origin] -= number(value)
        titles[title].shares[to] += number(value)


def _apply(title: Rebuilt, name: str, topics: tuple[bytes, ...], data: list[bytes]) -> None:
    if name == "Registered":
        title.controller, title.metadata, title.status = topics[2][12:], data[0], 1
    elif name == "Amended":
        title.metadata = data[0]
    elif name == "Controlled":
        title.controller = topics[3][12:]
        title.tenure += 1
    elif name == "Credited":
        title.paid_in[data[0][12:]] += number(data[1])
    elif name == "Withdrawn":
        title.paid_out[topics[3][12:]] += number(data[0])
    elif name == "StatusSet":
        title.status = number(data[0])


def fold_anchor(head: bytes, root: bytes, size: int, time: int) -> bytes:
    """The next head (24 bytes) of an account's anchors."""
    return keccak(head + bytes(8) + root + size.to_bytes(32, "big") + time.to_bytes(32, "big"))[:24]
