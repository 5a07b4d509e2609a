"""The page while its node is away: kept by the browser, honest about it, and holding nothing of what the node said."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from browser.journeys import is_clean, journey, publish
from cinepeer.adapters.media.sample import make_sample
from real.nodes import running

pytestmark = [pytest.mark.npm, pytest.mark.ffmpeg]


def test_the_page_opens_while_its_node_is_away_and_says_so(chromium: str, tmp_path: Path) -> None:
    file = tmp_path / "4.mp4"
    asyncio.run(make_sample(file, 4))
    with running(tmp_path / "home") as node:
        film = publish(node, file, "First Light")
        asked = {"film": film, "name": "First Light"}
        told = journey("away.mjs", tmp_path, page=node.told["page"], chromium=chromium, **asked)
    assert told["scope"] == "/"
    assert told["kept"] == ["", "assets"]
    assert told["manifest"] == "Cinepeer"
    assert (told["away"], told["style"]) == ("Me", "uppercase")
    assert told["names"] == 0
    assert told["back"] == "First Light"
    assert is_clean(told)
