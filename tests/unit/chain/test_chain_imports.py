"""The machine stays in the ledger's own process: whoever follows or forwards does not even import it."""

from __future__ import annotations

import subprocess
import sys

PARENTS = ("following", "forward", "process", "readthrough", "client", "outbox", "journal", "history", "deploying")


def test_a_node_beside_its_ledger_imports_no_machine() -> None:
    # Its libraries cost 40 MB, and lift Python's recursion limit so far that nested JSON overruns the stack.
    names = ", ".join(f"cinepeer.adapters.chain.{name}" for name in PARENTS)
    asked = f"import sys, {names}; print([name for name in sys.modules if name.split('.')[0] == 'eth'])"
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
