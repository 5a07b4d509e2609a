"""The order of blocks, signed: what a network's sequencer says with its Ed25519 key about each header."""

from __future__ import annotations

from dataclasses import dataclass

from cinepeer.records import keys
from cinepeer.records.cid import Cid
from cinepeer.rights.proofs import Header, parse_header

_DOMAIN = b"cinepeer/block/1\0"


@dataclass(frozen=True, slots=True)
class SignedHeader:
    """A block header as RLP and the sequencer's signature (64 bytes) over it."""

    rlp: bytes
    signature: bytes


def header_message(network: Cid, header: Header) -> bytes:
    """What the sequencer signs for a block: domain, network id (36 bytes), block hash (32 bytes)."""
    return _DOMAIN + bytes(network) + header.hash


def sign_header(seed: bytes, network: Cid, rlp: bytes) -> SignedHeader:
    """Signs the header `rlp` with the sequencer's 32-byte Ed25519 `seed`."""
    return SignedHeader(rlp, keys.sign(seed, header_message(network, parse_header(rlp))))


def verify_header(signed: SignedHeader, network: Cid, sequencer: bytes) -> None:
    """Raises `Refused` (`bad-signature`, `bad-header`) unless `sequencer` (32-byte public key) signed this header."""
    keys.verify(sequencer, header_message(network, parse_header(signed.rlp)), signed.signature)
