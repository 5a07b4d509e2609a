"""Counted ratings as bytes, so that a node that starts again need not read its records for them.

A header, then the names and the columns one after another, little-endian, then the sha2-256 of all before it. What is
read is our own writing: it is checked for being whole and of this form, and anything else is refused and made anew.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from cinepeer.errors import Refused
from cinepeer.records import dagcbor
from cinepeer.records.cid import DAG_CBOR, Cid
from cinepeer.trust.column import Column
from cinepeer.trust.counted import Counted
from cinepeer.trust.rows import DIGEST_BYTES

FORMAT = "cinepeer/counted/1"
_SIZE_BYTES = 4
_MAX_HEADER_BYTES = 4_096


@dataclass(frozen=True, slots=True)
class Mark:
    """Which records were folded: all up to `position` in the order of arrival, of which `head` (an id) is the last.

    `forgotten` is how many bodies had been forgotten by then.
    """

    position: int
    head: bytes
    forgotten: int


def write(counted: Counted, mark: Mark) -> Iterator[bytes | memoryview]:
    """The bytes, piece by piece, most of them views of what `counted` has: nothing may be folded in meanwhile."""
    keys, words = counted.standing.arrays()
    films = "".join(f"{film}\n" for film in counted.films).encode()
    header = dagcbor.encode(
        {
            "format": FORMAT,
            "position": mark.position,
            "head": mark.head,
            "forgotten": mark.forgotten,
            "authors": len(counted.authors),
            "devices": len(counted.devices),
            "films": len(films),
            "standing": len(keys),
            "columns": {name: len(column) for name, column in counted.columns.items()},
        }
    )
    digest = hashlib.sha256()
    pieces: list[bytes | memoryview] = [
        len(header).to_bytes(_SIZE_BYTES, "big") + header,
        b"".join(author[-DIGEST_BYTES:] for author in counted.authors),
        b"".join(counted.devices),
        films,
        _little(keys),
        _little(words),
        *(_little(counted.columns[name].values) for name in sorted(counted.columns)),
    ]
    for piece in pieces:
        digest.update(piece)
        yield piece
    yield digest.digest()


def read(take: Callable[[int], bytes]) -> tuple[Counted, Mark]:
    """What `write` gave; `take` gives the next so many bytes. Raises `Refused` (`bad-counted`) for anything else."""
    digest = hashlib.sha256()

    def bytes_of(size: int) -> bytes:
        data = take(size)
        if len(data) != size:
            raise Refused("bad-counted", f"found {len(data)} bytes, expected {size} more")
        digest.update(data)
        return data

    header = _header(bytes_of)
    counted = Counted()
    numbers = {name: _number(header, name) for name in ("authors", "devices", "films", "standing")}
    authors = bytes_of(numbers["authors"] * DIGEST_BYTES)
    devices = bytes_of(numbers["devices"] * DIGEST_BYTES)
    films = bytes_of(numbers["films"])
    keys = np.frombuffer(bytes_of(numbers["standing"] * 8), "<i8").astype(np.int64)
    words = np.frombuffer(bytes_of(numbers["standing"] * 4), "<i4").astype(np.int32)
    for name, size in _sizes(header, counted):
        _fill(counted.columns[name], size, bytes_of)
    found = digest.digest()
    if take(len(found)) != found or take(1):
        raise Refused("bad-counted", "found other bytes than were written, expected them unchanged")
    counted.restore(
        [Cid.from_digest(authors[at : at + DIGEST_BYTES], DAG_CBOR) for at in range(0, len(authors), DIGEST_BYTES)],
        [devices[at : at + DIGEST_BYTES] for at in range(0, len(devices), DIGEST_BYTES)],
        films.decode().splitlines(),
        (keys, words),
    )
    return counted, Mark(_number(header, "position"), _data(header, "head"), _number(header, "forgotten"))


def _header(bytes_of: Callable[[int], bytes]) -> dict[str, dagcbor.Value]:
    size = int.from_bytes(bytes_of(_SIZE_BYTES), "big")
    if size > _MAX_HEADER_BYTES:
        raise Refused("bad-counted", f"found a header of {size} bytes, expected at most {_MAX_HEADER_BYTES}")
    header = dagcbor.decode(bytes_of(size))
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        raise Refused("bad-counted", f"found another form, expected {FORMAT}")
    return header


def _sizes(header: dict[str, dagcbor.Value], counted: Counted) -> list[tuple[str, int]]:
    """The names of the columns with their sizes, in the order in which they were written."""
    sizes = header.get("columns")
    if not isinstance(sizes, dict) or set(sizes) != set(counted.columns):
        raise Refused("bad-counted", "found other columns, expected those of this form")
    return [(name, _number(sizes, name)) for name in sorted(sizes)]


def _fill(column: Column, size: int, bytes_of: Callable[[int], bytes]) -> None:
    width = column.width or 1
    data = bytes_of(size * width * column.dtype.itemsize)
    values: npt.NDArray[Any] = np.frombuffer(data, column.dtype.newbyteorder("<")).astype(column.dtype, copy=False)
    column.extend(values if column.width is None else values.reshape(-1, width))


def _little(values: npt.NDArray[Any]) -> memoryview:
    return np.ascontiguousarray(values, values.dtype.newbyteorder("<")).reshape(-1).view(np.uint8).data


def _number(fields: dict[str, Any], name: str) -> int:
    found = fields.get(name)
    if not isinstance(found, int) or isinstance(found, bool) or found < 0:
        raise Refused("bad-counted", f"found {found!r:.40} for {name}, expected a count")
    return found


def _data(fields: dict[str, Any], name: str) -> bytes:
    found = fields.get(name)
    if not isinstance(found, bytes):
        raise Refused("bad-counted", f"found {found!r:.40} for {name}, expected bytes")
    return found
