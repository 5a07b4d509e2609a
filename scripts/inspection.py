"""What slither finds in the contracts, beside the answers of contracts/findings.json, and what halmos proves of them.

Exit code 1 where an answer is missing or a proof does not hold. Usage: inspection.py FOLDER-OF-THE-PROGRAMS
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from real.npm_rig import installed

ROOT = Path(__file__).parents[1]
ANSWERS = ROOT / "contracts" / "findings.json"


def main(programs: str) -> int:
    """Looks and proves."""
    forge = installed("forge") / "node_modules" / "@foundry-rs" / "forge-linux-amd64" / "bin"
    environment = {**os.environ, "PATH": f"{forge}:{programs}:{os.environ['PATH']}"}
    answered = compare(findings(environment))
    return 0 if prove(environment) and answered else 1


def compare(told: list[dict[str, Any]]) -> bool:
    """Whether what is found and what is answered are the same; says where not."""
    answers = json.loads(ANSWERS.read_text())
    found = {name_of(one): one for one in told}
    open_ones, left_over = sorted(found.keys() - answers.keys()), sorted(answers.keys() - found.keys())
    for name in open_ones:
        print(f"found without an answer: {name} ({found[name]['impact']})\n{found[name]['description']}")
    for name in left_over:
        print(f"answered, but not found: {name}")
    print(f"{len(found)} findings, {len(found) - len(open_ones)} answered")
    return not open_ones and not left_over


def findings(environment: dict[str, str]) -> list[dict[str, Any]]:
    """All findings in our own sources, by every detector of slither."""
    with tempfile.TemporaryDirectory() as folder:
        told = Path(folder) / "told.json"
        command = ["slither", ".", "--filter-paths", "node_modules|test/", "--json", str(told)]
        done = subprocess.run(command, cwd=ROOT / "contracts", env=environment, capture_output=True, text=True)
        if not told.exists():
            raise SystemExit(f"slither did not run:\n{done.stderr[-3000:]}")
        said = json.loads(told.read_text())
    if not said["success"]:
        raise SystemExit(f"slither did not run: {said['error']}")
    found: list[dict[str, Any]] = said["results"]["detectors"]
    return found


def prove(environment: dict[str, str]) -> bool:
    """Whether halmos proves every rule of contracts/test/Prove.t.sol, for the code that ships."""
    contracts = ROOT / "contracts"
    subprocess.run(["forge", "build", "--ast"], cwd=contracts, env=environment, capture_output=True, check=True)
    for shipped in sorted((ROOT / "node/cinepeer/adapters/chain/artifacts").glob("*.json")):
        made = contracts / "out" / f"{shipped.stem}.sol" / shipped.name
        if json.loads(made.read_text())["bytecode"]["object"] != json.loads(shipped.read_text())["bytecode"]:
            raise SystemExit(f"found another {shipped.stem} made by forge, expected the artifact")
    command = ["halmos", "--contract", "Prove", "--no-status", "--solver-timeout-assertion", "60000"]
    done = subprocess.run(command, cwd=contracts, env=environment, capture_output=True, text=True)
    for line in done.stdout.splitlines():
        if "check_" in line or line.startswith("Symbolic"):
            print(re.sub(r"\x1b\[\d+m", "", line))
    return done.returncode == 0


def name_of(finding: dict[str, Any]) -> str:
    """What a finding is about: the detector, and the contract, function and variable that it names first."""
    path, element = [], finding["elements"][0]
    while element and element["type"] != "file":
        path.append(element["name"])
        element = element.get("type_specific_fields", {}).get("parent")
    return f"{finding['check']}: {'.'.join(reversed(path))}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
