"""A film in a frame on another site, from the node's own listener and from the public one."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from browser.journeys import is_clean, journey, publish
from cinepeer.adapters.media.sample import make_sample
from cinepeer.adapters.system.ports import free_port
from real.nodes import running

pytestmark = [pytest.mark.npm, pytest.mark.ffmpeg]

MOST_BYTES = 100_000  # of program, compressed


def test_a_film_plays_in_a_frame_on_another_site(chromium: str, tmp_path: Path) -> None:
    file, port = tmp_path / "8.mp4", free_port()
    asyncio.run(make_sample(file, 8))
    with running(tmp_path / "home", CINEPEER_PUBLIC_PORT=str(port)) as node:
        film = publish(node, file, "First <Light>")
        asked = {"film": film, "open": f"http://127.0.0.1:{port}"}
        told = journey("embed.mjs", tmp_path, page=node.told["page"], chromium=chromium, **asked)
    for card in told["cards"]:
        assert (card["version"], card["type"], card["title"]) == ("1.0", "video", "First <Light>")
        assert (card["width"], card["height"]) == (480, 270)
        assert 'title="First &lt;Light&gt;"' in card["html"]
    for shown in told["films"]:
        assert shown["name"] == "First <Light>"
        assert "blocks checked" in shown["said"]
        assert 0 < shown["bytes"] <= MOST_BYTES
        assert (shown["cookies"], shown["ended"]) == (0, True)
    # The public listener has no page to lead to.
    assert [shown["link"] for shown in told["films"]] == [1, 0]
    assert is_clean(told)
