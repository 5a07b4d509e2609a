"""What an endpoint tells, as values: receipts, transactions, log entries, headers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cinepeer.errors import Refused
from cinepeer.records import dagcbor
from cinepeer.rights import rlp
from cinepeer.rights.events import Log
from cinepeer.rights.sequencer import SignedHeader
from cinepeer.rights.succession import Handover, parse_handover

_HEADER_FIELDS = (
    ("parentHash", 32),
    ("sha3Uncles", 32),
    ("miner", 20),
    ("stateRoot", 32),
    ("transactionsRoot", 32),
    ("receiptsRoot", 32),
    ("logsBloom", 256),
    ("difficulty", 0),
    ("number", 0),
    ("gasLimit", 0),
    ("gasUsed", 0),
    ("timestamp", 0),
    ("extraData", None),
    ("mixHash", 32),
    ("nonce", 8),
    ("baseFeePerGas", 0),
    ("withdrawalsRoot", 32),
    ("blobGasUsed", 0),
    ("excessBlobGas", 0),
    ("parentBeaconBlockRoot", 32),
    ("requestsHash", 32),
)


@dataclass(frozen=True, slots=True)
class Receipt:
    """A transaction that was executed: its hash, its block, whether it held, the gas it used."""

    tx: bytes
    block: int
    ok: bool
    gas: int
    created: bytes | None = None
    logs: tuple[Log, ...] = ()


@dataclass(frozen=True, slots=True)
class Sent:
    """A transaction as it was sent; `to` is None for a deployment, `value` is in wei, `block` None while it waits."""

    hash: bytes
    sender: bytes
    to: bytes | None
    data: bytes
    value: int
    block: int | None


@dataclass(frozen=True, slots=True)
class Underway:
    """
    A transaction that this home signed and whose end it had not told yet: its hash, its number, and `state`: `waiting`,
    `unknown` to every endpoint asked, `executed`, `failed`, or `replaced` by another under its number; `block` of those
    that were executed.
    """

    tx: bytes
    nonce: int
    state: str
    block: int | None = None


@dataclass(frozen=True, slots=True)
class Fate:
    """
    What became of a transaction: `executed`, `failed` (executed without effect), `waiting`, or `unknown` to every
    endpoint asked. `block` where it stands; `is_final` when no reorganisation is expected to take it back.
    """

    state: str
    block: int | None = None
    is_final: bool = False


def parse_receipt(found: dict[str, Any] | None) -> Receipt | None:
    """The receipt of an executed transaction; None for one that is not executed."""
    if found is None or found.get("blockNumber") is None:
        return None
    created = found.get("contractAddress")
    return Receipt(
        unhex(found["transactionHash"]),
        int(found["blockNumber"], 16),
        int(found["status"], 16) == 1,
        int(found["gasUsed"], 16),
        unhex(created) if created else None,
        tuple(parse_log(entry) for entry in found["logs"]),
    )


def parse_sent(found: dict[str, Any] | None) -> Sent | None:
    """A transaction, waiting or executed; None for one that is not known."""
    if found is None:
        return None
    to, block = found["to"], found["blockNumber"]
    return Sent(
        unhex(found["hash"]),
        unhex(found["from"]),
        unhex(to) if to else None,
        unhex(found["input"]),
        int(found["value"], 16),
        int(block, 16) if block else None,
    )


def parse_log(entry: dict[str, Any]) -> Log:
    """One log entry."""
    return Log(
        address=unhex(entry["address"]),
        topics=tuple(unhex(topic) for topic in entry["topics"]),
        data=unhex(entry["data"]),
        block=int(entry["blockNumber"], 16),
        block_hash=unhex(entry["blockHash"]),
        index=int(entry["logIndex"], 16),
        tx=unhex(entry["transactionHash"]),
    )


def parse_logs(found: list[dict[str, Any]]) -> list[Log]:
    """Log entries in the order of the chain."""
    return [parse_log(entry) for entry in found]


def parse_place(block: dict[str, Any] | None) -> tuple[int, bytes] | None:
    """A block's number and hash; None for one that is not there."""
    return None if block is None else (number(block["number"]), unhex(block["hash"]))


def parse_base_fee(block: dict[str, Any]) -> int:
    """What a block asks at least per unit of gas, in wei."""
    return number(block.get("baseFeePerGas") or "0x0")


def parse_fees(tx: dict[str, Any] | None) -> dict[str, int] | None:
    """`gas` and both fees per unit of a waiting transaction, in wei; None for one that is not known."""
    if tx is None:
        return None
    return {name: number(tx.get(name) or "0x0") for name in ("gas", "maxFeePerGas", "maxPriorityFeePerGas")}


def parse_signed(found: dict[str, Any]) -> SignedHeader:
    """A header with its sequencer's signature."""
    return SignedHeader(unhex(found["header"]), unhex(found["signature"]))


def parse_succession(found: list[Any]) -> list[Handover]:
    """The hand-overs from one sequencer to the next; raises `ValueError` for what is none."""
    try:
        return [parse_handover(dagcbor.decode(unhex(one))) for one in found]
    except Refused as error:
        raise ValueError(str(error)) from error


def parse_proof(found: dict[str, Any]) -> tuple[tuple[bytes, ...], list[tuple[bytes, ...]]]:
    """The trie nodes of an account, and those of each slot asked for."""
    nodes = tuple(unhex(node) for node in found["accountProof"])
    return nodes, [tuple(unhex(node) for node in one["proof"]) for one in found["storageProof"]]


def parse_header_of(block: dict[str, Any] | None) -> tuple[bytes, bytes] | None:
    """A block's header as RLP and the hash that it is said to have; None for a block that is not there."""
    return None if block is None else (encode_header(block), unhex(block["hash"]))


def encode_header(block: dict[str, Any]) -> bytes:
    """A header's RLP from the fields of `eth_getBlockByNumber`, of any fork up to Prague."""
    fields: list[bytes] = []
    for name, size in _HEADER_FIELDS:
        if block.get(name) is None:
            break
        fields.append(rlp.encode_uint(int(block[name], 16)) if size == 0 else unhex(block[name]))
    return rlp.encode(fields)


def number(text: str) -> int:
    """The number of `0x…`."""
    return int(text, 16)


def unhex(text: str) -> bytes:
    """The bytes of `0x…`."""
    return bytes.fromhex(text.removeprefix("0x"))


def tohex(value: bytes) -> str:
    """Bytes as `0x…`."""
    return "0x" + value.hex()
