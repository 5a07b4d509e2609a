"""The ledger's process for tests: it kills itself, once, at the boundary that a file beside its database names."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from cinepeer.adapters.chain.embedded import main

TRIGGER = Path(sys.argv[sys.argv.index("--db") + 1]).with_name("kill-at")


def reached(point: str) -> None:
    """Ends this process without any farewell when the file names the point."""
    if TRIGGER.exists() and TRIGGER.read_text() == point:
        TRIGGER.unlink()
        os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main(reached=reached))
