"""A content key wrapped to one device: X25519 (RFC 7748), HKDF-SHA256, AES-256-GCM; the sender's part is used once."""

from __future__ import annotations

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from nacl import bindings
from nacl.exceptions import RuntimeError as NoSecret

from cinepeer.errors import Refused
from cinepeer.records.keys import is_strict_point

KEY_BYTES = 32
WRAPPED_BYTES = 32 + KEY_BYTES + 16

_DOMAIN = b"cinepeer/wrapped/1\0"
_NONCE = bytes(12)  # the key that it is used with is made for this one message


def agreement_key(private: bytes) -> bytes:
    """The public X25519 key (32 bytes) of a private one."""
    return bytes(bindings.crypto_scalarmult_base(private))


def device_agreement(device: bytes) -> bytes:
    """The X25519 key of a device by its public Ed25519 key (32 bytes); raises `Refused` (`bad-key`)."""
    try:
        if not is_strict_point(device):
            raise NoSecret
        return bytes(bindings.crypto_sign_ed25519_pk_to_curve25519(device))
    except (NoSecret, ValueError, TypeError):
        raise Refused("bad-key", "found a device key that is no point of the curve, expected one") from None


def device_secret(seed: bytes) -> bytes:
    """The private X25519 key (32 bytes) of a device, by the seed of its Ed25519 key."""
    _, secret = bindings.crypto_sign_seed_keypair(seed)
    return bytes(bindings.crypto_sign_ed25519_sk_to_curve25519(secret))


def wrap(key: bytes, receiver: bytes, once: bytes, context: bytes) -> bytes:
    """`key` (32 bytes) for the one who holds the private part of `receiver` (a public X25519 key): 80 bytes.

    `once` is a private X25519 key of 32 random bytes that is never used again; `context` says what it is given for.
    Raises `Refused` (`bad-key`) for a `receiver` with which nothing secret can be agreed.
    """
    sender = agreement_key(once)
    return sender + AESGCM(_key(once, receiver, sender, receiver)).encrypt(_NONCE, key, _DOMAIN + context)


def unwrap(wrapped: bytes, private: bytes, context: bytes) -> bytes:
    """The key (32 bytes) wrapped for this private X25519 key and `context`; raises `Refused` (`bad-wrapping`)."""
    if len(wrapped) != WRAPPED_BYTES:
        raise Refused("bad-wrapping", f"found {len(wrapped)} bytes, expected a wrapped key of {WRAPPED_BYTES}")
    sender, sealed = wrapped[:32], wrapped[32:]
    try:
        own = _key(private, sender, sender, agreement_key(private))
        return AESGCM(own).decrypt(_NONCE, sealed, _DOMAIN + context)
    except (Refused, InvalidTag):
        raise Refused(
            "bad-wrapping", "found a key wrapped for another device or changed, expected one for us"
        ) from None


def _key(private: bytes, public: bytes, sender: bytes, receiver: bytes) -> bytes:
    try:
        shared = bindings.crypto_scalarmult(private, public)
    except (NoSecret, ValueError, TypeError):  # a point of small order gives the same secret to everybody
        raise Refused("bad-key", "found a key with which nothing secret is agreed, expected an X25519 key") from None
    return HKDF(SHA256(), KEY_BYTES, sender + receiver, _DOMAIN).derive(bytes(shared))
