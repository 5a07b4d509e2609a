"""The light client ranks, rates and audits receipts without what only a node or a fit needs."""

from __future__ import annotations

import subprocess
import sys

HEAVY = ("numpy", "scipy", "fastapi", "trio", "web3", "aiosqlite")


def test_no_module_of_the_light_client_loads_what_only_a_node_or_a_fit_needs() -> None:
    names = ("rate", "recommend", "receipt", "state", "films", "play", "audit", "cli")
    wanted = ", ".join(f"cinepeer_client.{name}" for name in names)
    script = f"import sys, {wanted}; print([name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.strip() == "[]", done.stderr
