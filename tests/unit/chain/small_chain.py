"""A ledger in memory with a clock that the test turns, and two contracts small enough to read as bytes."""

from __future__ import annotations

import asyncio
import json
from typing import Any, ClassVar

from eth_keys.datatypes import PrivateKey

from cinepeer.adapters.chain.evm import Evm
from cinepeer.adapters.chain.faucet import Faucet
from cinepeer.adapters.chain.genesis import found_network
from cinepeer.adapters.chain.rpc import Rpc
from cinepeer.adapters.chain.sequencer import Sequencer
from cinepeer.adapters.chain.signing import sign_transaction
from cinepeer.rights.abi import selector, topic

SEED = bytes(range(32))
BORN = 1_700_000_000
CHAIN = 7171
GENESIS = found_network(SEED, "Small", CHAIN, BORN)
ANNA, BELA = b"\x0a" * 32, b"\x0b" * 32
COUNTED = topic("Counted(address,uint256)")
EMPTY_CALL = selector("EmptyCall()")


def creation(runtime: bytes) -> bytes:
    """Code that creates a contract with this runtime code (up to 255 bytes)."""
    return bytes.fromhex(f"60{len(runtime):02x}80 6009 5f 39 5f f3") + runtime


# An empty call reverts with EmptyCall(); any other adds one to slot 0, logs Counted(caller, slot 0) and returns slot 0.
COUNTER = creation(
    bytes.fromhex("36 15 6039 57 5f54 6001 01 80 5f55 5f52 33 7f")
    + COUNTED
    + bytes.fromhex("6020 5f a2 6020 5f f3 5b 63")
    + EMPTY_CALL
    + bytes.fromhex("60e0 1b 5f52 6004 5f fd")
)
# Any call keeps the block's time in slot 0, the hash of the block before in slot 1, PREVRANDAO in slot 2.
CLOCK = creation(bytes.fromhex("42 5f55 6001 43 03 40 6001 55 44 6002 55 00"))
# Any call calls itself with all the gas it has.
DEEP = creation(bytes.fromhex("5f 5f 5f 5f 5f 30 5a f1 00"))


def address(key: bytes) -> bytes:
    """The account of a key."""
    return PrivateKey(key).public_key.to_canonical_address()


class SmallChain:
    """A sequencer and its RPC on a file or in memory; `now` is the clock."""

    opened: ClassVar[list[SmallChain]] = []

    def __init__(self, path: str = ":memory:", seed: bytes = SEED) -> None:
        """Nothing runs by itself: `seal` makes the next block."""
        self.now = float(BORN + 100)
        self.opened.append(self)
        self.evm = Evm(path, GENESIS)
        self.sequencer = Sequencer(self.evm, seed, self.clock)
        self.faucet = Faucet(self.sequencer, seed, self.clock)
        self.rpc = Rpc(self.sequencer, self.faucet, self.clock)

    def clock(self) -> float:
        """Every look at the clock finds it later, as on a real machine."""
        self.now += 0.4
        return self.now

    def sign(self, key: bytes, to: bytes = b"", payload: bytes = b"", value: int = 0, **other: int) -> bytes:
        """Signed bytes with the account's next nonce, unless given."""
        nonce = other.get("nonce", self.sequencer.nonce(address(key)))
        gas, chain = other.get("gas", 500_000), other.get("chain", CHAIN)
        return sign_transaction(key, chain, nonce, to=to, value=value, payload=payload, gas=gas).encode()

    def send(self, key: bytes, to: bytes = b"", payload: bytes = b"", value: int = 0, **other: int) -> bytes:
        """Signs and submits; the transaction's hash."""
        return self.sequencer.submit(self.sign(key, to, payload, value, **other))

    def deploy(self, code: bytes) -> bytes:
        """Creates a contract in a block of its own; its address."""
        receipt = self.sealed(self.send(ANNA, b"", code))
        return bytes.fromhex(receipt["contractAddress"][2:])

    def sealed(self, tx: bytes) -> dict[str, Any]:
        """Seals, and the receipt of a transaction in that block."""
        assert self.sequencer.seal() is not None
        return self.ask("eth_getTransactionReceipt", "0x" + tx.hex())

    def said(self, body: Any) -> Any:
        """The decoded answer to any JSON body."""
        said = asyncio.run(self.rpc.answer(json.dumps(body).encode()))
        return json.loads(said) if said else None

    def error(self, method: str, *parameters: Any) -> dict[str, Any]:
        """The error of a call that must fail."""
        said = self.said({"jsonrpc": "2.0", "id": 1, "method": method, "params": list(parameters)})
        return dict(said["error"])

    def ask(self, method: str, *parameters: Any) -> Any:
        """The result of a call that must hold."""
        said = self.said({"jsonrpc": "2.0", "id": 1, "method": method, "params": list(parameters)})
        assert "result" in said, said
        return said["result"]
