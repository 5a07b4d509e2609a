"""Runs a benchmark by name and prints its figures as a table, or as one JSON object on the last line."""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import sys
from pathlib import Path

NAMES = (
    *("story", "content", "films", "convergence", "store", "checkpoint"),
    *("ledger", "audit", "recommend", "replication", "negentropy", "page", "client", "playback", "seek", "licensed"),
)
KEYS = ("figures", "intervals", "baselines", "ratios", "notes")


def machine() -> dict[str, object]:
    """What the figures were measured on."""
    return {"cores": os.cpu_count(), "system": platform.platform(), "python": platform.python_version()}


def table(result: dict[str, dict[str, object]]) -> str:
    """The figures in words: value, interval, baseline, ratio, note."""
    lines = [f"{result['name']}"]
    names = dict.fromkeys([*result["figures"], *result["ratios"], *result["baselines"]])
    for name in names:
        parts = [f"{name:34}"]
        for key in ("figures", "baselines", "ratios"):
            if name in result[key]:
                value = result[key][name]
                parts.append(f"{key[:-1]} {value:,.3f}" if isinstance(value, float) else f"{key[:-1]} {value}")
        if name in result["intervals"]:
            low, high = result["intervals"][name]  # type: ignore[misc]
            parts.append(f"[{low:,.3f} – {high:,.3f}]")
        if name in result["notes"]:
            parts.append(f"({result['notes'][name]})")
        lines.append("  ".join(parts))
    return "\n".join(lines)


def main() -> int:
    """Parses the command line; exit code 2 for an unknown name."""
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("name", choices=NAMES)
    parser.add_argument("--json", action="store_true", dest="as_json")
    wanted, rest = parser.parse_known_args()
    sys.path.insert(0, str(Path(__file__).parent))
    if wanted.name == "recommend":  # with one thread CPU seconds are work: two wait for each other by turning round
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    found = importlib.import_module(wanted.name).figures(*rest)
    # Every figure also stands by its own name at the top, so that whoever reads one needs to know nothing else.
    result = {**found["figures"], "name": wanted.name}
    result |= {key: found.get(key, {}) for key in KEYS} | {"machine": machine()}
    print(json.dumps(result) if wanted.as_json else table(result))
    return 0


if __name__ == "__main__":
    sys.exit(main())
