"""Protocol Buffers on the wire, as far as dag-pb, UnixFS and bitswap need them: varints and byte strings.

https://protobuf.dev/programming-guides/encoding/; varints are read in their shortest form only.
"""

from __future__ import annotations

from collections.abc import Iterator

from cinepeer.errors import Refused

Field = tuple[int, int | bytes]

_VARINT = 0
_BYTES = 2
_MAX_VARINT_BYTES = 10
_MAX_UINT64 = (1 << 64) - 1


def encode_varint(number: int) -> bytes:
    """An unsigned 64-bit number, seven bits a byte, lowest first."""
    if number < 0x80:
        return bytes((number,))
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def encode_number(field: int, number: int) -> bytes:
    """A field that holds an unsigned number."""
    return encode_varint(field << 3 | _VARINT) + encode_varint(number)


def encode_bytes(field: int, data: bytes) -> bytes:
    """A field that holds bytes, text or a message."""
    return encode_head(field, len(data)) + data


def encode_head(field: int, size: int) -> bytes:
    """What stands before the `size` bytes of a field that holds bytes."""
    return encode_varint(field << 3 | _BYTES) + encode_varint(size)


def read_varint(data: bytes, at: int, stop: int | None = None) -> tuple[int, int]:
    """(number, offset behind it); raises `Refused` (`bad-varint`) when it is cut, too long or not the shortest.

    It has to end before `stop`, or the end of `data`.
    """
    number = shift = 0
    for offset in range(at, min(len(data) if stop is None else stop, at + _MAX_VARINT_BYTES)):
        byte = data[offset]
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            if (byte == 0 and offset > at) or number > _MAX_UINT64:
                raise Refused(
                    "bad-varint", f"found the varint {data[at : offset + 1].hex()}, expected its shortest form"
                )
            return number, offset + 1
        shift += 7
    raise Refused("bad-varint", f"found a varint without end at byte {at}, expected at most {_MAX_VARINT_BYTES} bytes")


def read_fields(data: bytes) -> Iterator[Field]:
    """(field number, number or bytes) in the order of the message.

    Raises `Refused` (`bad-protobuf`, `bad-varint`) at the first byte that is not of a message of these two types.
    """
    for number, value in read_places(data, slice(0, len(data))):
        yield number, data[value] if isinstance(value, slice) else value


def read_places(data: bytes, within: slice) -> Iterator[tuple[int, int | slice]]:
    """As `read_fields`, of the message at `within`, but where the bytes lie instead of a copy of them."""
    at, stop = within.start, within.stop
    while at < stop:
        # Most numbers are below 128, one byte each.
        key, at = (data[at], at + 1) if data[at] < 0x80 else read_varint(data, at, stop)
        value, at = (data[at], at + 1) if at < stop and data[at] < 0x80 else read_varint(data, at, stop)
        if key >> 3 == 0 or key & 7 not in (_VARINT, _BYTES):
            raise Refused("bad-protobuf", f"found the field key {key}, expected a numbered varint or byte string")
        if key & 7 == _VARINT:
            yield key >> 3, value
            continue
        if value > stop - at:
            raise Refused("bad-protobuf", f"found {stop - at} bytes of a field, expected {value}")
        yield key >> 3, slice(at, at + value)
        at += value


def as_number(value: int | bytes, field: str) -> int:
    """The value of a field that must be a number; raises `Refused` (`bad-protobuf`)."""
    if isinstance(value, bytes):
        raise Refused("bad-protobuf", f"found bytes for {field}, expected a number")
    return value


def as_place(value: int | slice, field: str) -> slice:
    """Where the bytes of a field lie that must be bytes; raises `Refused` (`bad-protobuf`)."""
    if isinstance(value, int):
        raise Refused("bad-protobuf", f"found the number {value} for {field}, expected bytes")
    return value


def as_bytes(value: int | bytes, field: str) -> bytes:
    """The value of a field that must be bytes; raises `Refused` (`bad-protobuf`)."""
    if isinstance(value, int):
        raise Refused("bad-protobuf", f"found the number {value} for {field}, expected bytes")
    return value
