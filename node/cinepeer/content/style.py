"""The style of a version in a few words: how long it is, its shape, how much its pictures change, how many are plain.

Words are equal or not, so every measure is cut into steps; films of one word are near each other in it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cinepeer.content.fingerprint import FLAT, parse_sketch
from cinepeer.errors import Refused

LENGTH_MINUTES = 20
CHANGED_BITS = 3  # of the 64 between one picture of a sketch and the next
PAIRS = 60  # of pictures looked at: enough for a mean


def style_words(fields: Mapping[str, Any]) -> list[str]:
    """The words of a version record's `fields`; a fingerprint of another form says nothing."""
    found = [f"length {fields['duration_ms'] // (60_000 * LENGTH_MINUTES) * LENGTH_MINUTES}"]
    sizes = [(one["width"], one["height"]) for one in fields["renditions"] if one["width"] and one["height"]]
    if sizes:
        width, height = max(sizes)
        found.append(f"shape {round(10 * width / height) / 10}")
    try:
        hashes = parse_sketch(fields["fingerprint"]).hashes if "fingerprint" in fields else ()
    except Refused:
        hashes = ()
    return found + _pictures(hashes)


def _pictures(hashes: Sequence[int]) -> list[str]:
    """How much changes from one picture to the next, and the tenths of all that are without detail."""
    if len(hashes) < 2:
        return []
    step = max(1, len(hashes) // PAIRS)
    pairs = [(hashes[at], hashes[at + 1]) for at in range(0, len(hashes) - 1, step)]
    changed = sum((one ^ other).bit_count() for one, other in pairs) // len(pairs)
    plain = sum(one == FLAT for one, _ in pairs) * 10 // len(pairs)
    return [f"change {changed // CHANGED_BITS * CHANGED_BITS}", f"plain {plain}"]
