"""The whole story on real parts: three nodes, a light client, a film, sixty authors, one audit."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from real.nodes import ENVIRONMENT

ROOT = Path(__file__).parents[2]


@pytest.mark.ffmpeg
def test_the_demo_holds_from_publish_to_audit() -> None:
    block = re.findall(r"^```sh demo\n(.*)\n```", (ROOT / "README.md").read_text(), re.M)
    assert block == ["./scripts/run demo"]
    ended = subprocess.run(
        [*block[0].split(), "--json"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
        env=ENVIRONMENT,
    )
    assert ended.stdout, ended.stderr[-3000:]
    result = json.loads(ended.stdout.splitlines()[-1])
    assert result["ok"], json.dumps(result, indent=1)
    assert ended.returncode == 0
    assert list(result["steps"]) == ["publish", "replicate", "play", "rate", "recommend", "audit"]
