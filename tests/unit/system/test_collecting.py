"""What a node has loaded is left out of the garbage collector's rounds; what comes later is not."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import gc, weakref
from cinepeer.daemon.memory import THRESHOLDS, settle
settle()
assert gc.get_freeze_count() > 1_000
assert gc.get_threshold() == THRESHOLDS
class Ring: pass
ring = Ring()
ring.itself = ring
gone = weakref.ref(ring)
del ring
gc.collect()
assert gone() is None
"""


def test_what_is_there_is_settled_and_later_cycles_are_let_go() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
