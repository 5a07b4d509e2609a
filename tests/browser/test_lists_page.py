"""Lists on the page: opened, changed by wishes, and fed with ratings from another site."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from browser.journeys import is_clean, journey, publish, rate_by_crowd
from cinepeer.adapters.media.sample import make_sample
from real.nodes import command, running

pytestmark = [pytest.mark.npm, pytest.mark.ffmpeg]

IMDB = "Const,Your Rating,Date Rated,Title,Year\ntt0111161,9,2023-01-05,The Long Yard,1994\n"


def test_a_viewer_opens_and_changes_the_list_and_brings_old_ratings(chromium: str, tmp_path: Path) -> None:
    asyncio.run(make_sample(tmp_path / "film.mp4", 3))
    asyncio.run(make_sample(tmp_path / "other.mp4", 4))
    (tmp_path / "ratings.csv").write_text(IMDB)
    with running(tmp_path / "home") as node:
        film = publish(node, tmp_path / "film.mp4", "First Light", genres=["drama"])
        other = publish(node, tmp_path / "other.mp4", "Second Light", genres=["drama"])
        rate_by_crowd(node, film, other)
        node.api.post("/api/ratings", {"ratings": [[film, 9]]})
        assert node.api.get("/api/recommendations?fit=true")["films"]
        receipt = tmp_path / "list.receipt"
        assert command("recommend", "--receipt", receipt, "--home", node.home).returncode == 0
        asked = {"page": node.told["page"], "chromium": chromium, "export": str(tmp_path / "ratings.csv")}
        asked["receipt"] = str(receipt)
        told = journey("lists.mjs", tmp_path / "pictures", **asked)
        assert "It would be listed without any of your ratings too." in told["why"]
        assert "Both: drama" in told["why"]
        assert "of 61 authors, made by this node" in told["fair"]
        assert told["receipt-1440"].strip() == "All 4 checks held."
        assert told["forgotten"] == "Your rating of “First Light” says nothing here from now on"
        assert told["kept"] == "1 rating kept on this machine"
        assert node.api.get("/api/wishes")["forgotten"] == []
        assert node.api.get("/api/films/imdb:tt0111161/ratings")[0]["stars"] == 9
    assert is_clean(told)
