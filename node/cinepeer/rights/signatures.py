"""Ethereum signatures over 32-byte digests (secp256k1, 65 bytes: r, s, v) and EIP-712 digests."""

from __future__ import annotations

from cinepeer.errors import Refused
from cinepeer.rights.abi import word
from cinepeer.rights.keccak import keccak

_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
_DOMAIN_TYPE = keccak(b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)")


def domain(name: str, chain_id: int, contract: bytes) -> bytes:
    """The EIP-712 domain separator, version "1", of the contract at the 20-byte address `contract`."""
    return keccak(
        _DOMAIN_TYPE, keccak(name.encode()), keccak(b"1"), word("uint256", chain_id), word("address", contract)
    )


def typed_digest(separator: bytes, struct_hash: bytes) -> bytes:
    """The EIP-712 digest that is signed, from a domain separator and a struct's hash."""
    return keccak(b"\x19\x01", separator, struct_hash)


def recover(digest: bytes, signature: bytes) -> bytes:
    """The 20-byte address whose key signed `digest`; raises `Refused` (`bad-signature`).

    Takes only the form that the contracts take: 65 bytes, s in the lower half of the order, v of 27 or 28.
    """
    if len(signature) != 65 or signature[64] not in (27, 28):
        raise Refused("bad-signature", f"found {len(signature)} bytes, expected r, s and v of 27 or 28 in 65 bytes")
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:64], "big")
    if not 0 < r < _ORDER or not 0 < s <= _ORDER // 2:
        raise Refused("bad-signature", "found r or s out of range, expected a canonical secp256k1 signature")
    from coincurve import PublicKey  # late: most that a light client does needs no account

    try:
        public = PublicKey.from_signature_and_message(signature[:64] + bytes((signature[64] - 27,)), digest, None)
    except ValueError as error:
        raise Refused("bad-signature", "found a signature of no key, expected one that recovers") from error
    return _address(public.format(compressed=False))


def sign(key: bytes, digest: bytes) -> bytes:
    """Signs a 32-byte `digest` with a 32-byte secp256k1 `key`: 65 bytes that `recover` takes (RFC 6979)."""
    from coincurve import PrivateKey

    signature = PrivateKey(key).sign_recoverable(digest, None)
    return signature[:64] + bytes((signature[64] + 27,))


def address_of(key: bytes) -> bytes:
    """The 20-byte address of a 32-byte secp256k1 `key`."""
    from coincurve import PublicKey

    return _address(PublicKey.from_secret(key).format(compressed=False))


def _address(point: bytes) -> bytes:
    """The address of a public key in its long form, 65 bytes."""
    return keccak(point[1:])[-20:]
