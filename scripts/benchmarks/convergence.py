"""Figures of convergence: how long a few records take to every node of a network, in virtual time, whatever is lost.

The baseline of each time is the shortest way to the farthest node over links that lose nothing; of the bytes that a
node sends, those in a network of ten.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
NETWORKS = (10, 1_000)
LOSSES = (0.01, 0.1, 0.3)


def figures(*rest: str) -> dict[str, dict[str, Any]]:
    """Times in virtual ms, bytes per node and record; arguments name other numbers of nodes."""
    sys.path.insert(0, str(ROOT / "tests"))
    from sim.convergence import converge

    result: dict[str, dict[str, Any]] = {"figures": {}, "baselines": {}, "ratios": {}, "notes": {}}
    least_bytes: dict[float, float] = {}
    for nodes in [int(one) for one in rest] or NETWORKS:
        for loss in LOSSES:
            found = converge(nodes, loss)
            name = f"{nodes} nodes, {loss:.0%} lost"
            sent_bytes = found.sent_bytes / found.records
            least_bytes.setdefault(loss, sent_bytes)
            for figure, value, baseline in (
                ("all hold all, ms", found.all_ms, found.path_ms),
                ("99 in 100 hold all, ms", found.most_ms, found.path_ms),
                ("bytes per node and record", sent_bytes, least_bytes[loss]),
            ):
                result["figures"][f"{name}: {figure}"] = round(value, 1)
                result["baselines"][f"{name}: {figure}"] = round(baseline, 1)
                result["ratios"][f"{name}: {figure}"] = round(value / baseline, 2)
            result["notes"][f"{name}: all hold all, ms"] = f"computed in {found.computed_s:.1f} s"
    return result
