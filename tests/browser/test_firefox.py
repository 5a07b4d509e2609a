"""A viewer's way through the page of a real node in Debian's Firefox, driven by WebDriver BiDi."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from browser.journeys import PICTURES, publish, rate_by_crowd
from cinepeer.adapters.media.sample import make_sample
from real.nodes import running
from real.npm_rig import installed

pytestmark = [pytest.mark.npm, pytest.mark.ffmpeg]

PATIENCE_S = 300


@pytest.fixture(scope="module")
def firefox() -> str:
    """The path of Firefox."""
    found = shutil.which("firefox-esr") or shutil.which("firefox")
    if found is None and os.environ.get("CI") != "true":
        pytest.skip("firefox not found on PATH")
    assert found, "found no firefox on PATH, expected one: apt-get install firefox-esr"
    return found


def test_a_viewer_plays_rates_sees_why_and_audits_in_firefox(firefox: str, chromium: str, tmp_path: Path) -> None:
    files = [tmp_path / f"{seconds}.mp4" for seconds in (6, 4)]
    for file in files:
        asyncio.run(make_sample(file, int(file.stem)))
    with running(tmp_path / "home") as node:
        first, other = publish(node, files[0], "First Light", title=True), publish(node, files[1], "Second Light")
        rate_by_crowd(node, first, other)
        told = _journey(firefox, tmp_path, node.told["page"], first)
    assert told["name"] == "First Light"
    assert told["frames"] > 0
    assert "blocks checked" in told["proof"]
    assert (told["rated"], told["ratedStill"]) == ("9", "9")
    assert told["signed"].startswith("Signed in this page by its own key.")
    assert "You gave 9 to “First Light”" in told["why"]
    assert told["steps"] > 10
    assert told["audit"] == f"All {told['steps']} checks held."
    assert (told["complaints"], told["abroad"]) == ([], [])


def _journey(firefox: str, folder: Path, page: str, film: str) -> dict[str, Any]:
    """What the script told; its profile and pictures lie in the test's own folder."""
    asked = {"firefox": firefox, "page": page, "film": film, "profile": str(folder / "profile")}
    asked["pictures"] = PICTURES or str(folder / "pictures")
    (folder / "profile").mkdir()
    script = installed("firefox") / "viewer.mjs"
    done = subprocess.run(
        ["node", script, json.dumps(asked)], capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told
