"""Ed25519 with one strict verdict (RFC 8032): canonical S, A and R, none of small order, and no cofactor."""

from __future__ import annotations

from nacl import bindings
from nacl.exceptions import BadSignatureError

from cinepeer.errors import Refused

ORDER = 2**252 + 27742317777372353535851937790883648493
PRIME = 2**255 - 19

# The y of all points whose order is 1, 2, 4 or 8: 1, -1, 0, and the two of order 8.
_SMALL_Y = (
    0,
    1,
    PRIME - 1,
    2707385501144840649318225287225658788936804267575313519463743609750303402022,
    PRIME - 2707385501144840649318225287225658788936804267575313519463743609750303402022,
)
# Their canonical bytes with either sign: among them the two forms of "minus zero". The other forms have y >= p.
_SMALL = frozenset((y | sign << 255).to_bytes(32, "little") for y in _SMALL_Y for sign in (0, 1))
_TOP = b"\xff" * 30
# With which bytes, the sign taken off, one of them ends, or one beyond p: hardly any other does.
_LAST = frozenset(data[31] & 0x7F for data in _SMALL) | {0x7F}


def public_key(seed: bytes) -> bytes:
    """The public key (32 bytes) of a seed of 32 bytes."""
    return bytes(bindings.crypto_sign_seed_keypair(seed)[0])


def sign(seed: bytes, message: bytes) -> bytes:
    """The signature (64 bytes) of `message` by the key of `seed` (32 bytes)."""
    _, secret = bindings.crypto_sign_seed_keypair(seed)
    return bytes(bindings.crypto_sign(message, secret)[:64])


def is_strict_point(data: bytes) -> bool:
    """Whether these 32 bytes are neither of small order nor beyond p. That they lie on the curve is not looked at."""
    if len(data) != 32:
        return False
    if data[31] & 0x7F not in _LAST:
        return True
    if data in _SMALL:
        return False
    # y >= p only from 2^255 - 19 on: the highest 247 bits set, and the lowest byte at least 0xed.
    return data[31] | 0x80 != 0xFF or data[0] < 0xED or data[1:31] != _TOP


def verify(public: bytes, message: bytes, signature: bytes) -> None:
    """Raises `Refused` (`bad-signature`) unless `signature` (64 bytes) is of `message` by the key `public` (32 bytes).

    Our own check of the encodings comes first, so that the verdict does not hang on what a library lets pass.
    """
    if len(signature) != 64 or not is_strict_point(public) or not is_strict_point(signature[:32]):
        raise Refused("bad-signature", "found a key or signature in a loose form, expected a strict one")
    if int.from_bytes(signature[32:], "little") >= ORDER:
        raise Refused("bad-signature", "found a scalar S beyond the group's order, expected a canonical one")
    try:
        bindings.crypto_sign_open(signature + message, public)
    except BadSignatureError:
        raise Refused("bad-signature", "found a signature by another key or of other bytes") from None
