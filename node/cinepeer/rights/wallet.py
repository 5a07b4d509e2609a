"""The account of a phrase, where every Ethereum wallet looks for it: BIP-39's seed, BIP-32's m/44'/60'/0'/0/0."""

from __future__ import annotations

import hashlib
import hmac
import unicodedata

ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
HARD = 1 << 31
PATH = (44 | HARD, 60 | HARD, 0 | HARD, 0, 0)

_ROUNDS = 2_048


def account_key(phrase: str) -> bytes:
    """The private key (32 bytes) of the first Ethereum account of a phrase without an extra password."""
    words = unicodedata.normalize("NFKD", phrase).encode()
    seed = hashlib.pbkdf2_hmac("sha512", words, b"mnemonic", _ROUNDS)
    key, chain = _split(hmac.digest(b"Bitcoin seed", seed, "sha512"))
    for step in PATH:
        key, chain = _child(key, chain, step)
    return key.to_bytes(32, "big")


def _child(key: int, chain: bytes, step: int) -> tuple[int, bytes]:
    """The private child key and its chain code."""
    from coincurve import PublicKey  # late, as in `signatures`

    own = key.to_bytes(32, "big")
    parent = b"\0" + own if step & HARD else PublicKey.from_secret(own).format()
    added, chain = _split(hmac.digest(chain, parent + step.to_bytes(4, "big"), "sha512"))
    child = (added + key) % ORDER
    if added >= ORDER or child == 0:
        raise ValueError("found a key that BIP-32 leaves out, expected another phrase: one in 2^127 gives this")
    return child, chain


def _split(data: bytes) -> tuple[int, bytes]:
    return int.from_bytes(data[:32], "big"), data[32:]
