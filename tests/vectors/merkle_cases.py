"""Merkle trees: roots, and the proofs that hold between them."""

from __future__ import annotations

from typing import Any

from cinepeer.records import merkle
from cinepeer.records.cid import DAG_CBOR, Cid

# The leaves that certificate transparency is tested with, here written out of their bytes.
LEAVES = [
    b"",
    b"\x00",
    b"\x10",
    b"\x20\x21",
    b"\x30\x31",
    bytes(range(0x40, 0x44)),
    bytes(range(0x50, 0x58)),
    bytes(range(0x60, 0x70)),
]
IDS = [bytes(Cid.of(bytes((number,)), DAG_CBOR)) for number in range(13)]


def merkle_trees() -> list[dict[str, Any]]:
    """For each list of leaves: the root of every beginning, every path, and every proof of growth."""
    return [_tree(LEAVES), _tree(IDS)]


def _tree(leaves: list[bytes]) -> dict[str, Any]:
    sizes = range(len(leaves) + 1)
    return {
        "leaves": [leaf.hex() for leaf in leaves],
        "roots": [merkle.root(leaves[:size]).hex() for size in sizes],
        "inclusion": [
            {"size": size, "index": index, "path": [step.hex() for step in merkle.inclusion(leaves[:size], index)]}
            for size in sizes
            for index in range(size)
        ],
        "consistency": [
            {"old": old, "new": new, "path": [step.hex() for step in merkle.consistency(leaves[:new], old)]}
            for new in sizes
            for old in range(new + 1)
        ],
    }
