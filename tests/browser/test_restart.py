"""A node that ends and starts again under an open page: the page says so, goes on by itself, and loses nothing."""

from __future__ import annotations

import asyncio
import json
import subprocess
from pathlib import Path

import pytest

from browser.journeys import PATIENCE_S, is_clean, publish
from cinepeer.adapters.media.sample import make_sample
from real.nodes import running

pytestmark = [pytest.mark.npm, pytest.mark.ffmpeg]


def test_a_rating_outlives_a_lost_answer_and_a_restart(chromium: str, tmp_path: Path) -> None:
    asyncio.run(make_sample(tmp_path / "film.mp4", 3))
    home = tmp_path / "home"
    with running(home) as node:
        film = publish(node, tmp_path / "film.mp4", "First Light")
        asked = {"page": node.told["page"], "film": film, "chromium": chromium}
        script = [str(Path(__file__).parent / "restart.mjs"), json.dumps(asked)]
        browser = subprocess.Popen(["node", *script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert browser.stdin is not None and browser.stdout is not None
        assert browser.stdout.readline() == "ready\n"
    print(file=browser.stdin, flush=True)
    assert browser.stdout.readline() == "away\n"
    with running(home) as node:
        author = node.api.get("/api/status")["author"]
        assert node.api.get(f"/api/films/{film}")["yours"] == 6
        print(file=browser.stdin, flush=True)
        line, _ = browser.communicate(timeout=PATIENCE_S)
        told = json.loads(line)
        assert told["isAway"] is True
        assert told["settled"].startswith("Signed in this page by its own key.")
        assert node.api.get(f"/api/films/{film}")["yours"] == 9
        assert node.api.get(f"/api/devices/{told['device']}")["author"] == author
    assert is_clean(told)
