"""What a node has loaded is left out of the garbage collector's rounds, and what it lets go goes back."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

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

GIVING_BACK = """
from pathlib import Path
import sys
from cinepeer.daemon.memory import bound
if not bound():
    sys.exit("no glibc")
def held_bytes():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096
pieces = [b"x" * (24 << 20) for _ in range(4)]  # let go one by one, they would raise glibc's own bound
pieces.clear()
before = held_bytes()
for _ in range(4):
    pieces += [b"x" * (8 << 20) for _ in range(8)]
    keep = b"x" * 4096
    pieces.clear()
assert held_bytes() < before + (4 << 20), held_bytes() - before
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc keeps large pieces back")
def test_large_pieces_that_are_let_go_are_given_back() -> None:
    done = subprocess.run([sys.executable, "-c", GIVING_BACK], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr


def test_what_is_there_is_settled_and_later_cycles_are_let_go() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
