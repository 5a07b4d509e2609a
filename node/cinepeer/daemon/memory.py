"""The garbage collector's share: what a node has loaded stays for good, and need not be looked through again."""

from __future__ import annotations

import gc

# Records come by the thousand and form no cycles; at Python's own 700 every few of them were looked at again.
THRESHOLDS = (50_000, 10, 10)


def settle() -> None:
    """Leaves all that is there now out of every later collection, and has those come less often."""
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
