"""Sealed blocks as JSON, on the way from a node that holds them to one that follows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cinepeer.adapters.chain import jsonrpc
from cinepeer.adapters.chain.evm import Evm, encode_header
from cinepeer.adapters.chain.formats import RpcError, data, number, parse_data, parse_number
from cinepeer.adapters.chain.readthrough import MAX_BLOCKS
from cinepeer.adapters.chain.replay import Sealed
from cinepeer.adapters.chain.snapshot import MAX_NODES, Past, receipts_at
from cinepeer.records import dagcbor
from cinepeer.rights.sequencer import SignedHeader
from cinepeer.rights.succession import MAX_HANDOVERS, Handover, parse_handover

MAX_BYTES = 256 * 1024
"""An answer ends with the block that passes this size; it travels as hex, so as twice as much."""

MAX_RECEIPTS = 200
"""Most receipts of a block: one of each of its transactions."""


def sealed_blocks(
    evm: Evm, sign: Callable[[Any], bytes], first: Any, count: Any, is_past: bool = False
) -> list[dict[str, Any]]:
    """
    The blocks from number `first` on, as many as there are up to `count`, and as fit into an answer; with their
    receipts for one who does not execute them.
    """
    begin, wanted = parse_number(first, "block"), parse_number(count, "count")
    found: list[dict[str, Any]] = []
    size = 0
    for at in range(begin, min(begin + min(wanted, MAX_BLOCKS), evm.head.block_number + 1)):
        header = evm.header(at)
        row = evm.tables.block(at)
        raws = evm.raw_transactions(header) if evm.tables.txs(at) else []
        encoded = encode_header(header)
        one: dict[str, Any] = {
            "header": data(encoded),
            "signature": data((row and row[1]) or sign(header)),
            "transactions": [data(raw) for raw in raws],
        }
        receipts = receipts_at(evm, at) if is_past else []
        found.append(one | {"receipts": [data(receipt) for receipt in receipts]} if is_past else one)
        size += len(encoded) + sum(map(len, raws)) + sum(map(len, receipts))
        if size > MAX_BYTES:
            break
    return found


def parse_blocks(told: Any) -> list[Sealed]:
    """The blocks that `sealed_blocks` told; raises `RpcError` for another form."""
    if not isinstance(told, list) or len(told) > MAX_BLOCKS:
        raise RpcError(f"found no list of up to {MAX_BLOCKS} blocks, expected one", jsonrpc.BAD_PARAMETERS)
    blocks = []
    for one in told:
        raws = one.get("transactions") if isinstance(one, dict) else None
        if not isinstance(raws, list):
            raise RpcError("found a block without a list of transactions, expected one", jsonrpc.BAD_PARAMETERS)
        blocks.append(Sealed(parse_signed(one), tuple(parse_data(raw, "transaction") for raw in raws)))
    return blocks


def parse_past(told: Any) -> list[Past]:
    """Blocks with their receipts; raises `RpcError` for another form."""
    blocks = parse_blocks(told)
    return [
        Past(sealed, tuple(_parts(one.get("receipts"), MAX_RECEIPTS, "receipt")))
        for sealed, one in zip(blocks, told, strict=True)
    ]


def held_nodes(evm: Evm, hashes: Any) -> list[str]:
    """Of the trie nodes and codes with these hashes those that are held, as many as fit into an answer."""
    found: list[str] = []
    size = 0
    for key in _parts(hashes, MAX_NODES, "hash", 32):
        held = evm.tables.nodes.get(key)
        if held is None:
            continue
        found.append(data(held))
        size += len(held)
        if size > MAX_BYTES:
            break
    return found


def parse_nodes(told: Any) -> list[bytes]:
    """The parts of a state that `held_nodes` told; raises `RpcError` for another form."""
    return _parts(told, MAX_NODES, "node")


def _parts(told: Any, limit: int, what: str, size: int | None = None) -> list[bytes]:
    if not isinstance(told, list) or len(told) > limit:
        raise RpcError(f"found no list of up to {limit}, expected one of each {what}", jsonrpc.BAD_PARAMETERS)
    return [parse_data(one, what, size) for one in told]


def parse_signed(told: Any) -> SignedHeader:
    """A header with its signature; raises `RpcError` for another form."""
    if not isinstance(told, dict):
        raise RpcError("found no object, expected a header and its signature", jsonrpc.BAD_PARAMETERS)
    return SignedHeader(parse_data(told.get("header"), "header"), parse_data(told.get("signature"), "signature", 64))


def parse_told(told: Any) -> list[Handover]:
    """The hand-overs that `cinepeer_handovers` told; raises `RpcError` or `Refused` (`bad-handover`)."""
    if not isinstance(told, list) or len(told) > MAX_HANDOVERS:
        raise RpcError(f"found no list of up to {MAX_HANDOVERS} hand-overs, expected one", jsonrpc.BAD_PARAMETERS)
    return [parse_handover(dagcbor.decode(parse_data(one, "hand-over"))) for one in told]


def standing(evm: Evm, since: int | None) -> dict[str, Any]:
    """How far a copy executed, the block whose state it believes meanwhile, and the sequencer's first fault."""
    faults = evm.tables.faults()
    return {
        "executed": number(evm.head.block_number),
        "snapshot": None if since is None else number(since),
        "fault": faults[0][0] if faults else None,
    }


def fault_json(sentence: str, header: SignedHeader, other: SignedHeader | None) -> dict[str, Any]:
    """One fault of the sequencer as JSON: the sentence, and the headers that it signed."""
    headers = [header] if other is None else [header, other]
    return {
        "found": sentence,
        "headers": [{"header": data(one.rlp), "signature": data(one.signature)} for one in headers],
    }
