"""The frames of negentropy protocol v1: varints, bounds, and ranges that together cover all of (time, id)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum

from cinepeer.errors import Refused

VERSION = 0x61
VERSIONS = range(0x60, 0x70)
ID_BYTES = 32
DIGEST_BYTES = 16
INFINITY = (1 << 64) - 1
MAX_VARINT_BYTES = 10


class Mode(IntEnum):
    """What a range says of its part: nothing more to do, the digest of its ids, or all of its ids."""

    SKIP = 0
    FINGERPRINT = 1
    IDS = 2


@dataclass(frozen=True, slots=True)
class Bound:
    """The exclusive upper end of a range: a time and the first bytes of an id; the bytes left out count as zero."""

    time: int
    prefix: bytes = b""

    @property
    def key(self) -> bytes:
        """40 bytes that sort as (time, id) does."""
        return item_key(self.time, self.prefix)


END = Bound(INFINITY)


@dataclass(frozen=True, slots=True)
class Range:
    """One range as the other side states it, from the bound before it up to its own; 16 bytes of digest, or ids."""

    bound: Bound
    mode: Mode
    digest: bytes = b""
    ids: tuple[bytes, ...] = ()


def item_key(time: int, item_id: bytes) -> bytes:
    """40 bytes that sort as (time, id) does; an id shorter than 32 bytes is filled with zeros."""
    return time.to_bytes(8, "big") + item_id.ljust(ID_BYTES, b"\0")


def key_bound(key: bytes) -> Bound:
    """The bound at the very item of a key."""
    return Bound(int.from_bytes(key[:8], "big"), key[8:])


def bound_between(before: bytes, after: bytes) -> Bound:
    """The shortest bound that parts two neighbouring items, given by their keys."""
    time = int.from_bytes(after[:8], "big")
    if before[:8] != after[:8]:
        return Bound(time)
    shared = next(index for index in range(8, len(after)) if before[index] != after[index])
    return Bound(time, after[8 : shared + 1])


def encode_varint(number: int) -> bytes:
    """Base 128, the most significant digit first, as few digits as possible, bit eight set on all but the last."""
    digits = [number & 0x7F]
    while number := number >> 7:
        digits.append(number & 0x7F | 0x80)
    return bytes(reversed(digits))


class _Reader:
    """Takes a frame apart; every step raises `Refused` when the bytes do not hold what is expected."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._position = 0
        self._bound = Bound(0)

    @property
    def is_at_end(self) -> bool:
        return self._position == len(self._data)

    def take(self, count: int) -> bytes:
        begin, end = self._position, self._position + count
        if end > len(self._data):
            raise Refused("bad-frame", f"found {len(self._data) - begin} bytes at the frame's end, expected {count}")
        self._position = end
        return self._data[begin:end]

    def varint(self) -> int:
        number = 0
        for index in range(MAX_VARINT_BYTES):
            digit = self.take(1)[0]
            if index == 0 and digit == 0x80:
                raise Refused("bad-frame", "found a varint with a leading zero, expected as few digits as possible")
            number = number << 7 | digit & 0x7F
            if not digit & 0x80:
                if number > INFINITY:
                    break
                return number
        raise Refused("bad-frame", "found a varint above 64 bits")

    def bound(self) -> Bound:
        """The next bound; what follows an infinite one is infinite too, as other programs may send it."""
        offset = self.varint()
        length = self.varint()
        if length > ID_BYTES:
            raise Refused("bad-frame", f"found an id prefix of {length} bytes, expected at most {ID_BYTES}")
        prefix = self.take(length)
        last = self._bound
        if offset == 0 or last.time == INFINITY:
            found = END
        else:
            found = Bound(last.time + offset - 1, prefix)
            if found.time >= INFINITY:
                raise Refused("bad-frame", "found a time above 64 bits")
        if found.time == last.time and found.key < last.key:
            raise Refused("bad-frame", "found a bound below the one before it")
        self._bound = found
        return found

    def ids(self) -> tuple[bytes, ...]:
        count = self.varint()
        listed = self.take(count * ID_BYTES)
        return tuple([listed[begin : begin + ID_BYTES] for begin in range(0, len(listed), ID_BYTES)])


def is_other_version(frame: bytes) -> bool:
    """Whether a frame is of another version of the protocol than ours; raises `Refused` when it is of none."""
    if not frame or frame[0] not in VERSIONS:
        raise Refused("bad-frame", f"found {frame[:1].hex() or 'no bytes'} at the frame's start, expected 61")
    return frame[0] != VERSION


def parse_ranges(frame: bytes) -> Iterator[Range]:
    """The ranges of a frame of our version, one by one; raises `Refused` at the first that is malformed."""
    reader = _Reader(frame)
    reader.take(1)
    while not reader.is_at_end:
        bound = reader.bound()
        match reader.varint():
            case Mode.SKIP:
                yield Range(bound, Mode.SKIP)
            case Mode.FINGERPRINT:
                yield Range(bound, Mode.FINGERPRINT, digest=reader.take(DIGEST_BYTES))
            case Mode.IDS:
                yield Range(bound, Mode.IDS, ids=reader.ids())
            case other:
                raise Refused("bad-frame", f"found the range mode {other}, expected 0, 1 or 2")


class Frame:
    """A frame being written, range after range; what proves too much can be taken back."""

    def __init__(self) -> None:
        self._data = bytearray([VERSION])
        self._time = 0

    def __bytes__(self) -> bytes:
        return bytes(self._data)

    def __len__(self) -> int:
        return len(self._data)

    @property
    def is_empty(self) -> bool:
        """Whether no range has been written."""
        return len(self._data) == 1

    def skip(self, bound: Bound) -> None:
        """Writes that nothing is to be done up to the bound."""
        self._write(bound, Mode.SKIP, b"")

    def fingerprint(self, bound: Bound, digest: bytes) -> None:
        """Writes the digest of the ids up to the bound."""
        self._write(bound, Mode.FINGERPRINT, digest)

    def ids(self, bound: Bound, ids: Sequence[bytes]) -> None:
        """Writes the ids up to the bound."""
        self._write(bound, Mode.IDS, encode_varint(len(ids)) + b"".join(ids))

    def mark(self) -> tuple[int, int]:
        """A place to go back to."""
        return len(self._data), self._time

    def take_back(self, mark: tuple[int, int]) -> None:
        """Drops what was written since the mark."""
        length, self._time = mark
        del self._data[length:]

    def _write(self, bound: Bound, mode: Mode, payload: bytes) -> None:
        offset = 0 if bound.time == INFINITY else bound.time - self._time + 1
        self._data += encode_varint(offset) + encode_varint(len(bound.prefix)) + bound.prefix
        self._data += encode_varint(mode) + payload
        self._time = bound.time
