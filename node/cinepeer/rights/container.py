"""A CAR v1 as an auditor reads it: every section with its place, and a sentence for each fault found there.

The reader of `content.car` stops at the first fault, which suits a transfer. An audit goes on where it can, so that
one changed byte in one segment is named and everything else is still checked.
"""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import overload

from cinepeer.errors import Refused
from cinepeer.records import dagcbor
from cinepeer.records.cid import Cid
from cinepeer.rights.index import KEY_BYTES, Index, key_of

_CID_BYTES = 36
_MAX_HEADER_BYTES = 4096
MAX_BLOCK_BYTES = 4 << 20
"""No block of a bundle is longer; film blocks are at most 256 KiB and a little."""


@dataclass(frozen=True, slots=True)
class Section:
    """One block where it lies: `offset` of the section (its length prefix), `begin` and `end` of the block's bytes."""

    cid: Cid
    offset: int
    begin: int
    end: int
    sound: bool


class Sections(Sequence[Section]):
    """Sections in file order, kept as places: a catalogue has hundreds of thousands, each made when it is read."""

    def __init__(self, car: memoryview) -> None:
        """None yet, of the whole file `car`."""
        self._car = car
        self._offsets = array("Q")
        self._begins = array("Q")
        self._ends = array("Q")
        self._sound = bytearray()

    def add(self, offset: int, begin: int, end: int, sound: bool) -> None:
        """One more, of an id that was read well."""
        self._offsets.append(offset)
        self._begins.append(begin)
        self._ends.append(end)
        self._sound.append(sound)

    def __len__(self) -> int:
        return len(self._offsets)

    @overload
    def __getitem__(self, place: int) -> Section: ...

    @overload
    def __getitem__(self, place: slice) -> tuple[Section, ...]: ...

    def __getitem__(self, place: int | slice) -> Section | tuple[Section, ...]:
        if isinstance(place, slice):
            return tuple(self[at] for at in range(*place.indices(len(self))))
        begin = self._begins[place]
        cid = Cid.from_bytes(bytes(self._car[begin - _CID_BYTES : begin]))
        return Section(cid, self._offsets[place], begin, self._ends[place], bool(self._sound[place]))

    def shelf(self) -> Shelf:
        """Looks sound blocks up by their ids."""
        return Shelf(self, array("Q", (place for place, is_sound in enumerate(self._sound) if is_sound)))

    def key(self, place: int) -> int:
        """The key of a section's id."""
        begin = self._begins[place]
        return key_of(self._car[begin - KEY_BYTES : begin])


class Shelf:
    """The sections of sound blocks, by their ids."""

    def __init__(self, sections: Sections, sound: array[int]) -> None:
        """`sound`: the places of those sections."""
        self._sections = sections
        self._sound = sound
        self._index = Index(array("Q", map(sections.key, sound)))

    def find(self, cid: Cid) -> Section | None:
        """The section of a block, None without a sound one."""
        for at in self._index.find(key_of(cid)):
            section = self._sections[self._sound[at]]
            if section.cid == cid:
                return section
        return None


@dataclass(frozen=True, slots=True)
class Container:
    """A CAR's root and sections in file order, and the faults of its bytes; `root` is None for an unreadable header."""

    root: Cid | None
    sections: Sections
    faults: tuple[str, ...]
    size: int


def scan(car: memoryview) -> Container:
    """Reads a whole CAR v1 of one root without copying its blocks; never raises, `faults` says what is wrong."""
    faults: list[str] = []
    sections = Sections(car)
    root: Cid | None = None
    try:
        root, at = _header(car)
        for section in _sections(car, at):
            sections.add(section.offset, section.begin, section.end, section.sound)
            if not section.sound:
                faults.append(
                    f"the block {section.cid} at byte {section.begin} to {section.end} does not hash to its id"
                )
    except Refused as refused:
        faults.append(str(refused))
    return Container(root, sections, tuple(faults), len(car))


def read_varint(car: memoryview, at: int, what: str) -> tuple[int, int]:
    """An unsigned LEB128 number in its shortest form and the place after it; raises `Refused` (`bad-car`)."""
    value = 0
    for size in range(9):
        if at + size >= len(car):
            raise Refused("bad-car", f"{what} at byte {at}: found the end of the file, expected a length")
        byte = car[at + size]
        value |= (byte & 0x7F) << 7 * size
        if byte < 0x80:
            if byte == 0 and size:
                break
            return value, at + size + 1
    raise Refused("bad-car", f"{what} at byte {at}: found a length in a longer form than needed, expected the shortest")


def _header(car: memoryview) -> tuple[Cid, int]:
    length, begin = read_varint(car, 0, "the CAR header")
    if not 0 < length <= _MAX_HEADER_BYTES or begin + length > len(car):
        raise Refused("bad-car", f"the CAR header at byte 0: found {length} bytes, expected a header within the file")
    try:
        header = dagcbor.decode(bytes(car[begin : begin + length]))
    except Refused as refused:
        raise Refused("bad-car", f"the CAR header at byte {begin}: {refused}") from refused
    roots = header.get("roots") if isinstance(header, dict) else None
    if (
        not isinstance(header, dict)
        or set(header) != {"roots", "version"}
        or type(header["version"]) is not int
        or header["version"] != 1
        or not isinstance(roots, list)
        or len(roots) != 1
        or not isinstance(roots[0], Cid)
    ):
        raise Refused("bad-car", f"the CAR header at byte {begin}: found another map, expected version 1 and one root")
    return roots[0], begin + length


def _sections(car: memoryview, at: int) -> Iterator[Section]:
    while at < len(car):
        length, start = read_varint(car, at, "the section")
        end = start + length
        begin = start + _CID_BYTES
        if length < _CID_BYTES or length > _CID_BYTES + MAX_BLOCK_BYTES or end > len(car):
            raise Refused(
                "bad-car",
                f"the section at byte {at}: found {length} bytes, expected an id of {_CID_BYTES} bytes and a "
                f"block of at most {MAX_BLOCK_BYTES} within the {len(car) - start} bytes left",
            )
        try:
            cid = Cid.from_bytes(bytes(car[start:begin]))
        except Refused as refused:
            raise Refused("bad-car", f"the section at byte {at}: {refused}") from refused
        sound = hashlib.sha256(car[begin:end]).digest() == cid.digest
        yield Section(cid, at, begin, end, sound)
        at = end
