"""The immutable beginning of a network: its genesis map, its id, and the keys and addresses that follow from it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from cinepeer.errors import BadInput
from cinepeer.records import dagcbor, keys
from cinepeer.records.cid import DAG_CBOR, Cid
from cinepeer.rights.signatures import address_of

FAUCET_CREDITS = 1_000_000_000_000
"""Test credits (of 10^18 wei) that a new network's faucet begins with; they are not money."""

_CURVE_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


def new_genesis(
    name: str,
    chain_id: int,
    time: int,
    sequencer: bytes,
    deployer: bytes,
    credits: Mapping[bytes, int] | None = None,
) -> dict[str, Any]:
    """
    The genesis map of a network: `time` in Unix seconds, `sequencer` an Ed25519 public key (32 bytes), `deployer` an
    address (20 bytes), `credits` the test credits (10^18 wei each) that addresses begin with. Raises `BadInput`.
    """
    genesis = {
        "name": name,
        "chain_id": chain_id,
        "time": time,
        "sequencer": sequencer.hex(),
        "deployer": "0x" + deployer.hex(),
        "credits": {"0x" + address.hex(): amount for address, amount in sorted((credits or {}).items())},
    }
    check_genesis(genesis)
    return genesis


def found_network(seed: bytes, name: str, chain_id: int, time: int) -> dict[str, Any]:
    """The genesis map of a network sequenced by the Ed25519 key of `seed`, with its own deployer and faucet."""
    public = keys.public_key(seed)
    faucet = address_of(faucet_key(seed))
    return new_genesis(name, chain_id, time, public, address_of(deployer_key(seed)), {faucet: FAUCET_CREDITS})


def check_genesis(genesis: Mapping[str, Any]) -> None:
    """Raises `BadInput` when a genesis map is not one that every node would read alike."""
    try:
        name, chain_id, time = genesis["name"], genesis["chain_id"], genesis["time"]
        holders = [bytes.fromhex(text.removeprefix("0x")) for text in genesis.get("credits", {})]
        amounts = list(genesis.get("credits", {}).values())
        sizes = (len(bytes.fromhex(genesis["sequencer"])), len(bytes.fromhex(genesis["deployer"].removeprefix("0x"))))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadInput(
            f"found a genesis map that cannot be read ({error!r}), expected name, chain_id, time, "
            "sequencer and deployer"
        ) from error
    if not isinstance(name, str) or not 0 < len(name) <= 100:
        raise BadInput(f"found the network name {name!r}, expected 1 to 100 characters")
    if not isinstance(chain_id, int) or not 0 < chain_id < 1 << 52:
        raise BadInput(f"found the chain id {chain_id!r}, expected a number from 1 to 2^52 - 1")
    if not isinstance(time, int) or not 0 < time < 1 << 40:
        raise BadInput(f"found the genesis time {time!r}, expected Unix seconds")
    if sizes != (32, 20) or any(len(holder) != 20 for holder in holders):
        raise BadInput("found a genesis key or address of the wrong length, expected 32 and 20 bytes in hex")
    if any(not isinstance(amount, int) or not 0 <= amount < 1 << 63 for amount in amounts):
        raise BadInput("found genesis credits out of range, expected whole numbers from 0 to 2^63 - 1")


def network_id(genesis: Mapping[str, Any]) -> Cid:
    """The network's id: the CID of its genesis map as DAG-CBOR."""
    return Cid.of(dagcbor.encode(dict(genesis)), DAG_CBOR)


def deployer_key(seed: bytes) -> bytes:
    """The secp256k1 key (32 bytes) that deploys the contract set of a network, derived from the sequencer's seed."""
    return _derived(seed, b"cinepeer/deployer/1\0")


def faucet_key(seed: bytes) -> bytes:
    """The secp256k1 key (32 bytes) that holds a network's test credits, derived from the sequencer's seed."""
    return _derived(seed, b"cinepeer/faucet/1\0")


def _derived(seed: bytes, domain: bytes) -> bytes:
    key = hashlib.sha256(domain + seed).digest()
    while not 0 < int.from_bytes(key, "big") < _CURVE_ORDER:
        key = hashlib.sha256(domain + key).digest()
    return key
