"""How a film is shown under a licence: one bit for each medium, frozen like the territories."""

from __future__ import annotations

from collections.abc import Iterable

from cinepeer.errors import BadInput

# A name's place is its bit in licences that were sold; a new one is added at the end, before bit 31.
MEDIA = ("cinema", "streaming", "television", "download", "disc", "festival", "education", "transport", "excerpt")

REMIX = 1 << 31
"""The right to make a derivative work."""

_BITS = {name: 1 << place for place, name in enumerate(MEDIA)} | {"remix": REMIX}


def medium_map(names: Iterable[str]) -> int:
    """The map of several media; raises `BadInput` for an unknown one."""
    bits = 0
    for name in names:
        if name not in _BITS:
            raise BadInput(f"found the medium {name!r}, expected one of {', '.join(_BITS)}")
        bits |= _BITS[name]
    return bits


def medium_names(bits: int) -> list[str]:
    """The names of a map's bits, in the order of the table."""
    return [name for name, bit in _BITS.items() if bits & bit]
