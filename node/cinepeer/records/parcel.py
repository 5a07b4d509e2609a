"""Parcels: many records in one file or stream, each after those that it needs, whole or refused.

`MAGIC`, then for each record its size (4 bytes, big-endian) and what `pack` gives, then a size of 0 and the sha2-256 of
everything before it. What a parcel says is not verified by reading it: its records are, when a node takes them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator

from cinepeer.errors import Refused
from cinepeer.records.record import MAX_BODY_BYTES, MAX_RECORD_BYTES, Record, pack, unpack

MAGIC = b"cinepeer/parcel/1\n"
Pair = tuple[Record, bytes | None]

_SIZE_BYTES = 4
_MAX_PACK_BYTES = MAX_RECORD_BYTES + MAX_BODY_BYTES + 16


def write_parcel(pairs: Iterable[Pair]) -> Iterator[bytes]:
    """The bytes of a parcel, piece by piece."""
    digest = hashlib.sha256(MAGIC)
    yield MAGIC
    for record, body in pairs:
        data = pack(record, body)
        piece = len(data).to_bytes(_SIZE_BYTES, "big") + data
        digest.update(piece)
        yield piece
    end = bytes(_SIZE_BYTES)
    digest.update(end)
    yield end + digest.digest()


def read_parcel(read: Callable[[int], bytes]) -> Iterator[Pair]:
    """The records of a parcel, in bounded memory; raises `Refused` (`bad-parcel`, `not-canonical`, `bad-record`).

    `read` gives the next so many bytes, or fewer at the end. Only once all were read is it certain that none is missing
    or changed.
    """
    if read(len(MAGIC)) != MAGIC:
        raise Refused("bad-parcel", "found something else, expected a file that `cinepeer export` made")
    digest = hashlib.sha256(MAGIC)
    while True:
        head = _exactly(read, _SIZE_BYTES)
        digest.update(head)
        size = int.from_bytes(head, "big")
        if size == 0:
            break
        if size > _MAX_PACK_BYTES:
            raise Refused("bad-parcel", f"found a record of {size} bytes, expected at most {_MAX_PACK_BYTES}")
        data = _exactly(read, size)
        digest.update(data)
        yield unpack(data)
    if _exactly(read, digest.digest_size) != digest.digest():
        raise Refused("bad-parcel", "found bytes that are not those of the checksum, expected the file unchanged")
    if read(1):
        raise Refused("bad-parcel", "found bytes after the end, expected none")


def _exactly(read: Callable[[int], bytes], size: int) -> bytes:
    """The next `size` bytes."""
    data = read(size)
    if len(data) != size:
        raise Refused("bad-parcel", "found the file cut off, expected it whole")
    return data
