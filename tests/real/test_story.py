"""The whole story on real parts: three nodes, a light client, a film, sixty authors, one audit."""

from __future__ import annotations

import json
import subprocess

import pytest

from real.nodes import COMMAND, ENVIRONMENT


@pytest.mark.ffmpeg
def test_the_demo_holds_from_publish_to_audit() -> None:
    ended = subprocess.run(
        [*COMMAND, "demo", "--json"], capture_output=True, text=True, timeout=400, check=False, env=ENVIRONMENT
    )
    assert ended.stdout, ended.stderr[-3000:]
    result = json.loads(ended.stdout.splitlines()[-1])
    assert result["ok"], json.dumps(result, indent=1)
    assert ended.returncode == 0
    assert list(result["steps"]) == ["publish", "replicate", "play", "rate", "recommend", "audit"]
