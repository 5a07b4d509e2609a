"""A licensee's page asks for a film's key where the licence runs, and plays what it verified and opened itself."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from browser.journeys import is_clean, journey
from cinepeer.adapters.media.sample import make_sample
from cinepeer.errors import CinepeerError
from real.nodes import Running, command, running

pytestmark = [pytest.mark.npm, pytest.mark.ffmpeg]

PATIENCE_S = 90


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Running, str]]:
    """A licensee's node beside that of the film's creator."""
    folder = tmp_path_factory.mktemp("licensed")
    file = folder / "short.mp4"
    asyncio.run(make_sample(file, 6))
    with (
        running(folder / "creator") as creator,
        running(folder / "viewer", "--join", creator.told["p2p"][0]) as viewer,
    ):
        wish = {"path": str(file), "name": "First Light", "licensed": True}
        *_, last = creator.api.lines("/api/publish", wish)
        film = str(last["done"]["film"])
        terms = {"film": film, "price": "10", "medium": "streaming", "territory": ["DE"]}
        offer = creator.api.post("/api/offers", terms)["offer"]
        assert command("pay", "--credits", "--home", viewer.home).returncode == 0
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            with contextlib.suppress(CinepeerError):
                if offer in viewer.api.get(f"/api/films/{film}/rights")["offers"]:
                    break
            time.sleep(0.5)
        viewer.api.post("/api/licences", {"offer": offer})
        yield viewer, film


def test_a_licensed_film_plays_where_the_licence_runs(
    stand: tuple[Running, str], chromium: str, tmp_path: Path
) -> None:
    node, film = stand
    told = journey("licensed.mjs", tmp_path, page=node.told["page"], film=film, chromium=chromium)
    assert "cannot keep a licensee from recording" in told["said"]
    assert told["unplaced"]
    assert "without FR" in told["refused"]
    assert "licensed without end" in told["opened"]
    assert told["frames"] > 0
    # A page that is opened anew has no key: none was kept, and none stands in an address.
    assert told["again"]
    assert "wrapped" in told["bodies"][-1]
    assert "wrapped" not in told["kept"]
    assert not any("agreement" in url or "wrapped" in url for url in told["urls"])
    assert is_clean(told)
