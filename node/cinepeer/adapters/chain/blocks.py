"""Sealed blocks as JSON, on the way from a node that holds them to one that follows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cinepeer.adapters.chain import jsonrpc
from cinepeer.adapters.chain.evm import Evm, encode_header
from cinepeer.adapters.chain.formats import RpcError, data, parse_data, parse_number
from cinepeer.adapters.chain.readthrough import MAX_BLOCKS
from cinepeer.adapters.chain.replay import Sealed
from cinepeer.records import dagcbor
from cinepeer.rights.sequencer import SignedHeader
from cinepeer.rights.succession import MAX_HANDOVERS, Handover, parse_handover

MAX_BYTES = 256 * 1024
"""An answer ends with the block that passes this size; it travels as hex, so as twice as much."""


def sealed_blocks(evm: Evm, sign: Callable[[Any], bytes], first: Any, count: Any) -> list[dict[str, Any]]:
    """The blocks from number `first` on, as many as there are up to `count`, and as fit into an answer."""
    begin, wanted = parse_number(first, "block"), parse_number(count, "count")
    found: list[dict[str, Any]] = []
    size = 0
    for at in range(begin, min(begin + min(wanted, MAX_BLOCKS), evm.head.block_number + 1)):
        header = evm.header(at)
        row = evm.tables.block(at)
        raws = evm.raw_transactions(header) if evm.tables.txs(at) else []
        encoded = encode_header(header)
        found.append(
            {
                "header": data(encoded),
                "signature": data((row and row[1]) or sign(header)),
                "transactions": [data(raw) for raw in raws],
            }
        )
        size += len(encoded) + sum(map(len, raws))
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


def fault_json(sentence: str, header: SignedHeader, other: SignedHeader | None) -> dict[str, Any]:
    """One fault of the sequencer as JSON: the sentence, and the headers that it signed."""
    headers = [header] if other is None else [header, other]
    return {
        "found": sentence,
        "headers": [{"header": data(one.rlp), "signature": data(one.signature)} for one in headers],
    }
