"""The charts of the documentation show what its tables say."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[3] / "scripts" / "draw_charts"


def test_every_chart_is_drawn_from_its_table() -> None:
    done = subprocess.run([sys.executable, str(SCRIPT), "--check"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr or "run scripts/draw_charts"
