"""Content ids as other software types them: CIDv0 (`Qm…`) beside CIDv1; inside Cinepeer there is only CIDv1."""

from __future__ import annotations

from cinepeer.errors import Refused
from cinepeer.records.cid import DAG_PB, Cid

_ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_DIGITS = {letter: digit for digit, letter in enumerate(_ALPHABET)}
_SHA2_256 = b"\x12\x20"
_V0_LETTERS = 46
_MULTIHASH_BYTES = 34


def parse_any(text: str) -> Cid:
    """A CIDv0 or a base32 CIDv1 as CIDv1; raises `Refused` (`bad-cid`)."""
    if not text.startswith("Qm"):
        return Cid.parse(text)
    number = 0
    try:
        if len(text) != _V0_LETTERS:
            raise KeyError
        for letter in text:
            number = number * 58 + _DIGITS[letter]
        data = number.to_bytes(_MULTIHASH_BYTES, "big")
    except (KeyError, OverflowError):
        data = b""
    if data[:2] != _SHA2_256:
        raise Refused("bad-cid", f"found {text[:80]!r}, expected a CIDv0 (Qm…, 46 letters) or a CIDv1 in base32 (b…)")
    return Cid.from_digest(data[2:], DAG_PB)


def text_of(cid: Cid, version: int) -> str:
    """`cid` as text: as CIDv0 when `version` is 0 and its codec is dag-pb, otherwise as CIDv1."""
    if version != 0 or cid.codec != DAG_PB:
        return str(cid)
    number = int.from_bytes(_SHA2_256 + cid.digest, "big")
    letters = []
    while number:
        number, digit = divmod(number, 58)
        letters.append(_ALPHABET[digit])
    return "".join(reversed(letters))
