"""Films on IPFS: import, bitswap, gateway, paced viewers and the ladder; `million`, which takes minutes, by name only.

./scripts/bench films [content|gateway|ladder|million [COUNT]] [--json]
"""

from __future__ import annotations

from typing import Any

import content
import films_gateway
import films_ladder
import films_million

PARTS = {"content": content.figures, "gateway": films_gateway.figures, "ladder": films_ladder.figures}
NAMES = (*PARTS, "million")


def figures(*named: str) -> dict[str, Any]:
    """The figures of the parts that are named, or of all but `million`."""
    if unknown := [name for name in named if name not in NAMES and not name.isdecimal()]:
        raise SystemExit(f"found the part {unknown[0]!r}, expected {', '.join(NAMES)}")
    numbers = [int(name) for name in named if name.isdecimal()]
    found: dict[str, Any] = {key: {} for key in ("figures", "intervals", "baselines", "ratios", "notes")}
    for part in [name for name in named if name in NAMES] or list(PARTS):
        measured = films_million.figures(*numbers[:1]) if part == "million" else PARTS[part]()
        for key, values in measured.items():
            found[key] |= values
    return found
