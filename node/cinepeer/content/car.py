"""CARv1: a stream of blocks under named roots (https://ipld.io/specs/transport/car/carv1/), checked block by block."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from cinepeer.content.dagpb import MAX_BLOCK_BYTES, read_link_bytes
from cinepeer.content.protobuf import encode_varint, read_varint
from cinepeer.errors import Refused
from cinepeer.records.cid import DAG_PB, Cid
from cinepeer.records.dagcbor import Value, decode, encode

MAX_HEADER_BYTES = 64 << 10
MAX_ROOTS = 1024

_SHA2_256 = b"\x12\x20"
_MAX_LENGTH_BYTES = 4  # a varint for a section of up to 256 MiB, far above the limits
_V0_BYTES = 34
_V1_BYTES = 36
_LINK_V0, _LINK_V1 = b"\xd8\x2a\x58\x23\x00\x12\x20", b"\xd8\x2a\x58\x25\x00"


def write(roots: Sequence[Cid], blocks: Iterable[tuple[Cid, bytes]]) -> Iterator[bytes]:
    """The file in pieces, one for each block; the same input gives the same bytes."""
    named: list[Value] = list(roots)
    header = encode({"version": 1, "roots": named})
    yield encode_varint(len(header)) + header
    for cid, block in blocks:
        yield encode_varint(len(cid) + len(block)) + cid + block


def read(data: bytes | Iterable[bytes]) -> tuple[list[Cid], Iterator[tuple[Cid, bytes, int]]]:
    """(roots, iterator of (id, block, offset of the block's first byte in the file)); each block is checked.

    Takes a whole file or pieces of it and holds one block at a time. Raises `Refused` at the first wrong byte:
    `bad-car`, `wrong-block`, `too-large`, `bad-cid`, `bad-varint`, `not-canonical`.
    """
    source = _Source([data] if isinstance(data, bytes) else data)
    header = source.section("the header", MAX_HEADER_BYTES)
    if header is None:
        raise Refused("bad-car", "found an empty file, expected a CAR")
    value = decode(_newer(header))
    roots = value.get("roots") if isinstance(value, dict) and value.keys() == {"version", "roots"} else None
    if not isinstance(value, dict) or value.get("version") != 1 or not isinstance(roots, list):
        raise Refused("bad-car", "found another header, expected that of CAR version 1")
    named = [root for root in roots if isinstance(root, Cid)]
    if len(named) != len(roots) or not 1 <= len(roots) <= MAX_ROOTS:
        raise Refused("bad-car", f"found {len(roots)} roots, expected 1 to {MAX_ROOTS} CIDs")
    return named, _blocks(source)


def _newer(header: bytes) -> bytes:
    """The header with every root in its CIDv1 form, as other software still names them in the older one."""
    out, at = bytearray(), 0
    while at < len(header):
        if header.startswith(_LINK_V0, at):
            out += _LINK_V1 + bytes((1, DAG_PB)) + _SHA2_256
            width, at = _V0_BYTES - len(_SHA2_256), at + len(_LINK_V0)
        else:
            width = len(_LINK_V1) + _V1_BYTES if header.startswith(_LINK_V1, at) else 1
        out += header[at : at + width]
        at += width
    return bytes(out)


def _blocks(source: _Source) -> Iterator[tuple[Cid, bytes, int]]:
    while (section := source.section("a block", MAX_BLOCK_BYTES + _V1_BYTES)) is not None:
        width = _V0_BYTES if section[:2] == _SHA2_256 else _V1_BYTES
        cid, block = read_link_bytes(section[:width]), section[width:]
        offset = source.offset - len(block)
        if not cid.matches(block):
            raise Refused("wrong-block", f"found other bytes at {offset} in the CAR, expected the block {cid}")
        yield cid, block, offset


class _Source:
    """The file as sections, read from pieces of any size; `offset` is where the next section begins."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)
        self._held = bytearray()
        self.offset = 0

    def _fill(self, size: int) -> bool:
        """Reads on until `size` bytes are held; False when the file ends before."""
        while len(self._held) < size:
            piece = next(self._pieces, None)
            if piece is None:
                return False
            self._held += piece
        return True

    def section(self, what: str, limit: int) -> bytes | None:
        """The next length-prefixed section, or None at the end of the file."""
        at = self.offset
        width = 1
        while self._fill(width) and self._held[width - 1] >= 0x80:
            width += 1
            if width > _MAX_LENGTH_BYTES:
                raise Refused("too-large", f"found a length of more than {limit} at byte {at} of the CAR")
        if not self._held:
            return None
        length, width = read_varint(bytes(self._held[:width]), 0)
        if not 1 <= length <= limit:
            raise Refused("too-large", f"found {what} of {length} bytes at {at} in the CAR, expected 1 to {limit}")
        if not self._fill(width + length):
            raise Refused("bad-car", f"found the CAR cut at byte {at + len(self._held)}, expected {what} to its end")
        section = bytes(self._held[width : width + length])
        del self._held[: width + length]
        self.offset += width + length
        return section
