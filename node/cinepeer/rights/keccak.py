"""Keccak-256, the hash of Ethereum (the padding before FIPS 202; not SHA3-256)."""

from __future__ import annotations

from Crypto.Hash import keccak as _keccak


def keccak(*parts: bytes) -> bytes:
    """The 32-byte Keccak-256 digest of the concatenated `parts`."""
    state = _keccak.new(digest_bits=256)
    for part in parts:
        state.update(part)
    return state.digest()


EMPTY_HASH = keccak(b"")
