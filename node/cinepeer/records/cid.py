"""Content ids: CIDv1 over sha2-256, as bytes that print as base32 (https://github.com/multiformats/cid)."""

from __future__ import annotations

import base64
import hashlib

from cinepeer.errors import Refused

RAW = 0x55
DAG_PB = 0x70
DAG_CBOR = 0x71
CODECS = {RAW: "raw", DAG_PB: "dag-pb", DAG_CBOR: "dag-cbor"}

_SHA2_256 = b"\x12\x20"
_SIZE = 36


class Cid(bytes):
    """A CIDv1 (version, codec, sha2-256 digest): 36 bytes. Equal and hashed as its bytes; `str` gives base32 text."""

    __slots__ = ()

    @classmethod
    def of(cls, block: bytes, codec: int) -> Cid:
        """The id of `block` under `codec`."""
        return cls(bytes((1, codec)) + _SHA2_256 + hashlib.sha256(block).digest())

    @classmethod
    def from_digest(cls, digest: bytes, codec: int) -> Cid:
        """The id whose sha2-256 `digest` (32 bytes) is known already."""
        return cls.from_bytes(bytes((1, codec)) + _SHA2_256 + digest)

    @classmethod
    def from_bytes(cls, data: bytes) -> Cid:
        """Checks and wraps binary CIDv1 bytes; raises `Refused` (`bad-cid`) for any other form."""
        if len(data) != _SIZE or data[0] != 1 or data[1] not in CODECS or data[2:4] != _SHA2_256:
            found = data[:40].hex() or "nothing"
            raise Refused("bad-cid", f"found {found}, expected a CIDv1 with sha2-256 of raw, dag-pb or dag-cbor")
        return cls(data)

    @classmethod
    def parse(cls, text: str) -> Cid:
        """Reads lower-case base32 text (`b…`); raises `Refused` (`bad-cid`)."""
        try:
            if not text.startswith("b") or text != text.lower():
                raise ValueError
            data = base64.b32decode(text[1:].upper() + "=" * (-len(text[1:]) % 8))
        except ValueError:
            raise Refused("bad-cid", f"found {text[:80]!r}, expected a CIDv1 in base32 (b…)") from None
        cid = cls.from_bytes(data)
        if str(cid) != text:
            raise Refused("bad-cid", f"found {text[:80]!r}, expected the canonical form {cid}")
        return cid

    @property
    def codec(self) -> int:
        """The multicodec number of the block's format."""
        return self[1]

    @property
    def digest(self) -> bytes:
        """The sha2-256 digest, 32 bytes."""
        return bytes(self[4:])

    def matches(self, block: bytes) -> bool:
        """Whether `block` hashes to this id."""
        return hashlib.sha256(block).digest() == self[4:]

    def __str__(self) -> str:
        return "b" + base64.b32encode(self).decode().lower().rstrip("=")

    def __repr__(self) -> str:
        return f"Cid({self!s})"
