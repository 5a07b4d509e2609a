"""A node that lies, stalls, or is not the one that answers: the page stays usable, and says what happened."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from browser.journeys import is_clean, journey, publish
from cinepeer.adapters.media.sample import make_sample
from real.nodes import running

pytestmark = [pytest.mark.npm, pytest.mark.ffmpeg]


def test_the_page_says_what_a_hostile_node_did(chromium: str, tmp_path: Path) -> None:
    file = tmp_path / "short.mp4"
    asyncio.run(make_sample(file, seconds=4))
    with running(tmp_path / "home") as node:
        film = publish(node, file, "First Light")
        told = journey("hostile.mjs", tmp_path, page=node.told["page"], film=film, chromium=chromium)
    refused = "What the node served does not hold."
    assert told["turnedFilms"].startswith(f"{refused} found text/html for /api/films, expected JSON")
    assert told["turnedFilm"].startswith(f"{refused} found text/html for /api/films/{film}, expected JSON")
    assert told["turnedRecords"].startswith(refused)
    assert told["turnedBlocks"].startswith("Stopped: a block does not hold.")
    assert told["flippedRecords"].startswith(refused)
    assert "Asking the node for its films · 1" in told["stalled"]
    assert "Ask again" in told["stalled"]
    assert told["late"] == "plays"
    assert is_clean(told)
