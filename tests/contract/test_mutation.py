"""Small changes of the contracts are noticed: those of changed lines, or a few of all when no line changed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
RESULT = ROOT / "docs" / "results" / "mutation.json"
AT_MOST = 12


def mutate(*options: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "tests")}
    command = [sys.executable, str(ROOT / "scripts" / "mutation.py"), "--again", *options]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=environment)


@pytest.mark.npm
def test_the_tests_notice_changes_of_the_lines_that_changed_since_the_whole_run() -> None:
    commit = json.loads(RESULT.read_text())["commit"]
    known = subprocess.run(["git", "cat-file", "-e", commit], cwd=ROOT, capture_output=True).returncode == 0
    diff = ["git", "diff", "--quiet", commit, "--", "contracts/src"]
    changed = known and subprocess.run(diff, cwd=ROOT).returncode != 0
    done = mutate("--sample", str(AT_MOST), "--since", commit) if changed else mutate("--sample", "4")
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_mutant_that_lives_has_its_reason() -> None:
    living = json.loads(RESULT.read_text())["living"]
    reasons = json.loads((ROOT / "contracts" / "living.json").read_text())
    assert set(living) <= set(reasons), "write the reason, or the test that kills it"
    assert all(len(reason) > 20 for reason in reasons.values())


def test_the_score_of_the_whole_run_stays_above_its_gate() -> None:
    assert json.loads(RESULT.read_text())["score"] >= 0.95
