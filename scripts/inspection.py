"""What slither finds in the contracts, beside the answers of contracts/findings.json: exit code 1 where one is missing.

Usage: inspection.py SLITHER
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from real.npm_rig import installed

ROOT = Path(__file__).parents[1]
ANSWERS = ROOT / "contracts" / "findings.json"


def main(slither: str) -> int:
    """Compares what is found with what is answered, both ways."""
    answers = json.loads(ANSWERS.read_text())
    found = {name_of(one): one for one in findings(slither)}
    open_ones, left_over = sorted(found.keys() - answers.keys()), sorted(answers.keys() - found.keys())
    for name in open_ones:
        print(f"found without an answer: {name} ({found[name]['impact']})\n{found[name]['description']}")
    for name in left_over:
        print(f"answered, but not found: {name}")
    print(f"{len(found)} findings, {len(found) - len(open_ones)} answered")
    return 1 if open_ones or left_over else 0


def findings(slither: str) -> list[dict[str, Any]]:
    """All findings in our own sources, by every detector of slither."""
    forge = installed("forge") / "node_modules" / "@foundry-rs" / "forge-linux-amd64" / "bin"
    environment = {**os.environ, "PATH": f"{forge}:{Path(slither).parent}:{os.environ['PATH']}"}
    with tempfile.TemporaryDirectory() as folder:
        told = Path(folder) / "told.json"
        command = [slither, ".", "--filter-paths", "node_modules|test/", "--json", str(told)]
        done = subprocess.run(command, cwd=ROOT / "contracts", env=environment, capture_output=True, text=True)
        if not told.exists():
            raise SystemExit(f"slither did not run:\n{done.stderr[-3000:]}")
        said = json.loads(told.read_text())
    if not said["success"]:
        raise SystemExit(f"slither did not run: {said['error']}")
    found: list[dict[str, Any]] = said["results"]["detectors"]
    return found


def name_of(finding: dict[str, Any]) -> str:
    """What a finding is about: the detector, and the contract, function and variable that it names first."""
    path, element = [], finding["elements"][0]
    while element and element["type"] != "file":
        path.append(element["name"])
        element = element.get("type_specific_fields", {}).get("parent")
    return f"{finding['check']}: {'.'.join(reversed(path))}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
