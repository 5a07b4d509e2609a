"""How a node keeps its memory small: what is let go is given back, and what stays is not looked through again."""

from __future__ import annotations

import ctypes
import gc

# Records come by the thousand and form no cycles; at Python's own 700 every few of them were looked at again.
THRESHOLDS = (50_000, 10, 10)

# Names and numbers of glibc's malloc.h. Left to itself it raises the first up to 32 MiB, so that what arrays of many
# ratings took stays with the process, and opens a heap for every thread that asks for memory at the same time.
_MMAP_THRESHOLD, _MMAP_THRESHOLD_BYTES = -3, 1 << 20
_ARENA_MAX, _ARENAS = -8, 2


def bound() -> bool:
    """Has large pieces of memory given back as soon as they are free; False where the C library has no such way.

    What is loaded from now on until `settle` stays, so that it is seldom looked through.
    """
    gc.set_threshold(*THRESHOLDS)
    tune = getattr(ctypes.CDLL(None), "mallopt", None)
    if tune is None:
        return False
    return bool(tune(_MMAP_THRESHOLD, _MMAP_THRESHOLD_BYTES)) and bool(tune(_ARENA_MAX, _ARENAS))


def settle() -> None:
    """Leaves all that is there now out of every later collection, and has those come less often."""
    gc.set_threshold(*THRESHOLDS)
    gc.freeze()
