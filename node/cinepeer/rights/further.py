"""Further contract sets of a network: its founder names each, from a block on, in a statement that proves itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from cinepeer.errors import Refused
from cinepeer.records import dagcbor, keys
from cinepeer.records.cid import Cid
from cinepeer.records.dagcbor import Value
from cinepeer.rights import signatures
from cinepeer.rights.deployment import ContractSet, predict
from cinepeer.rights.keccak import keccak

MAX_SETS = 16
"""Most contract sets in the life of a network, the genesis's own among them."""

_DOMAIN = b"cinepeer/set/1\0"
_KEY_BYTES = 32
_NAMES = {"number", "deployer", "from_block", "signature"}


@dataclass(frozen=True, slots=True)
class FurtherSet:
    """
    One set beside those before it: its number (the genesis's own is 1), the account (20 bytes) whose first four
    transactions made it, the block from which on it is in force, and the founder's signature over all of it (64 bytes
    Ed25519 by the first sequencer, 65 bytes secp256k1 by the first set's deployer on a chain of others).
    """

    number: int
    deployer: bytes
    from_block: int
    signature: bytes = b""

    def to_map(self) -> dict[str, Value]:
        """The fields by name."""
        return {**self._said(), "signature": self.signature}

    def message(self, network: Cid) -> bytes:
        """What the founder's key signs."""
        return _DOMAIN + dagcbor.encode({**self._said(), "network": network})

    def contracts(self, chain_id: int) -> ContractSet:
        """Where the set stands."""
        return replace(predict(self.deployer, chain_id), from_block=self.from_block)

    def _said(self) -> dict[str, Value]:
        return {"number": self.number, "deployer": self.deployer, "from_block": self.from_block}


def verify_further(
    network: Cid, founder: bytes, first: ContractSet, deployer: bytes, sets: Sequence[FurtherSet]
) -> None:
    """
    Raises `Refused` (`bad-set`) unless each set follows the one before and the network's founder signed it: `founder`
    is the Ed25519 key (32 bytes) or the account (20 bytes) that the genesis names, `deployer` made the set `first`.
    """
    known, last = {deployer}, first.from_block
    for number, one in enumerate(sets, 2):
        if one.number != number or number > MAX_SETS:
            raise _bad(f"found the contract set number {one.number}, expected {number} to come next")
        if one.deployer in known:
            raise _bad(f"found a contract set of 0x{one.deployer.hex()} twice, expected another account for each")
        if one.from_block <= last:
            raise _bad(f"found a contract set from block {one.from_block} on, expected one after block {last}")
        _verify_signature(network, founder, one)
        known.add(one.deployer)
        last = one.from_block


def parse_further(found: Value) -> tuple[FurtherSet, ...]:
    """Reads a list of sets; raises `Refused` (`bad-set`). Whether they hold, `verify_further` says."""
    if not isinstance(found, list) or len(found) >= MAX_SETS:
        raise _bad(f"found no list of less than {MAX_SETS} contract sets, expected one")
    return tuple(_read(one) for one in found)


def _read(found: Value) -> FurtherSet:
    if not isinstance(found, dict) or set(found) != _NAMES:
        raise _bad("found other fields than those of a contract set, expected exactly those")
    number, deployer, first, signature = (found[name] for name in ("number", "deployer", "from_block", "signature"))
    if type(number) is not int or not 1 < number <= MAX_SETS:
        raise _bad(f"found the number {str(number)[:40]}, expected 2 to {MAX_SETS}")
    if type(first) is not int or not 0 <= first < 1 << 53:
        raise _bad(f"found the first block {str(first)[:40]}, expected a block's number")
    if type(deployer) is not bytes or len(deployer) != 20:
        raise _bad("found no deployer of 20 bytes, expected one")
    if type(signature) is not bytes or len(signature) not in (64, 65):
        raise _bad("found no signature of 64 or 65 bytes, expected one")
    return FurtherSet(number, deployer, first, signature)


def _verify_signature(network: Cid, founder: bytes, one: FurtherSet) -> None:
    message = one.message(network)
    try:
        if len(founder) == _KEY_BYTES:
            keys.verify(founder, message, one.signature)
            return
        signer = signatures.recover(keccak(message), one.signature)
    except Refused as error:
        raise _unsigned(founder, one) from error
    if signer != founder:
        raise _unsigned(founder, one)


def _unsigned(founder: bytes, one: FurtherSet) -> Refused:
    return _bad(f"found no signature of the founder {founder.hex()} over contract set {one.number}, expected one")


def _bad(sentence: str) -> Refused:
    return Refused("bad-set", sentence)
