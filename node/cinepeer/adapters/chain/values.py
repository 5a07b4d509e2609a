"""What an endpoint tells, as values: receipts, transactions, log entries, headers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cinepeer.rights import rlp
from cinepeer.rights.events import Log

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
class Fate:
    """
    What became of a transaction: `executed`, `failed` (executed without effect), `waiting`, or `unknown` to every
    endpoint asked. `block` where it stands; `is_final` when no reorganisation is expected to take it back.
    """

    state: str
    block: int | None = None
    is_final: bool = False


def parse_receipt(found: dict[str, Any]) -> Receipt:
    """The receipt of an executed transaction."""
    created = found.get("contractAddress")
    return Receipt(
        unhex(found["transactionHash"]),
        int(found["blockNumber"], 16),
        int(found["status"], 16) == 1,
        int(found["gasUsed"], 16),
        unhex(created) if created else None,
        tuple(parse_log(entry) for entry in found["logs"]),
    )


def parse_sent(found: dict[str, Any]) -> Sent:
    """A transaction, waiting or executed."""
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


def encode_header(block: dict[str, Any]) -> bytes:
    """A header's RLP from the fields of `eth_getBlockByNumber`, of any fork up to Prague."""
    fields: list[bytes] = []
    for name, size in _HEADER_FIELDS:
        if block.get(name) is None:
            break
        fields.append(rlp.encode_uint(int(block[name], 16)) if size == 0 else unhex(block[name]))
    return rlp.encode(fields)


def unhex(text: str) -> bytes:
    """The bytes of `0x…`."""
    return bytes.fromhex(text.removeprefix("0x"))


def tohex(value: bytes) -> str:
    """Bytes as `0x…`."""
    return "0x" + value.hex()
