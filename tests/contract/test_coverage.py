"""The branches that the contract tests reach, as the last run under watch told: of these sources, and enough."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RESULT = json.loads((ROOT / "docs" / "results" / "coverage.json").read_text())


def test_the_branches_were_counted_in_these_sources() -> None:
    whole = hashlib.sha256()
    for path in sorted((ROOT / "contracts" / "src").glob("*.sol")):
        whole.update(path.name.encode() + path.read_bytes())
    assert RESULT["sources"] == whole.hexdigest()[:16], "run scripts/cover --write"


def test_nearly_every_branch_is_reached() -> None:
    assert RESULT["seen"] + len(RESULT["missed"]) == RESULT["branches"]
    assert RESULT["part"] == round(RESULT["seen"] / RESULT["branches"], 4) >= 0.98
