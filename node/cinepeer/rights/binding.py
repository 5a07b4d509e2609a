"""An author and an account that name each other: what the account signs, and who signed it."""

from __future__ import annotations

from collections.abc import Mapping

from cinepeer.errors import Refused
from cinepeer.records.cid import Cid
from cinepeer.records.dagcbor import Value
from cinepeer.rights import signatures
from cinepeer.rights.keccak import keccak

_TYPE = keccak(b"Author(bytes author)")


def binding_digest(author: Cid, chain_id: int) -> bytes:
    """What an account signs for an author (EIP-712, domain `CinepeerAuthors` on `chain_id`, no contract): 32 bytes."""
    separator = signatures.domain("CinepeerAuthors", chain_id, bytes(20))
    return signatures.typed_digest(separator, keccak(_TYPE, keccak(bytes(author))))


def sign_binding(key: bytes, author: Cid, chain_id: int) -> dict[str, Value]:
    """The `account` of a profile record, signed by the account's secp256k1 `key` (32 bytes)."""
    signature = signatures.sign(key, binding_digest(author, chain_id))
    return {"address": signatures.address_of(key), "chain": chain_id, "signature": signature}


def recover_bound(author: Cid, account: Mapping[str, Value]) -> bytes:
    """The account (20 bytes) that a profile of `author` names; raises `Refused` unless it signed for this author."""
    said, chain_id, signature = account.get("address"), account.get("chain"), account.get("signature")
    if not isinstance(said, bytes) or type(chain_id) is not int or not isinstance(signature, bytes):
        raise Refused("bad-form", f"found no address, chain and signature in the profile of {author}")
    found = signatures.recover(binding_digest(author, chain_id), signature)
    if found != said:
        raise Refused(
            "bad-signature", f"found the signature of 0x{found.hex()} for {author}, expected that of 0x{said.hex()}"
        )
    return found
