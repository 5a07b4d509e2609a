"""Schemathesis against a real node: requests from its own document, fitting and not, and every answer checked."""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from cinepeer.faces.http.api import document
from real.nodes import Running, running

# What the API says with 503 and 507 is a state of the node that it names (away, full); any other 5xx is a fault.
CONFIGURATION = '[checks]\nnot_a_server_error.expected-statuses = ["2xx", "3xx", "4xx", "503", "507"]\n'
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
)
# Streams that end when a film is made, bodies of types that it cannot write, and a tuple in an answer that it misreads.
LEFT_OUT = r"/events$|^/api/publish$|^/api/uploads/|^/api/records$|^/api/imports$"
PATIENCE_S = 3_000
ROOT = Path(__file__).resolve().parents[2]
RESULT = ROOT / "docs" / "results" / "schema.json"


def fuzz(node: Running, folder: Path, examples: int, *phases: str) -> subprocess.CompletedProcess[str]:
    """Sends `examples` requests of each sort to every route; exit code 0 where every answer is as documented."""
    (folder / "schemathesis.toml").write_text(CONFIGURATION)
    (folder / "api.json").write_text(json.dumps(document()))
    token = json.loads((node.home / "node.json").read_text())["token"]
    given = {
        "--url": node.told["api"],
        "--header": f"Authorization: Bearer {token}",
        "--phases": ",".join(phases),
        "--max-examples": str(examples),
        "--checks": ",".join(CHECKS),
        "--seed": "1",
        "--request-timeout": "60",
        "--exclude-path-regex": LEFT_OUT,
    }
    words = [word for pair in given.items() for word in pair]
    program = [sys.executable, "-m", "schemathesis.cli", "--config-file", "schemathesis.toml", "run", "api.json"]
    return subprocess.run(
        [*program, *words, "--continue-on-failure", "--no-color", "--generation-database", "none"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )


def main() -> int:
    """All phases with as many requests as are asked for; prints the report, and keeps its sums if it is asked to."""
    parser = argparse.ArgumentParser(prog="scripts/fuzz_api", description=__doc__)
    parser.add_argument("--examples", type=int, default=50, help="requests of each sort for every route (50)")
    parser.add_argument("--write", action="store_true", help="keep the sums under docs/results")
    wish = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, running(Path(folder) / "home") as node:
        done = fuzz(node, Path(folder), wish.examples, "coverage", "fuzzing")
    print(done.stdout + done.stderr)
    if wish.write:
        RESULT.write_text(json.dumps(_summed(done, wish.examples), indent=2) + "\n")
    return done.returncode


def _summed(done: subprocess.CompletedProcess[str], examples: int) -> dict[str, Any]:
    """The sums of a run: what schemathesis says of itself at the end, by name, and the commit that was tried."""
    commit = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    _, _, summary = done.stdout.rpartition(" SUMMARY ")
    lines = [line.strip() for line in summary.splitlines() if line.strip()[:1].isalnum() and re.search(r"\d", line)]
    return {"commit": commit.strip(), "examples": examples, "exit": done.returncode, "summary": lines}


if __name__ == "__main__":
    sys.exit(main())
