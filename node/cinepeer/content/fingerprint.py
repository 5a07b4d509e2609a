"""What a film looks and sounds like, in few bytes: hashes, and where two films show or sound the same.

A sketch is the number of half seconds between two hashes and those hashes, of 64 bits each: it goes into the version
record. A hash of a picture survives another size, another bitrate and a logo, not a mirror or a heavy crop; those of a
sound are of `cinepeer.content.sound`.
"""

from __future__ import annotations

import struct
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from math import cos, pi

from cinepeer.errors import Refused

SIDE = 32  # of the grey pictures, in pixels
PICTURES_A_SECOND = 2
MAX_HASHES = 480
MAX_BITS = 12  # between two hashes of the same picture
MIN_SHARE = 0.3  # of the known film's sketch
MIN_MATCHES = 4  # different hashes that must agree, so that one still picture is no film
FLAT = 0  # the hash of a picture without detail, or of silence, which matches nothing
PICTURES, SOUND = 1, 2  # the forms of sketches
WHOLE_FILE = "fingerprint"  # in a version's folder
MAX_WHOLE_BYTES = 1 << 20

_WHOLE = 3
_KEPT = 8
_FLAT_SPREAD = 60.0
_BANDS = [(shift, 0xFFFF) for shift in (0, 16, 32, 48)]
_OFFSETS_TRIED = 8


@dataclass(frozen=True, slots=True)
class Sketch:
    """Hashes at `step` half seconds from each other, from the film's start."""

    step: int
    hashes: tuple[int, ...]
    form: int = PICTURES

    def encode(self) -> bytes:
        """The bytes for a version record, at most 4,096."""
        return struct.pack(f">BH{len(self.hashes)}Q", self.form, self.step, *self.hashes)


@dataclass(frozen=True, slots=True)
class Likeness:
    """`share` of a known film was found in another, as stretches (start there, start here, length) in seconds."""

    share: float
    stretches: tuple[tuple[float, float, float], ...]


def parse_sketch(data: bytes, form: int = PICTURES) -> Sketch:
    """Reads what a record holds; raises `Refused` (`bad-fingerprint`)."""
    count, rest = divmod(len(data) - 3, 8)
    if len(data) < 3 or rest or count > MAX_HASHES or data[0] != form:
        raise Refused("bad-fingerprint", f"found a fingerprint of {len(data)} bytes, expected form {form}")
    step, *hashes = struct.unpack(f">H{count}Q", data[1:])
    if step == 0:
        raise Refused("bad-fingerprint", "found no time between two hashes of a fingerprint, expected half a second")
    return Sketch(step, tuple(hashes), form)


def sketch(hashes: Sequence[int], form: int = PICTURES, pace: int = 1) -> Sketch:
    """The coarse sketch of a film by all of its hashes, of which there are `pace` in half a second."""
    step = max(1, -(-len(hashes) // (pace * MAX_HASHES)))
    return Sketch(step, tuple(hashes[:: pace * step]), form)


def encode_whole(pictures: Sequence[int], sounds: Sequence[int]) -> bytes:
    """The file `fingerprint` of a version: all hashes of its pictures and its sound, two a second of each."""
    counts = (len(pictures), len(sounds))
    return struct.pack(f">BII{sum(counts)}Q", _WHOLE, *counts, *pictures, *sounds)


def parse_whole(data: bytes) -> tuple[Sketch, Sketch]:
    """Reads it as sketches that leave nothing out, of pictures and sound; raises `Refused` (`bad-fingerprint`)."""
    found = struct.unpack(">BII", data[:9]) if len(data) >= 9 else (0, 0, 0)
    if found[0] != _WHOLE or len(data) != 9 + 8 * (found[1] + found[2]):
        raise Refused("bad-fingerprint", f"found a whole fingerprint of {len(data)} bytes, expected form {_WHOLE}")
    hashes = struct.unpack(f">{found[1] + found[2]}Q", data[9:])
    return Sketch(1, hashes[: found[1]]), Sketch(1, hashes[found[1] :], SOUND)


@cache
def _waves() -> list[list[float]]:
    """The lowest eight cosines over the side of a picture."""
    return [[cos(pi * (2 * at + 1) * wave / (2 * SIDE)) for at in range(SIDE)] for wave in range(_KEPT)]


def picture_hash(grey: bytes) -> int:
    """The hash of a picture of 32 by 32 grey pixels: which of its 64 lowest frequencies are above their median."""
    if len(grey) != SIDE * SIDE:
        raise ValueError(f"found {len(grey)} pixels, expected {SIDE * SIDE}")
    mean = sum(grey) / len(grey)
    if sum((pixel - mean) ** 2 for pixel in grey) / len(grey) < _FLAT_SPREAD:
        return FLAT
    waves = _waves()
    rows = [grey[at : at + SIDE] for at in range(0, len(grey), SIDE)]
    across = [[sum(map(float.__mul__, wave, map(float, row))) for wave in waves] for row in rows]
    found = [
        sum(weight * line[column] for weight, line in zip(wave, across, strict=True))
        for wave in waves
        for column in range(_KEPT)
    ]
    middle = sorted(found[1:])[len(found) // 2]
    return sum(1 << place for place, value in enumerate(found) if place and value > middle) | 1


class Shown:
    """All hashes of one film's pictures or sound, in which sketches of others are looked for."""

    def __init__(self, hashes: Sequence[int], pace: int = 1, max_bits: int = MAX_BITS) -> None:
        """`pace`: how many of them are in half a second; `max_bits`: in how many two of the same may differ."""
        self._hashes = hashes
        self._pace, self._max_bits = pace, max_bits
        self._places: dict[tuple[int, int], list[int]] = defaultdict(list)
        for here, found in enumerate(hashes):
            if found != FLAT:
                for shift, mask in _BANDS:
                    self._places[shift, found >> shift & mask].append(here)

    def likeness(self, known: Sketch) -> Likeness | None:
        """Where the film of a sketch is in this one; None where it is not."""
        step = known.step * self._pace
        telling = [(place * step, found) for place, found in enumerate(known.hashes) if found != FLAT]
        best: list[tuple[int, int]] = []
        for offset in self._offsets(telling):
            matches = [(there, there + offset) for there, found in telling if self._is_near(found, there + offset)]
            if len(matches) > len(best):
                best = matches
        seen = {self._hashes[here] for _, here in best}
        share = len(best) / len(telling) if telling else 0.0
        if share < MIN_SHARE or len(seen) < MIN_MATCHES:
            return None
        return Likeness(share, _stretches(best, step, 1 / (PICTURES_A_SECOND * self._pace)))

    def _is_near(self, found: int, here: int) -> bool:
        """Whether a hash, or the one before or behind it, is of the same."""
        if not 0 <= here < len(self._hashes):
            return False
        around = self._hashes[max(0, here - 1) : here + 2]
        return any(other != FLAT and (found ^ other).bit_count() <= self._max_bits for other in around)

    def _offsets(self, telling: Sequence[tuple[int, int]]) -> list[int]:
        """The shifts in time that most pairs of equal quarters of hashes speak for."""
        votes: Counter[int] = Counter()
        for there, found in telling:
            near = {here for shift, mask in _BANDS for here in self._places.get((shift, found >> shift & mask), ())}
            votes.update(here - there for here in near)
        return [offset for offset, _ in votes.most_common(_OFFSETS_TRIED)]


def _stretches(matches: Sequence[tuple[int, int]], step: int, unit_s: float) -> tuple[tuple[float, float, float], ...]:
    """Matches next to each other as one; up to two between them may differ."""
    found: list[list[int]] = []
    for there, here in matches:
        if found and there - found[-1][2] <= 3 * step:
            found[-1][2] = there
        else:
            found.append([there, here, there])
    return tuple((there * unit_s, here * unit_s, (last - there + step) * unit_s) for there, here, last in found)
