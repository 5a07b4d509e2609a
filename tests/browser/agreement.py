"""Compares two verifiers on very many inputs by command; goes on where it broke off, keeps the result."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from vectors.verdicts import Comparison, compare

ROOT = Path(__file__).parents[2]
RESULT = ROOT / "docs" / "results" / "verdicts.json"
STATE = ROOT / "build" / "verdicts.json"
PART = 10_000
SHOWN = 5


def main() -> int:
    """Exit 0 where both verifiers agree on every input, 1 where they differ."""
    parser = argparse.ArgumentParser(prog="scripts/agree", description=__doc__)
    parser.add_argument("--count", type=int, default=100_000, help="inputs in all (100000)")
    parser.add_argument("--seed", type=int, default=1, help="the first seed; each ten thousand has its own (1)")
    wish = parser.parse_args()
    commit = subprocess.check_output(["git", "-C", ROOT, "rev-parse", "HEAD"], text=True).strip()
    state = _begun(commit, wish.seed)
    with tempfile.TemporaryDirectory() as folder:
        while state["inputs"] < wish.count:
            count = min(PART, wish.count - state["inputs"])
            *_, found = compare(wish.seed + state["inputs"] // PART, count, Path(folder))
            _add(state, found, count)
            print(f"{state['inputs']:,} of {wish.count:,}: {state['differences']} differ", file=sys.stderr)
    STATE.unlink(missing_ok=True)
    RESULT.write_text(json.dumps(state, indent=1) + "\n")
    return 1 if state["differences"] else 0


def _begun(commit: str, seed: int) -> dict[str, Any]:
    """What a run of this commit and seed had found when it broke off, or nothing yet."""
    if STATE.exists():
        state: dict[str, Any] = json.loads(STATE.read_text())
        if (state["commit"], state["seed"]) == (commit, seed):
            return state
    return {"commit": commit, "seed": seed, "inputs": 0, "differences": 0, "verdicts": {}}


def _add(state: dict[str, Any], found: Comparison, count: int) -> None:
    counted = Counter({(sort, said): n for sort, row in state["verdicts"].items() for said, n in row.items()})
    counted.update(found.verdicts)
    rows: dict[str, dict[str, int]] = {}
    for (sort, said), number in sorted(counted.items()):
        rows.setdefault(sort, {})[said] = number
    state.update(
        inputs=state["inputs"] + count, verdicts=rows, differences=state["differences"] + len(found.differences)
    )
    for one, ours, theirs in found.differences[:SHOWN]:
        print(f"the node says {ours!r}, the page {theirs!r}, of {one!r}", file=sys.stderr)
    STATE.parent.mkdir(exist_ok=True)
    STATE.write_text(json.dumps(state))


if __name__ == "__main__":
    sys.exit(main())
