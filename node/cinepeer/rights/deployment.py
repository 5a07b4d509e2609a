"""Where a network's contracts stand: at addresses that follow from the deployer's account alone."""

from __future__ import annotations

from dataclasses import dataclass

from cinepeer.rights import rlp
from cinepeer.rights.keccak import keccak

NAMES = ("TitleRegistry", "Disputes", "Licences", "Anchors")
"""The contracts of a set, in the order in which the deployer creates them (nonce 0 to 3)."""


@dataclass(frozen=True, slots=True)
class ContractSet:
    """One set of contracts that belong together: 20-byte addresses on chain `chain_id`, in force from a block on."""

    chain_id: int
    titles: bytes
    licences: bytes
    disputes: bytes
    anchors: bytes
    from_block: int = 0

    def name_of(self, address: bytes) -> str | None:
        """The name of the contract at `address`, None for an address outside the set."""
        return {address: name for name, address in self.named().items()}.get(address)

    def named(self) -> dict[str, bytes]:
        """Address by contract name."""
        return dict(zip(NAMES, (self.titles, self.disputes, self.licences, self.anchors), strict=True))


def created_address(creator: bytes, nonce: int) -> bytes:
    """The address of the contract that the account `creator` (20 bytes) creates with its transaction `nonce`."""
    return keccak(rlp.encode([creator, rlp.encode_uint(nonce)]))[12:]


def salted_address(creator: bytes, salt: bytes, code_hash: bytes) -> bytes:
    """The CREATE2 address (EIP-1014) of creation code with Keccak `code_hash` made by `creator` under `salt`."""
    return keccak(b"\xff", creator, salt, code_hash)[12:]


def predict(deployer: bytes, chain_id: int) -> ContractSet:
    """The contract set that the account `deployer` (20 bytes) creates with its first four transactions."""
    titles, disputes, licences, anchors = (created_address(deployer, nonce) for nonce in range(len(NAMES)))
    return ContractSet(chain_id, titles, licences, disputes, anchors)
