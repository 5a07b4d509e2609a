"""What a contract said when it refused becomes one readable word with its values."""

from __future__ import annotations

import pytest

from cinepeer.adapters.chain.revert import declared, explain
from cinepeer.rights.abi import encode, selector

ABI = [
    {"type": "error", "name": "NotAllowed", "inputs": []},
    {"type": "error", "name": "BadShares", "inputs": [{"name": "sum", "type": "uint256"}]},
    {
        "type": "error",
        "name": "Conflict",
        "inputs": [
            {"name": "offer", "type": "bytes32"},
            {"name": "", "type": "address"},
            {"name": "why", "type": "string"},
        ],
    },
    {"type": "function", "name": "buy", "inputs": []},
]
ERRORS = declared(ABI)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (selector("NotAllowed()"), "NotAllowed()"),
        (selector("BadShares(uint256)") + encode(["uint256"], [9999]), "BadShares(sum=9999)"),
        (
            selector("Conflict(bytes32,address,string)")
            + encode(["bytes32", "address", "string"], [b"\1" * 32, b"\2" * 20, b"x"]),
            f"Conflict(offer=0x{'01' * 32}, 0x{'02' * 20}, why)",
        ),
        (selector("Error(string)") + encode(["string"], [b"too late"]), "too late"),
        (selector("Panic(uint256)") + encode(["uint256"], [0x11]), "Panic(0x11)"),
        (b"\xde\xad\xbe\xef" + bytes(100), "error 0xdeadbeef" + "00" * 32),
        (selector("BadShares(uint256)") + b"short", "BadShares(sum)"),
        (b"", "no reason given"),
    ],
)
def test_revert_data_is_explained(data: bytes, said: str) -> None:
    assert explain(data, ERRORS) == said
