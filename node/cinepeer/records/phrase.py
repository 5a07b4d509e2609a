"""The phrase: 24 words (BIP-39) that hold 32 bytes, and the keys of an author that follow from these (RFC 5869)."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence

from cinepeer.errors import BadInput

WORDS = 24
LISTED = 2_048
ENTROPY_BYTES = 32
NONCE_BYTES = 16

_WORD_BITS = 11
_SALT = b"cinepeer/phrase/1"


def phrase_of(entropy: bytes, listed: Sequence[str]) -> str:
    """The 24 words of `entropy` (32 bytes) in the word list `listed` (2048 words), with a checksum in the last one."""
    if len(entropy) != ENTROPY_BYTES:
        raise ValueError(f"found {len(entropy)} bytes of entropy, expected {ENTROPY_BYTES}")
    number = int.from_bytes(entropy + _checksum(entropy), "big")
    places = [number >> _WORD_BITS * place & LISTED - 1 for place in reversed(range(WORDS))]
    return " ".join(listed[place] for place in places)


def parse_phrase(text: str, listed: Sequence[str]) -> bytes:
    """The 32 bytes in a phrase that a person typed; raises `BadInput`, which never repeats the words."""
    words = text.lower().split()
    if len(words) != WORDS:
        raise BadInput(f"found {len(words)} words, expected the {WORDS} of the phrase")
    places = {word: place for place, word in enumerate(listed)}
    number = 0
    for count, word in enumerate(words, 1):
        if word not in places:
            raise BadInput(f"found a word {count} that is not in the list, expected the {WORDS} as they were shown")
        number = number << _WORD_BITS | places[word]
    data = number.to_bytes(ENTROPY_BYTES + 1, "big")
    if data[ENTROPY_BYTES:] != _checksum(data[:ENTROPY_BYTES]):
        raise BadInput(f"found {WORDS} words whose checksum does not hold, expected them as they were shown, in order")
    return data[:ENTROPY_BYTES]


def root_seed(entropy: bytes, number: int) -> bytes:
    """The seed (32 bytes) of an author's root key: number 0 begins the author, number 1 may follow it, and so on."""
    return _derive(entropy, f"root {number}", ENTROPY_BYTES)


def inception_nonce(entropy: bytes) -> bytes:
    """The nonce (16 bytes) of the author's inception, so that the same words always give the same author."""
    return _derive(entropy, "inception", NONCE_BYTES)


def _checksum(entropy: bytes) -> bytes:
    return hashlib.sha256(entropy).digest()[:1]


def _derive(entropy: bytes, purpose: str, size_bytes: int) -> bytes:
    """HKDF with SHA-256, one block of it."""
    key = hmac.digest(_SALT, entropy, "sha256")
    return hmac.digest(key, purpose.encode() + b"\x01", "sha256")[:size_bytes]
