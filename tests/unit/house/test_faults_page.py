"""The page about faults names tests that exist."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_every_test_that_keeps_a_fault_exists() -> None:
    page = (ROOT / "docs" / "faults.md").read_text()
    sources: dict[str, str] = {}
    for path in (ROOT / "tests").rglob("test_*.py"):  # one name may be used in several folders
        sources[path.name] = sources.get(path.name, "") + path.read_text()
    named = re.findall(r"`(test_[a-z0-9_]+\.py)` (test_[a-z0-9_]+)", page)
    assert len(named) > 20
    for file, test in named:
        assert f"def {test}(" in sources[file], f"{file} {test}"
