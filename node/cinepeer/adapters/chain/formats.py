"""Ethereum's JSON shapes: hexadecimal, blocks, transactions, receipts and logs as every client expects them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import rlp
from eth_bloom import BloomFilter
from eth_utils import to_checksum_address

from cinepeer.adapters.chain import jsonrpc
from cinepeer.adapters.chain.database import LogRow, TxRow


class RpcError(Exception):
    """A JSON-RPC error: a sentence, its code, and data (hexadecimal) where the standard has some."""

    def __init__(self, message: str, code: int = jsonrpc.FAILED, data: Any = None) -> None:
        """Codes as in EIP-1474: -32602 for bad parameters, -32601 for an unknown method, 3 for a revert."""
        super().__init__(message)
        self.code = code
        self.data = data


def number(value: int) -> str:
    """A quantity."""
    return hex(value)


def data(value: bytes) -> str:
    """Bytes."""
    return "0x" + bytes(value).hex()


def address(value: bytes | None) -> str | None:
    """An address with its checksum, or None."""
    return to_checksum_address(value) if value else None


def parse_number(text: Any, what: str) -> int:
    """A quantity (`0x…`) below 2^256; raises `RpcError`."""
    try:
        value = int(text, 16) if isinstance(text, str) and text.startswith("0x") else None
    except ValueError:
        value = None
    if value is None or not 0 <= value < 1 << 256:
        raise RpcError(f"found {what} = {str(text)[:80]!r}, expected a quantity (0x…)", jsonrpc.BAD_PARAMETERS)
    return value


def parse_data(text: Any, what: str, size: int | None = None) -> bytes:
    """Bytes (`0x…`), of exactly `size` if given; raises `RpcError`."""
    try:
        value = bytes.fromhex(text[2:]) if isinstance(text, str) and text.startswith("0x") else None
    except ValueError:
        value = None
    if value is None or size not in (None, len(value)):
        wanted = "hexadecimal (0x…)" if size is None else f"{size} bytes in hexadecimal (0x…)"
        raise RpcError(f"found {what} = {str(text)[:80]!r}, expected {wanted}", jsonrpc.BAD_PARAMETERS)
    return value


def parse_slot(text: Any) -> bytes:
    """A storage slot of up to 32 bytes, padded on the left; raises `RpcError`."""
    return parse_number(text, "storage slot").to_bytes(32, "big")


def bloom(entries: Sequence[LogRow]) -> str:
    """The logs bloom (256 bytes) of log entries."""
    filter_ = BloomFilter()
    for entry in entries:
        filter_.add(entry.address)
        filter_.extend(entry.topics)
    return data(int(filter_).to_bytes(256, "big"))


def log_json(entry: LogRow, tx_hash: bytes, block_hash: bytes) -> dict[str, Any]:
    """One log entry."""
    return {
        "address": address(entry.address),
        "topics": [data(topic) for topic in entry.topics],
        "data": data(entry.data),
        "blockNumber": number(entry.block),
        "blockHash": data(block_hash),
        "transactionHash": data(tx_hash),
        "transactionIndex": number(entry.tx),
        "logIndex": number(entry.position),
        "removed": False,
    }


def receipt_json(row: TxRow, tx: Any, header: Any, entries: Sequence[LogRow]) -> dict[str, Any]:
    """The receipt of one transaction with its own log entries."""
    return {
        "transactionHash": data(row.hash),
        "transactionIndex": number(row.position),
        "blockHash": data(header.hash),
        "blockNumber": number(row.block),
        "from": address(row.sender),
        "to": address(row.receiver),
        "cumulativeGasUsed": number(row.cumulative),
        "gasUsed": number(row.gas),
        "contractAddress": address(row.created) if row.ok else None,
        "logs": [log_json(entry, row.hash, header.hash) for entry in entries],
        "logsBloom": bloom(entries),
        "status": number(row.ok),
        "effectiveGasPrice": number(_price(tx, header.base_fee_per_gas)),
        "type": number(_type(tx)),
    }


def transaction_json(tx: Any, row: TxRow | None, header: Any | None) -> dict[str, Any]:
    """A signed transaction; `row` and `header` are None while it waits."""
    kind = _type(tx)
    fields: dict[str, Any] = {
        "hash": data(tx.hash),
        "type": number(kind),
        "nonce": number(tx.nonce),
        "from": address(tx.sender),
        "to": address(tx.to),
        "value": number(tx.value),
        "gas": number(tx.gas),
        "input": data(tx.data),
        "r": number(tx.r),
        "s": number(tx.s),
        "chainId": number(tx.chain_id),
        "blockHash": data(header.hash) if header else None,
        "blockNumber": number(header.block_number) if header else None,
        "transactionIndex": number(row.position) if row else None,
        "gasPrice": number(_price(tx, header.base_fee_per_gas if header else 0)),
    }
    if kind == 0:
        fields["v"] = number(tx.v)
    else:
        fields["v"] = fields["yParity"] = number(tx.y_parity)
        fields["accessList"] = [
            {"address": address(place), "storageKeys": [data(slot.to_bytes(32, "big")) for slot in slots]}
            for place, slots in tx.access_list
        ]
    if kind == 2:
        fields["maxFeePerGas"] = number(tx.max_fee_per_gas)
        fields["maxPriorityFeePerGas"] = number(tx.max_priority_fee_per_gas)
    return fields


def block_json(header: Any, transactions: list[Any], raw_size: int) -> dict[str, Any]:
    """A block; `transactions` are hashes or whole transactions, `raw_size` the bytes of their encodings."""
    return {
        "number": number(header.block_number),
        "hash": data(header.hash),
        "parentHash": data(header.parent_hash),
        "nonce": data(header.nonce),
        "sha3Uncles": data(header.uncles_hash),
        "logsBloom": data(header.bloom.to_bytes(256, "big")),
        "transactionsRoot": data(header.transaction_root),
        "stateRoot": data(header.state_root),
        "receiptsRoot": data(header.receipt_root),
        "miner": address(header.coinbase) or "0x" + "00" * 20,
        "difficulty": number(header.difficulty),
        "totalDifficulty": "0x0",
        "extraData": data(header.extra_data),
        "size": number(len(rlp.encode(header)) + raw_size),
        "gasLimit": number(header.gas_limit),
        "gasUsed": number(header.gas_used),
        "timestamp": number(header.timestamp),
        "mixHash": data(header.mix_hash),
        "baseFeePerGas": number(header.base_fee_per_gas),
        "withdrawalsRoot": data(header.withdrawals_root),
        "blobGasUsed": number(header.blob_gas_used),
        "excessBlobGas": number(header.excess_blob_gas),
        "parentBeaconBlockRoot": data(header.parent_beacon_block_root),
        "transactions": transactions,
        "uncles": [],
        "withdrawals": [],
    }


def _type(tx: Any) -> int:
    return getattr(tx, "type_id", None) or 0


def _price(tx: Any, base_fee: int) -> int:
    """What one unit of gas cost, in wei."""
    return min(tx.max_fee_per_gas, base_fee + tx.max_priority_fee_per_gas)
